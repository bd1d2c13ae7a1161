"""The numbers of «Обзор» are counted the same on both databases: what came, what is kept, who answers, who carries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from desk import deadlines, numbers, people, tickets
from desk.db import Database
from desk.models import Step, Ticket, User
from desk.settings import Settings

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)
PERIOD = numbers.Period(date(2026, 4, 13), date(2026, 5, 12), ZoneInfo("Europe/Moscow"))


@pytest.fixture
def anna(database: Database, conf: Settings) -> User:
    """Five tickets, one of ten days ago a day, by two shops; the third is closed by Anna, who has the fourth."""
    with database.write() as session:
        user = people.create(session, email="anna@desk.example", name="Анна", actor="t", now=NOW)
        people.create(session, email="boris@desk.example", name="Борис", actor="t", now=NOW)
        for n in range(5):
            at = NOW - timedelta(days=2 * n, hours=10)  # 02:00 in Moscow, still the day before in UTC
            ticket = tickets.open_(session, conf, subject=str(n), person=None, marketplace="ozon" if n % 2 else "",
                                   arrived_at=at, actor="t", now=at)
            ticket.topics = ["damaged", "defect"] if n else ["defect"]
            if n in (2, 3):
                tickets.assign(session, conf, ticket, user, actor="t", now=NOW)
            if n in (0, 1, 3):
                session.add(Step(ticket_id=ticket.id, key="claim_marketplace", state="answered" if n else "sent",
                                 sent_on=date(2026, 5, 1), answered_on=date(2026, 5, 1 + n) if n else None,
                                 author_id=user.id, created_at=NOW))
        for n, end in ((1, deadlines.meet), (3, deadlines.miss)):
            ticket = session.get_one(Ticket, n + 1)
            clock = deadlines.start(session, conf, ticket, "zpp22_money", start_on=date(2026, 4, 20), actor="t", now=NOW)
            end(session, clock, reason="t", actor="t", now=NOW)
        tickets.close(session, conf, session.get_one(Ticket, 3), actor="t", now=NOW)
        return user


def test_every_day_counts_what_came_and_what_was_closed(database: Database, anna: User) -> None:
    with database.read() as session:
        days = numbers.flow(session, PERIOD)
    assert len(days) == 30
    assert [(on.day, came, closed) for on, came, closed in days if came or closed] == [
        (4, 1, 0), (6, 1, 0), (8, 1, 0), (10, 1, 0), (12, 1, 1)]


def test_open_tickets_by_stage_topics_and_load(database: Database, anna: User) -> None:
    with database.read() as session:
        assert numbers.by_stage(session)[0] == ("check", 4)
        assert numbers.topics(session, PERIOD) == [("defect", 5), ("damaged", 4)]
        assert numbers.load(session, PERIOD, now=NOW) == [
            numbers.Load("", 3, 1, 0), numbers.Load("Анна", 1, 1, 1), numbers.Load("Борис", 0, 0, 0)]


def test_deadlines_are_kept_by_us_or_by_a_company(database: Database, anna: User) -> None:
    with database.read() as session:
        found = {one.who: (one.met, one.late) for one in numbers.kept(session, PERIOD, now=NOW)}
        assert found == {"": (0, 2), "ozon": (1, 1)}
        later = {one.who: (one.met, one.late) for one in numbers.kept(session, PERIOD, now=NOW + timedelta(days=30))}
    assert later == {"": (0, 4), "ozon": (1, 1)}  # our own promises of a first reply ran out; the closed one's did not


def test_the_median_of_answers_counts_only_those_that_came(database: Database, anna: User) -> None:
    with database.read() as session:
        assert numbers.answers(session, PERIOD) == [
            numbers.Answers("other", 1, 0, None), numbers.Answers("ozon", 2, 2, 2.0)]
