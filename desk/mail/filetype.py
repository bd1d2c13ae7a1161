"""What a file is: its declared type, unless that says nothing or its first bytes prove it wrong."""

from __future__ import annotations

import re

import puremagic

MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"), (0, b"\xff\xd8\xff", "image/jpeg"), (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"), (0, b"GIF89a", "image/gif"), (8, b"WEBP", "image/webp"),
    (4, b"ftyphei", "image/heic"), (4, b"ftyphev", "image/heic"), (4, b"ftypmif1", "image/heic"),
    (4, b"ftypavif", "image/avif"), (4, b"ftypqt", "video/quicktime"), (4, b"ftyp", "video/mp4"),
    (0, b"II*\x00", "image/tiff"), (0, b"MM\x00*", "image/tiff"), (0, b"Rar!\x1a\x07", "application/x-rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"), (0, b"\x1f\x8b", "application/gzip"),
    (0, b"OggS", "audio/ogg"), (0, b"ID3", "audio/mpeg"), (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (0, b"MZ", "application/x-msdownload"), (0, b"\x7fELF", "application/x-executable"),
    (0, b"{\\rtf", "application/rtf"),
)
OFFICE = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
)
MARKUP = re.compile(rb"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body|script|svg|\?xml)\b", re.I | re.S)
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
UNKNOWN = "application/octet-stream"
GENERIC = frozenset({
    UNKNOWN, "", "application/x-unknown", "application/unknown", "application/binary", "application/x-download",
    "application/force-download", "application/download", "application/octetstream", "application/x-octet-stream",
    "binary/octet-stream", "unknown/unknown", "application/x-msdownload", "application/applefile",
})


def by_magic(data: bytes) -> str:
    """The type of well-known binary files, '' otherwise."""
    head = data[:16]
    for offset, mark, name in MAGIC:
        if head.startswith(mark, offset):
            return name
    if head.startswith(b"PK\x03\x04"):
        start = data[:8192]
        return next((name for mark, name in OFFICE if mark in start), "application/zip")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "application/vnd.ms-excel" if b"W\0o\0r\0k\0b\0o\0o\0k" in data[:65536] else "application/msword"
    return ""


def of(data: bytes, declared: str) -> str:
    """What to take a file for: as declared, unless that says nothing or its first bytes are of another family."""
    declared = declared.lower()
    found = by_magic(data) or _markup(data)
    if declared in GENERIC:
        return found or _unknown(data, declared)
    return found if found and _contradicts(found, declared) else declared


def _markup(data: bytes) -> str:
    match = MARKUP.match(data[:2048])
    if not match:
        return ""
    text = match.group().lower()
    if text.endswith(b"<svg") or b"<svg" in data[:2048].lower():
        return "image/svg+xml"
    return "text/xml" if text.endswith(b"?xml") else "text/html"


def _contradicts(found: str, declared: str) -> bool:
    """A picture's name for a page of HTML, a page's name for a PDF; not: two names of one thing."""
    family = declared.partition("/")[0]
    if family in ("image", "audio", "video"):
        return found.partition("/")[0] != family or found == "image/svg+xml" != declared
    if declared == "application/pdf" or found == "application/pdf":
        return found != declared
    return family in ("text", "message") and not found.startswith("text/")


def _unknown(data: bytes, declared: str) -> str:
    return _unusual(data) if BINARY.search(data[:4096]) else declared or UNKNOWN


def _unusual(data: bytes) -> str:
    try:
        return puremagic.from_string(data[:65536], mime=True) or UNKNOWN
    except (puremagic.PureError, ValueError, IndexError):
        return UNKNOWN
