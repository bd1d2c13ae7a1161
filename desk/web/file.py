"""A page for one file: how it looks, what stands in it, which facts were found there, why something was not read."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import undefer
from werkzeug.wrappers import Response

from .. import contents, pdf, pictures
from ..blobs import BlobError
from ..facts import archives, cards, office
from ..models import Attachment, Fact, Message, Ticket
from ..reading import ReadError
from . import conversation, facts, files
from . import request as desk

log = logging.getLogger(__name__)
pages = Blueprint("file", __name__)
LETTER = "message/rfc822"
TURNS, ZOOMS = (0, 90, 180, 270), (1, 2, 4)
SHORT = {  # on the ticket
    "no_ocr": lazy_gettext("text not read"), "encrypted": lazy_gettext("locked"), "damaged": lazy_gettext("damaged"),
    "too_large": lazy_gettext("too large"), "too_slow": lazy_gettext("not read"), "too_much": lazy_gettext("not read"),
    "lost": lazy_gettext("lost"), "more_pages": lazy_gettext("not all read"),
}
NOTES = {
    "no_ocr": lazy_gettext("The text on it was not read: no text recognition is installed here (`desk doctor` says "
                           "how to add it). Look at it yourself."),
    "no_text": lazy_gettext("No text was found on it."),
    "encrypted": lazy_gettext("It is locked with a password: ask for it without one."),
    "damaged": lazy_gettext("It is damaged and cannot be opened here: ask for it once more, photos as JPEG."),
    "too_large": lazy_gettext("Its picture is too large to be opened here: ask for a smaller one, as JPEG."),
    "too_slow": lazy_gettext("Reading it took too long and was broken off."),
    "too_much": lazy_gettext("Reading it takes more than one file may take here, and was broken off."),
    "lost": lazy_gettext("Its letter is missing or changed in the store: restore it from a backup."),
    "more_pages": lazy_gettext("Only its first pages were read."),
    "not_opened": lazy_gettext("Files of this kind are not opened here. Download it if you trust it."),
}
SOURCES = {"code": lazy_gettext("a code on the picture"), "ocr": lazy_gettext("recognised, may hold mistakes"),
           "list": lazy_gettext("names and sizes; nothing was unpacked")}
ICONS = {pdf.KIND: "file-earmark-pdf", LETTER: "envelope-paper", office.WORD: "file-earmark-word",
         office.ODT: "file-earmark-word", office.EXCEL: "file-earmark-spreadsheet",
         office.ODS: "file-earmark-spreadsheet", **dict.fromkeys(archives.READERS, "file-earmark-zip"),
         **dict.fromkeys(("text/plain", "text/csv", "text/html"), "file-earmark-text")}
LISTED = 200  # lines of an archive on the page


@dataclass(frozen=True)
class Part:
    """A stretch of the file's text, ready to show."""

    source: str
    words: str
    page: int
    html: Markup
    rows: list[tuple[str, int]]


def register(app: Flask) -> None:
    app.context_processor(lambda: {"file_chips": chips, "file_icon": icon_of, "has_thumb": has_thumb})


@pages.get("/files/<public_id>/view")
def show(public_id: str) -> str:
    """One page of it at a time; `turn` and `zoom` stand in the address, so all works without scripts."""
    attachment, message = files.attached(public_id)
    text = desk.reading().scalar(select(Attachment).where(Attachment.id == attachment.id).options(
        undefer(Attachment.text), undefer(Attachment.parts)).execution_options(populate_existing=True))
    assert text is not None
    found = desk.reading().scalars(select(Fact).where(
        Fact.attachment_id == attachment.id, Fact.state != "rejected").order_by(Fact.start, Fact.id)).all()
    letter = _enclosed(text, message)
    page = min(max(1, request.args.get("page", 1, int)), max(1, attachment.pages))
    return render_template(
        "file.html", file=text, message=message, ticket=desk.reading().get_one(Ticket, message.ticket_id), page=page,
        turn=_one_of("turn", TURNS), zoom=_one_of("zoom", ZOOMS), turns=TURNS, zooms=ZOOMS, held=files.held(text),
        parts=list(_parts(text, found)), facts=[(fact, _page_of(text, fact)) for fact in found],
        sureness=facts.sureness, note=NOTES.get(text.note, ""), letter=letter,
        letter_text=conversation.linked(cards.mask(letter["text"])) if letter else "")


