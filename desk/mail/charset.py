"""Bytes to text by evidence: what the bytes can be beats what the mail declares.

Valid UTF-8 first; else the Cyrillic code pages are scored by how Russian the letters look.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter

ALIASES = {
    "cp-1251": "cp1251", "win-1251": "cp1251", "windows1251": "cp1251", "x-cp1251": "cp1251", "windows-1251": "cp1251",
    "cp1251": "cp1251", "win1251": "cp1251", "ansi1251": "cp1251", "koi8r": "koi8-r", "koi8": "koi8-r",
    "x-koi8-r": "koi8-r", "koi8-r": "koi8-r", "koi8-u": "koi8-u", "koi8u": "koi8-u", "x-mac-cyrillic": "mac-cyrillic",
    "utf8": "utf-8", "utf-8": "utf-8", "utf8mb4": "utf-8", "unicode-1-1-utf-8": "utf-8", "utf-8-sig": "utf-8",
    "cp-866": "cp866", "ibm866": "cp866", "cp866": "cp866", "dos-866": "cp866", "iso-8859-5": "iso8859-5",
    "iso8859-5": "iso8859-5", "us-ascii": "ascii", "ascii": "ascii", "ansi-x3.4-1968": "ascii", "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "windows-1252": "cp1252", "cp1252": "cp1252",
    "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8", "macintosh": "mac-roman", "x-mac-roman": "mac-roman",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "gb-2312": "gb18030", "cp936": "gb18030",
    "windows-936": "gb18030", "gb18030": "gb18030", "hz-gb-2312": "hz", "big5": "cp950", "big-5": "cp950",
    "x-big5": "cp950", "shift-jis": "cp932", "x-sjis": "cp932", "sjis": "cp932", "ms-kanji": "cp932",
    "windows-31j": "cp932", "cp932": "cp932", "x-euc-jp": "euc-jp", "euc-kr": "cp949", "ks-c-5601-1987": "cp949",
    "ksc5601": "cp949", "windows-949": "cp949", "cp949": "cp949", "utf-7": "utf-7", "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7", "unicode": "utf-16", "ucs-2": "utf-16", "iso-10646-ucs-2": "utf-16-be",
    "windows-874": "cp874", "tis-620": "tis-620",
}
# A name from a mail never reaches bytes.decode() unless it is one of these families.
ALLOWED = re.compile(r"(?:iso-?8859-\d{1,2}|windows-12\d\d|cp\d{3,4}|ibm\d{3,4}|koi8-[rut]|big5-?hkscs|euc-jp|johab|"
                     r"iso-2022-(?:jp|kr)(?:-\w{1,4})?|mac-(?:cyrillic|roman|latin2|greek|turkish)|"
                     r"utf-16(?:-?[lb]e)?|utf-32(?:-?[lb]e)?)", re.I)
STATEFUL = ("utf-16", "utf-32", "utf-7", "iso2022", "iso-2022", "hz")
# Two-byte text of these can be valid UTF-8 by chance.
ASIAN = frozenset({"gb18030", "cp950", "cp932", "euc-jp", "cp949", "big5hkscs", "johab"})
GUESSED_ASIAN = (("cp932", "\u3040", "\u30ff"), ("euc-jp", "\u3040", "\u30ff"), ("cp949", "\uac00", "\ud7a3"),
                 ("gb18030", "\u4e00", "\u9fff"), ("cp950", "\u4e00", "\u9fff"))
CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5")
# How often a letter stands in Russian text, in thousandths.
FREQUENT = dict(zip("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
                    (110, 85, 80, 74, 67, 63, 55, 47, 45, 44, 35, 32, 30, 28, 26, 20, 19, 17, 17, 16, 16, 14, 12, 10, 9,
                     7, 6, 5, 4, 3, 3, 1, 4), strict=True))
JIS = re.compile(rb"\x1b\$[B@]([!-~]*)(?:\x1b\([BJ])?")
ASCII = re.compile(r"[\x00-\x7f]+")
FLIP = re.compile(r"(?<=[a-zа-яѐ-џґ])[А-ЯЀ-ЏҐ]")
ASCII_RUN = re.compile(rb"[\x00-\x7f]{2,}")
SAMPLE_BYTES = 768
FOREIGN_WORD = re.compile(rb"(?<![A-Za-z\x80-\xff])[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")  # begins at a word: linear
FOREIGN_RUN = re.compile(rb"[\x80-\xff]{3}")


def decode(data: bytes, declared: str = "") -> tuple[str, bool]:
    """Text of the bytes, and whether the charset had to be guessed. Never raises, never leaves NUL or surrogates."""
    name = _known(declared)
    if name.startswith(STATEFUL):
        return _stateful(data, name)
    data = data.removeprefix(codecs.BOM_UTF8)
    if data.isascii():
        text = _strict(data, "iso2022_jp_2") if b"\x1b$" in data else ""
        return clean(text or data.decode("ascii")), bool(text)
    return _eight_bit(data, name)


def _eight_bit(data: bytes, name: str) -> tuple[str, bool]:
    if name in ASIAN and (text := _strict(data, name)) and not _surely_utf8(data):
        return clean(text), False
    try:
        return clean(data.decode("utf-8")), name not in ("utf-8", "")
    except UnicodeDecodeError as error:
        if name == "utf-8" and (error.start > max(2, len(data) - 4) or _mostly_utf8(data)):
            return clean(data.decode("utf-8", "replace")), False
    if name and name not in CYRILLIC and name not in ("utf-8", "ascii", "cp1252"):
        return clean(data.decode(name, "replace")), False
    return _guessed(data, name)


def _stateful(data: bytes, name: str) -> tuple[str, bool]:
    """Charsets whose bytes mean nothing by themselves; a lie about them shows as broken text."""
    if name == "utf-16" and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16-be" if data[:1] == b"\x00" else "utf-16-le"
    if name in ("iso-2022-jp", "iso2022_jp"):
        if not data.isascii():
            return decode(data)
        text = _strict(data, "iso2022_jp") or _strict(data, "iso2022_jp_3")
        text = text or JIS.sub(_wide, data).decode("euc_jis_2004", "replace")
    else:
        text = data.decode(name, "replace")
    if name.startswith(("utf-16", "utf-32")) and text.count("\ufffd") * 4 > len(text):
        return decode(data)
    return clean(text.lstrip("\ufeff")), False


def _wide(match: re.Match[bytes]) -> bytes:
    """A run of two-byte JIS as EUC, where also a vendor's extra rows have their place."""
    return bytes(byte | 0x80 for byte in match.group(1))


