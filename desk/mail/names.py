"""File names from a mail: shown and downloaded, never used as a path."""

from __future__ import annotations

import re
import unicodedata

from . import limits, words

FORBIDDEN = re.compile(r'[<>"\x00-\x1f\x7f-\x9f]')
PATH = re.compile(r"^/|\\|\.\.|^[A-Za-z]:|^~|/$|/[^/]*/")
INVISIBLE = {"Cc", "Cf", "Zl", "Zp", "Co", "Cs"}
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.I)
EXTENSIONS = {
    "application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
    "image/heic": "heic", "image/svg+xml": "svg", "image/tiff": "tif", "image/bmp": "bmp", "text/plain": "txt",
    "text/html": "html", "text/calendar": "ics", "text/csv": "csv", "message/rfc822": "eml", "application/zip": "zip",
    "message/delivery-status": "txt", "text/rfc822-headers": "txt", "application/ms-tnef": "dat",
    "application/msword": "doc", "application/vnd.ms-excel": "xls", "application/x-rar": "rar",
    "application/x-7z-compressed": "7z", "video/mp4": "mp4", "audio/mpeg": "mp3", "audio/ogg": "ogg",
    "application/gzip": "gz", "text/xml": "xml", "application/xml": "xml", "application/json": "json",
    "application/rtf": "rtf", "text/rtf": "rtf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


def safe(name: str) -> str:
    """One path component without control and invisible characters; '' when nothing is left."""
    name = words.visible(_component(name))
    name = "".join(c for c in name if unicodedata.category(c) not in INVISIBLE)
    name = unicodedata.normalize("NFC", FORBIDDEN.sub("_", name)).strip().rstrip(". ")
    if not name.strip("._ "):
        return ""
    return _short("_" + name if RESERVED.match(name) else name)


def _component(name: str) -> str:
    """The last part of a path; a slash inside a title ("Akt 12/3.pdf") is only replaced."""
    if PATH.search(name):
        return re.split(r"[/\\]", name)[-1]
    return name.replace("/", "_")


def generated(number: int, content_type: str) -> str:
    """The same mail gives the same name."""
    return f"attachment-{number}.{EXTENSIONS.get(content_type, 'bin')}"


def _short(name: str) -> str:
    if len(name.encode("utf-8")) <= limits.FILE_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > 10:
        stem, dot, ending = name, "", ""
    room = limits.FILE_NAME - len((dot + ending).encode("utf-8"))
    return stem.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip() + dot + ending
