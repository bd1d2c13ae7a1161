"""The MIME tree (RFC 2046) as spans of the raw mail: no copies, no recursion into the unknown, outer boundary first.

The standard library's parser needs seconds for many parts and fails on 1000 levels; this walk reads boundaries
with `bytes.find` and stops at fixed depths and counts, keeping the rest as one opaque part.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from . import headers, limits, params, smime, transfer

GUESS = re.compile(rb"^--([^\s]{1,200})[ \t]*\r?\nContent-", re.M | re.I)
MISSES = 20_000  # lines that only look like a boundary, before the search ends
REST = "application/octet-stream"


@dataclass(slots=True)
class Part:
    """One part: its headers, what they say, and where its body lies in the raw mail."""

    raw: bytes
    headers: headers.Headers
    type: str
    params: dict[str, str]
    disposition: str
    disposition_params: dict[str, str]
    start: int
    end: int
    parent: str = ""  # the type of the multipart around it
    children: list[Part] = field(default_factory=list)
    opaque: bool = False  # the rest of a mail that is too deep or has too many parts

    def data(self) -> tuple[bytes, str]:
        """Decoded bytes and a warning key."""
        encoding = "" if self.opaque or self.type.startswith("multipart/") else self.headers.get(
            "content-transfer-encoding")
        return transfer.decode(self.raw[self.start:self.end], encoding)

    def leaves(self) -> Iterator[Part]:
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(slots=True)
class _Walk:
    raw: bytes
    warnings: list[str]
    parts: int = 0
    opened: int = 0  # signed letters inside each other


def read(raw: bytes, warnings: list[str]) -> Part:
    """The tree of a whole mail. Warnings get the keys of what was cut or odd."""
    start = len(raw) - len(raw.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n"))
    return _part(_Walk(raw, warnings), start, len(raw), "", 0)


def _part(walk: _Walk, start: int, end: int, parent: str, depth: int) -> Part:
    found, body = headers.read(walk.raw, start, end)
    default = "message/rfc822" if parent == "multipart/digest" else "text/plain"
    value = found.get("content-type")
    kind = params.content_type(value, default)
    about, many = params.read(value)
    disposition = found.get("content-disposition")
    more, many_more = params.read(disposition)
    part = Part(walk.raw, found, kind, about, params.disposition(disposition), more, body, end, parent)
    _note(walk, found, many or many_more)
    if kind == "multipart/encrypted":
        _warn(walk, "encrypted")
    if kind.startswith("multipart/"):
        _divide(walk, part, depth)
    elif kind in smime.TYPES:
        _open(walk, part, depth)
    return part


def _open(walk: _Walk, part: Part, depth: int) -> None:
    """A letter packed into its signature: the package stays a file, the letter in it is read."""
    data = part.data()[0]
    if smime.encrypted(data):
        _warn(walk, "encrypted")
    inner = smime.content(data) if walk.opened < limits.SIGNED else b""
    if inner:
        walk_in = _Walk(inner, walk.warnings, walk.parts, walk.opened + 1)
        package = replace(part, disposition="attachment", children=[])
        part.children = [package, _part(walk_in, 0, len(inner), part.type, depth + 1)]
        walk.parts, walk.opened = walk_in.parts, walk_in.opened


def _note(walk: _Walk, found: headers.Headers, many: bool) -> None:
    keys = list(found.warnings)
    if many:
        keys.append("parameters_cut")
    if len(found.all("content-type")) > 1:
        keys.append("two_content_types")
    walk.warnings.extend(key for key in keys if key not in walk.warnings)


def _divide(walk: _Walk, part: Part, depth: int) -> None:
    boundary = part.params.get("boundary", "").encode("latin-1", "replace").rstrip()
    spans = _spans(walk.raw, part.start, part.end, boundary) if boundary else iter(())
    first = next(spans, None)
    if first is None and (guess := GUESS.search(walk.raw[part.start:part.start + 16384])):
        spans = _spans(walk.raw, part.start, part.end, guess.group(1))
        first = next(spans, None)
    if first is None:
        _warn(walk, "no_boundary")
        _divide_encoded(walk, part, depth)
        return
    if depth >= limits.DEPTH:
        _warn(walk, "mime_too_deep")
        part.children.append(_rest(walk, part, part.start))
        return
    span: tuple[int, int] | None = first
    while span is not None:
        if walk.parts >= limits.PARTS:
            _warn(walk, "parts_cut")
            part.children.append(_rest(walk, part, span[0]))
            return
        walk.parts += 1
        part.children.append(_part(walk, *span, part.type, depth + 1))
        span = next(spans, None)


def _divide_encoded(walk: _Walk, part: Part, depth: int) -> None:
    """A multipart may not be encoded as a whole (RFC 2045, 6.4); some are."""
    encoding = part.headers.get("content-transfer-encoding")
    data, _ = transfer.decode(walk.raw[part.start:part.end], encoding)
    mark = b"--" + part.params.get("boundary", "").encode("latin-1", "replace")
    if depth < limits.DEPTH and encoding and len(mark) > 2 and mark in data and data != walk.raw[part.start:part.end]:
        inner = _Walk(data, walk.warnings, walk.parts)
        part.raw, part.start, part.end = data, 0, len(data)
        _divide(inner, part, depth + 1)
        walk.parts = inner.parts


def _spans(raw: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each part between lines of `--boundary`; a missing last line is forgiven."""
    mark = b"--" + boundary
    at, begin, misses = start, -1, 0
    while (hit := raw.find(mark, at, end)) >= 0 and misses < MISSES:
        stop = raw.find(b"\n", hit, end)
        stop = end if stop < 0 else stop
        tail = raw[hit + len(mark):min(stop, hit + len(mark) + 100)].strip()
        at = hit + len(mark)
        if (hit != start and raw[hit - 1:hit] != b"\n") or tail not in (b"", b"--"):
            misses += 1
            continue
        if begin >= 0:
            yield begin, _before_line_end(raw, begin, hit)
        begin, at = min(stop + 1, end), max(stop, at)
        if tail == b"--":
            begin = -1  # parts after the closing line are read all the same: nobody may hide one there
    if begin >= 0:
        yield begin, end


def _before_line_end(raw: bytes, begin: int, hit: int) -> int:
    """The line end in front of a boundary belongs to the boundary."""
    if hit > begin and raw[hit - 1:hit] == b"\n":
        hit -= 1
    if hit > begin and raw[hit - 1:hit] == b"\r":
        hit -= 1
    return hit


def _rest(walk: _Walk, part: Part, start: int) -> Part:
    return Part(walk.raw, headers.Headers(), REST, {}, "attachment", {}, start, part.end, part.type, opaque=True)


def _warn(walk: _Walk, key: str) -> None:
    if key not in walk.warnings:
        walk.warnings.append(key)
