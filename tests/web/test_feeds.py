"""The feed for calendar programs: opens by its secret only, holds no words of a consumer, is valid iCalendar."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from desk import db, deadlines, feeds, tickets
from desk.db import Database
from desk.models import CalendarFeed, Ticket, User
from desk.settings import Settings

from .conftest import post, user

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def clocks(app: Flask, database: Database, conf: Settings, deliver: Callable[..., None]) -> None:
    """Ticket 1001 is Anna's, 1002 nobody's; each has a clock."""
    deliver(subject="Секретная тема")
    deliver(subject="Другое", sender="ivan@mail.example")
    with database.write() as session:
        one, two = session.scalars(select(Ticket).order_by(Ticket.number)).all()
        tickets.assign(session, conf, one, session.get_one(User, user(database, "anna").id), actor="t", now=db.now())
        for ticket, rule in ((one, "zpp22_money"), (two, "gk196_3y")):
            deadlines.start(session, conf, ticket, rule, start_on=db.now().date(), actor="t", now=db.now())


def link(client: FlaskClient, whole_team: bool = False) -> str:
    answer = post(client, "/account/feeds", at="/account", whole_team=str(int(whole_team)))
    found = re.search(r"http://[^/]+(/feeds/[^<]+\.ics)", answer.text)
    assert found
    return found[1]


def events(app: Flask, path: str) -> list[icalendar.Event]:
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.content_type) == (200, "text/calendar; charset=utf-8")
    return list(icalendar.Calendar.from_ical(answer.data).events)


@pytest.mark.usefixtures("clocks")
def test_a_feed_shows_number_and_title_with_alarms_and_the_last_hour(
        app: Flask, anna: FlaskClient, database: Database) -> None:
    path = link(anna)
    shown = {str(e["summary"]): e for e in events(app, path)}
    (money,) = [e for words, e in shown.items() if "Возврат денег" in words]
    assert str(money["summary"]).startswith("№ 1001: ")
    with database.read() as session:
        clock = next(d for d in session.scalars(select(Ticket).where(Ticket.number == 1001)).one().deadlines if d.rule == "zpp22_money")
    assert money["dtend"].dt == clock.due_at
    assert money["dtstart"].dt.tzinfo == ZoneInfo("Europe/Moscow")
    alarms = [money["dtstart"].dt + alarm["trigger"].dt for alarm in money.walk("VALARM")]
    assert [(a.hour, (clock.due - a.date()).days) for a in alarms] == [(9, 3), (9, 1), (9, 0)]
    assert "ст. 22" in str(money["description"])
    assert clock.explanation_ru in str(money["description"])
    assert str(money["uid"]) == f"{clock.public_id}@zastupnik"
    assert {str(e["uid"]) for e in events(app, path)} == {str(e["uid"]) for e in shown.values()}
    assert not any("1002" in words for words in shown)
    assert any("1002" in str(e["summary"]) for e in events(app, link(anna, whole_team=True)))


@SQLITE
@pytest.mark.usefixtures("clocks")
def test_no_words_of_a_consumer_leave_and_the_lines_are_as_the_standard_wants(app: Flask, anna: FlaskClient) -> None:
    data = app.test_client().get(link(anna, whole_team=True)).data
    text = re.sub(r"\r\n[ \t]", "", data.decode())
    for words in ("Секретная", "Пётр", "petr@", "18044876"):
        assert words not in text
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    stack: list[str] = []
    for line in text.strip().split("\r\n"):  # by hand, not by the library that wrote it
        assert re.match(r"[A-Z-]+[;:]", line), line
        kind, _, value = line.partition(":")
        if kind == "BEGIN":
            stack.append(value)
        elif kind == "END":
            assert stack.pop() == value
    assert stack == []
    assert text.count("BEGIN:VTIMEZONE") == 1
    assert re.search(r"TZID:Europe/Moscow\r\n(.*\r\n)*?TZOFFSETTO:\+0300", text)
    assert re.search(r"DTSTART;TZID=Europe/Moscow:\d{8}T230000", text)


@pytest.mark.usefixtures("clocks")
def test_the_secret_is_kept_only_as_its_hash_and_a_link_can_be_revoked(
        app: Flask, anna: FlaskClient, sign_in: Callable[[str], FlaskClient], database: Database) -> None:
    path = link(anna)
    secret = path.removeprefix("/feeds/").removesuffix(".ics")
    assert len(secret) >= 43
    with database.read() as session:
        key = session.scalars(select(CalendarFeed.token_hash)).one()
    assert secret not in key
    assert secret not in anna.get("/account").text
    assert app.test_client().get(f"/feeds/{key}.ics").status_code == 404
    assert app.test_client().get(path).status_code == 200
    assert "последний раз читали" in anna.get("/account").text
    assert post(sign_in("boris"), f"/account/feeds/{key}/revoke", at="/account").status_code == 404
    assert app.test_client().get(path).status_code == 200
    post(anna, f"/account/feeds/{key}/revoke", at="/account")
    assert app.test_client().get(path).status_code == 404


@pytest.mark.usefixtures("clocks")
def test_a_person_switched_off_reads_nothing(app: Flask, anna: FlaskClient, database: Database) -> None:
    path = link(anna)
    with database.write() as session:
        session.execute(update(User).where(User.email == "anna@desk.example").values(active=False))
    assert app.test_client().get(path).status_code == 404


@SQLITE
@pytest.mark.usefixtures("clocks")
def test_a_zone_with_summer_time_gets_its_rules_and_its_moment(database: Database, conf: Settings) -> None:
    with database.write() as session:
        clock = session.scalars(select(Ticket).where(Ticket.number == 1001)).one().deadlines[-1]
        clock.timezone = "Europe/Berlin"
        data = feeds.calendar(conf, [clock], english=True, now=db.now())
    read = icalendar.Calendar.from_ical(data)
    assert len(read.walk("DAYLIGHT")) >= 1
    (event,) = read.events
    starts = event["dtstart"].dt
    assert (starts.hour, starts.utcoffset()) == (23, datetime.combine(
        clock.due, starts.time(), tzinfo=ZoneInfo("Europe/Berlin")).utcoffset())
    assert event["dtend"].dt - starts == timedelta(hours=1)


@SQLITE
@pytest.mark.usefixtures("clocks")
def test_another_parser_reads_the_same(app: Flask, anna: FlaskClient, database: Database, conf: Settings) -> None:
    """vobject shares no code with the library that wrote it."""
    with database.write() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == 1001)).one()
        found_at = db.now().replace(minute=40, second=0, microsecond=0)
        local = found_at.astimezone(ZoneInfo("Europe/Moscow")).date()
        hours = deadlines.start(session, conf, ticket, "fz152_incident_24h", start_on=local, start_at=found_at, actor="t",
                                now=db.now())
        far = deadlines.start(session, conf, ticket, "zpp26_1_refuse_7", start_on=local, tz="Asia/Vladivostok", actor="t",
                              now=db.now())
        ends = {hours.public_id: hours.due_at, far.public_id: far.due_at}
    read = vobject.readOne(app.test_client().get(link(anna, whole_team=True)).text)
    assert read.validate()
    assert {zone.tzid.value for zone in read.vtimezone_list} == {"Europe/Moscow", "Asia/Vladivostok"}
    shown = {event.uid.value.removesuffix("@zastupnik"): event for event in read.vevent_list}
    for public_id, due_at in ends.items():
        assert shown[public_id].dtend.value == due_at
        assert len(shown[public_id].valarm_list) >= 2
    assert str(shown[far.public_id].dtstart.value.utcoffset()) == "10:00:00"
    assert {event.uid.value for event in read.vevent_list} == {
        str(event["uid"]) for event in events(app, link(anna, whole_team=True))}
