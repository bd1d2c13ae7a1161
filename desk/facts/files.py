"""Files of a letter as text: PDF pages, Word documents, the codes on pictures and pages. Bounded in pages and pixels.

Slow beside the letter itself, and the bytes are a stranger's: run it only in a limited process.
"""

from __future__ import annotations

import html
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator

import pypdfium2
import zxingcpp
from PIL import Image

PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp")
PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
KINDS = (*PICTURES, PDF, WORD)
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
PIXELS = 20_000_000  # a larger picture is not opened
LONGEST = 2400  # pixels of the longer side in which a code is looked for; a page is drawn as large
SMALLEST = 60  # pixels; no code fits in less
PAGES = 5
TEXT = 128 * 1024  # characters of one file
XML = 4 * 1024 * 1024  # bytes of a Word document's text part
CODES = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


def read(data: bytes, content_type: str) -> str:
    """The text of a file, then its codes, one a line; '' when there is nothing to read or the file is damaged."""
    if content_type in PICTURES:
        return "\n".join(_picture(data))
    if content_type == PDF:
        return _pdf(data)[:TEXT]
    return _word(data)[:TEXT] if content_type == WORD else ""


def _picture(data: bytes) -> list[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > PIXELS or min(image.size) < SMALLEST:
                    return []
                image.draft("L", (LONGEST, LONGEST))  # a JPEG is decoded at a fraction of its size
                grey = image.convert("L")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning,
            zlib.error, MemoryError):
        return []
    grey.thumbnail((LONGEST, LONGEST))
    return _codes(grey)


def _codes(image: Image.Image) -> list[str]:
    try:
        found = zxingcpp.read_barcodes(image, formats=CODES)
    except (ValueError, RuntimeError):
        return []
    return [code.text for code in found if code.text][:10]


def _pdf(data: bytes) -> str:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return ""
    try:
        pages = list(_pages(document))
    finally:
        document.close()
    return "\n".join(pages)


def _pages(document: pypdfium2.PdfDocument) -> Iterator[str]:
    for number in range(min(len(document), PAGES)):
        try:
            page = document[number]
            yield page.get_textpage().get_text_bounded().replace("\r\n", "\n").replace("\x00", "")
            scale = min(LONGEST / max(page.get_size()), 3)
            yield from _codes(page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil())
        except (pypdfium2.PdfiumError, ValueError, ZeroDivisionError, MemoryError):
            continue


def _word(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("word/document.xml") as part:
            xml = part.read(XML).decode("utf-8", "replace")
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        return ""
    lines = re.sub(r"</w:p>|<w:br[ /]", "\n", re.sub(r"<w:tab/>|</w:tc>", "\t", xml))
    return html.unescape(re.sub(r"<[^<>]{0,5000}>", "", lines)).replace("\x00", "")
