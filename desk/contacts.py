"""Contacts of the directory as they stand today: config/directory.toml, and over it what people found when they looked.

Where sources disagree, both stay and both are shown; a look at one of them changes nothing of the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from . import audit
from .directory import STATUSES, Body, Contact
from .models import ContactCheck, User


class ContactError(Exception):
    """A look cannot be recorded; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Disagreement:
    """Several contacts of one body for the same way that sources dispute."""

    body: str
    channel: str
    contacts: tuple[Contact, ...]


def bodies(session: Session, known: Mapping[str, Body]) -> dict[str, Body]:
    """With the newest look at each contact: its status, source and day."""
    newest = select(func.max(ContactCheck.id)).group_by(ContactCheck.body, ContactCheck.channel, ContactCheck.value)
    looks = {(row.body, row.channel, row.value): row for row in session.scalars(select(ContactCheck).where(
        ContactCheck.id.in_(newest)))}
    return {key: replace(body, contacts=tuple(_seen(c, looks.get((c.body, c.channel, c.value))) for c in body.contacts))
            for key, body in known.items()}


def _seen(contact: Contact, look: ContactCheck | None) -> Contact:
    if look is None or look.checked_on < contact.checked_on:
        return contact
    return replace(contact, status=look.status, source=look.source, checked_on=look.checked_on)


def disagreements(known: Mapping[str, Body]) -> list[Disagreement]:
    out = []
    for body in known.values():
        for channel in dict.fromkeys(c.channel for c in body.contacts):
            disputed = tuple(c for c in body.contacts if c.channel == channel and c.status == "disputed")
            if len(disputed) > 1:
                out.append(Disagreement(body.key, channel, disputed))
    return out


def old(known: Mapping[str, Body], on: date) -> list[Contact]:
    """Those that nobody has looked at for 90 days; dead ones are not asked for."""
    return [c for body in known.values() for c in body.contacts if c.status != "dead" and c.is_old(on)]


def record(session: Session, known: Mapping[str, Body], *, body: str, channel: str, value: str, status: str,
           source: str, on: date, author: User, now: datetime) -> ContactCheck:
    """Somebody looked: where, and what they found. ContactError."""
    there = known[body].contacts if body in known else ()
    if not any((c.channel, c.value) == (channel, value) for c in there):
        raise ContactError("unknown_contact")
    if status not in STATUSES or not source.strip():
        raise ContactError("source_needed")
    row = ContactCheck(body=body, channel=channel, value=value, status=status, source=source.strip()[:500],
                       checked_on=on, author_id=author.id)
    session.add(row)
    session.flush()
    audit.record(session, None, "contact.checked", actor=f"user:{author.id}", now=now, body=body, value=value,
                 status=status)
    return row


def history(session: Session, limit: int = 50) -> list[ContactCheck]:
    return list(session.scalars(select(ContactCheck).order_by(ContactCheck.id.desc()).limit(limit).options(
        joinedload(ContactCheck.author))))
