"""What came with a letter: files to download, pictures made safe, the HTML in a sandbox, the raw mail."""

from __future__ import annotations

import base64
import io
import logging

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    make_response,
    render_template,
    request,
    send_file,
    url_for,
)
from sqlalchemy import select
from sqlalchemy.orm import joinedload, undefer
from werkzeug.wrappers import Response as BaseResponse

from .. import audit, inbox, mail
from ..blobs import BlobError
from ..files import Files, Infected
from ..models import Attachment, InboundMail, Message, Ticket
from ..reading import ReadError
from . import request as desk

log = logging.getLogger(__name__)
Answer = tuple[str, int]
pages = Blueprint("files", __name__)
SANDBOX = "sandbox; default-src 'none'"
FRAME = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; " \
        "style-src 'unsafe-inline'; frame-ancestors 'self'"
INLINE_BYTES = 4 << 20  # of pictures shown inside an HTML letter


@pages.route("/files/<public_id>", methods=["GET", "POST"])
def download(public_id: str) -> BaseResponse | Answer:
    """The file as it came. Never shown by the browser, whatever it says it is.

    One that is infected, or that the scanner has not seen yet, is given only after a warning (POST).
    """
    attachment, message = attached(public_id)
    if held(attachment) and request.method == "GET":
        return warning([attachment], message, url_for("files.download", public_id=public_id))
    if held(attachment):
        _taken_despite([attachment], message)
    return as_download(_read(lambda files: files.data(attachment, message, despite=True)), attachment.filename)


@pages.get("/files/<public_id>/<any(thumb,view):size>.jpg")
def picture(public_id: str, size: str) -> Response:
    """A picture, or a document's first page, drawn anew in the limited child."""
    attachment, message = attached(public_id)
    return as_picture(_read(lambda files: files.picture(attachment, message, size)))


@pages.get("/files/<public_id>/pages/<int:number>")
def page(public_id: str, number: int) -> Response:
    """A page of a document as PNG, or a picture, drawn anew in the limited child."""
    attachment, message = attached(public_id)
    if not 1 <= number <= max(1, attachment.pages):
        abort(404)
    return as_picture(_read(lambda files: files.page(attachment, message, number)))


@pages.route("/messages/<public_id>/mail.eml", methods=["GET", "POST"])
def raw(public_id: str) -> BaseResponse | Answer:
    """The mail, byte for byte; who took it stands in the history: it may hold what the pages mask."""
    message = _message(public_id)
    if message.inbound_id is None:
        abort(404)
    infected = [file for file in message.attachments if file.scan == "infected"]
    if infected and request.method == "GET":
        return warning(infected, message, url_for("files.raw", public_id=public_id))
    if infected:
        _taken_despite(infected, message)
    return _whole(message)


def _whole(message: Message) -> Response:
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


def held(attachment: Attachment) -> bool:
    """Not to be handed out without a warning."""
    return attachment.scan == "infected" or bool(desk.conf().files.clamd and attachment.scan != "clean")


def warning(files: list[Attachment], message: Message, action: str) -> Answer:
    """The page that stands before a file that may do harm."""
    ticket = desk.reading().get_one(Ticket, message.ticket_id)
    return render_template("file_held.html", files=files, ticket=ticket, message=message, action=action), 409


def _taken_despite(files: list[Attachment], message: Message) -> None:
    with desk.writing() as session:
        ticket = session.get(Ticket, message.ticket_id)
        for file in files:
            audit.record(session, ticket, "file.taken_despite", actor=desk.actor(), now=desk.now(),
                         file=file.filename, virus=file.scan_note)


@pages.get("/messages/<public_id>/letter.html")
def html(public_id: str) -> Response:
    """The cleaned HTML of a letter as a page of its own, for a sandboxed frame: runs nothing, asks nobody."""
    message = _message(public_id)
    cleaned = mail.clean_html(message.html, _inline_pictures(message)) if message.html else ""
    response = make_response(render_template("letter_html.html", cleaned=cleaned))
    response.headers["Content-Security-Policy"] = FRAME
    return response


def bytes_of(attachment: Attachment) -> bytes:
    """A file's bytes for a letter of ours; aborts when they cannot be had, and when a virus was found in them."""
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


def as_picture(data: bytes) -> Response:
    response = make_response(data)
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    response.headers.update({"Content-Type": kind, "Content-Security-Policy": SANDBOX,
                             "Cache-Control": "private, max-age=3600"})
    return response


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
    except Infected:
        abort(409)
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


def attached(public_id: str) -> tuple[Attachment, Message]:
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
