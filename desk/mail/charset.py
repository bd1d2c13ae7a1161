"""Bytes to text by evidence: what the bytes can be beats what the mail declares.

Valid UTF-8 first; else the Cyrillic code pages are scored by how Russian the letters look.
"""

from __future__ import annotations

import codecs
import re

ALIASES = {
    "cp-1251": "cp1251", "win-1251": "cp1251", "windows1251": "cp1251", "x-cp1251": "cp1251", "windows-1251": "cp1251",
    "cp1251": "cp1251", "koi8r": "koi8-r", "koi8": "koi8-r", "koi8-r": "koi8-r", "koi8-u": "koi8-u",
    "x-mac-cyrillic": "mac-cyrillic", "utf8": "utf-8", "utf-8": "utf-8", "unicode-1-1-utf-8": "utf-8",
    "cp-866": "cp866", "ibm866": "cp866", "cp866": "cp866", "iso-8859-5": "iso8859-5", "iso8859-5": "iso8859-5",
    "us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "cp1252", "latin1": "cp1252", "windows-1252": "cp1252",
}
# A name from a mail never reaches bytes.decode() unless it is one of these families.
ALLOWED = re.compile(r"(?:iso-?8859-\d{1,2}|windows-12\d\d|cp\d{3,4}|koi8-[rut]|gb2312|gbk|gb18030|big5|euc-(?:jp|kr)|"
                     r"shift_jis|iso-2022-(?:jp|kr)|mac-cyrillic|utf-16(?:le|be)?|utf-32(?:le|be)?)", re.I)
CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5")
# How often a letter stands in Russian text, in thousandths.
FREQUENT = dict(zip("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
                    (110, 85, 80, 74, 67, 63, 55, 47, 45, 44, 35, 32, 30, 28, 26, 20, 19, 17, 17, 16, 16, 14, 12, 10, 9,
                     7, 6, 5, 4, 3, 3, 1, 4), strict=True))
ASCII_RUN = re.compile(rb"[\x00-\x7f]{2,}")
SAMPLE_BYTES = 2048


def decode(data: bytes, declared: str = "") -> tuple[str, bool]:
    """Text of the bytes, and whether the charset had to be guessed. Never raises, never leaves NUL or surrogates."""
    name = _known(declared)
    if name == "utf-16" or name.startswith(("utf-16", "utf-32", "iso-2022")):
        return clean(data.decode(name, "replace")), False
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    if data.isascii():
        return clean(data.decode("ascii")), False
    try:
        return clean(data.decode("utf-8")), name not in ("utf-8", "")
    except UnicodeDecodeError as error:
        if name == "utf-8" and (error.start > max(2, len(data) - 4) or _mostly_utf8(data)):
            return clean(data.decode("utf-8", "replace")), False
    if name and name not in CYRILLIC and name not in ("utf-8", "ascii", "cp1252"):
        return clean(data.decode(name, "replace")), False
    sample = _sample(data)
    best = max(CYRILLIC, key=lambda c: _russian(sample.decode(c, "replace")) + (2 if c == name else 0))
    if name == "cp1252" and _russian(sample.decode(best, "replace")) < 10:
        best = "cp1252"
    return clean(data.decode(best, "replace")), best != name


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
    score, before = 0.0, " "
    for char in text:
        if char.isascii():
            before = char
            continue
        lower = char.lower()
        score += FREQUENT.get(lower, -60) / 20
        if char != lower and before != " " and before.isalpha() and before == before.lower():
            score -= 6
        before = char
    return score / max(1, sum(not c.isascii() for c in text)) * 10
