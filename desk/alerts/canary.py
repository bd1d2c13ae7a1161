"""One letter a day to the duty address: as long as it is accepted, the way out works, and its absence is shown."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..models import Outbox
from ..settings import Settings
from . import hours
from . import words as sentences

KIND = "canary"
ABSENT = timedelta(hours=26)  # a day, and two hours to try again


def due(session: Session, conf: Settings, *, now: datetime) -> str:
    """The key of the letter to be written now, '' when it is not time: from the team's first hour, every day."""
    local = now.astimezone(hours.of(conf).zone)
    key = f"{KIND}:{local.date().isoformat()}"
    if not conf.alerts.duty_address or session.scalar(select(Outbox.id).where(Outbox.dedup_key == key)) is not None:
        return ""
    return key if local.hour >= conf.alerts.team_begins or _first(session) is None else ""


def words(conf: Settings, now: datetime) -> tuple[str, str]:
    return sentences.canary(conf, now.astimezone(hours.of(conf).zone).date())


def absent_since(session: Session, conf: Settings, *, now: datetime) -> datetime | None:
    """Since when no such letter was accepted; None when all is well, or there is no duty address."""
    first = _first(session) if conf.alerts.duty_address else None
    if first is None:
        return None
    newest = session.scalars(select(Outbox).where(Outbox.kind == KIND).order_by(
        Outbox.created_at.desc()).limit(1)).one()
    if newest.state == "failed":
        return newest.created_at
    since = session.scalar(select(func.max(Outbox.sent_at)).where(Outbox.kind == KIND, Outbox.state == "sent")) or first
    return since if now - since > ABSENT else None


def _first(session: Session) -> datetime | None:
    return session.scalar(select(func.min(Outbox.created_at)).where(Outbox.kind == KIND))
