"""Deadlines of a ticket: started on an event, counted by the law in force that day, ended by a person.

Alert rows are made in the transaction that starts the clock; they are cancelled, never deleted.
"""

from __future__ import annotations

import functools
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import audit, settings
from .law import calendar as law_calendar
from .law import count, rules
from .models import Alert, Deadline, Ticket, User
from .settings import Settings

FIRST_REPLY = "desk_first_reply_1w"


class DeadlineError(Exception):
    """A clock cannot be started; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def start(session: Session, conf: Settings, ticket: Ticket, rule_id: str, *, start_on: date, proof: str = "",
          length: int | None = None, event: str = "", actor: str, now: datetime) -> Deadline:
    """Start a clock under the rule as it stood on `start_on`; raises DeadlineError."""
    rule = known_rules().get(rule_id)
    if rule is None or not rule.enabled or not rule.in_force(start_on):
        raise DeadlineError("rule_not_in_force")
    if rule.unit == "hour":
        raise DeadlineError("hours_not_counted_yet")
    length = length or rule.length
    if length < 1:
        raise DeadlineError("length_needed")
    days, zone = production_calendar(), conf.desk.timezone
    counted = count.due(start_on, length, rule.unit, rule.day_kind, rule.roll, days)
    deadline = Deadline(
        ticket=ticket, rule=rule.id, rule_version=rule.version, start_on=start_on, start_event=event or rule.start,
        proof=proof, timezone=zone, raw_due=counted.raw, due=counted.rolled, due_at=count.moment(counted.rolled, zone),
        confirmed=rule.confirmed and counted.confirmed, explanation_ru=counted.explanation_ru,
        explanation_en=counted.explanation_en, created_at=now, created_by=actor)
    session.add(deadline)
    session.flush()
    _make_alerts(session, deadline, rule.warn_before, now)
    refresh(session, ticket)
    audit.record(session, ticket, "deadline.started", actor=actor, now=now, rule=rule.id,
                 due=counted.rolled.isoformat())
    return deadline


def meet(session: Session, deadline: Deadline, *, reason: str, actor: str, now: datetime) -> None:
    _end(session, deadline, "met", reason=reason, actor=actor, now=now)


def miss(session: Session, deadline: Deadline, *, reason: str, actor: str, now: datetime) -> None:
    _end(session, deadline, "missed", reason=reason, actor=actor, now=now)


def cancel(session: Session, deadline: Deadline, *, reason: str, actor: str, now: datetime) -> None:
    _end(session, deadline, "cancelled", reason=reason, actor=actor, now=now)


def first_reply_due(session: Session, conf: Settings, ticket: Ticket, *, now: datetime) -> Deadline:
    """The desk's own promise: a first reply, counted from the day the letter arrived."""
    arrived = ticket.created_at.astimezone(ZoneInfo(conf.desk.timezone)).date()
    return start(session, conf, ticket, FIRST_REPLY, start_on=arrived, actor="mail", now=now)


def reply_sent(session: Session, ticket: Ticket, *, actor: str, now: datetime) -> None:
    for deadline in ticket.deadlines:
        if deadline.rule == FIRST_REPLY and deadline.state == "running":
            meet(session, deadline, reason="reply_sent", actor=actor, now=now)


def reassign(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Alerts that wait go to whoever answers for the ticket now."""
    for deadline in [d for d in ticket.deadlines if d.state == "running"]:
        for alert in deadline.alerts:
            if alert.state == "pending":
                alert.state = "cancelled"
        rule = known_rules().get(deadline.rule)
        _make_alerts(session, deadline, rule.warn_before if rule else (), now)


def refresh(session: Session, ticket: Ticket) -> None:
    """Keep the end of the nearest running clock on the ticket: the queue is sorted by it."""
    session.flush()
    ticket.next_due_at = session.scalar(select(Deadline.due_at).where(
        Deadline.ticket_id == ticket.id, Deadline.state == "running").order_by(Deadline.due_at).limit(1))


@functools.cache
def known_rules() -> rules.Rules:
    return rules.load(settings.resource("config") / "deadlines.toml")


@functools.cache
def production_calendar() -> law_calendar.ProductionCalendar:
    return law_calendar.load(settings.resource("config") / "calendar.toml")


def _end(session: Session, deadline: Deadline, state: str, *, reason: str, actor: str, now: datetime) -> None:
    if deadline.state != "running":
        return
    deadline.state, deadline.ended_at, deadline.ended_by, deadline.end_reason = state, now, actor, reason
    for alert in deadline.alerts:
        if alert.state == "pending":
            alert.state = "cancelled"
    refresh(session, deadline.ticket)
    audit.record(session, deadline.ticket, f"deadline.{state}", actor=actor, now=now, rule=deadline.rule, reason=reason)


def _make_alerts(session: Session, deadline: Deadline, warn_before: tuple[int, ...], now: datetime) -> None:
    moments = count.thresholds(deadline.raw_due, deadline.due, warn_before, production_calendar(), deadline.timezone)
    wanted = [m for m in moments if m.at > deadline.created_at] or moments[-1:]
    if passed := [m for m in wanted if m.at <= now]:  # of those long past only the newest still says something
        wanted = [m for m in wanted if m.at > now or m is passed[-1]]
    known = {(a.threshold, a.user_id): a for a in deadline.alerts}
    for user in _responsible(session, deadline.ticket):
        for moment in wanted:
            alert = known.get((moment.key, user.id))
            if alert is None:
                deadline.alerts.append(Alert(threshold=moment.key, user_id=user.id, due_at=moment.at))
            elif alert.state == "cancelled":
                alert.state = "pending"


def _responsible(session: Session, ticket: Ticket) -> list[User]:
    """The assignee; else every lead and admin; else everybody."""
    if ticket.assignee is not None and ticket.assignee.active:
        return [ticket.assignee]
    everybody = list(session.scalars(select(User).where(User.active)))
    return [u for u in everybody if u.role in ("lead", "admin")] or everybody
