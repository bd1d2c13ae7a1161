"""The verbs of a ticket: open, assign, change stage, note, close, move a letter; each writes an Event.

Web, mail, command line and clock all come through here. Nothing here sends mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import audit, deadlines, facts
from .facts import cards
from .models import STAGES, Counter, Event, Fact, Message, Participant, Person, SearchDue, Ticket, User
from .settings import Settings


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
        session.add(Participant(ticket_id=ticket.id, person=person))
    audit.record(session, ticket, "ticket.opened", actor=actor, now=now)
    if not historic:
        deadlines.first_reply_due(session, conf, ticket, now=now)
    return ticket


def by_number(session: Session, number: int) -> Ticket | None:
    """The ticket of this number, or the one that it was joined to."""
    ticket = session.scalar(select(Ticket).where(Ticket.number == number))
    return joined(session, ticket) if ticket is not None else None


def joined(session: Session, ticket: Ticket) -> Ticket:
    """Where all of this ticket is now: itself, unless it was joined to another."""
    while ticket.merged_into_id is not None:
        ticket = session.get_one(Ticket, ticket.merged_into_id)
    return ticket


def add_participant(session: Session, ticket: Ticket, person: Person) -> None:
    if not is_participant(session, ticket, person):
        session.add(Participant(ticket_id=ticket.id, person=person))
        session.flush()


def is_participant(session: Session, ticket: Ticket, person: Person | None) -> bool:
    if person is None or person.id is None:
        return False
    row = select(Participant.id).where(Participant.ticket_id == ticket.id, Participant.person_id == person.id)
    return session.scalar(row) is not None


def consumers(session: Session, ticket: Ticket) -> list[Person]:
    """Who may be written to on this ticket: its own consumer first, then those who joined it."""
    people = session.scalars(select(Person).join(Participant, Participant.person_id == Person.id).where(
        Participant.ticket_id == ticket.id, Person.address > "").order_by(Participant.id)).all()
    return sorted(people, key=lambda person: person.id != ticket.consumer_id)


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
    deadlines.reassign(session, conf, ticket, now=now)


def change_stage(session: Session, ticket: Ticket, stage: str, *, actor: str, now: datetime) -> None:
    if stage not in STAGES:
        raise TicketError("unknown_stage")
    if ticket.stage == stage:
        return
    was, ticket.stage = ticket.stage, stage
    audit.record(session, ticket, "ticket.stage_changed", actor=actor, now=now, was=was, stage=stage)


def record_case(session: Session, ticket: Ticket, *, number: str, domain: str, actor: str, now: datetime) -> None:
    """The company's own number for this case: its letters that name it, from its domain, come to this ticket."""
    number, domain = clean(number).strip()[:100], domain.strip().lower().rpartition("@")[2][:255]
    if number and ("." not in domain or " " in domain):
        raise TicketError("domain_needed")
    ticket.company_case, ticket.company_domain = number, domain if number else ""
    audit.record(session, ticket, "ticket.case_recorded", actor=actor, now=now, number=number, domain=domain)


def note(session: Session, ticket: Ticket, *, text: str, author: User, now: datetime) -> Message:
    """An internal note; no consumer ever sees it."""
    if not text.strip():
        raise TicketError("empty_text")
    message = Message(ticket_id=ticket.id, direction="note", kind="note", author=author, text=cards.mask(clean(text)),
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
    for deadline in [d for d in ticket.deadlines if d.state in deadlines.LIVE]:
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
    session.add(SearchDue(ticket_id=source.id))  # it is not found by these words any more
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
        for deadline in [d for d in source.deadlines if d.state in deadlines.LIVE]:
            deadlines.cancel(session, deadline, reason="moved", actor=actor, now=now)
        audit.record(session, source, "ticket.closed", actor=actor, now=now, reason="moved", number=to.number)


def decide_fact(session: Session, ticket: Ticket, fact: Fact, *, verdict: str, value: str = "", user: User,
                now: datetime) -> None:
    """A person confirms, corrects or rejects what was found, wherever on the ticket the same value stands."""
    if fact.ticket_id != ticket.id or verdict not in ("confirmed", "corrected", "rejected"):
        raise TicketError("unknown_fact")
    value = cards.mask_fact(fact.kind, clean(value).strip())[:500]
    if verdict == "corrected" and not value:
        raise TicketError("empty_text")
    was = fact.value
    meant = facts.sameness(fact.kind, was)
    for same in [f for f in ticket.facts if f.kind == fact.kind and facts.sameness(f.kind, f.value) == meant]:
        same.value = value if verdict == "corrected" else same.value
        same.state, same.decided_by_id, same.decided_at = verdict, user.id, now
    audit.record(session, ticket, f"fact.{verdict}", actor=f"user:{user.id}", now=now, fact=fact.kind, value=fact.value,
                 was=was)


def confirm_sender(session: Session, message: Message, *, actor: str, now: datetime) -> None:
    """Somebody of the team vouches for another person's letter: from now on they are on the ticket."""
    if message.person is None or not message.unconfirmed:
        return
    message.unconfirmed = False
    add_participant(session, message.ticket, message.person)
    audit.record(session, message.ticket, "person.confirmed", actor=actor, now=now, address=message.person.address)


def history(session: Session, ids: Sequence[int]) -> list[Event]:
    """What happened to these tickets, in the order of time."""
    return list(session.scalars(select(Event).where(Event.ticket_id.in_(ids)).order_by(Event.id)))


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
