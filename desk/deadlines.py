"""Deadlines of a ticket: started on an event, counted by the law in force that day, ended by a person.

Alert rows are made in the transaction that starts the clock; they are cancelled, never deleted.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import alerts, audit
from .law import count
from .lawbook import known_rules, production_calendar
from .models import Deadline, Ticket, new_public_id
from .settings import Settings

__all__ = ["DeadlineError", "cancel", "first_reply_due", "known_rules", "meet", "miss", "production_calendar",
           "reassign", "refresh", "reply_sent", "start"]
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
        explanation_en=counted.explanation_en, created_at=now, created_by=actor, public_id=new_public_id(),
        state="running", alerts=[])
    session.add(deadline)
    alerts.make(session, conf, deadline, now=now)
    ticket.next_due_at = min(ticket.next_due_at or deadline.due_at, deadline.due_at)
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


def reassign(session: Session, conf: Settings, ticket: Ticket, *, now: datetime) -> None:
    """Alerts that wait go to whoever answers for the ticket now."""
    for deadline in ticket.deadlines:
        if deadline.state == "running":
            alerts.make(session, conf, deadline, now=now)


def refresh(session: Session, ticket: Ticket) -> None:
    """Keep the end of the nearest running clock on the ticket: the queue is sorted by it."""
    session.flush()
    ticket.next_due_at = session.scalar(select(Deadline.due_at).where(
        Deadline.ticket_id == ticket.id, Deadline.state == "running").order_by(Deadline.due_at).limit(1))


def _end(session: Session, deadline: Deadline, state: str, *, reason: str, actor: str, now: datetime) -> None:
    if deadline.state != "running":
        return
    deadline.state, deadline.ended_at, deadline.ended_by, deadline.end_reason = state, now, actor, reason
    alerts.end(session, deadline)
    refresh(session, deadline.ticket)
    audit.record(session, deadline.ticket, f"deadline.{state}", actor=actor, now=now, rule=deadline.rule, reason=reason)
