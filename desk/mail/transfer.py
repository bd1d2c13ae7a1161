"""Content-Transfer-Encoding undone as far as the bytes allow (RFC 2045, 6)."""

from __future__ import annotations

import binascii
import re

NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
MAX_PIECES = 10_000
LEADING = re.compile(rb"(?:[A-Za-z0-9+/]{20,76}={0,2}[ \t]*\r?\n)+(?:[A-Za-z0-9+/]{2,76}={1,2}[ \t]*\r?\n)?")
CHUNK = re.compile(rb"[A-Za-z0-9+/]+")


def decode(data: bytes, encoding: str) -> tuple[bytes, str]:
    """The decoded bytes and a warning key ('' when all was well). Unknown encodings leave the bytes as they are."""
    encoding = encoding.split(";")[0].split("(")[0].strip().lower()
    if encoding in ("base64", "base-64", "x-base64"):
        return _base64(data)
    if encoding.replace("-", "").replace("_", "") == "quotedprintable":
        return binascii.a2b_qp(data), ""
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uuencoded(data)
    return data, ""


def _base64(data: bytes) -> tuple[bytes, str]:
    inner = data.strip(b"=\r\n \t")
    if b"=" not in inner and b" " not in inner[:4096]:
        try:
            return binascii.a2b_base64(data), ""
        except binascii.Error:
            pass
    if b" " in inner and _is_prose(inner):
        start = LEADING.match(data)
        first = data[:start.end()] if start else b""
        return (_base64(first)[0] if first else b"") + data[len(first):], "not_base64"
    # Broken padding, or several padded pieces after one another: take each run for itself.
    if data.count(b"=") > MAX_PIECES:
        data = data.replace(b"=", b"")
    out = b"".join(_run(chunk) for chunk in CHUNK.findall(NOT_BASE64.sub(b"", data)))
    return out, "bad_base64"


def _is_prose(data: bytes) -> bool:
    """Plain words that are only declared as base64: many signs that base64 never has."""
    sample = data[:2048].translate(None, b"\r\n\t")
    return len(NOT_BASE64.sub(b"", sample)) * 100 < len(sample) * 92


def _run(chunk: bytes) -> bytes:
    if len(chunk) % 4 == 1:
        chunk = chunk[:-1]
    return binascii.a2b_base64(chunk + b"=" * (-len(chunk) % 4))


def _uuencoded(data: bytes) -> tuple[bytes, str]:
    out: list[bytes] = []
    warning = ""
    lines = iter(data.splitlines())
    for line in lines:
        if line.startswith(b"begin "):
            break
    for line in lines:
        if line.strip() in (b"end", b"`"):
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            warning = "bad_uuencode"
    return (b"".join(out), warning) if out else (data, "bad_uuencode")
