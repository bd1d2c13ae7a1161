"""`desk search`: what a search finds, and the index it looks in."""

from __future__ import annotations

import argparse
import time
from zoneinfo import ZoneInfo

from sqlalchemy import select

from .. import db, search
from ..models import Ticket, User
from .command import Commands, Refused, opened


def add_to(commands: Commands) -> None:
    group = commands.group("search", "the search of the queue")
    group.add("rebuild", rebuild, "write the index of all tickets anew, while the desk works on")
    find = group.add("find", found, "numbers of tickets that a search finds, the newest first")
    find.add_argument("words", nargs="+", metavar="WORD", help="as typed into the search box")


def rebuild(_options: argparse.Namespace) -> int:
    begun = time.monotonic()
    with opened() as (database, _conf):
        count = search.rebuild(database)
    print(f"{count} tickets in {time.monotonic() - begun:.1f} s")
    return 0


def found(options: argparse.Namespace) -> int:
    with opened() as (database, conf):
        search.catch_up(database)
        with database.read() as session:
            asking = search.Asking(User(id=0), db.now(), ZoneInfo(conf.desk.timezone))
            answer = search.ask(session, " ".join(options.words), asking)
            if not answer.question:
                raise Refused(f"Nothing to look for in: {' '.join(options.words)}")
            for number, subject in session.execute(select(Ticket.number, Ticket.subject).where(
                    answer.condition).order_by(Ticket.id.desc()).limit(100)):
                print(f"{number:>6}  {subject[:100]}")
    return 0
