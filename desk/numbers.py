"""The desk in numbers: what came and what was closed, who keeps deadlines, who answers how fast, who carries how much.

Plain counts of a period, for the page «Обзор» and its exports. A fixed number of queries each.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from . import deadlines, views
from .models import STAGES, Deadline, Step, Ticket, User

OURS = ("desk", "us")  # whose duty: the desk's own promises, and rights that the consumer must use in time


@dataclass(frozen=True)
class Period:
    """Days of the desk's time zone, both ends counted."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.first, datetime.min.time(), tzinfo=self.zone)

    def days(self) -> Iterable[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


@dataclass(frozen=True)
class Kept:
    """`who`: "" the desk itself, else the marketplace; `late`: missed, or still running although over."""

    who: str
    met: int
    late: int


@dataclass(frozen=True)
class Answers:
    """Answers of a marketplace to our steps: `days` is the median, None when there was none."""

    marketplace: str
    asked: int
    answered: int
    days: float | None


@dataclass(frozen=True)
class Load:
    name: str
    open: int
    overdue: int
    closed: int  # within the period


def flow(session: Session, period: Period) -> list[tuple[date, int, int]]:
    """For every day: tickets that came, tickets that were closed."""
    came, closed = (_by_day(session, column, period) for column in (Ticket.created_at, Ticket.closed_at))
    return [(on, came[on], closed[on]) for on in period.days()]


def _by_day(session: Session, column: object, period: Period) -> Counter[date]:
    moments = session.scalars(select(column).where(column >= period.begins_at))  # type: ignore[call-overload, operator]
    return Counter(moment.astimezone(period.zone).date() for moment in moments)


def by_stage(session: Session) -> list[tuple[str, int]]:
    """Open tickets, in the order of the ladder."""
    found = {row[0]: row[1] for row in session.execute(select(Ticket.stage, func.count()).where(
        Ticket.state.in_(views.OPEN)).group_by(Ticket.stage))}
    return [(stage, found.get(stage, 0)) for stage in STAGES]


def kept(session: Session, period: Period, *, now: datetime) -> list[Kept]:
    """Deadlines that ended in the period or are over: the desk's own first, then companies, the most first."""
    over = and_(Deadline.state == "running", Deadline.due_at <= now)
    ended = and_(Deadline.state.in_(("met", "missed")), Deadline.ended_at >= period.begins_at)
    rows = session.execute(select(
        Deadline.rule, Ticket.marketplace, func.sum(case((Deadline.state == "met", 1), else_=0)), func.count()).join(
        Deadline.ticket).where(or_(ended, over)).group_by(Deadline.rule, Ticket.marketplace)).all()
    met: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for rule_id, marketplace, good, every in rows:
        who = "" if _is_ours(rule_id) else marketplace or "other"
        met[who] += int(good)
        whole[who] += int(every)
    order = sorted(whole, key=lambda who: (who != "", -whole[who], who))
    return [Kept(who, met[who], whole[who] - met[who]) for who in order]


def _is_ours(rule_id: str) -> bool:
    rule = deadlines.known_rules().get(rule_id)
    return rule is None or rule.whose in OURS


def answers(session: Session, period: Period) -> list[Answers]:
    """Steps sent to companies in the period, by the ticket's marketplace, the slowest first."""
    rows = session.execute(select(Ticket.marketplace, Step.sent_on, Step.answered_on).join(
        Ticket, Ticket.id == Step.ticket_id).where(
        Step.sent_on >= period.first, Step.key.in_(views.company_steps()), Step.state.in_(("sent", "answered")))).all()
    days: dict[str, list[int]] = defaultdict(list)
    asked: Counter[str] = Counter()
    for marketplace, sent_on, answered_on in rows:
        asked[marketplace or "other"] += 1
        if sent_on is not None and answered_on is not None:
            days[marketplace or "other"].append((answered_on - sent_on).days)
    found = [Answers(who, asked[who], len(days[who]), statistics.median(days[who]) if days[who] else None)
             for who in asked]
    return sorted(found, key=lambda one: (-(one.days if one.days is not None else 10**6), one.marketplace))


def topics(session: Session, period: Period, *, most: int = 12) -> list[tuple[str, int]]:
    """What the tickets of the period are about; one ticket may count for several."""
    found = Counter(topic for listed in session.scalars(select(Ticket.topics).where(
        Ticket.created_at >= period.begins_at)) for topic in listed)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:most]


def load(session: Session, period: Period, *, now: datetime) -> list[Load]:
    """Everybody who signs in, and nobody («»), the fullest first; two queries."""
    rows = session.execute(select(
        Ticket.assignee_id, func.count(), func.sum(case((Ticket.next_due_at <= now, 1), else_=0))).where(
        Ticket.state.in_(views.OPEN)).group_by(Ticket.assignee_id)).all()
    closed = {row[0]: row[1] for row in session.execute(select(Ticket.assignee_id, func.count()).where(
        Ticket.closed_at >= period.begins_at).group_by(Ticket.assignee_id))}
    now_open = {user_id: (int(count), int(late)) for user_id, count, late in rows}
    people = {user.id: user for user in session.scalars(select(User))}
    ids = {*now_open, *closed, *(user.id for user in people.values() if user.active)}
    found = [Load(people[i].name if i is not None else "", *now_open.get(i, (0, 0)), closed.get(i, 0)) for i in ids]
    return sorted(found, key=lambda one: (-one.open, one.name))
