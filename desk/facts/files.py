"""What a file tells: its text, the codes on it, what is packed in it. Bounded in pages, pixels and characters.

Slow beside the letter itself, and the bytes are a stranger's: run it only in a limited process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2
from PIL import Image

from .. import pdf, pictures
from . import archives, codes, ocr, office

KINDS = (*pictures.KINDS, pdf.KIND, *office.READERS, *archives.READERS)
PAGES = 50  # of which text is taken
DRAWN = 5  # pages on which codes are looked for, and text when they hold none
TEXT = 128 * 1024  # characters of one file
BLANK = 20  # letters on a page; fewer are no text layer
OLD_OFFICE = ("application/msword", "application/vnd.ms-excel")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file's text. `source`: text, code, ocr or list; `page` counts from 1."""

    source: str
    page: int
    text: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What was read. `pages` can be looked at as pictures. `note` says why something was not read, '' when all was.

    Notes: no_ocr (the recogniser is not installed), no_text (there is none, or none legible), encrypted, damaged,
    too_large, more_pages (only the first were read), not_opened (a kind that is not read).
    """

    parts: tuple[Part, ...] = ()
    pages: int = 0
    note: str = ""

    @property
    def said(self) -> str:
        """The text without a list of what is packed."""
        return "\n".join(part.text for part in self.parts if part.source != "list")

    def by_trust(self) -> dict[str, str]:
        """`attachment`: what is written or coded, `ocr`: what was recognised; each as long as the whole text."""
        return {place: "\n".join(part.text if part.source in sources else "\n" * len(part.text) for part in self.parts)
                for place, sources in (("attachment", ("text", "code")), ("ocr", ("ocr",)))}

    def as_dict(self) -> dict[str, Any]:
        """`{text, parts: [{start, end, page, source}], pages, note}`, plain JSON values."""
        parts, start = [], 0
        for part in self.parts:
            parts.append({"start": start, "end": start + len(part.text), "page": part.page, "source": part.source})
            start += len(part.text) + 1
        return {"text": "\n".join(part.text for part in self.parts), "parts": parts, "pages": self.pages,
                "note": self.note}


def read(data: bytes, kind: str, *, recognise: bool = False) -> Contents:
    """`recognise`: pictures and pages without text go through OCR too, which takes about a second each."""
    try:
        return _cut(_read(data, kind, recognise))
    except (pictures.PictureError, pdf.PdfError, office.OfficeError, archives.ArchiveError) as error:
        return Contents(note=error.reason)


def plain(text: str) -> Contents:
    """A file that is text already."""
    return _cut(Contents((Part("text", 1, text),)))


def _read(data: bytes, kind: str, recognise: bool) -> Contents:
    if kind in pictures.KINDS:
        return _picture(data, recognise)
    if kind == pdf.KIND:
        return _pdf(data, recognise)
    if kind in office.READERS:
        return plain(office.read(data, kind))
    if kind in archives.READERS:
        return _list(archives.entries(data, kind))
    locked = kind in OLD_OFFICE and "EncryptedPackage".encode("utf-16-le") in data
    return Contents(note="encrypted" if locked else "not_opened")


def _picture(data: bytes, recognise: bool) -> Contents:
    grey = pictures.opened(data, codes.FINEST, "L")
    if min(grey.size) < codes.SMALLEST:
        return Contents(pages=1, note="no_text")
    return Contents(tuple(_seen(grey, 1, recognise)), 1, "" if recognise else "no_ocr")


def _seen(grey: Image.Image, page: int, recognise: bool, *, upright: bool = False) -> Iterator[Part]:
    yield from (Part("code", page, text) for text in codes.looked_for(grey, upright=upright))
    if recognise and (text := ocr.read(grey)):
        yield Part("ocr", page, text)


def _pdf(data: bytes, recognise: bool) -> Contents:
    with pdf.opened(data) as document:
        count = len(document)
        parts = tuple(part for number in range(min(count, PAGES)) for part in _page(document, number, recognise))
        blank = any(_is_blank(parts, number + 1) for number in range(min(count, DRAWN)))
    note = "more_pages" if count > PAGES else "no_ocr" if blank and not recognise else ""
    return Contents(parts, min(count, pdf.PAGES), note)


def _page(document: pypdfium2.PdfDocument, number: int, recognise: bool) -> Iterator[Part]:
    text = pdf.text(document, number)
    if text.strip():
        yield Part("text", number + 1, text)
    if number < DRAWN:
        try:
            grey = pdf.drawn(document, number, codes.LONGEST, grey=True)
        except pdf.PdfError:
            return
        is_scan = len(text.strip()) < BLANK
        yield from _seen(grey, number + 1, recognise and is_scan, upright=not is_scan)


def _is_blank(parts: tuple[Part, ...], page: int) -> bool:
    return sum(len(part.text.strip()) for part in parts if part.page == page and part.source != "code") < BLANK


def _list(entries: list[archives.Entry]) -> Contents:
    lines = "\n".join(f"{entry.name or '?'}\t{entry.size}" for entry in entries)
    locked = any(entry.encrypted for entry in entries)
    return Contents((Part("list", 1, lines),) if lines else (), note="encrypted" if locked else "")


def _cut(found: Contents) -> Contents:
    """Within the limit of characters; what was looked at without finding anything says so."""
    left, parts = TEXT, []
    for part in found.parts:
        if left > 0:
            text = part.text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
            parts.append(Part(part.source, part.page, text[:left]))
        left -= len(part.text) + 1
    empty = not found.note and not any(part.text.strip() for part in parts)
    return Contents(tuple(parts), found.pages, "no_text" if empty else found.note)
