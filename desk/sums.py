"""Money of a case: demanded, offered, paid, penalty, fine, costs; and what was recovered each month.

`paid` is all that the consumer really got, whatever it was called. Sums are Decimal with two places, kept in kopecks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import audit
from .models import SUMS, Sum, Ticket, User

LARGEST = Decimal(10) ** 10


class SumError(Exception):
    """A sum cannot be recorded; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Month:
    """`first`: its first day; `cases`: tickets in which something was paid."""

    first: date
    cases: int
    paid: Decimal


def of(session: Session, ticket: Ticket) -> list[Sum]:
    return list(session.scalars(select(Sum).where(Sum.ticket_id == ticket.id).order_by(Sum.on, Sum.id)))


def totals(rows: Iterable[Sum]) -> dict[str, Decimal]:
    """By kind, in their order; what was struck out does not count."""
    out: dict[str, Decimal] = {}
    live = [row for row in rows if not row.struck]
    for kind in SUMS:
        if of_kind := [row.amount for row in live if row.kind == kind]:
            out[kind] = sum(of_kind, Decimal(0))
    return out


def add(session: Session, ticket: Ticket, *, kind: str, amount: Decimal, on: date, note: str, author: User,
        now: datetime) -> Sum:
    """SumError for another kind, nothing, or parts of a kopeck."""
    if kind not in SUMS:
        raise SumError("sum_kind")
    if not 0 < amount < LARGEST or amount != amount.quantize(Decimal("0.01")):
        raise SumError("sum_wrong")
    row = Sum(ticket_id=ticket.id, kind=kind, kopecks=int(amount * 100), on=on, note=note.strip()[:500],
              author_id=author.id, created_at=now)
    session.add(row)
    session.flush()
    audit.record(session, ticket, "sum.recorded", actor=f"user:{author.id}", now=now, sum=kind, amount=str(amount))
    return row


def strike(session: Session, ticket: Ticket, row: Sum, *, actor: str, now: datetime) -> None:
    """It was a mistake: the row stays, and counts no more."""
    if row.ticket_id != ticket.id or row.struck:
        raise SumError("sum_wrong")
    row.struck = True
    audit.record(session, ticket, "sum.struck", actor=actor, now=now, sum=row.kind, amount=str(row.amount))


def recovered(session: Session) -> list[Month]:
    """Every month in which something was paid, the newest first."""
    paid: dict[date, Decimal] = defaultdict(Decimal)
    cases: dict[date, set[int]] = defaultdict(set)
    for on, kopecks, ticket_id in session.execute(select(Sum.on, Sum.kopecks, Sum.ticket_id).where(
            Sum.kind == "paid", Sum.struck.is_(False))):
        paid[on.replace(day=1)] += Decimal(kopecks) / 100
        cases[on.replace(day=1)].add(ticket_id)
    return [Month(first, len(cases[first]), paid[first]) for first in sorted(paid, reverse=True)]
