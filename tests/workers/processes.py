"""Parts of the desk as processes of their own, to be killed: forked from a clean server, so that they start quickly."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess
from typing import Any

from desk import db, failpoints, inbox, leases, outbox, up
from desk.db import Database
from desk.settings import Settings
from workers import clock, fetch, jobs

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.workers.processes", "desk.migrate", "rq", "holidays"])


def fetch_once(conf: Settings) -> None:
    fetch.main(conf, "main", once=True)


def work_once(conf: Settings) -> None:
    """What the worker does when it is rung for, until nothing waits."""
    database = Database(conf.database_url)
    jobs._drain = inbox.Drain(database, conf, now_fn=db.now)
    jobs.drain_inbox()
    jobs._drain.close()


def clock_once(conf: Settings) -> None:
    clock.look(Database(conf.database_url), conf, db.now())


def send_once(conf: Settings) -> None:
    outbox.drain(Database(conf.database_url), conf, now_fn=db.now)


def fetch_always(conf: Settings) -> None:
    fetch.main(conf, "main")


def work_always(conf: Settings) -> None:
    jobs.main(conf)


def clock_always(conf: Settings) -> None:
    clock.main(conf)


def clock_hasty(conf: Settings) -> None:
    leases.BEAT_SECONDS = 0.1
    clock.main(conf)


def work_hasty(conf: Settings) -> None:
    leases.BEAT_SECONDS = 0.1
    jobs.main(conf)


def start(what: Any, conf: Settings, *more: Any, failpoint: str = "") -> BaseProcess:
    child = SERVER.Process(target=_run, args=(what, failpoint, conf, *more), daemon=True)
    child.start()
    return child


def _run(what: Any, failpoint: str, *arguments: Any) -> None:
    logging.disable(logging.ERROR)
    name, _, nth = failpoint.partition(":")
    failpoints._name, failpoints._left, failpoints._action = name, int(nth or 1), "kill"
    what(*arguments)
    os._exit(0)  # no waiting for threads


def died(what: Any, conf: Settings, failpoint: str) -> bool:
    """Run it in a process that is killed at the failpoint; was it? What it held is free, as under the supervisor."""
    child = start(what, conf, failpoint=failpoint)
    child.join(60)
    assert child.exitcode in (0, -signal.SIGKILL), f"{what.__name__} ended with {child.exitcode} at {failpoint}"
    killed = child.exitcode == -signal.SIGKILL
    free(conf, child.pid or 0)
    child.close()
    return killed


def kill(conf: Settings, child: BaseProcess) -> None:
    child.kill()
    child.join(10)
    free(conf, child.pid or 0)
    child.close()


def free(conf: Settings, pid: int) -> None:
    database = Database(conf.database_url)
    up.free_leases(database, pid)
    database.dispose()
