"""Alert rows: made with the deadline, moved when other people answer for it, cancelled when it ends, never deleted.

A row's `due_at` is when it shall leave: warnings within the team's hours, and never before the row was made.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, selectinload

from .. import lawbook
from ..law import count
from ..models import Alert, Deadline, Outbox, Ticket, User
from ..settings import Settings
from . import hours, notices, whose

OVERDUE = "overdue"
SHOWN = ("queued", "sent", "failed")  # the person can see it in the desk
MORNING = time(9)
FORMER = "was"  # begins the thresholds of a last day that was recounted: "was1:T-5"


def make(session: Session, conf: Settings, deadline: Deadline, *, team: whose.Team | None = None,
         now: datetime) -> None:
    """Rows for everybody who answers for the ticket now; what waits for others is cancelled. Safe to repeat."""
    team = team or whose.team(session, conf, now=now)
    people = team.responsible(_assignee_id(deadline.ticket))
    wanted = _thresholds(deadline, now)
    for alert in deadline.alerts:
        if alert.state == "pending" and alert.escalated_from_id is None and alert.user_id not in {u.id for u in people}:
            alert.state = "cancelled"
    for user in people:
        _make_for(conf, deadline, user, wanted, now)
    deadline.watchers = whose.names(people)


def _assignee_id(ticket: Ticket) -> int | None:
    """Also when the ticket was given to somebody just now, and is not stored yet."""
    return ticket.assignee.id if ticket.assignee is not None else None


def end(session: Session, deadline: Deadline) -> None:
    """Nothing more goes out for this deadline, not even a letter that is stored and did not leave yet."""
    for alert in deadline.alerts:
        alert.escalate_at = None
        if alert.state == "queued":
            notices.withdraw(session, alert)
        if alert.state == "pending" or (alert.state == "queued" and _withdrawn(session, alert)):
            alert.state = "cancelled"


def moved(session: Session, conf: Settings, deadline: Deadline, *, now: datetime) -> None:
    """The last day changed: what was told of the old one stays told, and the new one is told of from the start."""
    end(session, deadline)
    known = [int(a.threshold.removeprefix(FORMER).partition(":")[0]) for a in deadline.alerts if is_former(a)]
    for alert in deadline.alerts:
        if not is_former(alert) and (alert.state != "cancelled" or alert.outbox_id is not None):
            alert.threshold = f"{FORMER}{max(known, default=0) + 1}:{alert.threshold}"
    session.flush()
    make(session, conf, deadline, now=now)


def is_former(alert: Alert) -> bool:
    """Was it about a last day that does not hold any more?"""
    return alert.threshold.startswith(FORMER)


def repeat(deadline: Deadline, alert: Alert, *, now: datetime) -> None:
    """An overdue alert was sent: the next one follows on the next morning."""
    number = int(alert.threshold.removeprefix(OVERDUE).lstrip("-") or 0) + 1
    key = f"{OVERDUE}-{number}"
    if any(a.threshold == key and a.user_id == alert.user_id for a in deadline.alerts):
        return
    zone = count.zone(deadline.timezone)
    tomorrow: date = now.astimezone(zone).date() + timedelta(days=1)
    deadline.alerts.append(Alert(threshold=key, user_id=alert.user_id, state="pending",
                                 due_at=datetime.combine(tomorrow, MORNING, tzinfo=zone)))


def reconcile(session: Session, conf: Settings, *, now: datetime, limit: int = 200) -> int:
    """Give running deadlines to the people who answer for them now; how many were changed, `limit` at most.

    Finds those started before there was anybody, and those of people who were switched off or are on leave.
    """
    team = whose.team(session, conf, now=now)
    rows = session.scalars(select(Deadline).join(Deadline.ticket).where(
        Deadline.state == "running", Deadline.watchers != team.watchers()).order_by(Deadline.due_at).limit(
        limit).options(selectinload(Deadline.alerts), selectinload(Deadline.ticket).selectinload(
            Ticket.assignee)).with_for_update(of=Deadline, skip_locked=True)).all()
    for deadline in rows:
        make(session, conf, deadline, team=team, now=now)
    return len(rows)


def watches(deadline: Deadline, user_id: int) -> bool:
    return str(user_id) in deadline.watchers.split(",")


def _thresholds(deadline: Deadline, now: datetime) -> list[count.Threshold]:
    """Those to come; of those long past only the newest still says something."""
    moments = _moments(deadline)
    wanted = [m for m in moments if m.at > deadline.created_at] or moments[-1:]
    passed = [m for m in wanted if m.at <= now]
    return [m for m in wanted if m.at > now or m is passed[-1]]


def _moments(deadline: Deadline) -> list[count.Threshold]:
    if deadline.start_at is not None:
        return count.hour_thresholds(deadline.due_at, deadline.length)
    rule = lawbook.known_rules().get(deadline.rule)
    return count.thresholds(deadline.raw_due, deadline.due, rule.warn_before if rule else (),
                            lawbook.production_calendar(), deadline.timezone)


def _make_for(conf: Settings, deadline: Deadline, user: User, wanted: list[count.Threshold], now: datetime) -> None:
    known = {a.threshold: a for a in deadline.alerts if a.user_id == user.id}
    for moment in wanted:
        due_at = _leaves_at(conf, deadline, moment, now)
        alert = known.get(moment.key)
        if alert is None:
            deadline.alerts.append(Alert(threshold=moment.key, user_id=user.id, due_at=due_at, state="pending"))
        elif alert.state == "cancelled":
            alert.state, alert.due_at, alert.escalated_from_id = "pending", due_at, None
    _resume_repeats(deadline, [a for a in known.values() if a.threshold.startswith(OVERDUE)], now)


def _resume_repeats(deadline: Deadline, told: list[Alert], now: datetime) -> None:
    """The daily repeats of somebody who was told before, and has the ticket now; not once they were acknowledged."""
    told.sort(key=lambda alert: alert.due_at)
    if told and told[-1].state in ("sent", "failed"):
        repeat(deadline, told[-1], now=now)
    elif len(told) > 1 and told[-1].state == "cancelled" and told[-2].state in SHOWN:
        told[-1].state, told[-1].due_at = "pending", max(told[-1].due_at, now)


def _leaves_at(conf: Settings, deadline: Deadline, moment: count.Threshold, now: datetime) -> datetime:
    at = max(moment.at, now)
    if moment.key == OVERDUE:
        return at
    opening = hours.of(conf).opening(at)
    return opening if opening < deadline.due_at else at  # too late to wait for the morning


def _withdrawn(session: Session, alert: Alert) -> bool:
    """Take a letter with nothing but this alert back; False once a sender has it, or for a digest."""
    # Not through the loaded row: a sender may be claiming it just now.
    return session.scalar(update(Outbox).where(
        Outbox.id == alert.outbox_id, Outbox.state == "pending", Outbox.kind == "alert").values(
        state="cancelled").returning(Outbox.id)) is not None
