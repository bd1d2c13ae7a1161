"""What came with a letter: files to download, pictures made safe, the HTML in a sandbox, the raw mail."""

from __future__ import annotations

import base64
import io
import logging

from flask import Blueprint, Response, abort, current_app, g, make_response, render_template, send_file
from sqlalchemy import select
from sqlalchemy.orm import joinedload, undefer

from .. import audit, inbox, mail
from ..blobs import BlobError
from ..files import Files
from ..models import Attachment, InboundMail, Message, Ticket
from ..reading import ReadError
from . import request as desk

log = logging.getLogger(__name__)
pages = Blueprint("files", __name__)
SANDBOX = "sandbox; default-src 'none'"
FRAME = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; " \
        "style-src 'unsafe-inline'; frame-ancestors 'self'"
INLINE_BYTES = 4 << 20  # of pictures shown inside an HTML letter


@pages.get("/files/<public_id>")
def download(public_id: str) -> Response:
    """The file as it came. Never shown by the browser, whatever it says it is."""
    attachment, message = _attachment(public_id)
    return as_download(_read(lambda files: files.data(attachment, message)), attachment.filename)


@pages.get("/files/<public_id>/<any(thumb,view):size>.jpg")
def picture(public_id: str, size: str) -> Response:
    """A picture decoded and written anew in the limited child."""
    attachment, message = _attachment(public_id)
    response = make_response(_read(lambda files: files.picture(attachment, message, size)))
    response.headers.update({"Content-Type": "image/jpeg", "Content-Security-Policy": SANDBOX,
                             "Cache-Control": "private, max-age=3600"})
    return response


@pages.get("/messages/<public_id>/mail.eml")
def raw(public_id: str) -> Response:
    """The mail, byte for byte; who took it stands in the history: it may hold what the pages mask."""
    message = _message(public_id)
    if message.inbound_id is None:
        abort(404)
    inbound = desk.reading().get(InboundMail, message.inbound_id, options=[undefer(InboundMail.raw)])
    assert inbound is not None
    with desk.writing() as session:
        audit.record(session, session.get(Ticket, message.ticket_id), "mail.downloaded", actor=desk.actor(),
                     now=desk.now(), message=message.public_id)
    try:
        return as_download(inbox.raw(desk.conf(), inbound), f"letter-{message.public_id[:8]}.eml")
    except BlobError as error:
        log.error("%s", error)
        abort(410)


@pages.get("/messages/<public_id>/letter.html")
def html(public_id: str) -> Response:
    """The cleaned HTML of a letter as a page of its own, for a sandboxed frame: runs nothing, asks nobody."""
    message = _message(public_id)
    cleaned = mail.clean_html(message.html, _inline_pictures(message)) if message.html else ""
    response = make_response(render_template("letter_html.html", cleaned=cleaned))
    response.headers["Content-Security-Policy"] = FRAME
    return response


def bytes_of(attachment: Attachment) -> bytes:
    """A file's bytes for a letter of ours; aborts like a download when they cannot be had."""
    message = desk.reading().get(Message, attachment.message_id, options=[
        joinedload(Message.inbound).undefer(InboundMail.raw)])
    assert message is not None
    return _read(lambda files: files.data(attachment, message))


def _inline_pictures(message: Message) -> dict[str, str]:
    """Pictures the HTML shows by their Content-ID, as data: addresses; up to 4 MiB of them."""
    out: dict[str, str] = {}
    left = INLINE_BYTES
    for attachment in message.attachments:
        identifier = attachment.content_id.strip("<>")
        if not identifier or identifier not in message.html or not attachment.content_type.startswith("image/"):
            continue
        try:
            data = reader().picture(attachment, message, "view")
        except (ReadError, BlobError):
            continue
        left -= len(data)
        if left < 0:
            break
        out[identifier] = "data:image/jpeg;base64," + base64.b64encode(data).decode()
    return out


def as_download(data: bytes, name: str) -> Response:
    response = send_file(io.BytesIO(data), mimetype="application/octet-stream", as_attachment=True,
                         download_name=name or "file", max_age=0)
    response.headers.update({"Content-Security-Policy": SANDBOX, "Cache-Control": "no-store"})
    return response


def _read(work: object) -> bytes:
    assert callable(work)
    try:
        data: bytes = work(reader())
    except ReadError as error:
        log.warning("file: %s", error)
        abort(415 if error.permanent else 503)
    except BlobError as error:
        log.error("%s", error)
        abort(410)
    return data


def reader() -> Files:
    """One for the process; its child starts with the first file."""
    extensions = current_app.extensions
    if "desk.files" not in extensions:
        extensions["desk.files"] = Files(desk.conf())
    found: Files = extensions["desk.files"]
    return found


def _attachment(public_id: str) -> tuple[Attachment, Message]:
    attachment = desk.reading().scalar(select(Attachment).where(Attachment.public_id == public_id))
    if attachment is None:
        abort(404)
    message = desk.reading().get(Message, attachment.message_id, options=[
        joinedload(Message.inbound).undefer(InboundMail.raw)])
    assert message is not None
    g.message = message
    return attachment, message


def _message(public_id: str) -> Message:
    message = desk.reading().scalar(select(Message).where(Message.public_id == public_id).options(
        undefer(Message.html), joinedload(Message.inbound).undefer(InboundMail.raw)))
    if message is None:
        abort(404)
    return message
