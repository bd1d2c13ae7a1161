"""Tickets that may be about the same thing as another one, and why we think so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from ..models import Fact, Ticket


@dataclass(frozen=True)
class Related:
    """Another ticket, and the best reason."""

    ticket: Ticket
    why: Literal["order", "person", "named"]
    value: str


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
    rows = {t.id: t for t in session.scalars(select(Ticket).where(
        Ticket.id.in_(reasons), Ticket.merged_into_id.is_(None)).options(
        selectinload(Ticket.consumer)))}
    return [Related(rows[i], why, value) for i, (why, value) in reasons.items() if i in rows]


def _named(session: Session, ticket: Ticket) -> list[tuple[int, int]]:
    numbers = [h["number"] for h in ticket.hints if "number" in h]
    if not numbers:
        return []
    return [(i, n) for i, n in session.execute(select(Ticket.id, Ticket.number).where(Ticket.number.in_(numbers)))]


def _same_order(session: Session, ticket: Ticket) -> list[tuple[int, str]]:
    orders = {f.value for f in ticket.facts if f.kind == "order_number" and f.state != "rejected"}
    if not orders:
        return []
    same = select(Fact.ticket_id, Fact.value).where(
        Fact.kind == "order_number", Fact.value.in_(orders), Fact.state != "rejected").distinct()
    return [(i, value) for i, value in session.execute(same.limit(50))]
