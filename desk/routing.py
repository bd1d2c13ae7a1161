"""Which ticket does a mail belong to?

1. Our reply token, or References naming a letter that we sent, from a person on the ticket: append.
   References naming an earlier mail of the same person on the ticket count the same: the sender of a
   thread may continue it before we have answered.
2. Token or a letter of ours named by somebody else: append as another person, not confirmed.
3. A subject tag alone: from a person on the ticket append, from anybody else a new ticket with a hint.
4. The company's own case number from that company's domain: append as the company's answer.
5. Otherwise a new ticket.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import outbox, tickets
from .mail import Letter
from .models import Message, Outbox, Person, Ticket
from .settings import Settings

TAG = re.compile(r"\[#(\d{1,9})\]")


@dataclass
class Route:
    """`ticket` None: a new one. `unconfirmed`: somebody who is not on the ticket wrote it."""

    ticket: Ticket | None = None
    unconfirmed: bool = False
    by: str = "new"
    hints: list[dict[str, Any]] = field(default_factory=list)
    ours: Outbox | None = None  # the letter of ours that it answers


def find(session: Session, conf: Settings, letter: Letter, sender: Person | None) -> Route:
    """`sender` is None when the From header cannot be trusted to name one person."""
    named = _named_letters(session, letter)
    ours = next((m.outbox for m in named if m.outbox is not None), None)
    to = [address.address for address in (*letter.to, *letter.cc)]
    strong = outbox.from_token(session, conf, to) or next((m.ticket for m in named if m.direction == "out"), None)
    if strong is not None:
        return Route(strong, not tickets.is_participant(session, strong, sender), "thread", ours=ours)
    for message in named:
        if message.person_id is not None and sender is not None and message.person_id == sender.id \
                and tickets.is_participant(session, message.ticket, sender):
            return Route(message.ticket, by="thread")
    return _by_numbers(session, letter, sender, _hints(named))


def _named_letters(session: Session, letter: Letter) -> list[Message]:
    """Messages of ours or received ones that the mail names, the nearest first."""
    ids = [i for i in dict.fromkeys((letter.in_reply_to, *reversed(letter.references))) if i]
    if not ids:
        return []
    found = session.scalars(select(Message).where(Message.message_id.in_(ids))).all()
    return sorted(found, key=lambda m: (ids.index(m.message_id), -m.id))


def _hints(named: list[Message]) -> list[dict[str, Any]]:
    return [{"kind": "names_ticket", "number": n} for n in dict.fromkeys(m.ticket.number for m in named)]


def _by_numbers(session: Session, letter: Letter, sender: Person | None, hints: list[dict[str, Any]]) -> Route:
    for number in dict.fromkeys(int(n) for n in TAG.findall(letter.subject)[:5]):
        ticket = tickets.by_number(session, number)
        if ticket is None:
            continue
        if tickets.is_participant(session, ticket, sender):
            return Route(ticket, by="tag")
        hints = [*hints, {"kind": "names_ticket", "number": number}]
    company = _company_answer(session, letter)
    if company is not None:
        return Route(company, by="company", hints=hints)
    unique = list({hint["number"]: hint for hint in hints}.values())
    return Route(hints=unique)


def _company_answer(session: Session, letter: Letter) -> Ticket | None:
    domain = letter.from_.address.rpartition("@")[2]
    if not domain or letter.sender_ambiguous:
        return None
    parts = domain.split(".")
    domains = [".".join(parts[i:]) for i in range(len(parts) - 1)]
    candidates = session.scalars(select(Ticket).where(
        Ticket.company_case > "", Ticket.company_domain.in_(domains)).limit(500))
    text = f"{letter.subject}\n{letter.text[:20000]}"
    found = next((t for t in candidates if re.search(rf"(?<!\w){re.escape(t.company_case)}(?!\w)", text)), None)
    return tickets.joined(session, found) if found is not None else None
