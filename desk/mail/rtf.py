"""Rich Text as letters hold it: Outlook's own, and HTML wrapped into it (MS-OXRTFEX). One pass, bounded.

Read by our own hand: the known readers need quadratic time on hostile text and lose wrapped HTML.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace

from . import charset

SIGNATURE = b"{\\rtf"
SIZE = 2 * 1024 * 1024
DEPTH = 500
TOKEN = re.compile(rb"\\([a-z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)",
                   re.I | re.S)
# Groups that hold no text of the letter.
DESTINATIONS = frozenset((
    b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"fldinst", b"header", b"headerl", b"headerr", b"headerf",
    b"footer", b"footerl", b"footerr", b"footerf", b"listtable", b"listoverridetable", b"rsidtbl", b"generator",
    b"themedata", b"datastore", b"xmlnstbl", b"latentstyles", b"pntext", b"pntxta", b"pntxtb", b"mhtmltag", b"revtbl",
    b"filetbl", b"bkmkstart", b"bkmkend", b"annotation", b"atnid", b"atnauthor", b"xe", b"tc", b"private"))
SIGNS = {b"par": "\n", b"line": "\n", b"sect": "\n\n", b"page": "\n\n", b"row": "\n", b"tab": "\t", b"cell": "\t",
         b"emdash": "—", b"endash": "–", b"bullet": "•", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“",
         b"rdblquote": "”", b"~": "\xa0", b"_": "\u2011", b"\n": "\n", b"\r": "\n"}
CHARSETS = {77: "mac-roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253",
            162: "cp1254", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"}


@dataclass(slots=True)
class _Group:
    hidden: bool = False
    tag: bool = False  # inside a tag of wrapped HTML
    fonts: bool = False  # inside the font table
    font: int = -1
    skipped: int = 1  # signs that follow each \u for readers without Unicode


@dataclass(slots=True)
class _Piece:
    """Text, or bytes in the letter's code page, which is judged from all of them together."""

    text: str = ""
    raw: bytes = b""
    tag: bool = False


@dataclass(slots=True)
class _Reader:
    group: _Group = field(default_factory=_Group)
    stack: list[_Group] = field(default_factory=list)
    out: list[_Piece] = field(default_factory=list)
    bytes: bytearray = field(default_factory=bytearray)  # the piece that is being read
    page: str = ""
    pages: dict[int, str] = field(default_factory=dict)  # of each font
    wrapped: bool = False  # the letter is HTML inside
    plain: bool = False  # between \htmlrtf and \htmlrtf0: only for readers without HTML
    starred: bool = False
    skip: int = 0
    half: int = 0  # the first of two surrogates


def read(data: bytes) -> tuple[str, str]:
    """The text, or the HTML that the letter wraps, of the first 2 MiB; the other is ''."""
    data, reader, at = data[:SIZE], _Reader(), 0
    while at < len(data):
        token = TOKEN.match(data, at)
        at = token.end() if token else at + 1
        if token:
            at += _take(reader, token)
    _flush(reader)
    _decode(reader)
    text = charset.clean("".join(piece.text if piece.tag or not reader.wrapped else html.escape(piece.text, quote=False)
                                 for piece in reader.out))
    return ("", text) if reader.wrapped else (text.strip("\n"), "")


def _take(reader: _Reader, token: re.Match[bytes]) -> int:
    """How many bytes of raw data to pass over behind the token."""
    word, number, code, sign, brace, text = token.groups()
    if word:
        return _word(reader, word.lower(), int(number) if number else None)
    if brace:
        _brace(reader, brace == b"{")
    elif sign == b"*":
        reader.starred = True
    elif code or text or sign in (b"\\", b"{", b"}"):
        _bytes(reader, bytes.fromhex(code.decode()) if code else text or sign)
    elif sign:
        _say(reader, SIGNS.get(sign, ""))
    return 0


def _brace(reader: _Reader, opens: bool) -> None:
    _flush(reader)
    reader.skip, reader.starred = 0, False
    if opens and len(reader.stack) < DEPTH:
        reader.stack.append(replace(reader.group))
    elif not opens and reader.stack:
        reader.group = reader.stack.pop()


def _word(reader: _Reader, word: bytes, number: int | None) -> int:
    starred, reader.starred = reader.starred, False
    if word == b"bin":
        return max(0, number or 0)
    if word == b"u":
        _unicode(reader, number or 0)
    elif word in SIGNS:
        _say(reader, SIGNS[word])
    elif word == b"htmltag" and reader.wrapped:
        _flush(reader)
        reader.group.tag = True
    elif word in DESTINATIONS or (starred and word != b"htmltag"):
        _flush(reader)
        reader.group.hidden = True
    else:
        _setting(reader, word, number)
    return 0


def _setting(reader: _Reader, word: bytes, number: int | None) -> None:
    if word == b"htmlrtf":
        _flush(reader)
        reader.plain = number != 0
    elif word == b"fromhtml":
        reader.wrapped = number != 0
    elif word == b"ansicpg" and number:
        reader.page = f"cp{number}"
    elif word == b"uc":
        reader.group.skipped = min(number or 0, 100)
    elif word == b"fonttbl":
        reader.group.fonts = reader.group.hidden = True
    elif word == b"f":
        _flush(reader)
        reader.group.font = number or 0
    elif word == b"fcharset" and reader.group.fonts and len(reader.pages) < DEPTH:
        reader.pages[reader.group.font] = CHARSETS.get(number or 0, "")


def _unicode(reader: _Reader, number: int) -> None:
    code = number % 0x10000
    if 0xD800 <= code < 0xDC00:
        reader.half = code
    elif 0xDC00 <= code < 0xE000 and reader.half:
        _say(reader, chr(0x10000 + (reader.half - 0xD800) * 0x400 + code - 0xDC00))
    else:
        _say(reader, chr(code))
    reader.skip = reader.group.skipped


def _bytes(reader: _Reader, data: bytes) -> None:
    passed = min(reader.skip, len(data))
    reader.skip -= passed
    if not _silent(reader):
        reader.bytes += data[passed:]


def _say(reader: _Reader, text: str) -> None:
    _flush(reader)
    if not _silent(reader):
        reader.out.append(_Piece(text, tag=reader.group.tag))


def _silent(reader: _Reader) -> bool:
    return reader.group.hidden or (reader.plain and reader.wrapped)


def _flush(reader: _Reader) -> None:
    if not reader.bytes:
        return
    raw, page = bytes(reader.bytes), reader.pages.get(reader.group.font)
    reader.bytes.clear()
    reader.out.append(_Piece(raw.decode(page, "replace"), tag=reader.group.tag) if page else _Piece(
        raw=raw.replace(b"\n", b" "), tag=reader.group.tag))


def _decode(reader: _Reader) -> None:
    pieces = [piece for piece in reader.out if piece.raw]
    text, _ = charset.decode(b"\n".join(piece.raw for piece in pieces), reader.page)
    texts = text.split("\n")
    if len(texts) != len(pieces):  # a page whose letters are of several bytes
        texts = [piece.raw.decode("latin-1") for piece in pieces]
    for piece, text in zip(pieces, texts, strict=True):
        piece.text = text
