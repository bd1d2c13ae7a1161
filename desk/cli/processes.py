"""`desk migrate`, and one command for each process: fetch, work, clock."""

from __future__ import annotations

import argparse
from datetime import date

from .. import lawbook, settings
from .command import Commands, log_to_stderr


def add_to(commands: Commands) -> None:
    commands.add("migrate", migrate, "bring the database to the tables of this version")
    fetch_options = commands.add("fetch", fetch, "read one mailbox until stopped")
    fetch_options.add_argument("name", help="the mailbox's name in desk.toml")
    fetch_options.add_argument("--since", type=date.fromisoformat, help="also import mail since YYYY-MM-DD")
    fetch_options.add_argument("--once", action="store_true", help="one look, then end")
    commands.add("work", work, "turn stored mails into tickets until stopped")
    clock_options = commands.add("clock", clock, "send letters that are due until stopped")
    clock_options.add_argument("--once", action="store_true", help="one look, then end")


def migrate(_options: argparse.Namespace) -> int:
    from .. import migrate as migrations
    from ..db import Database

    conf = settings.load()
    conf.home.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(Database(conf.database_url))
    return 0


def fetch(options: argparse.Namespace) -> int:
    from workers import fetch as worker

    log_to_stderr()
    worker.main(settings.load(), options.name, since=options.since, once=options.once)
    return 0


def work(_options: argparse.Namespace) -> int:
    from workers import jobs

    lawbook.check()
    log_to_stderr()
    jobs.main(settings.load())
    return 0


def clock(options: argparse.Namespace) -> int:
    from workers import clock as worker

    lawbook.check()
    log_to_stderr()
    worker.main(settings.load(), once=options.once)
    return 0
