"""Running clocks against the rules and the calendar of today: which would move, and why. Nothing moves by itself.

A clock keeps the version of the rule and the calendar it was counted with; a lead looks at the difference and decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from . import deadlines
from .law import count
from .law.rules import Rule, Rules
from .law.words import Said
from .lawbook import known_rules, production_calendar
from .models import Deadline, Ticket
from .settings import Settings

Why = Literal["rule", "calendar", "gone", "by_hand"]


@dataclass(frozen=True)
class Difference:
    """A clock that today's rules count otherwise.

    `why`: the rule has another version, or the calendar changed. With `gone` (no version of the rule holds on its
    start any more) and `by_hand` (it was paused: the days left cannot be counted again) there is no `counted`.
    """

    deadline: Deadline
    why: Why
    rule: Rule | None = None
    version: str = ""
    counted: count.Due | None = None
    said: Said = Said("", "")

    @property
    def moves(self) -> bool:
        """Does another last day come out? Otherwise only the words or the mark `confirmed` differ."""
        found = self.counted
        return found is not None and (found.raw, found.rolled) != (self.deadline.raw_due, self.deadline.due)


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
    if deadline.state == "paused" or deadline.resumed_on is not None:
        return Difference(deadline, "by_hand", rule) if rule.version != deadline.rule_version else None
    return _counted(known, deadline, rule)


def apply(session: Session, conf: Settings, found: Difference, *, actor: str, now: datetime) -> bool:
    """Take the new last day, with an event and alerts made anew. False when there is nothing to take."""
    if found.counted is None or found.rule is None:
        return False
    deadlines.recount(session, conf, found.deadline, found.rule, found.counted, found.said, version=found.version,
                      reason=found.why, actor=actor, now=now)
    return True


def _counted(known: Rules, deadline: Deadline, rule: Rule) -> Difference | None:
    last, counted = rule, _due(deadline.start_on, rule.length or deadline.length, rule, known)
    said = Said(counted.explanation_ru, counted.explanation_en)
    extension = known.at(deadline.extended_by, deadline.start_on) if deadline.extended_by else None
    if extension is not None:
        last, counted = extension, deadlines.prolonged(counted.raw, extension)
        said = deadlines.prolonged_words(said, extension, counted)
    confirmed = last.confirmed and counted.confirmed
    now, was = (counted.raw, counted.rolled, confirmed), (deadline.raw_due, deadline.due, deadline.confirmed)
    if now == was:
        return None
    why: Why = "rule" if rule.version != deadline.rule_version else "calendar"
    return Difference(deadline, why, last, rule.version, counted, said)


def _due(start_on: date, length: int, rule: Rule, known: Rules) -> count.Due:
    return count.due(start_on, length, rule.unit, rule.day_kind, rule.roll,  # type: ignore[arg-type]  # no hours
                     production_calendar(), event=known.event(rule.start))
