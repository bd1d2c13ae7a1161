"""The letter about the day, the daily canary, long pauses, the ping outside: each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from desk import alerts, deadlines, people, tickets
from desk.db import Database
from desk.models import Deadline, Outbox, Ticket, User
from desk.settings import Settings
from workers import clock, sending

from ..servers import SmtpSink
from .conftest import START
from .receiver import Receiver
from .test_alerts import letters, moscow

People = Callable[..., User]
Demands = Callable[..., Deadline]


@pytest.fixture
def conf(conf: Settings, smtp_sink: SmtpSink) -> Settings:
    return conf.model_copy(update={
        "smtp": conf.smtp.model_copy(update={"port": smtp_sink.port}),
        "alerts": conf.alerts.model_copy(update={"escalate_hours": 400, "duty_address": "", "morning_hour": 9})})


def of_kind(database: Database, kind: str) -> list[Outbox]:
    with database.read() as session:
        return list(session.scalars(select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id)))


# --- the day ---------------------------------------------------------------------------------------


def test_the_morning_tells_each_person_once_of_overdue_today_this_week_and_unanswered(
        database: Database, conf: Settings, demand: Demands, person: People, smtp_sink: SmtpSink) -> None:
    anna, boris = person("Anna"), person("Boris")
    late, today, week, far = (demand(anna, now=START + timedelta(days=d)) for d in (0, 9, 12, 60))
    with database.write() as session:
        session.get_one(Ticket, late.ticket_id).state = "waiting"
        session.get_one(Ticket, far.ticket_id).state = "waiting"
    when = today.due_at - timedelta(days=1) + timedelta(hours=9)  # nine o'clock of its last day
    assert (late.due < today.due < week.due <= today.due + timedelta(days=7) < far.due)
    clock.look(database, conf, when - timedelta(seconds=1))
    assert of_kind(database, "morning") == []
    for minutes in (0, 0, 1, 600):
        clock.look(database, conf, when + timedelta(minutes=minutes))  # a new process each time
    written, = of_kind(database, "morning")
    assert written.dedup_key == f"morning:{anna.id}:{today.due.isoformat()}"
    (_, subject, text), = [one for one in letters(smtp_sink) if "просрочено" in one[1]]
    assert subject == f"{today.due:%d.%m.%Y} — просрочено: 1, сегодня: 1, на неделе: 1, без ответа: 2"
    for deadline, shown in ((late, True), (today, True), (week, True), (far, False)):
        assert (f"до {deadline.due:%d.%m.%Y}" in text) == shown
    assert boris.id not in {int(one.dedup_key.split(":")[1]) for one in of_kind(database, "morning")}
    clock.look(database, conf, when + timedelta(days=1))
    assert len(of_kind(database, "morning")) == 2


def test_no_such_letter_on_days_off_after_hours_on_leave_or_when_it_is_switched_off(
        database: Database, conf: Settings, demand: Demands, person: People, smtp_sink: SmtpSink) -> None:
    anna = person("Anna")
    demand(anna)
    clock.look(database, conf, moscow(16, 10))  # a Saturday
    clock.look(database, conf, moscow(18, 18))
    never = conf.model_copy(update={"alerts": conf.alerts.model_copy(update={"morning_hour": -1})})
    clock.look(database, never, moscow(19, 10))
    with database.write() as session:
        people.set_leave(session, session.get_one(User, anna.id), begins=date(2026, 5, 20), ends=date(2026, 5, 20),
                         deputy=None, actor="t", now=moscow(19, 12))
    clock.look(database, conf, moscow(20, 10))
    told = [one.dedup_key for one in of_kind(database, "morning") if f":{anna.id}:" in one.dedup_key]
    assert told == []
    clock.look(database, conf, moscow(21, 10))
    assert len(of_kind(database, "morning")) == 1


def test_the_deputys_day_has_the_tickets_of_both_and_the_duty_list_those_of_nobody(
        database: Database, conf: Settings, demand: Demands, person: People) -> None:
    anna, boris = person("Anna"), person("Boris")
    for owner in (anna, boris, None):
        demand(owner)
    with database.write() as session:
        one, other = session.get_one(User, anna.id), session.get_one(User, boris.id)
        people.set_leave(session, one, begins=date(2026, 5, 1), ends=None, deputy=other, actor="t", now=START)
        people.set_duty(session, other, True, actor="t", now=START)
    with database.read() as session:
        team = alerts.team(session, conf, now=moscow(19, 9))
        days = {u.name: alerts.morning.of(session, team, u) for u in team.people.values()}
    assert {name: len(day.week) for name, day in days.items()} == {"Anna": 0, "Boris": 3}


def test_two_clocks_write_one_letter_about_the_day(
        database: Database, conf: Settings, demand: Demands, person: People) -> None:
    demand(person("Anna"))
    first, second = clock.Clock(database, conf), clock.Clock(database, conf)
    second.owner = "elsewhere:1"
    with database.read() as session:
        user = session.scalars(select(User)).one()
    for one in (first, second):  # the second had looked before the first wrote
        one._tell_of_the_day(user, moscow(19, 10))
    assert len(of_kind(database, "morning")) == 1


# --- the canary ------------------------------------------------------------------------------------


@pytest.fixture
def guarded(conf: Settings) -> Settings:
    return conf.model_copy(update={"alerts": conf.alerts.model_copy(update={"duty_address": "duty@desk.example"})})


def absent(database: Database, conf: Settings, day: int, hour: int) -> bool:
    with database.read() as session:
        return alerts.canary.absent_since(session, conf, now=moscow(day, hour)) is not None


def test_the_canary_goes_out_at_once_and_then_every_day(
        database: Database, guarded: Settings, smtp_sink: SmtpSink) -> None:
    clock.look(database, guarded, moscow(15, 20))
    assert [(to, subject) for to, subject, _ in letters(smtp_sink)] == [
        ("duty@desk.example", "Проверка связи 15.05.2026: оповещения уходят")]
    for day, hour in ((16, 8), (16, 9), (16, 9), (16, 20), (17, 9)):  # a weekend
        clock.look(database, guarded, moscow(day, hour))
    assert [one.dedup_key for one in of_kind(database, "canary")] == [f"canary:2026-05-{day}" for day in (15, 16, 17)]
    assert not absent(database, guarded, 17, 10)
    assert not absent(database, guarded, 18, 9)
    assert absent(database, guarded, 18, 12)


def test_a_canary_that_is_not_accepted_for_a_day_is_missed(
        database: Database, guarded: Settings, smtp_sink: SmtpSink) -> None:
    smtp_sink.answers["MAIL"] = "451 later"
    clock.look(database, guarded, moscow(15, 9))
    clock.look(database, guarded, moscow(16, 9))
    assert not absent(database, guarded, 16, 9)
    assert absent(database, guarded, 16, 12)
    del smtp_sink.answers["MAIL"]
    clock.look(database, guarded, moscow(16, 16))
    assert not absent(database, guarded, 16, 16)


def test_a_canary_that_is_refused_is_missed_at_once(
        database: Database, guarded: Settings, conf: Settings, smtp_sink: SmtpSink) -> None:
    smtp_sink.answers["duty@desk.example"] = "550 no such mailbox"
    assert not absent(database, guarded, 15, 9)
    clock.look(database, guarded, moscow(15, 9))
    assert absent(database, guarded, 15, 10)
    assert not absent(database, conf, 15, 10)  # no duty address any more


# --- long pauses -----------------------------------------------------------------------------------


def test_a_clock_that_stands_still_for_long_is_told_to_the_leads_once(
        database: Database, conf: Settings, demand: Demands, person: People, smtp_sink: SmtpSink) -> None:
    conf = conf.model_copy(update={"alerts": conf.alerts.model_copy(update={"morning_hour": -1})})
    person("Lead", "lead")
    deadline = demand(person("Anna"))

    def pause(on: date, now_day: int) -> None:
        with database.write() as session:
            deadlines.pause(session, session.get_one(Deadline, deadline.id), paused_on=on, reason="expertise", actor="t",
                            now=moscow(now_day, 12))
    pause(date(2026, 5, 18), 18)
    for day, month in ((19, 5), (22, 5), (16, 6), (17, 6), (18, 6), (25, 6)):
        clock.look(database, conf, moscow(day, 10, month=month))
    (to, subject, text), = letters(smtp_sink)
    assert (to, subject) == ("lead@desk.example", "Срок стоит на паузе дней: 30 — обращение № 1001")
    assert "expertise" in text
    with database.write() as session:
        deadlines.resume(session, conf, session.get_one(Deadline, deadline.id), resumed_on=date(2026, 6, 26), actor="t",
                         now=moscow(26, 9, month=6))
        ticket = session.get_one(Ticket, deadline.ticket_id)
        tickets.assign(session, conf, ticket, None, actor="t", now=moscow(26, 9, month=6))
    pause(date(2026, 6, 27), 27)
    clock.look(database, conf, moscow(28, 10, month=7))
    assert len([s for _, s, _ in letters(smtp_sink) if "паузе" in s]) == 2


# --- the ping outside ------------------------------------------------------------------------------


@pytest.fixture
def outside() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_ping_outside(database: Database, conf: Settings, outside: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    assert not sending.ping(conf)
    conf = conf.model_copy(update={"alerts": conf.alerts.model_copy(update={"ping_url": SecretStr(f"{outside.url}/uuid")})})
    assert sending.ping(conf)
    assert [(r.method, r.path) for r in outside.requests] == [("GET", "/uuid")]
    outside.refuse(500)
    assert not sending.ping(conf)
    outside.close()
    assert not sending.ping(conf)
    assert "500" in caplog.text
    assert "uuid" not in caplog.text
