"""Parameters of Content-Type and Content-Disposition: RFC 2045, 2231, and what mail programs send instead."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from . import charset, limits, words

PARAMETER = re.compile(r'(?:^|[;\s])\s*([^\s=;"*]{1,60})(\*?)(\d{0,3})(\*?)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)')
TYPE = re.compile(r"\s*([a-z0-9!#$&^_.+-]{1,100})\s*/\s*([a-z0-9!#$&^_.+-]{1,100})", re.I)


def content_type(value: str, default: str = "text/plain") -> str:
    """`type/subtype` in lower case; `default` when the header says nothing readable."""
    match = TYPE.match(value)
    return f"{match.group(1)}/{match.group(2)}".lower() if match else default


def disposition(value: str) -> str:
    """`attachment`, `inline` or another word in lower case, '' when the header only holds parameters."""
    word = re.split(r"[;\s]", value.strip(), maxsplit=1)[0].lower()
    return "" if "=" in word else word.strip('"')


def read(value: str, hint: str = "") -> tuple[dict[str, str], bool]:
    """Parameters by lower-case name, decoded, and whether there were too many.

    An extended value (`name*=`, `name*0*=`) beats a plain one of the same name, the first of two wins.
    """
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    count = 0
    for match in PARAMETER.finditer(value):
        count += 1
        if count > limits.PARAMETERS:
            break
        name, star, number, encoded, raw = match.groups()
        name, text = name.lower(), _unquoted(raw)
        if not star:
            plain.setdefault(name + number, _value(name, text, hint))
        else:
            extended = bool(encoded) or not number
            pieces.setdefault(name, {}).setdefault(int(number or 0), (extended, text))
    return plain | {name: _joined(parts) for name, parts in pieces.items()}, count > limits.PARAMETERS


def _value(name: str, text: str, hint: str) -> str:
    if name == "boundary":
        return text
    if name == "charset":
        return re.sub(r"\(.*|\s.*", "", text)
    return words.decode_line(text, hint)


def _unquoted(raw: str) -> str:
    raw = raw.strip()
    if not raw.startswith('"'):
        return raw
    # A backslash before anything but a quote or itself is a Windows path, not an escape.
    return re.sub(r'\\(["\\])', r"\1", raw[1:-1] if len(raw) > 1 and raw.endswith('"') else raw[1:])


def _joined(parts: dict[int, tuple[bool, str]]) -> str:
    """Pieces are joined before the percent signs are undone: some programs cut between `%D0` and `%98`, or inside."""
    ordered = [parts[number] for number in sorted(parts)]
    name = ""
    if ordered[0][0] and ordered[0][1].count("'") >= 2:
        name, _, rest = ordered[0][1].split("'", 2)
        ordered[0] = (True, rest)
    data, run = b"", ""
    for extended, text in ordered:
        if extended:
            run += text
            continue
        data += unquote_to_bytes(run.encode("latin-1", "replace")) + text.encode("latin-1", "replace")
        run = ""
    data += unquote_to_bytes(run.encode("latin-1", "replace"))
    text = words.line(charset.decode(data, name)[0])
    return words.decode_line(text) if "=?" in text and text.isascii() else text
