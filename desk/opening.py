"""The files of a letter opened: what they are, what they tell, how they look, the letter inside one.

Pure, slow and dangerous: only for the limited child of reading.py.
"""

from __future__ import annotations

import io
from typing import Any

from . import mail, pdf, pictures
from .facts import files
from .mail import charset, filetype, htmltext

LETTER = "message/rfc822"
TEXTS = ("text/plain", "text/csv", "text/html")
OPENED = 10  # files of a letter that `desk parse` opens


def kind(file: mail.Attachment) -> str:
    """What its first bytes say, else what it is taken for."""
    return filetype.by_magic(file.data) or file.content_type


def contents(file: mail.Attachment, *, recognise: bool) -> files.Contents:
    """Its text, its codes, its list; never raises for what is in it."""
    what = kind(file)
    if what == LETTER:
        inner = mail.parse(file.data)
        return files.plain(f"{inner.subject}\n\n{inner.text}")
    if what in TEXTS:
        text = charset.decode(file.data[:4 * files.TEXT])[0]
        return files.plain(htmltext.read(text, lambda _: False) if what == "text/html" else text)
    return files.read(file.data, what, recognise=recognise)


def readable(letter: mail.Letter) -> list[int]:
    """The first files that can be read without OCR, by their numbers; not the letter that a delivery report returns."""
    known = (*files.KINDS, *TEXTS, *([LETTER] if letter.kind == "mail" else []))
    return [place for place, file in enumerate(letter.attachments) if kind(file) in known][:OPENED]


def picture(file: mail.Attachment, size: str) -> bytes:
    """JPEG of a picture or of a document's first page; raises PictureError, PdfError. `size` as in pictures.LONGEST."""
    longest = pictures.LONGEST[size]
    if kind(file) != pdf.KIND:
        return pictures.render(file.data, longest)
    with pdf.opened(file.data) as document:
        return pictures.jpeg(pdf.drawn(document, 0, longest))


def page(file: mail.Attachment, number: int) -> bytes:
    """A page to look at, `number` from 1: PNG of a document's, JPEG of a picture; raises PictureError, PdfError."""
    if kind(file) != pdf.KIND:
        return pictures.render(file.data, pictures.LONGEST["view"])
    with pdf.opened(file.data) as document:
        if not 1 <= number <= min(len(document), pdf.PAGES):
            raise pdf.PdfError("damaged", f"there is no page {number}")
        out = io.BytesIO()
        pdf.drawn(document, number - 1, pictures.LONGEST["view"]).save(out, "PNG")
        return out.getvalue()


def enclosed(file: mail.Attachment) -> dict[str, Any]:
    """The letter inside a file, as `Letter.as_dict`, without its HTML."""
    return mail.parse(file.data).as_dict() | {"html": ""}
