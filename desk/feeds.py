"""Deadlines for calendar programs: an iCalendar feed (RFC 5545) for one person, read by a secret link.

Only the number of the ticket and the name of the deadline leave the desk, never a consumer's words. The secret has
256 bits and is kept only as SHA-256; it opens nothing else, and ends when it is revoked or its person is switched off.
"""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import icalendar
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from . import audit
from .law import count
from .lawbook import known_rules
from .models import CalendarFeed, Deadline, Ticket, User
from .settings import Settings

MOST = 2000  # events of a feed
LAST_HOUR = time(23)  # an event is the last hour of its day: it ends with the deadline
MORNING = 9  # o'clock: when an alarm rings
WARN_BEFORE = (2,)  # days, for a rule that says nothing
MOST_ALARMS = 4  # of an event


def create(session: Session, user: User, *, whole_team: bool, now: datetime) -> str:
    """A new feed; the secret of its link, which is shown once."""
    secret = secrets.token_urlsafe(32)
    session.add(CalendarFeed(token_hash=_hash(secret), user=user, whole_team=whole_team, created_at=now))
    audit.record(session, None, "feed.created", actor=f"user:{user.id}", now=now, whole_team=whole_team)
    return secret


def of(session: Session, user: User) -> list[CalendarFeed]:
    """The feeds of a person that can be read, the newest first."""
    return list(session.scalars(select(CalendarFeed).where(
        CalendarFeed.user_id == user.id, CalendarFeed.revoked_at.is_(None)).order_by(CalendarFeed.created_at.desc())))


def revoke(session: Session, user: User, token_hash: str, *, now: datetime) -> bool:
    """The link opens nothing any more; False for somebody else's."""
    feed = session.get(CalendarFeed, token_hash)
    if feed is None or feed.user_id != user.id:
        return False
    feed.revoked_at = feed.revoked_at or now
    audit.record(session, None, "feed.revoked", actor=f"user:{user.id}", now=now)
    return True


def by_secret(session: Session, secret: str) -> CalendarFeed | None:
    """The feed of a link that is still good, of a person who may still sign in."""
    feed = session.get(CalendarFeed, _hash(secret), options=[joinedload(CalendarFeed.user)])
    return feed if feed is not None and feed.revoked_at is None and feed.user.active else None


def deadlines(session: Session, feed: CalendarFeed) -> Sequence[Deadline]:
    """What the feed shows: running deadlines of the person's tickets, or of everybody's."""
    query = select(Deadline).join(Deadline.ticket).where(Deadline.state == "running").order_by(
        Deadline.due_at, Deadline.id).limit(MOST).options(joinedload(Deadline.ticket))
    return session.scalars(query if feed.whole_team else query.where(Ticket.assignee_id == feed.user_id)).all()


def calendar(conf: Settings, shown: Sequence[Deadline], *, english: bool, now: datetime) -> bytes:
    """An iCalendar file: an event for each deadline with its alarms, and the time zones they need."""
    out = icalendar.Calendar()
    _fill(out, {"prodid": "-//Zastupnik//Deadlines//RU", "version": "2.0", "method": "PUBLISH",
                "calscale": "GREGORIAN", "x-wr-calname": conf.desk.name, "name": conf.desk.name,
                "x-published-ttl": "PT1H"})
    out.add("refresh-interval", timedelta(hours=1), parameters={"value": "DURATION"})
    for zone in sorted({deadline.timezone for deadline in shown}):
        out.add_component(_zone(zone, now.year))
    for deadline in shown:
        out.add_component(_event(conf, deadline, english, now))
    return bytes(out.to_ical())


def _event(conf: Settings, deadline: Deadline, english: bool, now: datetime) -> icalendar.Event:
    starts, ends = _last_hour(deadline)
    words = f"№ {deadline.ticket.number}: {_title(deadline, english)}"
    event = icalendar.Event()
    _fill(event, {"uid": f"{deadline.public_id}@zastupnik", "dtstamp": now, "dtstart": starts,
                  "dtend": ends, "summary": words, "description": _counted(deadline, english),
                  "transp": "TRANSPARENT", "class": "PRIVATE",
                  "url": f"{conf.desk.base_url}/tickets/{deadline.ticket.number}"})
    for before in _alarms(deadline):
        alarm = icalendar.Alarm()
        _fill(alarm, {"action": "DISPLAY", "description": words, "trigger": -before})
        event.add_component(alarm)
    return event


def _last_hour(deadline: Deadline) -> tuple[datetime, datetime]:
    """The last hour in which it can be done, in the deadline's zone; an event of no length is drawn badly."""
    zone = count.zone(deadline.timezone)
    if deadline.start_at is not None:
        ends = deadline.due_at.astimezone(zone)
        return ends - timedelta(hours=1), ends
    starts = datetime.combine(_last_day(deadline), LAST_HOUR, tzinfo=zone)
    return starts, starts + timedelta(hours=1)


def _alarms(deadline: Deadline) -> list[timedelta]:
    """How long before the event: nine in the morning of the rule's days of warning and of the last day."""
    if deadline.start_at is not None:
        left = [deadline.due_at - moment.at for moment in count.hour_thresholds(deadline.due_at, deadline.length)]
        return [before - timedelta(hours=1) for before in left if before > timedelta(hours=1)]
    rule = known_rules().get(deadline.rule)
    days = sorted({0, *(rule.warn_before if rule and rule.warn_before else WARN_BEFORE)}, reverse=True)
    return [timedelta(days=day, hours=LAST_HOUR.hour - MORNING) for day in days[-MOST_ALARMS:]]


def _counted(deadline: Deadline, english: bool) -> str:
    """How it was counted and by which article: nothing of it is the consumer's words."""
    rule = known_rules().get(deadline.rule)
    law = ", ".join(text for text in (rule.article, rule.law) if text != "-") if rule else ""
    return f"{deadline.explanation_en if english else deadline.explanation_ru}\n{law}".strip()


def _fill(component: icalendar.Component, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        component.add(name, value)


def _last_day(deadline: Deadline) -> date:
    """A right of the consumer is never left to the roll."""
    rule = known_rules().get(deadline.rule)
    return deadline.raw_due if rule is not None and rule.whose == "us" else deadline.due


def _title(deadline: Deadline, english: bool) -> str:
    rule = known_rules().get(deadline.rule)
    if rule is None:
        return deadline.rule
    return rule.title_en if english else rule.title_ru


@functools.lru_cache(maxsize=32)
def _zone(zone: str, year: int) -> icalendar.Timezone:
    """The rules of a zone for the years around this one: making them takes a moment."""
    return icalendar.Timezone.from_tzid(zone, first_date=date(year - 5, 1, 1), last_date=date(year + 10, 1, 1))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
