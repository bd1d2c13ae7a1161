"""Two tickets about one thing become one: everything of the source goes to the target, and back when it is undone.

The source stays, closed, and leads to the target: by its number, its tag and its reply address. Its history stays
its own; the target's page shows both. Undoing puts back what was moved and how both stood, where nobody changed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from . import audit, deadlines, drafts
from .models import (
    Authority,
    Bundle,
    Deadline,
    Fact,
    Letter,
    Merge,
    Message,
    Outbox,
    Outcome,
    Participant,
    SearchDue,
    Step,
    Sum,
    Ticket,
)
from .settings import Settings
from .tickets import TicketError

MOVED = (Message, Fact, Outbox, Deadline, Step, Letter, Authority, Sum, Outcome, Bundle)
STATES = ("open", "waiting", "closed")  # the liveliest first: that of the two is the joined ticket's
KEPT = ("state", "closed_at", "unread", "delivery_failed", "last_message_at", "marketplace", "missing", "consumer_id",
        "assignee_id", "company_case", "company_domain")
MOMENTS = ("closed_at", "last_message_at")


def merge(session: Session, conf: Settings, source: Ticket, target: Ticket, *, actor: str, now: datetime) -> Merge:
    """All that `source` holds goes to `target`. TicketError when they are one already."""
    if source.id == target.id or source.merged_into_id is not None or target.merged_into_id is not None:
        raise TicketError("joined_already")
    record = Merge(source=source, target=target, before={"source": _state(source), "target": _state(target)},
                   moved={}, after={}, merged_at=now, merged_by=actor)
    record.moved = _move(session, source, target)
    _take_over(source, target)
    source.state, source.closed_at, source.unread, source.merged_into_id = "closed", now, False, target.id
    drafts.hand_over(session, source, target, now=now)
    _settle(session, conf, source, target, now)
    record.after = _state(target)
    session.add(record)
    session.flush()
    _tell(session, record, "ticket.joined_to", "ticket.joined_from", actor, now)
    return record


def undo(session: Session, conf: Settings, record: Merge, *, actor: str, now: datetime) -> None:
    """Take apart again; what came in since stays in the target. TicketError when a later join stands on it."""
    source, target = record.source, record.target
    if record.undone_at is not None or source.merged_into_id != target.id or target.merged_into_id is not None:
        raise TicketError("joined_further")
    _move_back(session, record)
    source.merged_into_id, record.undone_at = None, now
    _restore(source, record.before["source"], _state(source))
    _restore(target, record.before["target"], record.after)
    _settle(session, conf, source, target, now)
    _tell(session, record, "ticket.parted_from", "ticket.parted_to", actor, now)


def undoable(session: Session, ticket: Ticket) -> list[Merge]:
    """The joins into this ticket that still stand, the newest first."""
    return list(session.scalars(select(Merge).where(
        Merge.target_id == ticket.id, Merge.undone_at.is_(None)).order_by(Merge.id.desc())))


def by_public_id(session: Session, public_id: str) -> Merge | None:
    return session.scalar(select(Merge).where(Merge.public_id == public_id))


# --- what moves --------------------------------------------------------------------------------


def _move(session: Session, source: Ticket, target: Ticket) -> dict[str, list[int]]:
    session.flush()
    moved = {model.__tablename__: _ids(session, model, source.id, target.id) for model in MOVED}
    there = set(session.scalars(select(Participant.person_id).where(Participant.ticket_id == target.id)))
    added = [Participant(ticket_id=target.id, person_id=person_id) for person_id in session.scalars(
        select(Participant.person_id).where(Participant.ticket_id == source.id)) if person_id not in there]
    session.add_all(added)
    session.flush()
    return moved | {Participant.__tablename__: [row.id for row in added]}


def _ids(session: Session, model: Any, old: int, new: int) -> list[int]:
    return sorted(session.scalars(update(model).where(model.ticket_id == old).values(ticket_id=new).returning(
        model.id)))


def _move_back(session: Session, record: Merge) -> None:
    """Also what was found since in the letters that go back."""
    session.flush()
    for model in MOVED:
        _back(session, model, record, model.id.in_(record.moved.get(model.__tablename__, [])))
    _back(session, Fact, record, Fact.message_id.in_(record.moved[Message.__tablename__]))
    for row in session.scalars(select(Participant).where(
            Participant.id.in_(record.moved[Participant.__tablename__]), Participant.ticket_id == record.target_id)):
        session.delete(row)
    session.flush()


def _back(session: Session, model: Any, record: Merge, which: Any) -> None:
    session.execute(update(model).where(model.ticket_id == record.target_id, which).values(ticket_id=record.source_id))


# --- how both stand ----------------------------------------------------------------------------


def _take_over(source: Ticket, target: Ticket) -> None:
    """The target stands as the livelier of the two, and learns what only the source knew."""
    if STATES.index(source.state) < STATES.index(target.state):
        target.state, target.closed_at = source.state, source.closed_at
    target.unread = target.unread or source.unread
    target.delivery_failed = target.delivery_failed or source.delivery_failed
    target.last_message_at = max(target.last_message_at, source.last_message_at)
    target.marketplace = target.marketplace or source.marketplace
    target.missing = [key for key in target.missing if key in source.missing]
    target.consumer_id = target.consumer_id or source.consumer_id
    target.assignee_id = target.assignee_id or source.assignee_id
    if not target.company_case:
        target.company_case, target.company_domain = source.company_case, source.company_domain


def _settle(session: Session, conf: Settings, source: Ticket, target: Ticket, now: datetime) -> None:
    session.flush()
    for ticket in (source, target):
        session.expire(ticket, ["messages", "deadlines", "facts"])
        deadlines.refresh(session, ticket)
        deadlines.reassign(session, conf, ticket, now=now)
        session.add(SearchDue(ticket_id=ticket.id))  # triggers only see where a row goes, not where it leaves
    session.flush()


def _state(ticket: Ticket) -> dict[str, Any]:
    values = {name: getattr(ticket, name) for name in KEPT}
    return values | {name: values[name].isoformat() if values[name] else None for name in MOMENTS}


def _restore(ticket: Ticket, before: dict[str, Any], after: dict[str, Any]) -> None:
    now = _state(ticket)
    for name in KEPT:
        if now[name] == after[name] and now[name] != before[name]:
            value = before[name]
            setattr(ticket, name, datetime.fromisoformat(value) if value and name in MOMENTS else value)


def _tell(session: Session, record: Merge, at_source: str, at_target: str, actor: str, now: datetime) -> None:
    for ticket, other, kind in ((record.source, record.target, at_source), (record.target, record.source, at_target)):
        audit.record(session, ticket, kind, actor=actor, now=now, number=other.number, merge=record.public_id)


def joined_ids(session: Session, ticket: Ticket) -> list[int]:
    """The ticket and all that were joined to it, also over several steps."""
    found, frontier = [ticket.id], [ticket.id]
    while frontier:
        frontier = [i for i in session.scalars(select(Ticket.id).where(Ticket.merged_into_id.in_(frontier)))
                    if i not in found]
        found += frontier
    return found


def consumer_ids(session: Session, ticket: Ticket) -> set[int]:
    """The consumers of the ticket and of all that were joined to it."""
    found = session.scalars(select(Ticket.consumer_id).where(Ticket.id.in_(joined_ids(session, ticket))))
    return {person_id for person_id in found if person_id is not None}


def numbers(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """Ticket ids → their numbers."""
    return {row.id: row.number for row in session.execute(select(Ticket.id, Ticket.number).where(Ticket.id.in_(ids)))}
