"""Deadline alerts: rows whose moment has come become letters, each exactly once.

A row is `queued` in the transaction that stores its letter, and `sent` only after the mail server took
that letter. Nothing here sends: the outbox does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from .. import audit
from ..models import Alert, Deadline, Outbox, User
from ..settings import Settings
from .words import digest, one

# (user, dedup_key, kind, subject, text) → the stored letter
WriteMail = Callable[[User, str, str, str, str], Outbox]


def queue_due(session: Session, conf: Settings, write_mail: WriteMail, *, now: datetime, limit: int = 1000) -> int:
    """Turn alerts that are due into letters: one each, or one digest for a person with many or late ones."""
    rows = session.scalars(select(Alert).join(Alert.deadline).where(
        Alert.state == "pending", Alert.due_at <= now, Deadline.state == "running").order_by(
        Alert.user_id, Alert.due_at, Alert.id).limit(limit).options(
        joinedload(Alert.user), joinedload(Alert.deadline).joinedload(Deadline.ticket)).with_for_update(
        of=Alert, skip_locked=True)).all()
    for _, group in groupby(rows, key=lambda alert: alert.user_id):
        alerts = list(group)
        for alert in alerts:
            alert.late = now - alert.due_at > timedelta(minutes=conf.alerts.late_minutes)
        for bundle in _bundles(alerts, conf.alerts.digest_above):
            _queue(conf, bundle, write_mail)
    return len(rows)


def settle(session: Session, *, now: datetime) -> int:
    """Mark what the mail server accepted; a letter that failed for good is told to the team's history."""
    done = 0
    for alert, out in session.execute(select(Alert, Outbox).join(Outbox, Alert.outbox_id == Outbox.id).where(
            Alert.state == "queued", Outbox.state.in_(("sent", "failed")))):
        done += 1
        if out.state == "sent":
            alert.state, alert.sent_at = "sent", out.sent_at
            continue
        # Not lost: it stays visible in the app, and the history says that mail did not reach the person.
        alert.state, alert.sent_at = "sent", now
        audit.record(session, alert.deadline.ticket, "alert.failed", actor="clock", now=now, error=out.error,
                     user=alert.user_id)
    return done


def unseen(session: Session, user: User) -> list[Alert]:
    return list(session.scalars(select(Alert).where(
        Alert.user_id == user.id, Alert.state.in_(("queued", "sent"))).order_by(Alert.due_at)))


def count_unseen(session: Session, user: User) -> int:
    return session.scalar(select(func.count()).select_from(Alert).where(
        Alert.user_id == user.id, Alert.state.in_(("queued", "sent")))) or 0


def acknowledge(session: Session, alert: Alert, *, user: User, now: datetime) -> None:
    if alert.state in ("queued", "sent"):
        alert.state, alert.acknowledged_at = "acknowledged", now
        audit.record(session, alert.deadline.ticket, "alert.acknowledged", actor=f"user:{user.id}", now=now,
                     threshold=alert.threshold)


def _bundles(alerts: list[Alert], digest_above: int) -> list[list[Alert]]:
    """Late ones together, and all together when they are many."""
    if len(alerts) > digest_above:
        return [alerts]
    late = [a for a in alerts if a.late]
    return [*([late] if late else []), *([a] for a in alerts if not a.late)]


def _queue(conf: Settings, alerts: list[Alert], write_mail: WriteMail) -> None:
    user = alerts[0].user
    subject, text = one(conf, alerts[0]) if len(alerts) == 1 else digest(conf, alerts)
    ids = ",".join(str(a.id) for a in alerts)
    key = f"alert:{ids}" if len(alerts) == 1 else f"digest:{hashlib.sha256(ids.encode()).hexdigest()}"
    out = write_mail(user, key, "alert" if len(alerts) == 1 else "digest", subject, text)
    for alert in alerts:
        alert.state, alert.outbox_id = "queued", out.id
