"""PDF pages as text and as pictures, within limits. Scripts, forms and links in them are never run or followed.

Only in a limited process: the bytes are a stranger's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
import pypdfium2.raw
from PIL import Image

KIND = "application/pdf"
PAGES = 200  # as many can be looked at
SCALE = 3  # at most: 216 dots an inch


class PdfError(Exception):
    """The document cannot be opened. `reason`: encrypted or damaged."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason


@contextmanager
def opened(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """The document, closed at the end of the block; raises PdfError."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        reason = "encrypted" if getattr(error, "err_code", 0) == pypdfium2.raw.FPDF_ERR_PASSWORD else "damaged"
        raise PdfError(reason, str(error)) from None
    try:
        yield document
    finally:
        document.close()


def text(document: pypdfium2.PdfDocument, number: int) -> str:
    """What stands on a page, `number` from 0; '' when it cannot be read."""
    try:
        page = document[number]
        return str(page.get_textpage().get_text_bounded()).replace("\r\n", "\n").replace("\x00", "")
    except (pypdfium2.PdfiumError, ValueError, MemoryError):
        return ""


def drawn(document: pypdfium2.PdfDocument, number: int, longest: int, *, grey: bool = False) -> Image.Image:
    """A page as a picture, `number` from 0, at most `longest` pixels wide and high; raises PdfError."""
    try:
        page = document[number]
        scale = min(longest / max(page.get_size()), SCALE)
        picture: Image.Image = page.render(scale=scale, grayscale=grey, may_draw_forms=False).to_pil()
    except (pypdfium2.PdfiumError, ValueError, ZeroDivisionError, OverflowError, MemoryError, IndexError) as error:
        raise PdfError("damaged", f"page {number + 1}: {type(error).__name__}: {error}") from error
    return picture.convert("L" if grey else "RGB")
