"""An alert goes out exactly once, late ones as one digest, and none for what has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from desk import alerts, deadlines, tickets
from desk.db import Database
from desk.models import Alert, Outbox, Ticket, User
from desk.settings import Settings
from workers import clock

START = datetime(2026, 5, 12, 9, tzinfo=UTC)


@pytest.fixture
def ticket(database: Database, conf: Settings) -> Ticket:
    with database.write() as session:
        user = User(email="a@desk.example", name="A", created_at=START)
        session.add(user)
        session.flush()
        out = tickets.open_(session, conf, subject="s", person=None, arrived_at=START, historic=True, actor="t", now=START)
        tickets.assign(session, conf, out, user, actor="t", now=START)
        deadlines.start(session, conf, out, "zpp22_money", start_on=START.date(), actor="t", now=START)
        return out


def letters(database: Database) -> list[Outbox]:
    with database.read() as session:
        return list(session.scalars(select(Outbox).order_by(Outbox.id)))


@pytest.mark.usefixtures("ticket")
def test_each_threshold_is_queued_once(database: Database, conf: Settings) -> None:
    with database.read() as session:
        first = session.scalars(select(Alert).order_by(Alert.due_at)).first()
    assert first is not None
    assert clock.queue_alerts(database, conf, first.due_at - timedelta(seconds=1)) == 0
    assert clock.queue_alerts(database, conf, first.due_at) >= 1
    assert clock.queue_alerts(database, conf, first.due_at) == 0
    assert {o.kind for o in letters(database)} <= {"alert", "digest"}


@pytest.mark.usefixtures("ticket")
def test_after_a_stop_the_late_ones_are_one_digest_marked_late(database: Database, conf: Settings) -> None:
    later = START + timedelta(days=40)
    clock.queue_alerts(database, conf, later)
    clock.queue_alerts(database, conf, later + timedelta(hours=1))
    assert len(letters(database)) == 1
    with database.write() as session:
        assert all(a.late for a in session.scalars(select(Alert)))
        assert alerts.settle(session, conf, now=later) == 0  # not sent before the server accepted
        session.execute(update(Outbox).values(state="sent", sent_at=later))
    with database.write() as session:
        alerts.settle(session, conf, now=later)
        states = {a.threshold: a.state for a in session.scalars(select(Alert))}
        assert states.pop("overdue-1") == "pending"
        assert set(states.values()) == {"sent"}


def test_a_met_deadline_alerts_nobody(database: Database, conf: Settings, ticket: Ticket) -> None:
    with database.write() as session:
        row = session.get_one(Ticket, ticket.id)
        deadlines.meet(session, row.deadlines[0], reason="paid", actor="user:1", now=START)
        assert row.next_due_at is None
    assert clock.queue_alerts(database, conf, START + timedelta(days=40)) == 0
