"""`desk tickets`, and `desk mail`: what came in, what is held, what it looked like."""

from __future__ import annotations

import argparse
import json
import sys

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, undefer

from .. import db, inbox, listing, queue
from ..blobs import BlobError
from ..models import InboundMail
from .command import Commands, Refused, opened


def add_to(commands: Commands) -> None:
    tickets_options = commands.add("tickets", tickets, "all tickets, one a line")
    tickets_options.add_argument("--json", action="store_true")
    group = commands.group("mail", "mail that came in")
    group.add("held", held, "mail that waits for a person").add_argument("--json", action="store_true")
    again = group.add("reprocess", reprocess, "process held or dismissed mail again")
    again.add_argument("ids", nargs="*", metavar="ID", help="as `desk mail held` shows them")
    again.add_argument("--all", action="store_true", help="every held mail")
    show_options = group.add("show", show, "one mail: its state and its first lines")
    show_options.add_argument("id", metavar="ID")
    show_options.add_argument("--raw", action="store_true", help="its exact bytes")


def tickets(options: argparse.Namespace) -> int:
    with opened() as (database, _), database.read() as session:
        for ticket in listing.tickets(session):
            if options.json:
                print(json.dumps(ticket, ensure_ascii=False))
            else:
                due = min((d["due"] for d in ticket["deadlines"] if d["state"] == "running"), default="")
                print(f"{ticket['number']:>6}  {ticket['state']:<8} {ticket['stage']:<10} {due:<11}"
                      f"{(ticket['consumer'] or ''):<30} {ticket['subject'][:60]}")
    return 0


def held(options: argparse.Namespace) -> int:
    with opened() as (database, _), database.read() as session:
        for row in inbox.held(session):
            values = {"id": row.public_id, "arrived_at": row.arrived_at.isoformat(), "size": row.size,
                      "reason": row.reason, "error": row.error, "attempts": row.attempts}
            print(json.dumps(values, ensure_ascii=False) if options.json else
                  f"{row.public_id}  {row.arrived_at:%Y-%m-%d %H:%M}  {row.size:>9}  {row.reason}  {row.error[:80]}")
    return 0


def reprocess(options: argparse.Namespace) -> int:
    if bool(options.ids) == options.all:
        raise Refused("Name the mails (`desk mail held` lists them), or say --all.")
    with opened() as (database, conf):
        with database.write() as session:
            rows = inbox.held(session) if options.all else [_row(session, one) for one in options.ids]
            for row in rows:
                try:
                    inbox.reprocess(session, row, actor="command", now=db.now())
                except inbox.InboxError:
                    raise Refused(f"{row.public_id} is {row.state}: only held or dismissed mail is processed again.") \
                        from None
        queue.ring(conf, "inbox")
        print(f"{len(rows)} waiting to be processed: `desk work` takes them.")
    return 0


def show(options: argparse.Namespace) -> int:
    with opened() as (database, conf), database.read() as session:
        row = _row(session, options.id)
        try:
            raw = inbox.raw(conf, row)
        except BlobError as error:
            raise Refused(str(error)) from None
        if options.raw:
            sys.stdout.buffer.write(raw)
            return 0
        print(f"id       {row.public_id} (row {row.id})\nmailbox  {row.mailbox.name}, UID {row.uid}\n"
              f"arrived  {row.arrived_at.isoformat()}\nsize     {row.size}\nsha256   {row.sha256}\n"
              f"state    {row.state} {row.reason}\nerror    {row.error or '-'}\nattempts {row.attempts}\n")
        print(raw[:2000].decode("utf-8", "replace").replace("\x1b", "\\x1b"))
    return 0


def _row(session: Session, wanted: str) -> InboundMail:
    by_row = InboundMail.id == int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else None
    by_id = InboundMail.public_id == wanted
    row = session.scalar(select(InboundMail).where(by_id if by_row is None else or_(by_row, by_id)).options(
        undefer(InboundMail.raw)))
    if row is None:
        raise Refused(f"There is no mail {wanted}: `desk mail held` lists what is held.")
    return row

