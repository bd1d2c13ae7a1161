"""Text of office documents: Word, Excel, OpenDocument. Only their XML is read, so much of it and no more."""

from __future__ import annotations

import html
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
XML = 4 << 20  # bytes of one part of a document, unpacked
SHEETS = 10
CELLS = 20_000
TAG = re.compile(r"<[^<>]{0,5000}>")
CELL = re.compile(r"<c\b([^<>]{0,500})>(.{0,20000}?)</c>", re.S)
VALUE = re.compile(r"<(?:v|t)\b[^<>]{0,200}>([^<>]{0,20000})</(?:v|t)>")
SHARED = re.compile(r"<si\b[^<>]{0,200}>(.{0,20000}?)</si>", re.S)
ROW = re.compile(r"</row>")
BROKEN = (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError, EOFError, zlib.error, MemoryError)


class OfficeError(Exception):
    """The document cannot be read. `reason`: encrypted or damaged."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason


def read(data: bytes, kind: str) -> str:
    """The text, a paragraph or a row a line, cells apart by tabs; raises OfficeError. `kind` is a key of READERS."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return READERS[kind](archive)
    except RuntimeError as error:  # zipfile's word for a password
        raise OfficeError("encrypted", str(error)) from error
    except BROKEN as error:
        raise OfficeError("damaged", f"{type(error).__name__}: {error}") from error


def _word(archive: zipfile.ZipFile) -> str:
    xml = _part(archive, "word/document.xml")
    return _plain(re.sub(r"</w:p>|<w:br(?: [^<>]{0,100})?/?>", "\n", re.sub(r"<w:tab/>|</w:tc>", "\t", xml)))


def _open_document(archive: zipfile.ZipFile) -> str:
    if b"encryption-data" in _bytes(archive, "META-INF/manifest.xml"):
        raise OfficeError("encrypted", "the parts of this document are encrypted")
    xml = _part(archive, "content.xml")
    xml = xml[max(0, xml.find("<office:body")):]
    cells = re.sub(r"</text:p>\s{0,20}</table:table-cell>", "\t", xml)
    spaced = re.sub(r"<text:tab/>|</table:table-cell>", "\t", re.sub(r"<text:s(?: [^<>]{0,100})?/>", " ", cells))
    return _plain(re.sub(r"</text:[ph]>|<text:line-break/>|</table:table-row>", "\n", spaced))


def _excel(archive: zipfile.ZipFile) -> str:
    words = []
    if "xl/sharedStrings.xml" in archive.namelist():
        words = [_plain("".join(VALUE.findall(found[1])))
                 for found in SHARED.finditer(_part(archive, "xl/sharedStrings.xml"))]
    sheets = sorted(name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/[^/]{1,60}\.xml", name))
    return "\n\n".join("\n".join(_rows(_part(archive, name), words)) for name in sheets[:SHEETS])


def _rows(xml: str, words: list[str]) -> Iterator[str]:
    left = CELLS
    for row in ROW.split(xml):
        cells = [_cell(found[1], found[2], words) for found in CELL.finditer(row)]
        left -= len(cells)
        if left < 0:
            return
        if any(cells):
            yield "\t".join(cells).rstrip()


def _cell(attributes: str, inner: str, words: list[str]) -> str:
    value = html.unescape("".join(VALUE.findall(inner)))
    if 't="s"' not in attributes:
        return value
    return words[int(value)] if value.isdigit() and int(value) < len(words) else ""


def _part(archive: zipfile.ZipFile, name: str) -> str:
    return _bytes(archive, name).decode("utf-8", "replace")


def _bytes(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(XML)


def _plain(xml: str) -> str:
    return html.unescape(TAG.sub("", xml)).replace("\x00", "")


READERS: dict[str, Callable[[zipfile.ZipFile], str]] = {
    WORD: _word, EXCEL: _excel, ODT: _open_document, ODS: _open_document}
