"""A letter of ours as bytes: CRLF only, every header value cleaned, every address checked (RFC 5322)."""

from __future__ import annotations

import email.policy
import email.utils
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage

from . import addresses, charset, limits, words
from .letter import Address

IDENTIFIER = re.compile(r"<[!-;=?-~]{1,900}>")
HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,70}")
OWN = frozenset({
    "from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to", "in-reply-to", "references",
    "mime-version", "content-type", "content-transfer-encoding",
})
LINE_ENDS = re.compile(r"\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f]")
SUBJECT = 300
POLICY = email.policy.SMTP.clone(max_line_length=78)


def compose(*, message_id: str, from_: Address, to: Sequence[Address], subject: str, text: str, date: datetime,
            reply_to: str = "", in_reply_to: str = "", references: Sequence[str] = (),
            headers: Mapping[str, str] | None = None,
            attachments: Sequence[tuple[str, str, bytes]] = ()) -> bytes:
    """The exact bytes to send. `attachments`: (file name, content type, bytes).

    Raises ValueError for an address or Message-ID that is not one plain word, and for a header that is not ours
    to set. Foreign ids in `references` that are malformed are left out.
    """
    message = EmailMessage(policy=POLICY)
    message["From"] = _mailbox(from_)
    message["To"] = [_mailbox(address) for address in to]
    message["Subject"] = _line(subject)[:SUBJECT]
    message["Date"] = email.utils.format_datetime(date)
    if reply_to:
        message["Reply-To"] = _mailbox(Address("", reply_to))
    for name, value in (headers or {}).items():
        if not HEADER.fullmatch(name) or name.lower() in OWN:
            raise ValueError(f"not a header to set: {name[:80]!r}")
        message[name] = _line(value)
    body = CONTROL.sub(" ", LINE_ENDS.sub("\n", charset.clean(text)))
    message.set_content(body, cte="7bit" if _short_ascii(body) else "base64")
    for name, kind, data in attachments:
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main or "application", subtype=sub or "octet-stream",
                               filename=_line(name) or "attachment")
    return _threading(message_id, in_reply_to, references).encode("ascii") + message.as_bytes()


def _threading(message_id: str, in_reply_to: str, references: Sequence[str]) -> str:
    """Written by hand: the standard library turns ids longer than a line into encoded words, which thread nothing."""
    if not IDENTIFIER.fullmatch(message_id):
        raise ValueError(f"not a Message-ID: {message_id[:80]!r}")
    lines = [f"Message-ID: {message_id}"]
    if IDENTIFIER.fullmatch(in_reply_to):
        lines.append(f"In-Reply-To: {in_reply_to}")
    if known := [identifier for identifier in references if IDENTIFIER.fullmatch(identifier)]:
        first, last = limits.REFERENCES_FIRST, limits.REFERENCES_LAST
        lines.append("References: " + "\r\n ".join(
            known if len(known) <= first + last else known[:first] + known[-last:]))
    return "\r\n".join(lines) + "\r\n"


def _mailbox(address: Address) -> Mailbox:
    if not addresses.valid(address.address) or not address.address.isascii():
        raise ValueError(f"not an address to send to: {address.address[:80]!r}")
    return Mailbox(display_name=words.visible(_line(address.name))[:200], addr_spec=address.address)


def _line(value: str) -> str:
    """One line without control characters, and without encoded words, which EmailMessage would decode into them."""
    return words.tidy(charset.clean(value)).replace("=?", "= ?")


def _short_ascii(body: str) -> bool:
    return body.isascii() and all(len(line) <= 900 for line in body.split("\n"))