def _strict(data: bytes, name: str) -> str:
    """The text, or '' when the bytes are not of this charset."""
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return ""


def _surely_utf8(data: bytes) -> bool:
    """UTF-8 beyond chance: three-byte letters, or many letters in all."""
    text = _strict(data, "utf-8")
    foreign = [c for c in text[:4096] if c > "\x7f"]
    return any(c > "\u07ff" for c in foreign) or len(foreign) > 8


def _guessed(data: bytes, name: str) -> tuple[str, bool]:
    """Eight-bit text that is not UTF-8: Russian, else Western, else Asian, by how it looks."""
    sample = _sample(data)
    scores = {page: _russian(sample.decode(page, "replace")) + (2 if page == name else 0) for page in CYRILLIC}
    best = max(CYRILLIC, key=lambda page: scores[page])
    if name not in CYRILLIC:
        if (name == "cp1252" and scores[best] < 10) or _western(data[: 1 << 16]):
            best = "cp1252"
        elif scores[best] < 12 and name != "cp1252":
            best = _asian(data[: 1 << 16]) or best
    return clean(data.decode(best, "replace")), best != name


def _western(data: bytes) -> bool:
    """Accented letters stand inside words of ASCII letters; Cyrillic words are foreign from end to end."""
    runs: dict[bool, int] = {True: 0, False: 0}
    for word in FOREIGN_WORD.findall(data):
        high = sum(byte > 0x7f for byte in word)
        runs[high < len(word) and not FOREIGN_RUN.search(word)] += high
    return runs[True] > runs[False]


def _asian(data: bytes) -> str:
    """The page in which nearly every foreign letter is a common one; '' when none is."""
    for page, first, last in GUESSED_ASIAN:
        foreign = [c for c in _strict(data, page) if c > "\x7f" and c.isalnum()]
        if len(foreign) > 1 and sum(first <= c <= last for c in foreign) * 10 > len(foreign) * 9:
            return page
    return ""


def clean(text: str) -> str:
    """No NUL, no lone surrogate: fit for every database and for JSON."""
    text = text.replace("\x00", "\ufffd")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _known(declared: str) -> str:
    name = declared.strip().strip("\"'").lower().replace("_", "-")[:40]
    name = ALIASES.get(name, name)
    if name in ALIASES.values():
        return name
    if not ALLOWED.fullmatch(name):
        return ""
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""


def _sample(data: bytes) -> bytes:
    """The first foreign letters: an HTML mail may begin with pages of ASCII."""
    return ASCII_RUN.sub(b"  ", data[:1 << 18])[:SAMPLE_BYTES]


def _mostly_utf8(data: bytes) -> bool:
    """A few broken bytes in long UTF-8 do not make it another charset."""
    text = _sample(data).decode("utf-8", "replace")
    foreign = sum(c > "\x7f" for c in text)  # Cyrillic code pages turn nearly all of it into U+FFFD
    return foreign > 0 and text.count("\ufffd") * 2 <= foreign


def _russian(text: str) -> float:
    """Score of a text as Russian: frequent letters count up, case flips inside words and odd signs down."""
    foreign = ASCII.sub("", text)
    counts = Counter(foreign.lower())
    score = sum(FREQUENT.get(char, -60) * count for char, count in counts.items()) / 20
    return (score - 6 * len(FLIP.findall(text))) / max(1, len(foreign)) * 10
