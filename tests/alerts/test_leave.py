"""Who is told when somebody is away, nobody has the ticket, or the team changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from desk import alerts, people
from desk.db import Database
from desk.models import Alert, Deadline, User
from desk.settings import Settings
from workers import clock

from ..servers import SmtpSink
from .test_alerts import letters, moscow, rows, states

People = Callable[..., User]
Demands = Callable[..., Deadline]


@pytest.fixture
def conf(conf: Settings, smtp_sink: SmtpSink) -> Settings:
    return conf.model_copy(update={
        "smtp": conf.smtp.model_copy(update={"port": smtp_sink.port}),
        "alerts": conf.alerts.model_copy(update={"morning_hour": -1, "escalate_hours": 400})})


@pytest.fixture
def leave(database: Database) -> Callable[..., None]:
    def begin(user: User, begins: date | None, ends: date | None = None, deputy: User | None = None) -> None:
        with database.write() as session:
            people.set_leave(session, session.get_one(User, user.id), begins=begins, ends=ends,
                             deputy=session.get_one(User, deputy.id) if deputy else None, actor="t", now=moscow(12, 12))
    return begin


def told(sink: SmtpSink) -> list[str]:
    return [to.partition("@")[0] for to, _, _ in letters(sink)]


def test_the_deputy_gets_the_alerts_of_the_leave_and_the_person_those_after_it(
        database: Database, conf: Settings, person: People, demand: Demands, leave: Callable[..., None],
        smtp_sink: SmtpSink) -> None:
    anna, boris = person("Anna"), person("Boris")
    demand(anna)  # warns on the 19th, 21st and 22nd
    leave(anna, date(2026, 5, 18), date(2026, 5, 20), boris)
    for day, hour in ((15, 12), (18, 3), (19, 9), (19, 10), (21, 3), (21, 9), (22, 9)):
        clock.look(database, conf, moscow(day, hour))
    assert told(smtp_sink) == ["boris", "anna", "anna"]
    assert states(rows(database, Alert.user_id == boris.id)) == {
        "T-3": "sent", "T-1": "cancelled", "T-0": "cancelled", "overdue": "cancelled"}


def test_without_a_deputy_and_on_leave_without_an_end_whoever_is_on_duty_is_told(
        database: Database, conf: Settings, person: People, demand: Demands, leave: Callable[..., None],
        smtp_sink: SmtpSink) -> None:
    anna, boris = person("Anna"), person("Boris")
    person("Lead", "lead")
    with database.write() as session:
        people.set_duty(session, session.get_one(User, boris.id), True, actor="t", now=moscow(12, 12))
    demand(anna)
    leave(anna, date(2026, 5, 13))
    clock.look(database, conf, moscow(19, 9))
    assert told(smtp_sink) == ["boris"]


def test_the_deputys_deputy_and_a_ring_of_deputies(
        database: Database, conf: Settings, person: People, leave: Callable[..., None]) -> None:
    anna, boris, vera, lead = person("Anna"), person("Boris"), person("Vera"), person("Lead", "lead")
    leave(anna, date(2026, 5, 1), None, boris)
    leave(boris, date(2026, 5, 1), None, vera)

    def for_anna() -> list[str]:
        with database.read() as session:
            return [u.name for u in alerts.team(session, conf, now=moscow(19, 9)).responsible(anna.id)]
    assert for_anna() == ["Vera"]
    leave(vera, date(2026, 5, 1), None, anna)
    assert for_anna() == ["Lead"]
    leave(lead, date(2026, 5, 1), None, None)
    assert for_anna() == ["Anna", "Boris", "Vera", "Lead"]  # all are away: better all than nobody


def test_a_ticket_that_nobody_has_is_told_to_the_whole_duty_list(
        database: Database, conf: Settings, person: People, demand: Demands, smtp_sink: SmtpSink) -> None:
    person("Lead", "lead")
    person("Boris")
    on_duty = [person("Vera"), person("Gleb")]
    with database.write() as session:
        for user in on_duty:
            people.set_duty(session, session.get_one(User, user.id), True, actor="t", now=moscow(12, 12))
    demand()
    clock.look(database, conf, moscow(19, 9))
    assert sorted(told(smtp_sink)) == ["gleb", "vera"]
    with database.write() as session:
        people.set_duty(session, session.get_one(User, on_duty[0].id), False, actor="t", now=moscow(19, 12))
    clock.look(database, conf, moscow(21, 9))
    assert sorted(told(smtp_sink)) == ["gleb", "gleb", "vera"]


def test_an_absent_lead_is_told_of_silence_through_the_deputy(
        database: Database, conf: Settings, person: People, demand: Demands, leave: Callable[..., None],
        smtp_sink: SmtpSink) -> None:
    conf = conf.model_copy(update={"alerts": conf.alerts.model_copy(update={"escalate_hours": 4})})
    lead, vera = person("Lead", "lead"), person("Vera")
    leave(lead, date(2026, 5, 18), None, vera)
    demand(person("Anna"))
    clock.look(database, conf, moscow(19, 9))
    clock.look(database, conf, moscow(19, 13))
    assert told(smtp_sink) == ["anna", "vera"]
    assert letters(smtp_sink)[1][1].startswith("Эскалация")


def test_a_large_change_of_the_team_holds_no_alert_back(
        database: Database, conf: Settings, person: People, demand: Demands, leave: Callable[..., None],
        smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "RECONCILE_SECONDS", -1)
    monkeypatch.setattr(alerts.plan.reconcile, "__kwdefaults__", {"limit": 2})
    anna, boris = person("Anna"), person("Boris")
    for _ in range(5):
        demand(anna)
    leave(anna, date(2026, 5, 18), None, boris)
    one = clock.Clock(database, conf)
    one.look(moscow(18, 12))
    with database.read() as session:
        assert sorted(session.scalars(select(Deadline.watchers))) == [str(anna.id)] * 3 + [str(boris.id)] * 2
    for minutes in (1, 2, 3):
        one.look(moscow(18, 12) + timedelta(minutes=minutes))
    with database.read() as session:
        assert set(session.scalars(select(Deadline.watchers))) == {str(boris.id)}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_leave_that_cannot_be_is_refused(database: Database, person: People, leave: Callable[..., None]) -> None:
    anna, gone = person("Anna"), person("Gone")
    with database.write() as session:
        session.get_one(User, gone.id).active = False
    for key, begins, ends, deputy in (("leave_begins", None, date(2026, 5, 1), None),
                                      ("leave_order", date(2026, 5, 2), date(2026, 5, 1), None),
                                      ("no_deputy", date(2026, 5, 1), None, anna), ("no_deputy", date(2026, 5, 1), None, gone)):
        with pytest.raises(people.PeopleError) as refused:
            leave(anna, begins, ends, deputy)
        assert refused.value.key == key
    leave(anna, None)
