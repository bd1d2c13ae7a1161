"""`desk import`: old mail from files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .. import db
from .command import Commands, Refused, opened


def add_to(commands: Commands) -> None:
    options = commands.add("import", import_, "bring in old mail: mbox, Maildir, .eml; sends nothing, may be repeated")
    options.add_argument("paths", nargs="+", type=Path, metavar="PATH")


def import_(options: argparse.Namespace) -> int:
    from .. import imports

    with opened() as (database, conf):
        try:
            mails = imports.find(options.paths, now=db.now())
            print(f"{len(mails)} mails found")
            new = imports.run(database, conf, mails, now_fn=db.now,
                              progress=lambda done, new: _show(done, len(mails), new))
        except (imports.ImportRefused, OSError) as error:
            raise Refused(str(error)) from None
    print(f"\n{new} imported, {len(mails) - new} were here already")
    return 0


def _show(done: int, total: int, new: int) -> None:
    print(f"\r{done} of {total}, {new} new", end="", file=sys.stderr, flush=True)
