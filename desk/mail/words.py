"""Header text: RFC 2047 encoded words and raw 8-bit bytes, decoded by evidence."""

from __future__ import annotations

import base64
import binascii
import re

from . import charset, limits

WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?((?:(?!=\?(?!=)|\?=).){0,4000})(?:\?=|\??$)", re.S)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
BIDI = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
SPACES = re.compile(r"\s+")


def decode(value: str, hint: str = "") -> str:
    """A latin-1 header value as one line of text. `hint`: the charset that raw 8-bit bytes probably have."""
    return tidy(decode_line(value, hint))


def decode_line(value: str, hint: str = "") -> str:
    """The same with every space as it was written: for subjects and file names."""
    value = value[: limits.HEADER_DECODED]
    if "=?" not in value:
        return line(_plain(value, hint))
    out: list[str] = []
    run, run_charset, at = b"", "", 0
    for match in WORD.finditer(value):
        between = value[at:match.start()]
        name, data = match.group(1).split("*")[0], _bytes(match.group(2), match.group(3))
        if run and (between.strip() or name.lower() != run_charset.lower()):
            out.append(charset.decode(run, run_charset)[0])
            run = b""
        if between.strip() or (between and at == 0):
            out.append(_plain(between, hint))
        run, run_charset, at = run + data, name, match.end()
    if run:
        out.append(charset.decode(run, run_charset)[0])
    out.append(_plain(value[at:], hint))
    return line("".join(out))


def line(text: str) -> str:
    """Control characters become one space each run."""
    return CONTROL.sub(" ", text).strip()


def tidy(text: str) -> str:
    """One line: control characters and every run of white space become one space."""
    text = CONTROL.sub(" ", text)
    return SPACES.sub(" ", text).strip()


def visible(text: str) -> str:
    """Without the invisible characters that turn or hide text (RTL override, zero width)."""
    return BIDI.sub("", text)


def _plain(text: str, hint: str) -> str:
    return charset.clean(text) if text.isascii() else charset.decode(text.encode("latin-1", "replace"), hint)[0]


def _bytes(kind: str, body: str) -> bytes:
    data = body.encode("latin-1", "replace")
    if kind in "qQ":
        return binascii.a2b_qp(data.replace(b"_", b" "), header=False)
    data = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    if len(data) % 4 == 1:
        data = data[:-1]
    return base64.b64decode(data + b"=" * (-len(data) % 4))
