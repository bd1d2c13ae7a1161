"""The letter about the day, to each person once on each working day: overdue, today, this week, unanswered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from ..models import Deadline, Outbox, Ticket, User
from ..settings import Settings
from . import hours, notices, whose, words
from .notices import WriteMail

LOOKED_AT = 500  # rows of each kind
SHOWN = 20


@dataclass(frozen=True)
class Day:
    """What waits for one person."""

    overdue: Sequence[Deadline]
    today: Sequence[Deadline]
    week: Sequence[Deadline]
    unanswered: Sequence[Ticket]

    def __bool__(self) -> bool:
        return bool(self.overdue or self.today or self.week or self.unanswered)


def waiting(session: Session, conf: Settings, *, now: datetime) -> list[User]:
    """Whose letter of today was not written yet; nobody before the hour, after the team's hours and on days off."""
    team, local = whose.team(session, conf, now=now), now.astimezone(hours.of(conf).zone)
    begins = conf.alerts.morning_hour
    if begins < 0 or not begins <= local.hour < max(conf.alerts.team_ends, begins + 1):
        return []
    if not hours.of(conf).calendar.is_working(team.today):
        return []
    keys = {_key(user, team.today): user for user in team.people.values() if not whose.is_away(user, team.today)}
    written = session.scalars(select(Outbox.dedup_key).where(Outbox.dedup_key.in_(list(keys))))
    return [user for key, user in keys.items() if key not in set(written)]


def tell(session: Session, conf: Settings, user: User, write_mail: WriteMail, *, now: datetime) -> bool:
    """False when there is nothing to say."""
    team = whose.team(session, conf, now=now)
    day = of(session, team, user)
    if not day:
        return False
    subject, text = words.morning(conf, user, team.today, (
        ("Просрочено", day.overdue), ("Сегодня", day.today), ("На неделе", day.week)), day.unanswered, SHOWN)
    notices.tell(session, conf, user, write_mail, key=_key(user, team.today), kind="morning", subject=subject,
                 text=text, now=now)
    return True


def of(session: Session, team: whose.Team, user: User) -> Day:
    own = team.tickets_of(user)
    found = session.scalars(select(Deadline).join(Deadline.ticket).where(
        own, Deadline.state == "running", Deadline.due <= team.today + timedelta(days=7)).order_by(
        Deadline.due_at, Deadline.id).limit(LOOKED_AT).options(contains_eager(Deadline.ticket))).all()
    tickets = session.scalars(select(Ticket).where(own, Ticket.state == "open").order_by(
        Ticket.last_message_at, Ticket.id).limit(LOOKED_AT)).all()
    return Day([d for d in found if d.due < team.today], [d for d in found if d.due == team.today],
               [d for d in found if d.due > team.today], tickets)


def _key(user: User, on: date) -> str:
    return f"morning:{user.id}:{on.isoformat()}"
