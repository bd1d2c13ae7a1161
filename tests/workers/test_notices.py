"""A clock that is killed while it hands something to a channel: nothing is lost, and a double has the same id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from desk import db, people
from desk.db import Database
from desk.models import Alert, AlertNotice, Deadline, Notice, Ticket
from desk.settings import Settings

from ..alerts.receiver import Receiver
from ..servers import SmtpSink
from . import processes

PEOPLE = 3


@pytest.fixture
def hook() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def conf(conf: Settings, database: Database, smtp_sink: SmtpSink, hook: Receiver) -> Settings:
    """Three people with one due alert each, and a webhook."""
    now = db.now()
    with database.write() as session:
        ticket = Ticket(number=1, subject="s", created_at=now, last_message_at=now)
        deadline = Deadline(
            ticket=ticket, rule="zpp22_money", rule_version="1", start_on=now.date(), start_event="x",
            timezone="Europe/Moscow", raw_due=now.date(), due=now.date(), due_at=now + timedelta(days=30),
            explanation_ru="x", explanation_en="x", created_at=now, created_by="t", watchers="1,2,3")
        for number in range(PEOPLE):
            user = people.create(session, email=f"u{number}@desk.example", name="U", role="admin", actor="t", now=now)
            session.add(Alert(deadline=deadline, threshold="T-1", user_id=user.id, due_at=now))
    return conf.model_copy(update={
        "smtp": conf.smtp.model_copy(update={"port": smtp_sink.port}),
        "alerts": conf.alerts.model_copy(update={"morning_hour": -1}),
        "webhook": conf.webhook.model_copy(update={"url": SecretStr(hook.url), "secret": SecretStr("s" * 32)}),
        "database": conf.database.model_copy(update={"url": SecretStr(database.url.render_as_string(False))})})


@pytest.mark.parametrize(("place", "doubled"), [
    ("clock.queued:2", 0), ("clock.committed", 0), ("notices.claimed:2", 0), ("notices.accepted:2", 1),
    ("notices.recorded:2", 0), ("clock.reported", 0)])
def test_killed_on_the_way_out(database: Database, conf: Settings, hook: Receiver, place: str, doubled: int) -> None:
    assert processes.died(processes.clock_once, conf, place)
    with database.write() as session:
        session.execute(update(Notice).where(Notice.state == "sending").values(lease_until=db.now() - timedelta(hours=1)))
    assert not processes.died(processes.clock_once, conf, "")
    with database.read() as session:
        rows = {n.public_id: n for n in session.scalars(select(Notice))}
        assert len(rows) == len(session.scalars(select(AlertNotice)).all()) == PEOPLE
    arrived = Counter(request.json["id"] for request in hook.requests)
    assert set(arrived) == set(rows)
    assert sum(arrived.values()) == PEOPLE + doubled
    for key, times in arrived.items():
        assert rows[key].state == "sent"
        assert times == 1 or rows[key].doubts == 1
