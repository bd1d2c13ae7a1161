"""Events: what happened to a ticket, by whom and when, written with the change itself; and the seals over them.

A seal is a SHA-256 over an event and the seal before it, so that an event that was changed or taken away later is seen.
It is not made with the event, because then no two changes could be committed at once: the clock seals what it finds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .models import Event, Ticket

FIRST = "0" * 64
UNSEALED_FOR_LONG = timedelta(hours=1)


def record(session: Session, ticket: Ticket | None, kind: str, *, actor: str, now: datetime, **detail: Any) -> Event:
    event = Event(ticket_id=ticket.id if ticket else None, at=now, actor=actor, kind=kind, detail=detail)
    session.add(event)
    return event


def seal(session: Session, *, limit: int = 2000) -> int:
    """Seal events that have none yet; their number. Only one process may do it at a time."""
    waiting = list(session.scalars(select(Event).where(Event.seal_number.is_(None)).order_by(Event.id).limit(limit)))
    if not waiting:
        return 0
    number, before = last_seal(session)
    for event in waiting:
        number += 1
        before = event.seal = _seal(event, before)
        event.seal_number = number
    return len(waiting)


def is_unsealed(session: Session) -> bool:
    return session.scalar(select(Event.id).where(Event.seal_number.is_(None)).limit(1)) is not None


def last_seal(session: Session) -> tuple[int, str]:
    """Number and seal of the newest sealed event: written down elsewhere, they prove that none after it is gone."""
    row = session.execute(select(Event.seal_number, Event.seal).where(Event.seal_number.is_not(None)).order_by(
        Event.seal_number.desc()).limit(1)).first()
    return (row.seal_number, row.seal) if row else (0, FIRST)


def faults(session: Session, *, now: datetime) -> Iterator[str]:
    """What does not fit, in words; nothing when every seal holds."""
    number, before = 0, FIRST
    for event in session.scalars(select(Event).where(Event.seal_number.is_not(None)).order_by(
            Event.seal_number).execution_options(yield_per=1000)):
        number, missing = event.seal_number or 0, (event.seal_number or 0) - number - 1
        if missing:
            yield f"{missing} event(s) before event {event.id} were taken away"
        elif event.seal != _seal(event, before):
            yield f"event {event.id} ({event.kind}, {event.at:%Y-%m-%d %H:%M} UTC) or the one before it was changed"
        before = event.seal
    old = session.scalar(select(Event.id).where(
        Event.seal_number.is_(None), Event.at < now - UNSEALED_FOR_LONG).limit(1))
    if old is not None:
        yield f"event {old} has had no seal for more than an hour: is `desk clock` running?"


def _seal(event: Event, before: str) -> str:
    words = json.dumps([before, event.id, event.ticket_id, event.at.isoformat(), event.actor, event.kind, event.detail],
                       ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(words.encode()).hexdigest()
