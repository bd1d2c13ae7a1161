"""The `desk` command. Errors are one clear sentence and exit code 2."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from . import settings


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except settings.SettingsError as error:
        print(f"desk: {error}", file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="desk", description="A support desk for consumer advocates.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, help_text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_text, description=help_text)
        sub.set_defaults(run=run)
        return sub

    command("migrate", migrate, "bring the database to the tables of this version")
    fetch_options = command("fetch", fetch, "read one mailbox until stopped")
    fetch_options.add_argument("name", help="the mailbox's name in desk.toml")
    fetch_options.add_argument("--since", type=date.fromisoformat, help="also import mail since YYYY-MM-DD")
    fetch_options.add_argument("--once", action="store_true", help="one look, then end")
    command("work", work, "turn stored mails into tickets until stopped")
    clock_options = command("clock", clock, "send letters that are due until stopped")
    clock_options.add_argument("--once", action="store_true", help="one look, then end")
    parse_options = command("parse", parse, "what the desk reads in mails; needs no database")
    parse_options.add_argument("--json", action="store_true", required=True)
    parse_options.add_argument("--stdin", action="store_true", help="paths on standard input, one a line")
    parse_options.add_argument("paths", nargs="*")
    command("due", due, "count deadlines: JSON lines in, JSON lines out").add_argument(
        "--json", action="store_true", required=True)
    return parser


def migrate(_options: argparse.Namespace) -> int:
    from . import migrate as migrations
    from .db import Database

    conf = settings.load()
    conf.home.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(Database(conf.database_url))
    return 0


def fetch(options: argparse.Namespace) -> int:
    from workers import fetch as worker

    worker.main(settings.load(), options.name, since=options.since, once=options.once)
    return 0


def work(_options: argparse.Namespace) -> int:
    from workers import jobs

    jobs.main(settings.load())
    return 0


def clock(options: argparse.Namespace) -> int:
    from workers import clock as worker

    worker.main(settings.load(), once=options.once)
    return 0


def parse(options: argparse.Namespace) -> int:
    from . import reading

    for path in _paths(options):
        try:
            answer = reading.as_json(Path(path).read_bytes())
        except Exception as error:  # noqa: BLE001 - one bad file must not stop the others
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"path": path, **answer}, ensure_ascii=False))
    return 0


def due(_options: argparse.Namespace) -> int:
    from . import deadlines
    from .law import vectors

    for line in sys.stdin:
        print(vectors.answer(line, deadlines.production_calendar()))
    return 0


def _paths(options: argparse.Namespace) -> Iterator[str]:
    yield from options.paths
    if options.stdin:
        yield from (line.rstrip("\n") for line in sys.stdin)


if __name__ == "__main__":
    sys.exit(main())
