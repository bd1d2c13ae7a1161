"""Delivery reports: RFC 3464 parts first, then the plain words of older servers."""

from __future__ import annotations

import re

from . import addresses, headers, limits, words
from .letter import Bounce
from .structure import Part

STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
CODE = re.compile(r"\b([45]\d\d)[ -]")
IDENTIFIER = re.compile(r"^message-id:\s{0,20}(<[^<>\s]{1,900}>)", re.I | re.M)
QMAIL = re.compile(r"^<([^<>\s]{1,320}@[^<>\s]{1,255})>:\s{0,5}\n?(.{0,400})", re.M)
ANY = re.compile(r"<?([^\s<>()\",;:]{1,64}@[^\s<>()\",;:]{1,255})>?")
REPORT = 64 * 1024


def read(part: Part, text: str) -> Bounce:
    """What was not delivered and why; fields that cannot be found are ''."""
    recipient, status, reason = _report(part)
    original = _original(part, text)
    recipient = recipient or _address(part.headers.get("x-failed-recipients"))
    if not recipient or not reason:
        plain_recipient, plain_reason = _plain(text)
        recipient, reason = recipient or plain_recipient, reason or plain_reason
    if not status and (match := STATUS.search(reason) or STATUS.search(text[:REPORT])):
        status = match.group(1)
    if not status and (match := CODE.search(reason)):
        status = f"{match.group(1)[0]}.0.0"
    return Bounce(recipient, status, reason[:500], original)


def _report(part: Part) -> tuple[str, str, str]:
    """Recipient, status and reason of the first recipient that failed."""
    first = ("", "", "")
    for leaf in part.leaves():
        if leaf.type != "message/delivery-status":
            continue
        data = leaf.data()[0][:REPORT].replace(b"\r\n", b"\n")
        for block in data.split(b"\n\n")[:100]:
            fields, _ = headers.read(block.lstrip(b"\n"), 0, len(block.lstrip(b"\n")))
            address = _address(fields.get("final-recipient") or fields.get("original-recipient"))
            found = (address, fields.get("status").split(" ")[0][:20], _reason(fields))
            if address and fields.get("action").strip().lower() == "failed":
                return found
            if address and not first[0]:
                first = found
    return first


def _reason(fields: headers.Headers) -> str:
    value = fields.get("diagnostic-code")
    return words.decode(value.partition(";")[2].strip() or value)


def _address(value: str) -> str:
    value = value.partition(";")[2] or value
    match = ANY.search(words.decode(value[:1000]))
    return match.group(1).lower() if match and addresses.valid(match.group(1)) else ""


def _original(part: Part, text: str) -> str:
    for leaf in part.leaves():
        if leaf.type in ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"):
            fields, _ = headers.read(leaf.data()[0][: limits.HEADER_BLOCK], 0, limits.HEADER_BLOCK)
            if found := headers.identifiers(fields.get("message-id")):
                return found[0]
    match = IDENTIFIER.search(text[:REPORT])
    return match.group(1) if match else ""


def _plain(text: str) -> tuple[str, str]:
    text = text[:REPORT]
    if match := QMAIL.search(text):
        return match.group(1).lower(), words.tidy(match.group(2))
    for line in text.split("\n")[:60]:
        if (match := ANY.search(line)) and addresses.valid(match.group(1)):
            reason = next((words.tidy(row) for row in text.split("\n") if STATUS.search(row) or CODE.search(row)), "")
            return match.group(1).lower(), reason
    return "", ""
