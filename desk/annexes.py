"""What can go out with a letter: files that came in, and letters of ours that went out before, in that order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .models import Attachment, Letter, Message, Step, Ticket


@dataclass(frozen=True)
class Annex:
    """`file` came by mail, `letter` is ours; one of them is there. `size` in bytes, 0 for a file of unknown size."""

    public_id: str
    name: str
    size: int
    file: Attachment | None = None
    letter_id: int | None = None


def of(session: Session, ticket: Ticket) -> list[Annex]:
    files = session.scalars(select(Attachment).join(Message, Attachment.message_id == Message.id).where(
        Message.ticket_id == ticket.id).order_by(Attachment.id))
    columns = Letter.public_id, Letter.title, Letter.written_on, func.length(Letter.pdf), Letter.id, Step.addressee
    letters = session.execute(select(*columns).join(Step, Step.letter_id == Letter.id).where(
        Letter.ticket_id == ticket.id, Step.state.in_(("sent", "answered"))).order_by(Letter.id))
    return [*(Annex(f.public_id, f.filename, f.size, file=f) for f in files),
            *(Annex(public_id, f"{title} от {day:%d.%m.%Y}, {to}.pdf", size, letter_id=letter_id)
              for public_id, title, day, size, letter_id, to in letters)]


def chosen(session: Session, ticket: Ticket, public_ids: Sequence[str]) -> list[Annex]:
    """Those named, in the order of their numbers in the letter; what is not of this ticket is left out."""
    known = {annex.public_id: annex for annex in of(session, ticket)}
    return [known[public_id] for public_id in public_ids if public_id in known]
