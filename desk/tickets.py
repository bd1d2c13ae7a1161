"""The verbs of a ticket: open, assign, change stage, note, close, move a letter; each writes an Event.

Web, mail, command line and clock all come through here. Nothing here sends mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, func, nulls_last, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from . import audit, deadlines
from .models import STAGES, Counter, Event, Fact, Message, Participant, Person, Ticket, User
from .settings import Settings

View = Literal["mine", "unassigned", "overdue", "waiting", "closed", "all"]
VIEWS: tuple[View, ...] = ("mine", "unassigned", "overdue", "waiting", "closed", "all")


class TicketError(Exception):
    """A verb cannot be done on this ticket now; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def open_(session: Session, conf: Settings, *, subject: str, person: Person | None, marketplace: str = "",
          arrived_at: datetime, historic: bool = False, actor: str, now: datetime) -> Ticket:
    """A new ticket with the next number. A mail's legal moment is its arrival, not our processing of it."""
    ticket = Ticket(number=_next_number(session, conf), subject=subject[:500], consumer=person,
                    marketplace=marketplace, created_at=arrived_at, last_message_at=arrived_at)
    session.add(ticket)
    session.flush()
    if person is not None:
        add_participant(session, ticket, person)
    audit.record(session, ticket, "ticket.opened", actor=actor, now=now)
    if not historic:
        deadlines.first_reply_due(session, conf, ticket, now=now)
    return ticket


def by_number(session: Session, number: int) -> Ticket | None:
    return session.scalar(select(Ticket).where(Ticket.number == number))


def add_participant(session: Session, ticket: Ticket, person: Person) -> None:
    if not is_participant(session, ticket, person):
        session.add(Participant(ticket_id=ticket.id, person=person))
        session.flush()


def is_participant(session: Session, ticket: Ticket, person: Person | None) -> bool:
    if person is None:
        return False
    row = select(Participant.id).where(Participant.ticket_id == ticket.id, Participant.person_id == person.id)
    return session.scalar(row) is not None


def letter_came(session: Session, ticket: Ticket, *, arrived_at: datetime, actor: str, now: datetime) -> None:
    """A letter of a person was added: the desk has to look, a closed ticket opens again."""
    ticket.unread = True
    ticket.last_message_at = max(ticket.last_message_at, arrived_at)
    if ticket.state != "open":
        was, ticket.state, ticket.closed_at = ticket.state, "open", None
        audit.record(session, ticket, "ticket.reopened", actor=actor, now=now, was=was)


def assign(session: Session, conf: Settings, ticket: Ticket, user: User | None, *, actor: str, now: datetime) -> None:
    if user is not None and not user.active:
        raise TicketError("user_inactive")
    if ticket.assignee_id == (user.id if user else None):
        return
    ticket.assignee = user
    session.flush()
    audit.record(session, ticket, "ticket.assigned", actor=actor, now=now, user=user.id if user else None,
                 name=user.name if user else "")
    deadlines.reassign(session, ticket, now=now)


def change_stage(session: Session, ticket: Ticket, stage: str, *, actor: str, now: datetime) -> None:
    if stage not in STAGES:
        raise TicketError("unknown_stage")
    if ticket.stage == stage:
        return
    was, ticket.stage = ticket.stage, stage
    audit.record(session, ticket, "ticket.stage_changed", actor=actor, now=now, was=was, stage=stage)


def note(session: Session, ticket: Ticket, *, text: str, author: User, now: datetime) -> Message:
    """An internal note; no consumer ever sees it."""
    if not text.strip():
        raise TicketError("empty_text")
    message = Message(ticket_id=ticket.id, direction="note", kind="note", author=author, text=clean(text),
                      created_at=now)
    session.add(message)
    audit.record(session, ticket, "ticket.noted", actor=f"user:{author.id}", now=now)
    return message


def seen(session: Session, ticket: Ticket) -> None:
    """Somebody looked; not an event and not a conflict with what others change meanwhile."""
    session.execute(update(Ticket).where(Ticket.id == ticket.id).values(unread=False))


def close(session: Session, conf: Settings, ticket: Ticket, *, reason: str = "", actor: str, now: datetime) -> None:
    """Close, and end its running clocks: a closed ticket alerts nobody."""
    if ticket.state == "closed":
        return
    ticket.state, ticket.closed_at, ticket.unread = "closed", now, False
    for deadline in [d for d in ticket.deadlines if d.state == "running"]:
        deadlines.cancel(session, deadline, reason="ticket_closed", actor=actor, now=now)
    audit.record(session, ticket, "ticket.closed", actor=actor, now=now, reason=reason)


