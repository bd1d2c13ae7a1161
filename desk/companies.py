"""A company's own number for a case, taken from its answer or from the consumer's forward of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import mail, reading, tickets
from .models import Outbox, OutboxRecipient, Ticket


def note_case(session: Session, ticket: Ticket, letter: mail.Letter, *, actor: str, now: datetime) -> None:
    """Record the number that the letter names, when a company of this ticket wrote it and none is recorded yet."""
    if ticket.company_case:
        return
    domain = _company(session, ticket, letter)
    number = mail.case_number(letter.subject, letter.text) if domain else ""
    if number:
        tickets.record_case(session, ticket, number=number, domain=domain, actor=actor, now=now)


def _company(session: Session, ticket: Ticket, letter: mail.Letter) -> str:
    """The domain of the marketplace or of a company that we wrote to; '' when the writer is neither."""
    writer = letter.forwarded.from_ if letter.forwarded else "" if letter.sender_ambiguous else letter.from_.address
    domain = writer.rpartition("@")[2].strip("<>[]() ").lower()
    ours = ticket.consumer.address.rpartition("@")[2] if ticket.consumer else ""
    known = {*reading.known_formats().domains, *_written_to(session, ticket)} - {ours}
    return next((name for name in known if domain == name or domain.endswith("." + name)), "")


def _written_to(session: Session, ticket: Ticket) -> set[str]:
    found = session.scalars(select(OutboxRecipient.address).join(Outbox).where(Outbox.ticket_id == ticket.id))
    return {address.rpartition("@")[2].lower() for address in found}
