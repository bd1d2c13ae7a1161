"""The queue: which tickets a view holds, in which order, page after page; and how many each view holds.

A page costs a fixed number of queries, however long it is and however deep in the queue: the next one begins after a
key, not after a count of rows.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from . import ladder, settings
from .models import Attachment, Deadline, Event, Fact, Message, Step, Ticket, User

View = Literal["mine", "unassigned", "overdue", "week", "waiting", "company", "body", "all", "closed"]
VIEWS: tuple[View, ...] = ("mine", "unassigned", "overdue", "week", "waiting", "company", "body", "all", "closed")
OPEN = ("open", "waiting")
WEEK = timedelta(days=7)
SNIPPET = 100  # characters of the newest letter that a row may show
COUNTED = 1000  # hits of a search are counted up to here
COMPANIES = ("marketplace", "seller", "social_network", "ethics_line")


@dataclass(frozen=True)
class Sort:
    """An order of tickets by one moment or number, and the id for those that have the same."""

    column: InstrumentedAttribute[Any]
    descending: bool


SORTS = {
    "due": Sort(Ticket.next_due_at, False),
    "new": Sort(Ticket.last_message_at, True),
    "old": Sort(Ticket.last_message_at, False),
    "number": Sort(Ticket.id, True),
}
CLOSED = Sort(Ticket.closed_at, True)
CLOSED_FOR_GOOD = and_(Ticket.state == "closed", Ticket.merged_into_id.is_(None))  # not those that go on in another


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
    """`after` is the key of the next page, '' on the last one."""

    rows: list[Row]
    after: str


def page(session: Session, where: ColumnElement[bool], sort: Sort, *, after: str = "", size: int = 50) -> Page:
    """The tickets behind the key `after`; a key that cannot be read begins at the beginning."""
    key = _key(sort, after)
    place = and_(where, _behind(sort, *key)) if key is not None else where
    # Their ids first, from an index alone: sorting whole rows costs many times as much.
    ids = session.scalars(select(Ticket.id).where(place).order_by(*_order(sort)).limit(size + 1)).all()
    rows = {ticket.id: ticket for ticket in session.scalars(select(Ticket).where(Ticket.id.in_(ids)).options(
        joinedload(Ticket.consumer), joinedload(Ticket.assignee)))}
    found = [rows[ticket_id] for ticket_id in ids]
    return Page(_rows(session, found[:size]), _after(sort, found[size - 1]) if len(found) > size else "")


def sort_for(view: str, chosen: str) -> Sort:
    return CLOSED if view == "closed" else SORTS.get(chosen, SORTS["due"])


def count(session: Session, where: ColumnElement[bool]) -> int:
    """Up to COUNTED."""
    some = select(Ticket.id).where(where).limit(COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


@dataclass(frozen=True)
class Tally:
    """How many tickets each view holds: the same for everybody but for «mine», kept by assignee."""

    held: dict[View, int]
    by_assignee: dict[int | None, int]

    def of(self, user: User) -> dict[View, int]:
        return {view: self.by_assignee.get(user.id, 0) if view == "mine" else self.held[view] for view in VIEWS}


def tally(session: Session, *, now: datetime) -> Tally:
    """Four queries: over what is open, by assignee, what was sent and not answered, and the closed."""
    simple: tuple[View, ...] = ("unassigned", "overdue", "week", "all")
    conditions = _conditions(None, now)
    columns = [func.count().filter(conditions[view]).label(view) for view in simple]
    waiting = func.count().filter(Ticket.state == "waiting").label("waiting")
    row = session.execute(select(*columns, waiting).select_from(Ticket).where(Ticket.state.in_(OPEN))).one()
    mine = {row[0]: row[1] for row in session.execute(select(Ticket.assignee_id, func.count()).where(
        Ticket.state.in_(OPEN)).group_by(Ticket.assignee_id))}
    awaited = session.execute(select(Step.key, Ticket.id, Ticket.state).join(Ticket, Ticket.id == Step.ticket_id).where(
        Step.state == "sent", Ticket.state.in_(OPEN))).all()
    held = {view: int(getattr(row, view)) for view in simple}
    held["company"], held["body"] = (len({each.id for each in awaited if each.key in steps})
                                     for steps in (company_steps(), body_steps()))
    held["waiting"] = row.waiting - len({each.id for each in awaited if each.state == "waiting"})
    held["closed"] = session.scalar(select(func.count()).select_from(Ticket).where(CLOSED_FOR_GOOD)) or 0
    return Tally(held, mine)


def newest_change(session: Session) -> int:
    """Grows with every change that can move a ticket to another view."""
    return session.scalar(select(func.max(Event.id))) or 0


def condition(view: View, user: User, now: datetime) -> ColumnElement[bool]:
    if view == "closed":
        return CLOSED_FOR_GOOD
    return and_(Ticket.state.in_(OPEN), _conditions(user.id, now)[view])


def _conditions(user_id: int | None, now: datetime) -> dict[View, ColumnElement[bool]]:
    """Of open tickets."""
    awaited = Ticket.id.in_(select(Step.ticket_id).where(Step.state == "sent"))
    return {
        "mine": Ticket.assignee_id == user_id,
        "unassigned": Ticket.assignee_id.is_(None),
        "overdue": Ticket.next_due_at <= now,
        "week": and_(Ticket.next_due_at > now, Ticket.next_due_at <= now + WEEK),
        "waiting": and_(Ticket.state == "waiting", not_(awaited)),
        "company": _awaits(companies=True),
        "body": _awaits(companies=False),
        "all": true(),
    }


def _awaits(*, companies: bool) -> ColumnElement[bool]:
    """Something of ours is with them and was not answered."""
    keys = company_steps() if companies else body_steps()
    return Ticket.id.in_(select(Step.ticket_id).where(Step.state == "sent", Step.key.in_(keys)))


def company_steps() -> list[str]:
    """Keys of the steps that go to a company."""
    return [key for key, to in _addressees().items() if to in COMPANIES]


def body_steps() -> list[str]:
    """Keys of the steps that go to a state body or a bank."""
    return [key for key, to in _addressees().items() if to not in (*COMPANIES, "consumer", "lawyer")]


@functools.cache
def _addressees() -> dict[str, str]:
    known = ladder.load(settings.resource("config") / "escalation.toml")
    return {key: step.to for key, step in known.steps.items()}


# --- keys of pages -----------------------------------------------------------------------------


def _order(sort: Sort) -> tuple[ColumnElement[Any], ...]:
    """Tickets without a value come last, in both directions."""
    if sort.column is Ticket.id:
        return (Ticket.id.desc(),)
    value = sort.column.desc() if sort.descending else sort.column.asc()
    return (value.nulls_last() if _may_lack(sort) else value), Ticket.id.desc()


def _may_lack(sort: Sort) -> bool:
    return sort.column is Ticket.next_due_at


def _after(sort: Sort, ticket: Ticket) -> str:
    value = getattr(ticket, sort.column.key)
    return f"{value.timestamp():.6f}_{ticket.id}" if isinstance(value, datetime) else f"_{ticket.id}"


def _key(sort: Sort, after: str) -> tuple[datetime | None, int] | None:
    moment, _, ticket_id = after.rpartition("_")
    if not (ticket_id.isascii() and ticket_id.isdigit() and len(ticket_id) < 10):
        return None
    try:
        return (datetime.fromtimestamp(float(moment), UTC) if moment else None), int(ticket_id)
    except (ValueError, OverflowError, OSError):
        return None


def _behind(sort: Sort, value: datetime | None, ticket_id: int) -> ColumnElement[bool]:
    earlier = Ticket.id < ticket_id
    if sort.column is Ticket.id:
        return earlier
    if value is None:
        return and_(sort.column.is_(None), earlier)
    further = sort.column < value if sort.descending else sort.column > value
    return or_(further, and_(sort.column == value, earlier), sort.column.is_(None) if _may_lack(sort) else false())


# --- rows --------------------------------------------------------------------------------------


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
    rows = session.execute(select(Message.ticket_id, func.substr(Message.text, 1, 2 * SNIPPET)).where(
        Message.id.in_(newest)))
    return {ticket_id: " ".join((text or "").split())[:SNIPPET] for ticket_id, text in rows}


def _files(session: Session, ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(select(Message.ticket_id, func.count()).join(
        Attachment, Attachment.message_id == Message.id).where(Message.ticket_id.in_(ids)).group_by(Message.ticket_id))
    return {row[0]: row[1] for row in rows}


def _orders(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    out: dict[int, tuple[str, ...]] = {}
    for ticket_id, value in session.execute(select(Fact.ticket_id, Fact.value).where(
            Fact.ticket_id.in_(ids), Fact.kind == "order_number", Fact.state != "rejected").order_by(Fact.id)):
        out[ticket_id] = tuple(dict.fromkeys((*out.get(ticket_id, ()), value)))
    return out
