"""What a person sees of the alerts in the desk, and how they say "I know": by a click there or by a link in the letter.

The link carries the alert's number and a MAC over it and its person; whoever has the letter may acknowledge, once or
many times, and do nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, joinedload

from .. import audit
from ..models import Alert, Deadline, User
from ..settings import Settings
from . import plan


def unseen(session: Session, user: User, *, limit: int = 200) -> list[Alert]:
    """Alerts the person has not acknowledged, of running deadlines, the most urgent deadline first; one query."""
    return list(session.scalars(select(Alert).join(Alert.deadline).where(
        Alert.user_id == user.id, Alert.state.in_(plan.SHOWN), Deadline.state == "running",
        Alert.threshold.not_like(f"{plan.FORMER}%")).order_by(
        Deadline.due_at, Alert.due_at.desc(), Alert.id.desc()).limit(limit).options(
        joinedload(Alert.deadline).joinedload(Deadline.ticket),
        joinedload(Alert.escalated_from).joinedload(Alert.user))))


def count_unseen(session: Session, user: User) -> int:
    return session.scalar(select(func.count()).select_from(Alert).join(Deadline).where(
        Alert.user_id == user.id, Alert.state.in_(plan.SHOWN), Deadline.state == "running",
        Alert.threshold.not_like(f"{plan.FORMER}%"))) or 0


def acknowledge(session: Session, alert: Alert, *, user: User, now: datetime) -> bool:
    """The person knows of this deadline: no escalation, no daily repeat; False for somebody else's alert."""
    if alert.user_id != user.id:
        return False
    return _acknowledge(session, select(Alert).where(Alert.deadline_id == alert.deadline_id), user, now) > 0


def acknowledge_all(session: Session, user: User, *, now: datetime) -> int:
    """Acknowledge everything the person sees; how many alerts that were."""
    deadlines = select(Alert.deadline_id).where(Alert.user_id == user.id, Alert.state.in_(plan.SHOWN))
    return _acknowledge(session, select(Alert).where(Alert.deadline_id.in_(deadlines)), user, now)


def link(conf: Settings, alert: Alert) -> str:
    return f"{conf.desk.base_url}/alerts/{link_token(conf, alert)}"


def link_token(conf: Settings, alert: Alert) -> str:
    return f"{alert.id}.{_mac(conf, alert)}"


def by_token(session: Session, conf: Settings, token: str) -> Alert | None:
    """The alert of a genuine link. Opening the link must change nothing: mail scanners open every link."""
    number, _, mac = token.partition(".")
    if not (token.isascii() and number.isdigit() and len(number) < 10):
        return None
    alert = session.get(Alert, int(number), options=[joinedload(Alert.user), joinedload(Alert.deadline)])
    if alert is None or not hmac.compare_digest(mac.encode(), _mac(conf, alert).encode()):
        return None
    return alert


def _mac(conf: Settings, alert: Alert) -> str:
    what = f"alert|{alert.id}|{alert.user_id}|{alert.deadline.public_id}"
    return base64.b32encode(hmac.digest(conf.secret_key(), what.encode(), hashlib.sha256)[:20]).decode().lower()


def _acknowledge(session: Session, query: Select[Alert], user: User, now: datetime) -> int:
    rows = session.scalars(query.where(Alert.user_id == user.id).order_by(Alert.id).with_for_update(of=Alert).options(
        joinedload(Alert.outbox), joinedload(Alert.deadline)).execution_options(populate_existing=True)).all()
    known = [a for a in rows if a.state in plan.SHOWN]
    for alert in known:
        alert.state, alert.acknowledged_at = "acknowledged", now
        alert.sent_at = alert.sent_at or (alert.outbox.sent_at if alert.outbox else None)
        session.execute(update(Alert).where(
            Alert.deadline_id == alert.deadline_id, Alert.threshold == alert.threshold).values(escalate_at=None))
        audit.record(session, alert.deadline.ticket, "alert.acknowledged", actor=f"user:{user.id}", now=now,
                     threshold=alert.threshold)
    over = {a.deadline_id for a in known}
    for alert in rows:
        if alert.deadline_id in over and alert.state == "pending" and alert.threshold.startswith(f"{plan.OVERDUE}-"):
            alert.state = "cancelled"
    return len(known)
