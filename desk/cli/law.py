"""`desk due`: counting by the law, JSON lines in and out, without a database."""

from __future__ import annotations

import argparse
import sys

from .command import Commands


def add_to(commands: Commands) -> None:
    commands.add("due", due, "count deadlines: JSON lines in, JSON lines out").add_argument(
        "--json", action="store_true", required=True)


def due(_options: argparse.Namespace) -> int:
    from .. import deadlines
    from ..law import vectors

    for line in sys.stdin:
        print(vectors.answer(line, deadlines.production_calendar()))
    return 0
