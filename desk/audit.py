"""Events: what happened to a ticket, by whom and when, written with the change itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from .models import Event, Ticket


def record(session: Session, ticket: Ticket | None, kind: str, *, actor: str, now: datetime, **detail: Any) -> Event:
    event = Event(ticket_id=ticket.id if ticket else None, at=now, actor=actor, kind=kind, detail=detail)
    session.add(event)
    return event
