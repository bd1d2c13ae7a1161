"""What the families of commands share: adding one, refusing, opening the database, reading paths."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from .. import migrate, settings
from ..db import Database
from ..settings import Settings

Run = Callable[[argparse.Namespace], int]


class Refused(Exception):
    """The command cannot do it; the text is one sentence for the person at the keyboard. Exit code 2."""


class Commands:
    """Subcommands of one parser."""

    def __init__(self, subparsers: Any) -> None:
        self._subparsers = subparsers

    def add(self, name: str, run: Run, help_text: str) -> argparse.ArgumentParser:
        """A command; `run` returns the exit code."""
        parser = self._parser(name, help_text)
        parser.set_defaults(run=run)
        return parser

    def group(self, name: str, help_text: str) -> Commands:
        """Commands of two words: `desk NAME COMMAND`."""
        return Commands(self._parser(name, help_text).add_subparsers(required=True, metavar="COMMAND"))

    def _parser(self, name: str, help_text: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = self._subparsers.add_parser(name, help=help_text, description=help_text)
        return parser


@contextmanager
def opened() -> Iterator[tuple[Database, Settings]]:
    """The database with the tables of this version, and the settings; raises Refused when it is not there."""
    conf = settings.load()
    database = Database(conf.database_url)
    try:
        if database.is_sqlite and not Path(str(database.url.database)).exists():
            raise Refused(f"Базы данных ещё нет / there is no database yet at {database.url.database}: "
                          "run `desk migrate`, or set DESK_HOME.")
        if not migrate.is_current(database):
            raise Refused("База данных другой версии / the database has the tables of another version: "
                          "run `desk migrate`.")
        yield database, conf
    except DBAPIError as error:
        raise Refused("База данных не отвечает / the database does not answer: "
                      f"{str(error.orig).splitlines()[0][:300]}. See `desk doctor`.") from error
    finally:
        database.dispose()


def log_to_stderr() -> None:
    """What a process has to say; the supervisor shows a line with ERROR on the console."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def lines(given: list[str], *, from_stdin: bool) -> Iterator[str]:
    """What was named on the command line, then what stands on standard input, one a line."""
    yield from given
    if from_stdin:
        yield from (line.rstrip("\n") for line in sys.stdin)
