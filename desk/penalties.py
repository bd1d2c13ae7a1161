"""What the other side owes for being late, on a ticket: which clock ran out, the sum, the penalty as of a day.

Only what is known: without a sum or a last day there is no penalty, and a person may put both right on the sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from . import casework, lawbook
from .law import penalty
from .law.penalty import Debt, Penalty
from .models import Deadline, Ticket

DELIVERY = "prepaid_0.5pct"  # ст. 23.1 п. 3: late from the promised day of delivery, not from the end of the clock
COUNTED = ("running", "paused", "missed", "met")


@dataclass(frozen=True)
class Owed:
    """A clock with a penalty: `rule` of penalties.toml, `due` the last day in time, `until` the last day counted.

    `sure`: a person confirmed the sum. `penalty` is None while the sum or `due` is not known.
    """

    deadline: Deadline
    rule: str
    due: date | None
    until: date
    paid: Decimal | None
    sure: bool
    penalty: Penalty | None

    @property
    def late(self) -> bool:
        return self.due is not None and self.until > self.due


def of(ticket: Ticket, on: date) -> list[Owed]:
    """Each clock of the ticket whose delay costs something, the longest delay first; reads facts and deadlines only."""
    found = [_owed(ticket, deadline, rule, on) for deadline, rule in _clocks(ticket)]
    return sorted(found, key=lambda owed: (not owed.late, owed.due or date.max, owed.deadline.id))


def longest(ticket: Ticket, on: date) -> list[Owed]:
    """The delay to name beside an offer: one, though seller and marketplace may owe the same; or none."""
    return [owed for owed in of(ticket, on) if owed.late and owed.penalty][:1]


def _clocks(ticket: Ticket) -> Iterator[tuple[Deadline, str]]:
    known = lawbook.known_rules()
    for deadline in ticket.deadlines:
        rule = known.at(deadline.rule, deadline.start_on)
        if rule is not None and rule.penalty and deadline.state in COUNTED:
            yield deadline, rule.penalty


def _owed(ticket: Ticket, deadline: Deadline, rule: str, on: date) -> Owed:
    due = _delivery(ticket) if rule == DELIVERY else deadline.due
    until = min(on, _ended(deadline) or on)
    fact = casework.best([f for f in ticket.facts if f.kind == "amount"])
    paid = casework.money_of(fact.value) if fact else None
    counted = penalty.total(Debt(rule, None, paid, due), until, lawbook.penalties()) if due and paid else None
    return Owed(deadline, rule, due, until, paid, fact is not None and fact.state in casework.SURE, counted)


def _ended(deadline: Deadline) -> date | None:
    """The day on which they paid or did it; a missed clock goes on costing."""
    if deadline.state != "met" or deadline.ended_at is None:
        return None
    return deadline.ended_at.astimezone(ZoneInfo(deadline.timezone)).date()


def _delivery(ticket: Ticket) -> date | None:
    fact = casework.best([f for f in ticket.facts if f.kind == "promised_date"])
    try:
        return date.fromisoformat(fact.value) if fact else None
    except ValueError:
        return None
