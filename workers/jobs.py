"""What rq runs, and the worker that runs it: no fork for a mail, one ring drains every row that waits.

The worker also looks by itself: when it starts, when nothing rang for a while, and all the time when
there is no Redis. A lost ring therefore costs seconds, never a mail.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any

import redis
from rq import SimpleWorker
from rq.exceptions import StopRequested

from desk import db, failpoints, leases, queue, search, settings
from desk.bundles import Maker
from desk.contents import Opener
from desk.db import Database
from desk.inbox import Drain
from desk.settings import Settings

log = logging.getLogger(__name__)
IDLE_SECONDS = 2  # between looks without Redis
BUNDLES_SECONDS = 1.0  # between looks for bundles that were asked for
FILES_SECONDS = 0.5  # between looks for files that wait
_drain: Drain | None = None


def drain_inbox() -> None:
    """The only job: look. It has no argument, so a forged one can do no more than that."""
    failpoints.hit("work.rung")
    if _drain is not None:
        _drain.run()


def main(conf: Settings) -> None:
    """Work until SIGTERM."""
    global _drain
    database = Database(conf.database_url)
    _drain = Drain(database, conf, now_fn=db.now, progress=leases.Pulse(database, "work", now_fn=db.now))
    stop = threading.Event()
    beside = [threading.Thread(target=work, args=(database, conf, stop), name=work.__name__.strip("_"))
              for work in (_open_files, _make_bundles)]
    for thread in beside:
        thread.start()
    try:
        _loop(conf, _drain, stop)
    finally:
        stop.set()
        for thread in beside:
            thread.join()
        _drain.close()
        database.dispose()


def _open_files(database: Database, conf: Settings, stop: threading.Event) -> None:
    """Beside the letters and only while none waits, so that a slow file holds none of them up."""
    opener = Opener(database, conf, now_fn=db.now)
    while not stop.wait(FILES_SECONDS):
        try:
            while not (stop.is_set() or (_drain is not None and _drain.busy)) and opener.run(limit=1):
                pass
            while not (stop.is_set() or (_drain is not None and _drain.busy)) and search.catch_up(database, limit=50):
                pass
        except Exception:
            log.exception("reading files")
    opener.close()


def _make_bundles(database: Database, conf: Settings, stop: threading.Event) -> None:
    """The evidence that somebody asked for; it may take half a minute, so it has a thread of its own."""
    maker = Maker(database, conf, now_fn=db.now)
    while not stop.wait(BUNDLES_SECONDS):
        try:
            while not stop.is_set() and maker.run():
                pass
        except Exception:
            log.exception("making bundles")
    maker.close()


def _loop(conf: Settings, drain: Drain, stop: threading.Event) -> None:
    _stop_on_signal(stop)
    while not stop.is_set():
        try:
            if drain.run():
                continue
        except Exception:
            log.exception("draining the inbox")
        if not _wait_for_ring(conf, stop):
            stop.wait(IDLE_SECONDS)


def _stop_on_signal(stop: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())


def _wait_for_ring(conf: Settings, stop: threading.Event) -> bool:
    """Let rq take rings until none came for a while; False when there is no Redis to wait on."""
    if not conf.redis_url:
        return False
    try:
        connection = queue.worker_connection(conf)
        worker = Bell([queue.queue(connection)], connection=connection, serializer="json", job_class=queue.Job,
                      worker_ttl=30, maintenance_interval=15, job_monitoring_interval=5,
                      name=f"work-{leases.owner_name()}-{time.monotonic_ns()}".replace(":", "-").replace(".", "-"))
        worker.stopping = stop
        worker.work(logging_level="WARNING", max_idle_time=int(conf.work.sweep_seconds) or 1)
    except (redis.RedisError, OSError) as error:
        log.warning("no doorbell, looking every %s s: %s", IDLE_SECONDS, error)
        return False
    except StopRequested:  # rq's handler raises it wherever the signal lands, while it starts and ends too
        return True
    finally:
        _stop_on_signal(stop)  # rq leaves its own handlers in place
    return True


class Bell(SimpleWorker):
    """An rq worker in this process that leaves the signals to the loop above, and gives up when Redis is gone.

    While it waits for a ring, rq 3.0 tries a lost connection again for ever (`dequeue_job_and_maintain_ttl`), and no
    row would be looked at until Redis is back. Each try begins with a heartbeat, so that is where it stops.
    """

    stopping: threading.Event

    def heartbeat(self, *args: Any, **more: Any) -> None:
        try:
            super().heartbeat(*args, **more)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise StopRequested from error

    def _install_signal_handlers(self) -> None:
        def ask(*_: object) -> None:
            self.stopping.set()
            self.request_stop(signal.SIGTERM, None)  # type: ignore[no-untyped-call]

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, ask)


if __name__ == "__main__":
    main(settings.load())
