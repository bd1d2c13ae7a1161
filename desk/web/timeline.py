"""The time line of a ticket: every clock from its start to its end against today, letters and steps below.

Places are percent of the width: the page may be as wide as it likes, and needs no style of its own (CSP).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import format_date
from flask_babel import gettext as _

from .. import deadlines
from ..law.rules import Rule
from ..models import Deadline, Message, Step, Ticket
from . import dial, words

BACK, AHEAD = timedelta(days=200), timedelta(days=120)  # a clock of three years does not press the others flat
LEAST_AHEAD = timedelta(days=7)
MOST_MARKS, MOST_TICKS = 60, 7
EDGE = 3.0  # percent left free on both sides


@dataclass(frozen=True)
class Span:
    """A part of a row: where it begins and how long it is."""

    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    """A clock: `span` to the raw last day, `roll` what the roll added, `late` since; `end` where it was ended.

    `beyond`: it begins or ends outside of the picture.
    """

    deadline: Deadline
    rule: Rule | None
    kind: str  # late, dying, today, soon, calm, paused, met, missed, cancelled
    words: str
    span: Span
    roll: Span | None
    late: Span | None
    start: float
    end: float | None
    beyond: bool


@dataclass(frozen=True)
class Mark:
    """A letter or a step: kind in, out, step or answer."""

    x: float
    kind: str
    words: str


@dataclass(frozen=True)
class TimeLine:
    today: float
    ticks: list[Mark]
    bars: list[Bar]
    marks: list[Mark]


@dataclass(frozen=True)
class Axis:
    """The days shown, as percent of the width."""

    first: date
    last: date

    def at(self, on: date) -> float:
        part = (min(max(on, self.first), self.last) - self.first).days / max(1, (self.last - self.first).days)
        return round(EDGE + part * (100 - 2 * EDGE), 2)

    def span(self, first: date, last: date) -> Span:
        return Span(self.at(first), round(max(0.4, self.at(last) - self.at(first)), 2))

    def shows(self, on: date) -> bool:
        return self.first <= on <= self.last


def of(ticket: Ticket, messages: Sequence[Message], steps: Sequence[Step], today: date) -> TimeLine | None:
    """None when the ticket has no clock at all. Cancelled clocks are left out."""
    clocks = [d for d in ticket.deadlines if d.state != "cancelled"]
    if not clocks:
        return None
    axis = _axis(ticket, clocks, today)
    marks = [*_letters(messages, axis), *_steps(steps, axis)][-MOST_MARKS:]
    running = sorted(clocks, key=lambda d: (d.state not in deadlines.LIVE, not dial.dying(d), d.due_at, d.id))
    return TimeLine(axis.at(today), list(_ticks(axis)), [_bar(d, axis, today) for d in running], marks)


def _axis(ticket: Ticket, clocks: Iterable[Deadline], today: date) -> Axis:
    first = min(_day(ticket.created_at), *(d.start_on for d in clocks))
    near = [d.due for d in clocks if d.due <= today + AHEAD] or [today]
    return Axis(max(first, today - BACK), max(today + LEAST_AHEAD, *near))


def _bar(deadline: Deadline, axis: Axis, today: date) -> Bar:
    live = deadline.state in deadlines.LIVE
    ended = _day(deadline.ended_at) if deadline.ended_at else None
    until = ended or today
    rolled = deadline.due > deadline.raw_due
    kind = dial.urgency(deadline) if deadline.state == "running" else deadline.state
    rule = deadlines.known_rules().at(deadline.rule, deadline.start_on)
    return Bar(deadline, rule, kind, _words(deadline), axis.span(deadline.start_on, deadline.raw_due),
               axis.span(deadline.raw_due, deadline.due) if rolled and axis.shows(deadline.raw_due) else None,
               axis.span(deadline.due, until) if until > deadline.due else None, axis.at(deadline.start_on),
               axis.at(ended) if ended and not live else None,
               not (axis.shows(deadline.start_on) and axis.shows(deadline.due)))


def _words(deadline: Deadline) -> str:
    if deadline.state == "running":
        return dial.left(deadline)
    if deadline.state == "paused":
        return _("paused since %(day)s", day=words.day(deadline.paused_on))
    day = words.day(deadline.ended_at)
    return _("met on %(day)s", day=day) if deadline.state == "met" else _("missed, noted on %(day)s", day=day)


def _letters(messages: Sequence[Message], axis: Axis) -> Iterator[Mark]:
    for message in messages:
        on = _day(message.created_at)
        if message.kind in ("mail", "reply") and axis.shows(on):
            came = message.direction == "in"
            text = _("letter in, %(day)s", day=words.day(on)) if came else _("our letter, %(day)s", day=words.day(on))
            yield Mark(axis.at(on), "in" if came else "out", text)


def _steps(steps: Sequence[Step], axis: Axis) -> Iterator[Mark]:
    for step in steps:
        for kind, on in (("step", step.sent_on), ("answer", step.answered_on)):
            if on is not None and axis.shows(on):
                what = _("step: %(whom)s, %(day)s") if kind == "step" else _("answer: %(whom)s, %(day)s")
                yield Mark(axis.at(on), kind, what % {"whom": step.addressee, "day": words.day(on)})


def _ticks(axis: Axis) -> Iterator[Mark]:
    """Mondays on a short axis, first days of months on a long one."""
    days = (axis.last - axis.first).days
    long = days > 8 * MOST_TICKS
    every = [day for day in (axis.first + timedelta(days=n) for n in range(days + 1))
             if (day.day == 1 if long else day.weekday() == 0)]
    step = max(1, -(-len(every) // MOST_TICKS))
    for day in every[::step]:
        yield Mark(axis.at(day), "tick", str(format_date(day, "LLL" if long else "d MMM")))


def _day(at: datetime) -> date:
    return at.astimezone(words.zone()).date()
