"""Signed and encrypted letters packed into one part (S/MIME, RFC 8551): the letter inside a signature, as its bytes.

Nothing is verified here: a signature that nobody checked proves nothing, but its letter must be readable.
"""

from __future__ import annotations

from collections.abc import Iterator

TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
SIGNED, ENVELOPED, AUTHENTICATED = (
    bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010703"), bytes.fromhex("2a864886f70d0109100117"))
SEQUENCE, IDENTIFIER, OCTETS, CONTENT, CONSTRUCTED = 0x30, 0x06, 0x04, 0xA0, 0x20
PIECES = 100_000
Element = tuple[int, int, int]  # tag, start and end of what it holds


class _Broken(Exception):
    pass


def content(data: bytes) -> bytes:
    """The letter that is signed, b'' when there is none to read."""
    try:
        kind, inner = _content_info(data, 0, len(data))
        if kind != SIGNED or inner is None:
            return b""
        signed = next(_elements(data, *inner[1:]))
        packed = next(element for element in _elements(data, *signed[1:]) if element[0] == SEQUENCE)
        _, inside = _content_info(data, *packed[1:], opened=True)
        return b"".join(_octets(data, *inside[1:])) if inside else b""
    except (_Broken, StopIteration, RuntimeError):
        return b""


def encrypted(data: bytes) -> bool:
    try:
        return _content_info(data, 0, len(data))[0] in (ENVELOPED, AUTHENTICATED)
    except (_Broken, StopIteration):
        return False


def _content_info(data: bytes, start: int, end: int, *, opened: bool = False) -> tuple[bytes, Element | None]:
    """What kind of content, and the element that holds it."""
    if not opened:
        tag, start, end = next(_elements(data, start, end))
        if tag != SEQUENCE:
            raise _Broken
    elements = _elements(data, start, end)
    tag, first, last = next(elements)
    if tag != IDENTIFIER:
        raise _Broken
    held = next((element for element in elements if element[0] == CONTENT), None)
    return data[first:last], held


def _octets(data: bytes, start: int, end: int, depth: int = 0) -> Iterator[bytes]:
    """The bytes of an octet string, which may come in pieces (BER)."""
    for tag, first, last in _elements(data, start, end):
        if tag == OCTETS:
            yield data[first:last]
        elif tag == OCTETS | CONSTRUCTED and depth < 3:
            yield from _octets(data, first, last, depth + 1)


def _elements(data: bytes, start: int, end: int) -> Iterator[Element]:
    """The elements of a stretch, one after another."""
    for _ in range(PIECES):
        if start >= end or data[start:start + 2] == b"\0\0":
            return
        first, length = _head(data, start, end)
        if length < 0:
            last = _end_of(data, first, end)
            yield data[start], first, last
            start = last + 2
        else:
            if first + length > end:
                raise _Broken
            yield data[start], first, first + length
            start = first + length


def _head(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Where an element's content begins and how long it is; -1 when its end is marked instead."""
    if at + 2 > end or data[at] & 0x1F == 0x1F:
        raise _Broken
    short = data[at + 1]
    if short < 0x80:
        return at + 2, short
    count = short & 0x7F
    if count == 0:
        return at + 2, -1
    if count > 8 or at + 2 + count > end:
        raise _Broken
    return at + 2 + count, int.from_bytes(data[at + 2:at + 2 + count], "big")


def _end_of(data: bytes, at: int, end: int) -> int:
    """Where the end mark of content without a length stands."""
    open_ = 1
    for _ in range(PIECES):
        if data[at:at + 2] == b"\0\0":
            open_ -= 1
            if not open_:
                return at
            at += 2
            continue
        first, length = _head(data, at, end)
        open_ += length < 0
        at = first + max(0, length)
    raise _Broken
