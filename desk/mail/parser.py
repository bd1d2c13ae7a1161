"""bytes → Letter. Never raises, whatever the bytes; bounded time and memory for mails of up to 50 MiB."""

from __future__ import annotations

import logging
from datetime import datetime

from . import (
    addresses,
    armour,
    authentication,
    body,
    bounce,
    charset,
    dates,
    forwards,
    headers,
    kind,
    limits,
    quotes,
    structure,
    words,
)
from .letter import Address, Attachment, Forwarded, Letter

log = logging.getLogger(__name__)
SINGLE = ("from", "subject", "date", "message-id", "in-reply-to", "references", "reply-to", "to", "cc", "sender")


def parse(raw: bytes) -> Letter:
    """Read a mail as it lies in the mailbox (RFC 5322, MIME).

    Texts come out as valid UTF-8 without NUL; what was cut or guessed is named in `warnings`.
    A mail that defeats the reader comes back with its bytes as text and as one attachment.
    """
    try:
        return _parse(raw)
    except Exception:
        log.exception("a mail of %d bytes was read as plain text", len(raw))
        return _plain(raw)


def _parse(raw: bytes) -> Letter:
    if b"\n" not in raw[:65536] and b"\r" in raw[:65536]:
        raw = raw.replace(b"\r", b"\n")
    warnings: list[str] = []
    part = structure.read(raw, warnings)
    head = part.headers
    warnings.extend(f"two_{name.replace('-', '_')}s" if name in ("subject", "date", "message-id") else f"two_{name}"
                    for name in SINGLE if len(head.all(name)) > 1)
    found = body.read(part, warnings)
    hint = _hint(part)
    subject = words.decode_line(head.get("subject"), hint)[: limits.SUBJECT]
    from_, ambiguous = addresses.sender(head.all("from"), hint)
    what = kind.of(part, from_, subject, found.text)
    if armour.encrypted(found.text):
        warnings.append("encrypted")
    spans = quotes.folds(found.text, subject)
    said = quotes.remaining(found.text, spans)
    files = body.attachments(found, hint)
    return Letter(
        message_id=next(iter(_identifiers(head, "message-id")), ""),
        in_reply_to=next(iter(_identifiers(head, "in-reply-to")), ""),
        references=_references(head), date=_date(head.get("date"), warnings), subject=subject,
        from_=from_, sender_ambiguous=ambiguous, reply_to=_list(head, "reply-to", hint),
        to=_list(head, "to", hint), cc=_list(head, "cc", hint),
        kind=what, auto_submitted=kind.auto_submitted(head),
        bounce=bounce.read(part, found.text) if what == "bounce" else None,
        text=found.text, html=found.html, folds=spans, reply_text=said,
        forwarded=_forwarded(said, subject, files, what), attachments=files, warnings=tuple(warnings),
        checks=authentication.read(head, from_.address.rpartition("@")[2].lower()))


def _hint(part: structure.Part) -> str:
    """The charset of the text, which raw 8-bit headers share."""
    return next((leaf.params["charset"] for leaf in part.leaves() if leaf.params.get("charset")), "")


def _list(head: headers.Headers, name: str, hint: str) -> tuple[Address, ...]:
    return tuple(addresses.read(", ".join(head.all(name)[:20]), hint))


def _identifiers(head: headers.Headers, name: str) -> list[str]:
    """Some programs write long ids as encoded words."""
    value = head.get(name)
    return [charset.clean(i) for i in headers.identifiers(words.decode(value) if "=?" in value else value)]


def _references(head: headers.Headers) -> tuple[str, ...]:
    found = list(dict.fromkeys(_identifiers(head, "references")))
    if len(found) <= limits.REFERENCES_FIRST + limits.REFERENCES_LAST:
        return tuple(found)
    return tuple(found[: limits.REFERENCES_FIRST] + found[-limits.REFERENCES_LAST:])


def _date(value: str, warnings: list[str]) -> datetime | None:
    date = dates.read(value)
    if value and date is None:
        warnings.append("bad_date")
    return date


def _forwarded(text: str, subject: str, files: tuple[Attachment, ...], what: str) -> Forwarded | None:
    """The head of a letter forwarded in the text, or attached as one."""
    if found := forwards.read(text, subject):
        return found
    inner = next((file for file in files if file.content_type == "message/rfc822"), None)
    if inner is None or what != "mail":
        return None
    head, _ = headers.read(inner.data.lstrip(b"\r\n"), 0, min(len(inner.data), limits.HEADER_BLOCK))
    return Forwarded(*(words.decode(head.get(name))[: limits.SUBJECT] for name in ("from", "date", "subject")))


def _plain(raw: bytes) -> Letter:
    """The last resort: the start of the mail as text, the whole of it as a file."""
    text, _ = charset.decode(raw[:65536].replace(b"\r\n", b"\n"))
    leaf = structure.Part(raw, headers.Headers(), "application/octet-stream", {}, "attachment", {}, 0, len(raw),
                          opaque=True)
    nobody = Address("", "")
    return Letter("", "", (), None, "", nobody, True, (), (), (), "mail", "", None, text, "", (), text.strip(), None,
                  body.attachments(body.Body(files=[(leaf, raw)]), ""), ("unreadable",))
