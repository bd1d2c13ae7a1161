"""Messages through the channels beside mail: stored with what caused them, then sent, each claimed by one process.

An alert goes through each channel once. A channel that refuses for good is switched off, for everybody or for the one
person it does not reach; that is told by mail and by the other channels, until an admin switches it on again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session, joinedload

from .. import audit, failpoints
from ..db import Database
from ..models import Alert, AlertNotice, Notice, Outage, Outbox, User
from ..settings import Settings
from . import channels, words

# (user, dedup_key, kind, subject, text) → the stored letter; ValueError when the person cannot be written to
WriteMail = Callable[[User, str, str, str, str], Outbox]
RETRY_MINUTES = (1, 2, 5, 15, 30, *[60] * 23)
MOST_DOUBTS = 2  # so often it may have been taken without an answer; then it is not sent again
LEASE_SECONDS = 240  # more than the longest request takes


def tell(session: Session, conf: Settings, user: User, write_mail: WriteMail, *, key: str, kind: str, subject: str,
         text: str, alerts: Sequence[Alert] = (), now: datetime) -> Outbox:
    """By every way there is: the letter is what counts. ValueError as of `write_mail`; the notices are stored then."""
    put(session, conf, user, key=key, kind=kind, subject=subject, text=text, alerts=alerts, now=now)
    return write_mail(user, key, kind, subject, text)


def put(session: Session, conf: Settings, user: User, *, key: str, kind: str, subject: str, text: str,
        alerts: Sequence[Alert] = (), only: str = "", now: datetime) -> list[Notice]:
    """One for each channel (or the `only` one) that reaches this person and is on; one row for a key, for ever."""
    usable = [(one, address) for one in channels.configured(conf)
              if only in ("", one.NAME) and (address := one.address(conf, user))]
    off = set(session.scalars(select(Outage.name))) if usable else set()
    made = []
    for channel, address in usable:
        if channel.NAME not in off and personal(channel.NAME, user) not in off:
            notice = Notice(channel=channel.NAME, dedup_key=key, kind=kind, user_id=user.id, address=address,
                            subject=subject, text=text, try_after=now, created_at=now, facts=words.facts(conf, alerts))
            made += _add(session, notice, alerts)
    return made


def withdraw(session: Session, alert: Alert) -> None:
    """Take notices back that tell of nothing but this alert and were not sent yet."""
    session.flush()
    waiting = select(AlertNotice.notice_id).where(AlertNotice.alert_id == alert.id)
    session.execute(update(Notice).where(
        Notice.id.in_(waiting), Notice.state == "pending", Notice.kind == "alert").values(state="cancelled"))


def drain(database: Database, conf: Settings, *, now_fn: Callable[[], datetime], limit: int = 100) -> int:
    """Send every notice that is due, one after another; how many were tried."""
    tried = 0
    while tried < limit and (notice := _claim(database, now_fn())) is not None:
        tried += 1
        failpoints.hit("notices.claimed")
        _send(database, conf, notice, now_fn)
    return tried


def personal(channel: str, user: User) -> str:
    """The name of an outage of this channel for one person."""
    return f"{channel}:{user.id}"


def outages(session: Session) -> list[Outage]:
    return list(session.scalars(select(Outage).order_by(Outage.since)))


def switch_on(session: Session, name: str, *, actor: str, now: datetime) -> bool:
    """Use the channel again; False when it was not off."""
    if session.scalar(delete(Outage).where(Outage.name == name).returning(Outage.name)) is None:
        return False
    audit.record(session, None, "channel.switched_on", actor=actor, now=now, channel=name)
    return True


def _add(session: Session, notice: Notice, alerts: Sequence[Alert]) -> list[Notice]:
    known = session.scalar(select(Notice.id).where(
        Notice.channel == notice.channel, Notice.dedup_key == notice.dedup_key))
    if known is not None:
        return []
    session.add(notice)
    session.flush()
    session.add_all(AlertNotice(alert_id=a.id, channel=notice.channel, notice_id=notice.id) for a in alerts)
    return [notice]


def _claim(database: Database, now: datetime) -> Notice | None:
    with database.write() as session:
        due = or_(and_(Notice.state == "pending", Notice.try_after <= now),
                  and_(Notice.state == "sending", Notice.lease_until < now))
        notice = session.scalar(select(Notice).where(due).order_by(Notice.try_after, Notice.id).limit(1).options(
            joinedload(Notice.user)).with_for_update(of=Notice, skip_locked=True))
        if notice is None:
            return None
        if notice.state == "sending":
            notice.doubts, notice.error = notice.doubts + 1, "the process ended while it was handed over"
        if notice.doubts > MOST_DOUBTS:
            notice.state, notice.lease_token = "failed", None
            return notice
        notice.state, notice.attempts = "sending", notice.attempts + 1
        notice.lease_token, notice.lease_until = secrets.token_hex(16), now + timedelta(seconds=LEASE_SECONDS)
    return notice


def _send(database: Database, conf: Settings, notice: Notice, now_fn: Callable[[], datetime]) -> None:
    if notice.lease_token is None:
        return
    refused: channels.Refused | None = None
    try:
        _channel(conf, notice).send(conf, _message(notice, now_fn()))
    except channels.Refused as error:
        refused = error
    failpoints.hit("notices.accepted")
    now = now_fn()
    with database.write() as session:
        row = session.get(Notice, notice.id, with_for_update=True)
        if row is None or row.state != "sending" or row.lease_token != notice.lease_token:
            return  # another process has it now
        row.lease_token = None
        if refused is None:
            row.state, row.sent_at, row.error = "sent", now, ""
        else:
            _refused(session, row, refused, now)
    failpoints.hit("notices.recorded")


def _channel(conf: Settings, notice: Notice) -> channels.Channel:
    channel = channels.ALL.get(notice.channel)
    if channel is None or not channel.is_configured(conf):
        raise channels.Refused("this channel is not set up any more", "message")
    return channel


def _message(notice: Notice, now: datetime) -> channels.Message:
    return channels.Message(
        key=notice.public_id, kind=notice.kind, address=notice.address, name=notice.user.name, email=notice.user.email,
        subject=notice.subject, text=notice.text, facts=tuple(notice.facts), created_at=notice.created_at, now=now)


def _refused(session: Session, row: Notice, refused: channels.Refused, now: datetime) -> None:
    row.error, row.doubts = str(refused), row.doubts + refused.doubtful
    if refused.scope == "later" and row.attempts <= len(RETRY_MINUTES) and row.doubts <= MOST_DOUBTS:
        wait = max(RETRY_MINUTES[row.attempts - 1] * 60, refused.after)
        row.state, row.try_after = "pending", now + timedelta(seconds=wait)
        return
    row.state = "failed"
    if refused.scope in ("channel", "address"):
        _switch_off(session, row, whole=refused.scope == "channel", now=now)


def _switch_off(session: Session, row: Notice, *, whole: bool, now: datetime) -> None:
    """Nothing more goes that way: what waits has failed too."""
    name = row.channel if whole else f"{row.channel}:{row.user_id}"
    waiting = update(Notice).where(Notice.channel == row.channel, Notice.state == "pending")
    session.execute((waiting if whole else waiting.where(Notice.user_id == row.user_id)).values(
        state="failed", error=row.error))
    if session.get(Outage, name) is None:
        session.add(Outage(name=name, error=row.error, since=now))
        audit.record(session, None, "channel.switched_off", actor="clock", now=now, channel=name, error=row.error)