def reopen(session: Session, ticket: Ticket, *, actor: str, now: datetime) -> None:
    if ticket.state != "closed":
        return
    ticket.state, ticket.closed_at = "open", None
    audit.record(session, ticket, "ticket.reopened", actor=actor, now=now, was="closed")


def move(session: Session, message: Message, to: Ticket, *, actor: str, now: datetime) -> None:
    """Attach a letter to another ticket; moving it back undoes it. A ticket left without letters closes."""
    source = message.ticket
    if source.id == to.id:
        return
    if message.direction != "in":
        raise TicketError("only_letters_move")
    message.ticket = to
    for fact in session.scalars(select(Fact).where(Fact.message_id == message.id)):
        fact.ticket_id = to.id
    session.flush()
    letter_came(session, to, arrived_at=message.created_at, actor=actor, now=now)
    if message.person is not None and not message.unconfirmed:
        add_participant(session, to, message.person)
    for ticket, kind, other in ((source, "ticket.letter_moved_out", to), (to, "ticket.letter_moved_in", source)):
        audit.record(session, ticket, kind, actor=actor, now=now, message=message.public_id, number=other.number)
    _settle_emptied(session, source, to, actor=actor, now=now)


def _settle_emptied(session: Session, source: Ticket, to: Ticket, *, actor: str, now: datetime) -> None:
    letters = select(Message.id).where(Message.ticket_id == source.id, Message.direction == "in",
                                       Message.unconfirmed.is_(False))
    if session.scalar(letters.limit(1)) is None and source.state != "closed":
        source.state, source.closed_at, source.unread = "closed", now, False
        for deadline in [d for d in source.deadlines if d.state == "running"]:
            deadlines.cancel(session, deadline, reason="moved", actor=actor, now=now)
        audit.record(session, source, "ticket.closed", actor=actor, now=now, reason="moved", number=to.number)


def history(session: Session, ticket: Ticket) -> list[Event]:
    return list(session.scalars(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id)))


# --- finding -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class QueuePage:
    tickets: list[Ticket]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class Related:
    """Another ticket that may be about the same thing, and why we think so."""

    ticket: Ticket
    why: Literal["order", "person", "named"]
    value: str


def queue(session: Session, *, view: View, user: User, now: datetime, page: int = 1, size: int = 50) -> QueuePage:
    """One page of the queue, nearest deadline first; `all` is every ticket that is not closed."""
    where = _in_view(view, user, now)
    total = session.scalar(select(func.count()).select_from(Ticket).where(where)) or 0
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    order = (Ticket.closed_at.desc(),) if view == "closed" else (nulls_last(Ticket.next_due_at.asc()),)
    rows = _with_row(select(Ticket).where(where)).order_by(*order, Ticket.last_message_at.desc(), Ticket.id.desc())
    return QueuePage(list(session.scalars(rows.offset((page - 1) * size).limit(size))), total, page, pages)


def counts(session: Session, *, user: User, now: datetime) -> dict[View, int]:
    """How many tickets each view holds, in one query."""
    columns = [func.count().filter(_in_view(view, user, now)).label(view) for view in VIEWS]
    row = session.execute(select(*columns).select_from(Ticket)).one()
    return {view: int(value) for view, value in zip(VIEWS, row, strict=True)}


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
    rows = {t.id: t for t in session.scalars(_with_row(select(Ticket).where(Ticket.id.in_(reasons))))}
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


def _with_row(query: Select[Ticket]) -> Select[Ticket]:
    """Load what a row of the queue shows, in a fixed number of queries."""
    return query.options(selectinload(Ticket.consumer), selectinload(Ticket.assignee),
                         selectinload(Ticket.facts), selectinload(Ticket.deadlines))


# --- text --------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """Text fit for every database: no NUL, no lone surrogate, line ends as \\n."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode("utf-8")


def _next_number(session: Session, conf: Settings) -> int:
    step = update(Counter).where(Counter.name == "ticket").values(value=Counter.value + 1).returning(Counter.value)
    number = session.scalar(step)
    if number is not None:
        return number
    try:
        with session.begin_nested():
            session.add(Counter(name="ticket", value=conf.desk.first_ticket_number))
    except IntegrityError:  # another worker opened the first ticket at this very moment
        return int(session.scalar(step) or 0)
    return conf.desk.first_ticket_number
