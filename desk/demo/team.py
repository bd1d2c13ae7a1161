"""The demo's people, and its mailbox as the desk knows it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import people
from ..models import Mailbox, User
from ..settings import Settings

PEOPLE = {
    "admin": ("you@zastupnik.example", "Вы", "admin"),
    "lead": ("elena.orlova@zastupnik.example", "Елена Орлова", "lead"),
    "advocate": ("pavel.sneg@zastupnik.example", "Павел Снегирёв", "advocate"),
}
ORDINARY_DAYS = 1


def gather(session: Session, *, now: datetime) -> dict[str, User]:
    """By their key in PEOPLE; made when they are not there yet."""
    return {key: people.by_email(session, email) or people.create(
        session, email=email, name=name, role=role, actor="command", now=now)
        for key, (email, name, role) in PEOPLE.items()}


def open_mailbox(session: Session, conf: Settings, *, now: datetime) -> None:
    """Mail of yesterday and today is ordinary; older samples are historic: nobody is told weeks later that it came."""
    name = conf.mailbox[0].name
    if session.scalar(select(Mailbox).where(Mailbox.name == name)) is None:
        today = now.astimezone(ZoneInfo(conf.desk.timezone)).date()
        session.add(Mailbox(name=name, last_uid=0, error="", since=today - timedelta(days=ORDINARY_DAYS)))
