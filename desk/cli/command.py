"""What the families of commands share: adding one, refusing, reading paths."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

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


def log_to_stderr() -> None:
    """What a process has to say; the supervisor shows a line with ERROR on the console."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def lines(given: list[str], *, from_stdin: bool) -> Iterator[str]:
    """What was named on the command line, then what stands on standard input, one a line."""
    yield from given
    if from_stdin:
        yield from (line.rstrip("\n") for line in sys.stdin)
