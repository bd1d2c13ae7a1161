"""Handing a letter over by hand: fields to copy for a portal, numbered files, papers for the post."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, abort
from sqlalchemy.orm import undefer

from .. import escalation, letters
from ..directory import Body
from ..letters import postal
from ..models import Letter, Step
from . import files, words
from . import request as desk
from .annexed import annex_bytes, chosen, find_row
from .escalating import pages

BY_HAND = ("portal", "form", "chat", "web")
RUSSIAN_ZONES = (".ru", ".su", ".рф", ".xn--p1ai")
HIDDEN = ("advocate_name", "desk_name", "today")


@dataclass(frozen=True)
class Copied:
    """One field of a portal."""

    key: str
    label: str
    value: str


@dataclass(frozen=True)
class Enclosed:
    """A numbered file of the set; `fault`: too_large or wrong_type for that portal, '' when it may go."""

    number: int
    name: str
    size: int
    fault: str


def fields(letter: Letter | None) -> list[Copied]:
    """Every fact of the letter, as it stands there."""
    return [] if letter is None else [
        Copied(key, words.letter_fact(key), str(value).replace("\u00a0", " ")) for key, value in letter.facts.items()
        if not key.endswith("_words") and key not in HIDDEN]


def text(letter: Letter | None, body: Body | None) -> tuple[str, int]:
    """The letter's text for one field, and how many characters the portal's limit cut off."""
    whole = letter.text.replace("\u00a0", " ") if letter else ""
    limit = body.text_limit if body else 0
    return (whole, 0) if not limit or len(whole) <= limit else (whole[:limit], len(whole) - limit)


def enclosed(row: Step, body: Body | None) -> list[Enclosed]:
    """The letter first, then its annexes by their numbers."""
    if row.letter is None:
        return []
    named = [(f"{row.letter.title}.pdf", 0), *((annex.name, annex.size) for annex in chosen(row))]
    return [Enclosed(number, f"{number:02}-{name}", size, _fault(name, size, body))
            for number, (name, size) in enumerate(named, 1)]


def _fault(name: str, size: int, body: Body | None) -> str:
    if body is None:
        return ""
    if body.file_types and name.rpartition(".")[2].lower() not in body.file_types:
        return "wrong_type"
    return "too_large" if body.file_limit_mb and size > body.file_limit_mb << 20 else ""


def answers_nowhere(address: str) -> bool:
    """A state body sends its reply by e-mail only within the Russian zones (M: one page; config says so too)."""
    return bool(address) and not address.lower().endswith(RUSSIAN_ZONES)


def body_of(row: Step) -> Body | None:
    """Whose entry of the directory the step was prepared with, by its name."""
    rung = escalation.known_ladder().steps[row.key]
    known: Sequence[Body] = [b for b in escalation.known_bodies().values() if b.kind == rung.to]
    return next((b for b in known if row.addressee in (b.entity, b.title_ru)), known[0] if len(known) == 1 else None)


@pages.get("/tickets/<int:number>/steps/<public_id>/files.zip")
def set_of_files(number: int, public_id: str) -> Response:
    """The letter and its annexes under their numbers."""
    row = find_row(number, public_id)
    if row.letter is None:
        abort(404)
    letter = desk.reading().get_one(Letter, row.letter_id, options=[undefer(Letter.pdf)])
    named = [(f"{letter.title}.pdf", letter.pdf)]
    named += [(name, data) for name, _kind, data in map(annex_bytes, chosen(row))]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, (name, data) in enumerate(named, 1):
            archive.writestr(f"{place:02}-{name.replace('/', '_')}", data)
    return files.as_download(out.getvalue(), f"step-{number}.zip")


@pages.get("/tickets/<int:number>/steps/<public_id>/<any(inventory,envelope):paper>.pdf")
def for_the_post(number: int, public_id: str, paper: str) -> Response:
    """The list of enclosures in two copies, or the addresses."""
    row = find_row(number, public_id)
    if row.letter is None or row.channel != "post":
        abort(404)
    document = _inventory(row, row.letter) if paper == "inventory" else _envelope(row, row.letter)
    return files.as_download(letters.pdf(document), f"{document.title}.pdf")


def _inventory(row: Step, letter: Letter) -> letters.Document:
    names = [letter.title, *(annex.name for annex in chosen(row))]
    return postal.inventory(to=row.addressee, address=str(letter.facts.get("addressee_address", "")), enclosures=names,
                            written_on=letter.written_on)


def _envelope(row: Step, letter: Letter) -> letters.Document:
    facts = {name: str(value) for name, value in letter.facts.items()}
    return postal.envelope(sender=facts.get("consumer_name", ""), sender_address=facts.get("consumer_address", ""),
                           to=row.addressee, address=facts.get("addressee_address", ""), written_on=letter.written_on)
