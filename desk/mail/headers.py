"""A header block (RFC 5322, 2.2) as name → raw value, read from hostile bytes within fixed limits.

Values stay bytes decoded as latin-1 with folding kept as spaces, so nothing is lost before `words.decode`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import limits

IDENTIFIER = re.compile(r"<\s{0,9}([^<>\s\x00]{1,996})\s{0,9}>")
BARE = re.compile(r"[^<>\s\x00]{1,500}@[^<>\s\x00]{1,490}")
KNOWN = frozenset({"from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "content-type",
                   "content-transfer-encoding", "content-disposition", "auto-submitted", "precedence", "return-path"})
KNOWN_NEXT = re.compile(rb"(?:[^\n]{0,120}\n){0,3}"
                        rb"(?:from|to|subject|date|message-id|mime-version|content-type|received):",
                        re.I)
FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")


@dataclass(slots=True)
class Headers:
    """`pairs`: lower-case names and latin-1 values in the mail's order."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    size: int = 0  # bytes kept
    names: set[str] = field(default_factory=set)

    def get(self, name: str) -> str:
        """The first value, '' when there is none."""
        return next((value for key, value in self.pairs if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]


def read(raw: bytes, start: int, end: int) -> tuple[Headers, int]:
    """The headers that begin at `start`, and where the body begins (at most `end`)."""
    headers = Headers()
    pieces: list[bytes] = []
    name, kept, lines, at = "", 0, 0, start
    while at < end:
        stop = raw.find(b"\n", at, end)
        after = end if stop < 0 else stop + 1
        line = raw[at:min(after, at + limits.HEADER_RAW)].rstrip(b"\r\n")
        lines += 1
        if not line.strip(b"\r") or lines > limits.HEADER_LINES:
            break
        if line[:1] in b" \t":
            if name:
                pieces.append(line)
                kept = _cap(pieces, kept + len(line))
        elif match := FIELD.match(line):
            _add(headers, name, pieces)
            name, pieces = match.group(1).decode("ascii").lower(), [line[match.end():]]
            kept = _cap(pieces, len(line))
        elif not _skipped(raw, line, at, after, start, headers):
            _add(headers, name, pieces)
            headers.warnings.append("no_blank_line")
            return headers, at
        at = after
    _add(headers, name, pieces)
    return headers, _body_start(raw, at, end, lines, headers)


def identifiers(value: str) -> list[str]:
    """Message-IDs of a header with their angle brackets; brackets are added when the header is nothing but bare ids."""
    found = [f"<{inner}>" for inner in IDENTIFIER.findall(value)]
    if found:
        return found
    bare = [word.strip("<>") for word in value.replace(",", " ").split()]
    return [f"<{word}>" for word in bare] if all(BARE.fullmatch(word) for word in bare) else []


def _skipped(raw: bytes, line: bytes, at: int, after: int, start: int, headers: Headers) -> bool:
    """A line that is no header, yet not the body's first: an mbox separator, or rubbish before a known header."""
    if at == start and line.startswith((b"From ", b">From ")):
        return True
    rubbish = KNOWN_NEXT.match(raw, after) is not None
    if rubbish:
        _warn(headers, "bad_header")
    return rubbish


def _body_start(raw: bytes, at: int, end: int, lines: int, headers: Headers) -> int:
    if lines > limits.HEADER_LINES:
        headers.warnings.append("headers_cut")
        found = [raw.find(mark, at, end) + len(mark) for mark in (b"\n\n", b"\r\n\r\n") if raw.find(mark, at, end) >= 0]
        return min(found, default=end)
    stop = raw.find(b"\n", at, end)
    return end if stop < 0 else stop + 1


def _cap(pieces: list[bytes], size: int) -> int:
    """Of a huge header keep the head and the newest tail, so that the last ids of References survive."""
    if size <= 2 * limits.HEADER_RAW:
        return size
    whole = b" ".join(pieces)
    half = limits.HEADER_RAW // 2
    pieces[:] = [whole[:half], whole[-half:]]
    return 2 * half


def _add(headers: Headers, name: str, pieces: list[bytes]) -> None:
    if not name:
        return
    value = b" ".join(piece.strip() for piece in pieces)
    if len(value) > limits.HEADER_RAW:
        half = limits.HEADER_RAW // 2
        value = value[:half] + b" " + value[-half:]
        _warn(headers, "headers_cut")
    if len(headers.pairs) >= limits.HEADERS or headers.size + len(value) > limits.HEADER_BLOCK:
        _warn(headers, "headers_cut")
        if name not in KNOWN or name in headers.names:  # a flood must not hide who wrote
            return
    headers.pairs.append((name, value.decode("latin-1").strip()))
    headers.names.add(name)
    headers.size += len(value)


def _warn(headers: Headers, key: str) -> None:
    if key not in headers.warnings:
        headers.warnings.append(key)
