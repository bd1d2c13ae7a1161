"""What the people who lead must know of the desk itself, each once: by mail and every channel that works."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ..machine_time import Belief
from ..models import Deadline, Outage, User
from ..settings import Settings
from . import channels, notices, whose, words
from .notices import WriteMail


def outages(session: Session, conf: Settings, write_mail: WriteMail, *, now: datetime) -> None:
    """A channel was switched off: the admins are told, or the one person whom it does not reach any more."""
    team = whose.team(session, conf, now=now)
    for outage in notices.outages(session):
        channel, _, user_id = outage.name.partition(":")
        person = team.people.get(int(user_id)) if user_id else None
        title = channels.ALL[channel].TITLE if channel in channels.ALL else channel
        told = [person] if person is not None else _admins(team)
        _tell(session, conf, told, write_mail, _key(outage), words.outage(conf, outage, title, person), now)


def paused(session: Session, conf: Settings, write_mail: WriteMail, *, now: datetime) -> None:
    """Clocks that have been paused for many days: the leads are told once of each pause."""
    team = whose.team(session, conf, now=now)
    rows = session.scalars(select(Deadline).where(
        Deadline.state == "paused", Deadline.paused_on <= team.today - timedelta(days=conf.alerts.paused_days)).options(
        joinedload(Deadline.ticket))).all()
    for deadline in rows:
        key = f"paused:{deadline.id}:{deadline.paused_on}"
        _tell(session, conf, team.leads(), write_mail, key, words.paused(conf, deadline, team.today), now)


def jump(session: Session, conf: Settings, write_mail: WriteMail, belief: Belief, host: str, *, now: datetime) -> None:
    """The time of a machine is not believed: the admins are asked."""
    since = belief.frozen_since
    assert since is not None
    said = words.jump(conf, host, belief.step_seconds)
    _tell(session, conf, _admins(whose.team(session, conf, now=now)), write_mail,
          f"jump:{host}:{since.isoformat(timespec='seconds')}", said, now)


def _tell(session: Session, conf: Settings, people: Iterable[User], write_mail: WriteMail, key: str,
          said: tuple[str, str], now: datetime) -> None:
    for user in people:
        with suppress(ValueError):  # an address that cannot be written to: the others are told
            notices.tell(session, conf, user, write_mail, key=f"{key}:{user.id}", kind="report", subject=said[0],
                         text=said[1], now=now)


def _admins(team: whose.Team) -> list[User]:
    return [user for user in team.people.values() if user.role == "admin"] or team.leads()


def _key(outage: Outage) -> str:
    return f"outage:{outage.name}:{outage.since.isoformat(timespec='seconds')}"
