"""How far the sender of a letter can be believed: what the mail server checked, and what looks made to deceive."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from . import mail, reading
from .settings import Settings


def judged(conf: Settings, mailbox: str, letter: mail.Letter) -> dict[str, Any]:
    """The fields of `mail.Trust`, and `doubts`: [{"kind", "of", "domain"}, …] about the sender and a forward's writer.

    Kinds: `looks_like` (of: the genuine domain), `mixed_letters`.
    """
    ours = next((box.authserv_id for box in conf.mailbox if box.name == mailbox), "")
    shown = [letter.from_.address, letter.forwarded.from_ if letter.forwarded else ""]
    domains = dict.fromkeys(address.rpartition("@")[2].strip("<>[]() ").lower() for address in shown if "@" in address)
    return asdict(mail.trust(letter.checks, ours)) | {
        "doubts": [doubt for domain in domains if (doubt := _doubt(domain))]}


def _doubt(domain: str) -> dict[str, str] | None:
    if genuine := mail.looks_like(domain, reading.known_formats().domains):
        return {"kind": "looks_like", "of": genuine, "domain": domain}
    return {"kind": "mixed_letters", "of": "", "domain": domain} if mail.mixed(domain) else None