@pages.post("/files/<public_id>/again")
def again(public_id: str) -> Response:
    """Have it read once more: it was too much then, or something was installed since."""
    attachment, message = files.attached(public_id)
    if message.inbound_id is None:
        abort(404)
    with desk.writing() as session:
        contents.again(session, attachment.id, now=desk.now())
    return redirect(url_for("file.show", public_id=public_id))


def _one_of(name: str, known: Sequence[int]) -> int:
    value = request.args.get(name, known[0], int)
    return value if value in known else known[0]


def _parts(file: Attachment, found: Sequence[Fact]) -> Iterator[Part]:
    for part in file.parts:
        source, start, end = part["source"], part["start"], min(part["end"], len(file.text))
        rows = list(_rows(file.text[start:end])) if source == "list" else []
        yield Part(source, str(SOURCES.get(source, "")), part["page"], _marked(file.text, start, end, found), rows)


def _rows(text: str) -> Iterator[tuple[str, int]]:
    for line in text.split("\n")[:LISTED]:
        name, _tab, size = line.rpartition("\t")
        yield name, int(size) if size.isdigit() else 0


def _marked(text: str, start: int, end: int, found: Sequence[Fact]) -> Markup:
    """The stretch with its facts marked, none inside another."""
    html, position = Markup(""), start
    for fact in found:
        if position <= fact.start < fact.end <= end:
            html += conversation.linked(text[position:fact.start])
            html += Markup('<mark class="fact" data-fact="{}">{}</mark>').format(fact.id, text[fact.start:fact.end])
            position = fact.end
    return html + conversation.linked(text[position:end])


def _page_of(file: Attachment, fact: Fact) -> int:
    """The page a fact stands on, 0 when the file has only one."""
    pages_ = [part["page"] for part in file.parts if part["start"] <= fact.start < part["end"]]
    return pages_[0] if pages_ and file.pages > 1 else 0


def _enclosed(file: Attachment, message: Message) -> dict[str, Any] | None:
    """An attached letter to be read as one; None for other files, and when it cannot be had."""
    if file.content_type != LETTER or files.held(file):
        return None
    try:
        letter = files.reader().enclosed(file, message)
        return letter | {"date": datetime.fromisoformat(letter["date"]) if letter["date"] else None}
    except (ReadError, BlobError) as error:
        log.warning("enclosed letter: %s", error)
        return None


def chips(file: Attachment) -> list[tuple[str, str, str]]:
    """What the ticket says beside a file's name: (kind of chip, icon, words)."""
    out = []
    if file.scan == "infected":
        out.append(("late", "virus", _("virus: %(name)s", name=file.scan_note)))
    elif desk.conf().files.clamd and file.scan != "clean":
        out.append(("soon", "shield", _("not scanned")))
    if file.note in SHORT and file.scan != "infected":
        out.append(("soon", "eye-slash", str(SHORT[file.note])))
    return out


def has_thumb(file: Attachment) -> bool:
    """Can it be shown as a picture? While it waits to be read, a picture's type says so."""
    if file.scan == "infected":
        return False
    return file.pages > 0 or (file.state == "waiting" and file.content_type in pictures.KINDS)


def icon_of(file: Attachment) -> str:
    if file.scan == "infected":
        return "virus"
    return ICONS.get(file.content_type, "file-earmark-image" if file.content_type.startswith("image/")
                     else "file-earmark")
