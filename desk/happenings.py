"""What happened, and which clocks it starts: one event may start several, a fact of a letter may tell of an event.

Nothing starts by itself: a person sees every last day and chooses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from . import casework, deadlines
from .law.rules import Rule
from .models import Deadline, Ticket
from .terms import Term

TOLD_BY = {"delivery_date": "goods_handed_over"}  # kind of fact → the event it tells of
WHOSE = ("us", "them", "desk")


@dataclass(frozen=True)
class Offer:
    """A clock that the event starts: `term` is None while its length or its moment is not given (`needs`).

    `running`: it runs on the ticket already. `wise`: a right of the consumer that nobody watches yet.
    """

    rule: Rule
    term: Term | None
    needs: str  # "", length, moment, or why not
    running: Deadline | None
    wise: bool


def events(on: date) -> list[str]:
    """What may happen, in the order of the file: every start of a rule in force; the promise has its own form."""
    starts = dict.fromkeys(rule.start for rule in deadlines.known_rules().in_force(on) if rule.id != deadlines.PROMISE)
    return [start for start in starts if start in deadlines.known_rules().events]


def offers(ticket: Ticket, event: str, on: date, *, tz: str, start_at: datetime | None, today: date) -> list[Offer]:
    """What an event of that day starts, the consumer's own rights first."""
    rules = [rule for rule in deadlines.known_rules().in_force(on) if rule.start == event]
    found = [_offer(ticket, rule, on, tz, start_at, today) for rule in rules if rule.id != deadlines.PROMISE]
    return sorted(found, key=lambda offer: WHOSE.index(offer.rule.whose))


def unwatched(ticket: Ticket) -> list[tuple[str, date]]:
    """Events that facts tell of though no clock of theirs ever ran here: a right of the consumer may be dying."""
    started = {deadline.start_event for deadline in ticket.deadlines}
    told = ((event, _day(ticket, kind)) for kind, event in TOLD_BY.items() if event not in started)
    return [(event, on) for event, on in told if on is not None]


def _offer(ticket: Ticket, rule: Rule, on: date, tz: str, start_at: datetime | None, today: date) -> Offer:
    running = next((d for d in ticket.deadlines if d.rule == rule.id and d.state in deadlines.LIVE), None)
    try:
        term = deadlines.term(rule, on, rule.length, tz, start_at)
    except deadlines.DeadlineError as error:
        return Offer(rule, None, error.key, running, False)
    return Offer(rule, term, "", running, rule.whose == "us" and running is None and term.raw >= today)


def _day(ticket: Ticket, kind: str) -> date | None:
    fact = casework.best([fact for fact in ticket.facts if fact.kind == kind])
    try:
        return date.fromisoformat(fact.value) if fact else None
    except ValueError:
        return None
