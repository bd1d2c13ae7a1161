"""Mail that became no letter on a ticket: held for a person, or set aside with its reason. Nothing is ever dropped."""

from __future__ import annotations

import email.parser
import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Flask, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer
from werkzeug.wrappers import Response

from .. import audit, inbox, queue
from ..blobs import BlobError, Blobs
from ..facts import cards
from ..mail import charset
from ..mail import words as mail_words
from ..models import InboundMail
from . import files
from . import request as desk

pages = Blueprint("held", __name__)
Answer = str | Response | tuple[str, int]
SHOWN_BYTES, HEAD_BYTES = 64 << 10, 8 << 10
# Control characters, and those that turn the direction of a text or take no room.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
REASONS = {
    "not_a_mail": lazy_gettext("These bytes are no letter: there is no sender, subject, date or Message-ID."),
    "parse_failed": lazy_gettext("The letter could not be read."),
    "timeout": lazy_gettext("Reading the letter took too long."),
    "crash": lazy_gettext("The reader broke on this letter each time."),
    "worker_died": lazy_gettext("Whoever worked on this letter died each time: look at it by hand."),
    "blob_missing": lazy_gettext("The stored bytes of this letter are missing or changed: restore them from a backup."),
    "own_mail": lazy_gettext("A letter of ours that came back."),
    "same_bytes": lazy_gettext("The very same letter once more; it is shown where the first one is."),
    "bounce_of_alert": lazy_gettext("A delivery report about an alert of ours."),
    "dismissed": lazy_gettext("Dismissed by a person."),
}
REFUSALS = {"not_held": lazy_gettext("This mail is not held any more."),
            "reason_needed": lazy_gettext("Write why it is dismissed.")}


def register(app: Flask) -> None:
    app.context_processor(lambda: {"held_count": count(), "held_reasons": REASONS} if g.get("user") else {})


def count() -> int:
    return desk.reading().scalar(select(func.count()).select_from(InboundMail).where(InboundMail.state == "held")) or 0


@pages.get("/held")
def index() -> str:
    session = desk.reading()
    held = [(row, *_head(row)) for row in inbox.held(session)]
    aside = [(row, *_head(row)) for row in inbox.ignored(session)]
    return render_template("held.html", held=held, aside=aside)


def _head(row: InboundMail) -> tuple[str, str]:
    """Sender and subject as far as the first bytes show them."""
    in_row = select(func.substr(InboundMail.raw, 1, HEAD_BYTES)).where(InboundMail.id == row.id)
    raw = desk.reading().scalar(in_row) or Blobs(desk.conf().blobs_path).beginning(row.sha256, HEAD_BYTES)
    head = email.parser.BytesHeaderParser().parsebytes(bytes(raw).partition(b"\r\n\r\n")[0])
    return tuple(cards.mask(mail_words.decode(str(head.get(name, ""))))[:200] for name in ("From", "Subject"))  # type: ignore[return-value]


@pages.get("/held/<public_id>")
def show(public_id: str) -> str:
    row = _row(desk.reading(), public_id)
    try:
        data = inbox.raw(desk.conf(), row)
    except BlobError:
        data = b""
    return render_template("held_mail.html", row=row, source=cards.mask(_visible(data[:SHOWN_BYTES])), whole=len(data),
                           cut=len(data) > SHOWN_BYTES)


def _visible(data: bytes) -> str:
    """Text as far as it is one, with what would hide in it made visible."""
    text, _guessed = charset.decode(data.replace(b"\x00", b"\\x00"))
    return HIDDEN.sub(lambda found: f"\\x{ord(found.group()):02x}", text.replace("\r\n", "\n"))


@pages.get("/held/<public_id>/mail.eml")
def raw(public_id: str) -> Answer:
    row = _row(desk.reading(), public_id)
    with desk.writing() as session:
        audit.record(session, None, "mail.downloaded", actor=desk.actor(), now=desk.now(), mail=public_id)
    try:
        return files.as_download(inbox.raw(desk.conf(), row), f"mail-{public_id[:8]}.eml")
    except BlobError:
        abort(410)


@pages.post("/held/<public_id>/again")
def again(public_id: str) -> Answer:
    with _on(public_id) as (session, row):
        inbox.reprocess(session, row, actor=desk.actor(), now=desk.now())
        flash(_("The mail is processed again."), "ok")
    queue.ring(desk.conf(), "inbox")
    return redirect(url_for("held.index"))


@pages.post("/held/<public_id>/ticket")
def make_ticket(public_id: str) -> Answer:
    number = 0
    with _on(public_id) as (session, row):
        number = inbox.make_ticket(session, desk.conf(), row, actor=desk.actor(), now=desk.now()).number
    return redirect(url_for("ticket.show", number=number) if number else url_for("held.index"))


@pages.post("/held/<public_id>/dismiss")
def dismiss(public_id: str) -> Answer:
    with _on(public_id) as (session, row):
        inbox.dismiss(session, row, reason=request.form.get("reason", "")[:500], actor=desk.actor(), now=desk.now())
        flash(_("Set aside. It can be processed again below."), "ok")
    return redirect(url_for("held.index"))


@contextmanager
def _on(public_id: str) -> Iterator[tuple[Session, InboundMail]]:
    try:
        with desk.writing() as session:
            yield session, _row(session, public_id)
    except inbox.InboxError as error:
        flash(str(REFUSALS.get(error.key, error.key)), "error")


def _row(session: Session, public_id: str) -> InboundMail:
    row = session.scalar(select(InboundMail).where(InboundMail.public_id == public_id).options(
        undefer(InboundMail.raw)))
    if row is None:
        abort(404)
    return row
