"""Rows whose moment has come become letters, each exactly once; silence and failure are told to the leads.

A row is `queued` in the transaction that stores its letter, `sent` only after the mail server took that letter,
`failed` when it never will. Nothing here sends: the outbox does.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from .. import audit
from ..models import Alert, Deadline, Outbox, User
from ..settings import Settings
from . import hours, notices, plan, whose, words
from .notices import WriteMail

# A letter that is uncertain after its second try is not sent again.
OVER = or_(Outbox.state.in_(("sent", "failed", "cancelled")), and_(Outbox.state == "uncertain", Outbox.doubts > 1))


def due_people(session: Session, *, now: datetime) -> dict[int, datetime]:
    """Whose alerts are due, and since when."""
    rows = session.execute(select(Alert.user_id, func.min(Alert.due_at)).where(
        Alert.state == "pending", Alert.due_at <= now).group_by(Alert.user_id))
    return dict(rows.all())


def queue_due(session: Session, conf: Settings, user_id: int, write_mail: WriteMail, *, now: datetime,
              limit: int = 500) -> list[Alert]:
    """Turn one person's due alerts into letters: one each, or one digest when there are many or late ones."""
    alerts = list(session.scalars(select(Alert).join(Alert.deadline).where(
        Alert.state == "pending", Alert.due_at <= now, Alert.user_id == user_id, Deadline.state == "running").order_by(
        Alert.due_at, Alert.id).limit(limit).options(
        joinedload(Alert.user), joinedload(Alert.deadline).joinedload(Deadline.ticket),
        joinedload(Alert.escalated_from).joinedload(Alert.user)).with_for_update(of=Alert, skip_locked=True)))
    for alert in alerts:
        alert.late = now - alert.due_at > timedelta(minutes=conf.alerts.late_minutes)
    for bundle in _bundles(alerts, conf.alerts.digest_above):
        _queue(session, conf, bundle, write_mail, now)
    return alerts


def settle(session: Session, conf: Settings, *, now: datetime, limit: int = 1000) -> int:
    """Record what became of the letters; how many alerts were settled."""
    rows = session.execute(select(Alert, Outbox).join(Outbox, Alert.outbox_id == Outbox.id).where(
        Alert.state == "queued", OVER).order_by(Alert.due_at).limit(limit).options(
        selectinload(Alert.deadline).selectinload(Deadline.alerts)).with_for_update(of=Alert, skip_locked=True)).all()
    for alert, out in rows:
        if out.state == "sent":
            _sent(conf, alert, out.sent_at or now)
        else:
            _failed(session, alert, out.error, now)
        _repeat(alert, now)
    return len(rows)


def bounced(session: Session, out: Outbox, *, reason: str, now: datetime) -> None:
    """A letter that was accepted came back: its alerts did not arrive after all."""
    for alert in session.scalars(select(Alert).where(
            Alert.outbox_id == out.id, Alert.state.in_(("queued", "sent"))).with_for_update()):
        _failed(session, alert, reason, now)


def escalate(session: Session, conf: Settings, *, now: datetime, limit: int = 500) -> int:
    """Alerts that nobody acknowledged in time, or that did not arrive, become alerts of the leads; how many did."""
    # No condition on the deadline: SQLite would look through all that run. `end` takes the moment from the others.
    rows = session.scalars(select(Alert).where(Alert.escalate_at <= now).order_by(Alert.escalate_at).limit(
        limit).options(joinedload(Alert.deadline).selectinload(Deadline.alerts)).with_for_update(
        of=Alert, skip_locked=True)).all()
    leads = whose.team(session, conf, now=now).leads() if rows else []
    for alert in rows:
        told = [lead.id for lead in leads if _tell(alert, lead, now)]
        alert.escalate_at = None
        audit.record(session, alert.deadline.ticket, "alert.escalated", actor="clock", now=now,
                     threshold=alert.threshold, user=alert.user_id, to=told)
    return len(rows)


def undelivered(session: Session, *, before: datetime) -> int:
    """Alerts due before that moment whose letter no mail server has accepted yet."""
    return session.scalar(select(func.count()).select_from(Alert).join(Deadline).where(
        Alert.state.in_(("pending", "queued")), Alert.due_at < before, Deadline.state == "running")) or 0


def _bundles(alerts: list[Alert], digest_above: int) -> list[list[Alert]]:
    """A letter for each deadline; late ones together, and all together when they are many."""
    if len(alerts) > digest_above:
        return [alerts]
    bundles: dict[int, list[Alert]] = {}
    for alert in alerts:
        bundles.setdefault(0 if alert.late else alert.deadline_id, []).append(alert)
    return list(bundles.values())


def _queue(session: Session, conf: Settings, alerts: list[Alert], write_mail: WriteMail, now: datetime) -> None:
    kind = "alert" if len({a.deadline_id for a in alerts}) == 1 else "digest"
    subject, text = words.one(conf, alerts) if kind == "alert" else words.digest(conf, alerts)
    ids = ",".join(str(a.id) for a in alerts)
    key = f"alert:{ids}" if len(alerts) == 1 else f"alerts:{hashlib.sha256(ids.encode()).hexdigest()}"
    try:
        out = notices.tell(session, conf, alerts[0].user, write_mail, key=key, kind=kind, subject=subject, text=text,
                           alerts=alerts, now=now)
    except ValueError as error:
        for alert in alerts:
            _failed(session, alert, str(error), now)
            _repeat(alert, now)
        return
    for alert in alerts:
        alert.state, alert.outbox_id = "queued", out.id


def _sent(conf: Settings, alert: Alert, sent_at: datetime) -> None:
    alert.state, alert.sent_at = "sent", sent_at
    if alert.escalated_from_id is None and alert.deadline.state == "running" and not plan.is_former(alert):
        alert.escalate_at = hours.of(conf).after(sent_at, conf.alerts.escalate_hours)


def _failed(session: Session, alert: Alert, error: str, now: datetime) -> None:
    """It stays visible in the desk, the history says that it did not arrive, and the leads are told at once."""
    alert.state = "failed"
    alert.escalate_at = now if alert.deadline.state == "running" and not plan.is_former(alert) else None
    audit.record(session, alert.deadline.ticket, "alert.failed", actor="clock", now=now, error=error,
                 user=alert.user_id, threshold=alert.threshold)


def _repeat(alert: Alert, now: datetime) -> None:
    """An overdue deadline is told of every day, by a letter of its own, to whoever answers for the ticket."""
    deadline = alert.deadline
    if deadline.state == "running" and plan.watches(deadline, alert.user_id) \
            and alert.threshold.startswith(plan.OVERDUE):
        plan.repeat(deadline, alert, now=now)


def _tell(alert: Alert, lead: User, now: datetime) -> bool:
    """An alert for the lead, unless that person was told of this threshold already."""
    known = next((a for a in alert.deadline.alerts if a.threshold == alert.threshold and a.user_id == lead.id), None)
    if known is None:
        known = Alert(threshold=alert.threshold, user_id=lead.id, state="cancelled")
        alert.deadline.alerts.append(known)
    if known.state != "cancelled":
        return False
    known.state, known.due_at, known.escalated_from_id = "pending", now, alert.id
    return True
