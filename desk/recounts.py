"""Running clocks against the rules and the calendar of today: which would move, and why. Nothing moves by itself.

A clock keeps the version of the rule and the calendar it was counted with; a lead looks at the difference and decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from . import deadlines, terms
from .law.rules import Rule, Rules
from .lawbook import known_rules
from .models import Deadline, Ticket
from .settings import Settings
from .terms import Term

Why = Literal["rule", "calendar", "gone", "by_hand"]


@dataclass(frozen=True)
class Difference:
    """A clock that today's rules count otherwise.

    `why`: the rule has another version, or the calendar changed. With `gone` (no version of the rule holds on its
    start any more) and `by_hand` (a pause does not fit the new term) there is no `counted`.
    """

    deadline: Deadline
    why: Why
    version: str = ""
    counted: Term | None = None

    @property
    def moves(self) -> bool:
        """Does another last day come out? Otherwise only the words or the mark `confirmed` differ."""
        found = self.counted
        return found is not None and (found.raw, found.due_at) != (self.deadline.raw_due, self.deadline.due_at)


def differences(session: Session) -> Iterator[Difference]:
    """Running and paused clocks that come out otherwise, the nearest first; two queries, whatever their number."""
    rows = session.scalars(select(Deadline).where(Deadline.state.in_(deadlines.LIVE)).order_by(
        Deadline.due_at, Deadline.id).options(joinedload(Deadline.ticket).joinedload(Ticket.assignee),
                                              selectinload(Deadline.alerts)))
    found = (difference(deadline) for deadline in rows)
    return (each for each in found if each is not None)


def difference(deadline: Deadline) -> Difference | None:
    """None: it counts as it did. Pure but for the law's files."""
    known = known_rules()
    rule = known.at(deadline.rule, deadline.start_on)
    if rule is None:
        return Difference(deadline, "gone")
    try:
        return _difference(deadline, rule, _counted(known, deadline, rule))
    except ValueError:
        return Difference(deadline, "by_hand")


def apply(session: Session, conf: Settings, found: Difference, *, actor: str, now: datetime) -> bool:
    """Take the new last day, with an event and alerts made anew. False when there is nothing to take."""
    if found.counted is None:
        return False
    deadlines.recount(session, conf, found.deadline, found.counted, version=found.version, reason=found.why,
                      actor=actor, now=now)
    return True


def _difference(deadline: Deadline, rule: Rule, counted: Term) -> Difference | None:
    now = (counted.raw, counted.rolled, counted.due_at, counted.confirmed)
    if now == (deadline.raw_due, deadline.due, deadline.due_at, deadline.confirmed):
        return None
    return Difference(deadline, "rule" if rule.version != deadline.rule_version else "calendar", rule.version, counted)


def _counted(known: Rules, deadline: Deadline, rule: Rule) -> Term:
    """From its start through all its changes; a pause that lasts has to lie within. ValueError."""
    length, tz = rule.length or deadline.length, deadline.timezone
    if rule.unit == "hour":
        if deadline.start_at is None:
            raise ValueError("it was started by days")
        return terms.hours(rule, deadline.start_at, length, tz)
    counted = terms.first(rule, deadline.start_on, length, tz)
    counted = terms.through(counted, deadline.changes, deadline.start_on, tz, known)
    if deadline.paused_on is not None and deadline.paused_on > counted.raw:
        raise ValueError(f"paused on {deadline.paused_on}: it would have been over before")
    return counted
