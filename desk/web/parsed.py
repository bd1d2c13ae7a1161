"""What the reader thought of a mail (`desk parse`), for people: kind, parts, charsets, headers, facts, warnings."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ..blobs import BlobError
from ..facts import cards
from ..models import InboundMail, Message, Ticket
from ..reading import ReadError
from . import facts, files, words
from . import request as desk

log = logging.getLogger(__name__)
pages = Blueprint("parsed", __name__)
LONGEST_TEXT = 20_000
DEMANDS = {
    "refund": lazy_gettext("money back"), "replace": lazy_gettext("another item"), "repair": lazy_gettext("repair"),
    "deliver": lazy_gettext("delivery"), "reduce_price": lazy_gettext("lower price"),
    "compensation": lazy_gettext("compensation"), "documents": lazy_gettext("documents"),
    "none": lazy_gettext("nothing that is known"),
}
KINDS = {"mail": lazy_gettext("an ordinary letter of a person")}
ODD = {
    "charset_guessed": lazy_gettext(
        "The letter names a wrong charset or none: it was found by the letters themselves."),
    "bad_date": lazy_gettext("The date of the letter cannot be read: the moment of its arrival counts."),
    "text_cut": lazy_gettext("The text is very long and was cut; the raw letter holds it all."),
    "headers_cut": lazy_gettext("The headers are very long and were cut."),
    "no_blank_line": lazy_gettext("Nothing stands between the headers and the text."),
    "no_boundary": lazy_gettext("The parts of the letter are not divided as it says."),
    "mime_too_deep": lazy_gettext("Its parts lie in each other too deeply: the innermost are kept as one file."),
    "parts_cut": lazy_gettext("It has too many parts: the last ones are kept as one file."),
    "parameters_cut": lazy_gettext("A header has too many parameters."),
    "two_content_types": lazy_gettext("A part says twice of which type it is; the first counts."),
    "not_base64": lazy_gettext("A part is not encoded as it says: it was read as plain text."),
    "unreadable": lazy_gettext("The letter could not be read: it is kept whole as a file."),
}


@dataclass(frozen=True)
class Found:
    """A fact as the reader sees it, in words."""

    kind: str
    value: str
    place: str
    quote: str
    sureness: str
    doubtful: bool


@pages.get("/messages/<public_id>/reading")
def show(public_id: str) -> str:
    """Read again from the stored bytes, with the reader of today."""
    message = desk.reading().scalar(select(Message).where(Message.public_id == public_id).options(
        joinedload(Message.inbound).undefer(InboundMail.raw)))
    if message is None or message.inbound is None:
        abort(404)
    read, outline = (cards.mask_all(part) for part in _understood(message))
    ticket = desk.reading().get_one(Ticket, message.ticket_id)
    return render_template("parsed.html", message=message, ticket=ticket, read=read, outline=outline,
                           kind=KINDS.get(read["kind"]) or words.MAIL_KINDS.get(read["kind"], read["kind"]),
                           topics=[str(words.TOPICS.get(t, t)) for t in read["topics"]],
                           demands=[str(DEMANDS.get(d, d)) for d in read["demands"]],
                           found=[_found(fact) for fact in read["facts"]], odd=_odd(message.warnings),
                           own=cards.mask(read["reply_text"])[:LONGEST_TEXT],
                           quoted=len(read["text"]) - len(read["reply_text"]))


def _understood(message: Message) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        return files.reader().understood(message)
    except ReadError as error:
        log.warning("reading: %s", error)
        abort(503)
    except BlobError as error:
        log.error("%s", error)
        abort(410)


def _found(fact: dict[str, Any]) -> Found:
    value = words.marketplace_name(fact["value"]) if fact["kind"] == "marketplace" else cards.mask(fact["value"])
    return Found(words.fact_kind(fact["kind"]), value, str(facts.PLACES.get(fact["source"], "")),
                 cards.mask(fact["quote"]), facts.sureness(fact["confidence"]), fact["confidence"] < facts.LIKELY)


def _odd(keys: list[Any]) -> list[str]:
    """The reader's warnings in words; a header that stands twice is named."""
    return [str(ODD.get(key) or words.WARNINGS.get(key) or _twice(key)) for key in keys]


def _twice(key: str) -> str:
    if key.startswith("two_"):
        return _("A header stands twice: %(name)s. The first one counts.", name=key.removeprefix("two_"))
    return key
