"""Tickets as plain values: what `desk tickets --json` prints, one after another, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from .models import Deadline, Fact, Message, Ticket

BATCH = 500


def tickets(session: Session) -> Iterator[dict[str, Any]]:
    """By number; a fixed number of queries for each BATCH of tickets."""
    last = 0
    while batch := session.scalars(select(Ticket).where(Ticket.number > last).order_by(Ticket.number).limit(
            BATCH).options(selectinload(Ticket.consumer), selectinload(Ticket.assignee),
                           selectinload(Ticket.deadlines),
                           selectinload(Ticket.facts).load_only(Fact.kind, Fact.value, Fact.state),
                           selectinload(Ticket.messages).load_only(
                               Message.direction, Message.message_id, Message.sender_address, Message.subject,
                               Message.kind, Message.inbound_id))).all():
        yield from map(_ticket, batch)
        last = batch[-1].number
        session.expunge_all()


def _ticket(ticket: Ticket) -> dict[str, Any]:
    orders = [f.value for f in ticket.facts if f.kind == "order_number" and f.state != "rejected"]
    return {
        "number": ticket.number, "subject": ticket.subject, "stage": ticket.stage, "state": ticket.state,
        "consumer": ticket.consumer.address if ticket.consumer else None,
        "assignee": ticket.assignee.email if ticket.assignee else None, "marketplace": ticket.marketplace or None,
        "order_numbers": list(dict.fromkeys(orders)), "messages": [_message(m) for m in ticket.messages],
        "deadlines": [_deadline(d) for d in ticket.deadlines]}


def _message(message: Message) -> dict[str, Any]:
    return {"direction": message.direction, "message_id": message.message_id, "from": message.sender_address,
            "subject": message.subject, "kind": message.kind, "inbound_id": message.inbound_id}


def _deadline(deadline: Deadline) -> dict[str, Any]:
    return {"rule": deadline.rule, "state": deadline.state, "start_on": deadline.start_on.isoformat(),
            "raw_due": deadline.raw_due.isoformat(), "due": deadline.due.isoformat(),
            "due_at": deadline.due_at.isoformat(), "confirmed": deadline.confirmed}


