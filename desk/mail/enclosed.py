"""Files written into the text itself: uuencode and yEnc, as mail did before MIME."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

UU = re.compile(r"^begin [0-7]{3,4} (\S[^\n]{0,300})\n((?:[!-`][^\n]{0,90}\n){0,200000}?)[ `]?\n?end[ \t]*$", re.M)
YENC = re.compile(r"^=ybegin [^\n]{0,200}?name=([^\n]{1,300})\n(?:=ypart[^\n]*\n)?(.*?)^=yend[^\n]*$", re.M | re.S)
BLOCKS = 50


@dataclass(slots=True)
class File:
    name: str
    data: bytes


def read(text: str) -> tuple[str, list[File]]:
    """The text without the blocks, and the files in them; a block that cannot be read stays text.

    `text` has latin-1 characters for its bytes, and line ends of one character.
    """
    files: list[File] = []

    def uu(match: re.Match[str]) -> str:
        return _taken(files, match, _uudecoded(match.group(2)))

    def yenc(match: re.Match[str]) -> str:
        return _taken(files, match, _ydecoded(match.group(2)))

    if "\nend" in text and "begin " in text:
        text = UU.sub(uu, text, count=BLOCKS)
    if "=yend" in text and 0 < text.count("=ybegin ") <= BLOCKS:
        text = YENC.sub(yenc, text, count=BLOCKS)
    return text, files


def _taken(files: list[File], match: re.Match[str], data: bytes | None) -> str:
    if data is None:
        return match.group()
    files.append(File(match.group(1).strip(), data))
    return ""


def _uudecoded(body: str) -> bytes | None:
    try:
        return b"".join(binascii.a2b_uu(line.encode("latin-1", "replace")) for line in body.split("\n") if line)
    except binascii.Error:
        return None


def _ydecoded(body: str) -> bytes:
    data = body.replace("\n", "").encode("latin-1", "replace")
    plain = re.sub(rb"=(.)", lambda match: bytes([(match.group(1)[0] - 64) % 256]), data, flags=re.S)
    return bytes((byte - 42) % 256 for byte in plain)
