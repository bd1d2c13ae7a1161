"""Content-Transfer-Encoding undone as far as the bytes allow (RFC 2045, 6)."""

from __future__ import annotations

import binascii
import re

NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
MAX_PIECES = 10_000
CHUNK = re.compile(rb"[A-Za-z0-9+/]+")


def decode(data: bytes, encoding: str) -> tuple[bytes, str]:
    """The decoded bytes and a warning key ('' when all was well). Unknown encodings leave the bytes as they are."""
    encoding = encoding.split(";")[0].split("(")[0].strip().lower()
    if encoding == "base64":
        return _base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data), ""
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uuencoded(data)
    return data, ""


def _base64(data: bytes) -> tuple[bytes, str]:
    inner = data.rstrip(b"=\r\n \t")
    if b"=" not in inner:
        try:
            return binascii.a2b_base64(data), ""
        except binascii.Error:
            pass
    # Broken padding, or several padded pieces after one another: take each run for itself.
    if data.count(b"=") > MAX_PIECES:
        data = data.replace(b"=", b"")
    out = b"".join(_run(chunk) for chunk in CHUNK.findall(NOT_BASE64.sub(b"", data)))
    return out, "bad_base64"


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
