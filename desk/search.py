"""Finding tickets: the views of the queue with their counts, the words of the search box, tickets that belong together.

A page costs a fixed number of queries, however many rows it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, false, func, nulls_last, or_, select
from sqlalchemy.orm import Session, selectinload

from .models import Attachment, Deadline, Fact, Message, Person, Ticket, User

View = Literal["mine", "unassigned", "overdue", "waiting", "closed", "all"]
VIEWS: tuple[View, ...] = ("mine", "unassigned", "overdue", "waiting", "all", "closed")
SNIPPET = 300  # characters of the newest letter that a row may show


@dataclass(frozen=True)
class Row:
    """A ticket in the queue: with the beginning of its newest letter and whether it has files."""

    ticket: Ticket
    deadline: Deadline | None  # the nearest running one
    snippet: str
    files: int
    orders: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class Related:
    """Another ticket that may be about the same thing, and why we think so."""

    ticket: Ticket
    why: Literal["order", "person", "named"]
    value: str


def queue(session: Session, *, view: View, user: User, now: datetime, words: str = "", page: int = 1,
          size: int = 50) -> Page:
    """One page, nearest deadline first; `words` search in every ticket, whatever the view."""
    where = _matching(words) if words.strip() else _in_view(view, user, now)
    total = session.scalar(select(func.count()).select_from(Ticket).where(where)) or 0
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    order = (Ticket.closed_at.desc(),) if view == "closed" else (nulls_last(Ticket.next_due_at.asc()),)
    found = session.scalars(select(Ticket).where(where).order_by(
        *order, Ticket.last_message_at.desc(), Ticket.id.desc()).offset((page - 1) * size).limit(size).options(
        selectinload(Ticket.consumer), selectinload(Ticket.assignee))).all()
    return Page(_rows(session, found), total, page, pages)


def counts(session: Session, *, user: User, now: datetime) -> dict[View, int]:
    """How many tickets each view holds, in one query."""
    columns = [func.count().filter(_in_view(view, user, now)).label(view) for view in VIEWS]
    row = session.execute(select(*columns).select_from(Ticket)).one()
    return {view: int(value) for view, value in zip(VIEWS, row, strict=True)}


def _rows(session: Session, found: Sequence[Ticket]) -> list[Row]:
    ids = [t.id for t in found]
    clocks: dict[int, Deadline] = {}
    for deadline in session.scalars(select(Deadline).where(
            Deadline.ticket_id.in_(ids), Deadline.state == "running").order_by(Deadline.due_at.desc())):
        clocks[deadline.ticket_id] = deadline
    snippets, files, orders = _snippets(session, ids), _files(session, ids), _orders(session, ids)
    return [Row(t, clocks.get(t.id), snippets.get(t.id, ""), files.get(t.id, 0), orders.get(t.id, ())) for t in found]


def _snippets(session: Session, ids: Sequence[int]) -> dict[int, str]:
    newest = select(func.max(Message.id)).where(Message.ticket_id.in_(ids), Message.direction == "in").group_by(
        Message.ticket_id)
    rows = session.execute(select(Message.ticket_id, func.substr(Message.text, 1, SNIPPET)).where(
        Message.id.in_(newest)))
    return {ticket_id: " ".join((text or "").split()) for ticket_id, text in rows}


def _files(session: Session, ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(select(Message.ticket_id, func.count()).join(
        Attachment, Attachment.message_id == Message.id).where(Message.ticket_id.in_(ids)).group_by(Message.ticket_id))
    return {row[0]: row[1] for row in rows}


def _orders(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    out: dict[int, tuple[str, ...]] = {}
    for ticket_id, value in session.execute(select(Fact.ticket_id, Fact.value).where(
            Fact.ticket_id.in_(ids), Fact.kind == "order_number").order_by(Fact.id)):
        out[ticket_id] = tuple(dict.fromkeys((*out.get(ticket_id, ()), value)))
    return out


# --- tickets that belong together --------------------------------------------------------------


def related(session: Session, ticket: Ticket) -> list[Related]:
    """Tickets named in the letter, with the same order number, or of the same person; the best reason of each."""
    reasons: dict[int, tuple[Literal["order", "person", "named"], str]] = {}
    for ticket_id, number in _named(session, ticket):
        reasons.setdefault(ticket_id, ("named", str(number)))
    for ticket_id, value in _same_order(session, ticket):
        reasons.setdefault(ticket_id, ("order", value))
    if ticket.consumer_id is not None:
        same = select(Ticket.id).where(Ticket.consumer_id == ticket.consumer_id).order_by(Ticket.id.desc()).limit(20)
        for ticket_id in session.scalars(same):
            reasons.setdefault(ticket_id, ("person", ticket.consumer.address if ticket.consumer else ""))
    reasons.pop(ticket.id, None)
    rows = {t.id: t for t in session.scalars(select(Ticket).where(Ticket.id.in_(reasons)).options(
        selectinload(Ticket.consumer)))}
    return [Related(rows[i], why, value) for i, (why, value) in reasons.items()]


def _named(session: Session, ticket: Ticket) -> list[tuple[int, int]]:
    numbers = [h["number"] for h in ticket.hints if "number" in h]
    if not numbers:
        return []
    return [(i, n) for i, n in session.execute(select(Ticket.id, Ticket.number).where(Ticket.number.in_(numbers)))]


def _same_order(session: Session, ticket: Ticket) -> list[tuple[int, str]]:
    orders = {f.value for f in ticket.facts if f.kind == "order_number"}
    if not orders:
        return []
    same = select(Fact.ticket_id, Fact.value).where(Fact.kind == "order_number", Fact.value.in_(orders)).distinct()
    return [(i, value) for i, value in session.execute(same.limit(50))]


# --- conditions --------------------------------------------------------------------------------


def _in_view(view: View, user: User, now: datetime) -> ColumnElement[bool]:
    not_closed = Ticket.state != "closed"
    return {
        "mine": and_(not_closed, Ticket.assignee_id == user.id),
        "unassigned": and_(not_closed, Ticket.assignee_id.is_(None)),
        "overdue": and_(not_closed, Ticket.next_due_at < now),
        "waiting": Ticket.state == "waiting",
        "closed": Ticket.state == "closed",
        "all": not_closed,
    }[view]


def _matching(words: str) -> ColumnElement[bool]:
    """Every word must stand somewhere: ticket number, order number, name, e-mail or subject."""
    return and_(*(_has(word) for word in words.split()[:8]))


def _has(word: str) -> ColumnElement[bool]:
    part = f"%{word.lower().translate(_ESCAPED)}%"
    number = word.lstrip("#№")
    people = select(Person.id).where(or_(func.lower(Person.name).like(part, "\\"), Person.address.like(part, "\\")))
    orders = select(Fact.ticket_id).where(
        Fact.kind == "order_number", func.lower(Fact.value).like(part, "\\"))
    by_number = Ticket.number == int(number) if number.isascii() and number.isdigit() and len(number) < 10 else false()
    return or_(by_number, func.lower(Ticket.subject).like(part, "\\"), Ticket.consumer_id.in_(people),
               Ticket.id.in_(orders))


_ESCAPED = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})
