"""State of the desk: is every part at work, what waits, what went wrong; and two bare answers for machines."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, render_template
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, joinedload

from .. import alerts, deadlines, leases, machine_time, people
from ..models import Attachment, Heartbeat, InboundMail, Mailbox, Message, Notice, Outbox, Ticket, User
from . import access
from . import request as desk

pages = Blueprint("health", __name__)
BANNER_SECONDS = 15.0  # between looks of one process at the clock


@dataclass(frozen=True)
class Banner:
    """What every page has to say: since when the clock is not at work, that it sends no alert, or that none got out."""

    silent_since: datetime | None = None
    frozen: bool = False
    no_canary_since: datetime | None = None


def register(app: Flask) -> None:
    app.context_processor(lambda: {"banner": _banner()} if g.get("user") else {})


@pages.get("/healthz")
@access.public
def alive() -> Response:
    return Response("ok\n", mimetype="text/plain")


@pages.get("/readyz")
@access.public
def ready() -> Response:
    """Does the database answer, with its tables?"""
    try:
        desk.reading().scalar(select(Ticket.id).limit(1))
    except SQLAlchemyError:
        return Response("not ready\n", status=503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")


@pages.get("/health")
def index() -> str:
    session, now = desk.reading(), desk.now()
    beats = session.scalars(select(Heartbeat).order_by(Heartbeat.name)).all()
    rules = deadlines.known_rules()
    return render_template(
        "health.html", beats=[(b, now - b.at > leases.SILENT) for b in beats], missing=_never_seen(beats),
        mailboxes=session.scalars(select(Mailbox).order_by(Mailbox.name)).all(), waiting=_waiting(session),
        letters=_troubled_letters(session), unconfirmed=sum(not rule.confirmed for rule in rules.values()),
        channels=_channels(session), outages=alerts.outages(session), frozen=machine_time.frozen(session),
        canary_since=alerts.canary.absent_since(session, desk.conf(), now=now), duty=desk.conf().alerts.duty_address,
        time_here=now, names_of={user.id: user.name for user in people.everybody(session)},
        rules=len(rules), unread_files=_without_ocr(session),
        no_password=session.scalars(select(User).where(User.active, User.password_hash == "")).all())


def _never_seen(beats: Any) -> list[str]:
    """Parts that should be at work and never said a word."""
    expected = ["clock", "outbox", "channels", "work", *(f"fetch:{box.name}" for box in desk.conf().mailbox)]
    return [name for name in expected if name not in {b.name for b in beats}]


def _channels(session: Session) -> list[tuple[alerts.channels.Channel, datetime | None, int]]:
    """Each that is set up, when something was last accepted there, and how many wait."""
    out = []
    for channel in alerts.channels.configured(desk.conf()):
        of = select(func.max(Notice.sent_at), func.count().filter(Notice.state.in_(("pending", "sending"))))
        last, waiting = session.execute(of.where(Notice.channel == channel.NAME)).one()
        out.append((channel, last, waiting))
    return out


def _waiting(session: Session) -> dict[str, tuple[int, datetime | None]]:
    """How many wait and since when: mails to read, letters to send, files to read."""
    queries = {
        "mails": select(func.count(), func.min(InboundMail.received_at)).where(InboundMail.state == "received"),
        "letters": select(func.count(), func.min(Outbox.created_at)).where(
            Outbox.state.in_(("pending", "sending")), Outbox.try_after <= desk.now()),
        "files": select(func.count(), func.min(Message.created_at)).where(Message.contents == "waiting"),
    }
    if desk.conf().files.clamd:
        queries["scans"] = select(func.count(Attachment.id), func.min(Message.created_at)).join(
            Message, Attachment.message_id == Message.id).where(Attachment.scan == "waiting")
    out: dict[str, tuple[int, datetime | None]] = {}
    for name, query in queries.items():
        number, since = session.execute(query).one()
        out[name] = (number, since)
    return out


def _without_ocr(session: Session) -> int:
    """Files whose text nobody could recognise here."""
    return session.scalar(select(func.count()).select_from(Attachment).where(Attachment.note == "no_ocr")) or 0


def _troubled_letters(session: Session) -> list[tuple[Outbox, Ticket | None]]:
    rows = session.execute(select(Outbox, Ticket).outerjoin(Ticket, Outbox.ticket_id == Ticket.id).where(
        Outbox.state.in_(("failed", "uncertain"))).order_by(Outbox.id.desc()).limit(50).options(
        joinedload(Outbox.recipients))).unique()
    return [(out, ticket) for out, ticket in rows]


def _banner() -> Banner:
    """Looked up at most every few seconds in this process."""
    kept: tuple[float, Banner] = current_app.extensions.get("desk.banner", (-BANNER_SECONDS, Banner()))
    if time.monotonic() - kept[0] < BANNER_SECONDS:
        return kept[1]
    beat = desk.reading().get(Heartbeat, "clock")
    # A clock that was never started warns of no deadline either: it is missed since there is somebody to warn.
    since = beat.at if beat is not None else desk.user().created_at
    frozen = beat.detail.get("frozen") if beat is not None else None
    patience = leases.SILENT + timedelta(seconds=abs(frozen["step_seconds"]) if frozen else 0)  # ours jumped too
    banner = Banner(since if desk.now() - since > patience else None, bool(frozen),
                    alerts.canary.absent_since(desk.reading(), desk.conf(), now=desk.now()))
    current_app.extensions["desk.banner"] = (time.monotonic(), banner)
    return banner
