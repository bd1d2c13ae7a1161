"""One verb for many tickets at once, with one way back: how each ticket was before is kept with the change.

Undoing touches only tickets that are still as the change left them; what somebody did since then stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from . import deadlines, tickets
from .models import BulkChange, Deadline, Ticket, User
from .settings import Settings

MOST = 200
UNDO_FOR = timedelta(hours=1)
Before = dict[str, Any]


def assign(session: Session, conf: Settings, found: Sequence[Ticket], to: User | None, *, by: User,
           now: datetime) -> BulkChange | None:
    """Give them to somebody, or to nobody. None: all of them were so already. TicketError."""
    def act(ticket: Ticket) -> Before | None:
        was, wanted = ticket.assignee_id, to.id if to else None
        tickets.assign(session, conf, ticket, to, actor=f"user:{by.id}", now=now)
        return None if was == wanted else {"was": was, "is": wanted}
    return _change(session, "assign", found, act, by=by, now=now)


def change_stage(session: Session, found: Sequence[Ticket], stage: str, *, by: User,
                 now: datetime) -> BulkChange | None:
    def act(ticket: Ticket) -> Before | None:
        was = ticket.stage
        tickets.change_stage(session, ticket, stage, actor=f"user:{by.id}", now=now)
        return None if was == stage else {"was": was, "is": stage}
    return _change(session, "stage", found, act, by=by, now=now)


def close(session: Session, conf: Settings, found: Sequence[Ticket], *, by: User, now: datetime) -> BulkChange | None:
    def act(ticket: Ticket) -> Before | None:
        if ticket.state == "closed":
            return None
        was, unread = ticket.state, ticket.unread
        live = {str(d.id): d.state for d in ticket.deadlines if d.state in deadlines.LIVE}
        tickets.close(session, conf, ticket, actor=f"user:{by.id}", now=now)
        return {"was": was, "is": "closed", "deadlines": live, "unread": unread}
    return _change(session, "close", found, act, by=by, now=now)


def chosen(session: Session, numbers: Sequence[int]) -> list[Ticket]:
    """The tickets with these numbers, MOST at most, in that order of the table."""
    return list(session.scalars(select(Ticket).where(Ticket.number.in_(numbers[:MOST])).order_by(Ticket.id).options(
        selectinload(Ticket.deadlines).selectinload(Deadline.alerts), selectinload(Ticket.assignee))))


def may_undo(session: Session, public_id: str, *, user: User, now: datetime) -> BulkChange | None:
    """A change of this person's, not yet undone, of the last hour."""
    return session.scalar(select(BulkChange).where(
        BulkChange.public_id == public_id, BulkChange.user_id == user.id, BulkChange.undone_at.is_(None),
        BulkChange.created_at > now - UNDO_FOR)) if public_id else None


def undo(session: Session, conf: Settings, change: BulkChange, *, by: User, now: datetime) -> int:
    """How many tickets are as they were before."""
    change.undone_at = now
    back = 0
    kept = {entry["ticket"]: entry for entry in change.before}
    rows = session.scalars(select(Ticket).where(Ticket.id.in_(kept)).options(
        selectinload(Ticket.deadlines).selectinload(Deadline.alerts)))
    for ticket in rows:
        back += _UNDO[change.verb](session, conf, ticket, kept[ticket.id], by, now)
    return back


def _change(session: Session, verb: str, found: Sequence[Ticket], act: Callable[[Ticket], Before | None], *, by: User,
            now: datetime) -> BulkChange | None:
    before = [{"ticket": ticket.id, **was} for ticket in found if (was := act(ticket)) is not None]
    if not before:
        return None
    change = BulkChange(user_id=by.id, verb=verb, before=before, created_at=now)
    session.add(change)
    session.flush()
    return change


def _assign_back(session: Session, conf: Settings, ticket: Ticket, before: Before, by: User, now: datetime) -> bool:
    was = session.get(User, before["was"]) if before["was"] else None
    if ticket.assignee_id != before["is"] or (was is not None and not was.active):
        return False
    tickets.assign(session, conf, ticket, was, actor=f"user:{by.id}", now=now)
    return True


def _stage_back(session: Session, _conf: Settings, ticket: Ticket, before: Before, by: User, now: datetime) -> bool:
    if ticket.stage != before["is"]:
        return False
    tickets.change_stage(session, ticket, before["was"], actor=f"user:{by.id}", now=now)
    return True


def _open_back(session: Session, conf: Settings, ticket: Ticket, before: Before, by: User, now: datetime) -> bool:
    """Open again, and the clocks that ended with the closing run on as if nothing had been."""
    if ticket.state != "closed":
        return False
    tickets.reopen(session, ticket, actor=f"user:{by.id}", now=now)
    ticket.state, ticket.unread = before["was"], before["unread"]
    for deadline in ticket.deadlines:
        state = before["deadlines"].get(str(deadline.id))
        if state is not None and deadline.end_reason == "ticket_closed":
            deadlines.revive(session, conf, deadline, state=state, actor=f"user:{by.id}", now=now)
    return True


_UNDO = {"assign": _assign_back, "stage": _stage_back, "close": _open_back}
