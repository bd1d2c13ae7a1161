"""A team and a ticket whose money demand runs from 12.05.2026 (Tue) to 22.05.2026 (Fri)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from desk import deadlines, tickets
from desk.db import Database
from desk.models import Deadline, Ticket, User
from desk.settings import Settings

START = datetime(2026, 5, 12, 9, tzinfo=UTC)  # noon in Moscow


@pytest.fixture
def person(database: Database) -> Callable[..., User]:
    def make(name: str, role: str = "advocate") -> User:
        with database.write() as session:
            user = User(email=f"{name.lower()}@desk.example", name=name, role=role, created_at=START)
            session.add(user)
            return user
    return make


@pytest.fixture
def demand(database: Database, conf: Settings) -> Callable[..., Deadline]:
    """A ticket with a money demand, given to somebody or to nobody."""
    def make(assignee: User | None = None, now: datetime = START) -> Deadline:
        with database.write() as session:
            ticket = tickets.open_(session, conf, subject="s", person=None, arrived_at=now, historic=True, actor="t",
                                   now=now)
            if assignee is not None:
                tickets.assign(session, conf, ticket, session.get_one(User, assignee.id), actor="t", now=now)
            return deadlines.start(session, conf, ticket, "zpp22_money", start_on=now.date(), actor="t", now=now)
    return make


@pytest.fixture
def ticket(demand: Callable[..., Deadline], person: Callable[..., User]) -> Ticket:
    return demand(person("Anna")).ticket
