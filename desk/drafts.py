"""What somebody is writing on a ticket: saved every few seconds, kept until it is sent or emptied."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import tickets
from .facts import cards
from .models import Draft, Ticket, User

Kind = Literal["reply", "note"]
KINDS: tuple[Kind, ...] = ("reply", "note")
LONGEST = 100_000


def save(session: Session, ticket: Ticket, user: User, kind: Kind, text: str, *, now: datetime) -> None:
    """Keep the newest text; an empty one takes the draft away."""
    if not text.strip():
        drop(session, ticket, user, kind)
        return
    text = cards.mask(tickets.clean(text))[:LONGEST]
    if _rewrite(session, ticket, user, kind, text, now):
        return
    try:
        with session.begin_nested():
            session.add(Draft(user_id=user.id, ticket_id=ticket.id, kind=kind, text=text, saved_at=now))
    except IntegrityError:  # another window of the same person saved first
        _rewrite(session, ticket, user, kind, text, now)


def _rewrite(session: Session, ticket: Ticket, user: User, kind: Kind, text: str, now: datetime) -> bool:
    return session.scalar(update(Draft).where(
        Draft.user_id == user.id, Draft.ticket_id == ticket.id, Draft.kind == kind).values(
        text=text, saved_at=now).returning(Draft.id)) is not None


def drop(session: Session, ticket: Ticket, user: User, kind: Kind) -> None:
    session.execute(delete(Draft).where(
        Draft.user_id == user.id, Draft.ticket_id == ticket.id, Draft.kind == kind))


def of(session: Session, ticket: Ticket, user: User) -> dict[str, Draft]:
    """The person's drafts on this ticket by their kind."""
    return {draft.kind: draft for draft in session.scalars(select(Draft).where(
        Draft.user_id == user.id, Draft.ticket_id == ticket.id))}


def hand_over(session: Session, source: Ticket, target: Ticket, *, now: datetime) -> None:
    """When tickets are joined no text is lost: it goes on in the other ticket, below what stands there."""
    for draft in session.scalars(select(Draft).where(Draft.ticket_id == source.id)).all():
        there = session.scalar(select(Draft).where(
            Draft.user_id == draft.user_id, Draft.ticket_id == target.id, Draft.kind == draft.kind))
        if there is None:
            draft.ticket_id = target.id
        else:
            there.text, there.saved_at = f"{there.text}\n\n{draft.text}"[:LONGEST], now
            session.delete(draft)
    session.flush()
