"""How the team is reached: leave, duty, Telegram, channels that were switched off, a clock that is not believed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select

from desk import db, leases, outbox
from desk.db import Database
from desk.models import Event, MachineTime, Notice, Outage
from desk.settings import Settings
from desk.web import create_app

from .conftest import post, user

Enter = Callable[[str], FlaskClient]


@pytest.fixture
def conf(conf: Settings) -> Settings:
    return conf.model_copy(update={
        "telegram": conf.telegram.model_copy(update={"token": SecretStr("1:x")}),
        "alerts": conf.alerts.model_copy(update={"duty_address": "duty@desk.example"})})


def test_everybody_sets_their_own_leave_and_admins_that_of_all(database: Database, sign_in: Enter) -> None:
    boris, anna = sign_in("boris"), sign_in("anna")
    deputy, form = user(database, "lidia").id, {"absent_from": "2026-12-01", "absent_until": "2026-12-10"}
    assert post(boris, "/account/leave", at="/account", deputy=deputy, **form).status_code == 302
    found = user(database, "boris")
    assert (found.absent_from, found.absent_until, found.deputy_id) == (date(2026, 12, 1), date(2026, 12, 10), deputy)
    assert 'value="2026-12-10"' in boris.get("/account").text
    assert post(boris, f"/users/{deputy}/leave", at="/account", **form).status_code == 403
    assert post(anna, f"/users/{found.id}/leave", at="/users", absent_from="", absent_until="", deputy="").status_code == 302
    assert user(database, "boris").absent_from is None
    with database.read() as session:
        assert len(session.scalars(select(Event).where(Event.kind == "user.leave")).all()) == 2


@pytest.mark.parametrize(("form", "words"), [
    ({"absent_from": "2026-12-10", "absent_until": "2026-12-01"}, "Последний день раньше первого"),
    ({"absent_from": "", "absent_until": "2026-12-01"}, "с какого дня"), ({"absent_from": "soon"}, "не дата"),
    ({"absent_from": "2026-12-01", "deputy": "me"}, "не может заменить")])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_leave_that_cannot_be_is_said_to_be_so(database: Database, sign_in: Enter, form: dict[str, object],
                                                 words: str) -> None:
    if form.get("deputy"):
        form = form | {"deputy": user(database, "boris").id}
    answer = post(sign_in("boris"), "/account/leave", at="/account", **form)
    assert (answer.status_code, words in answer.text) == (400, True)
    assert user(database, "boris").absent_from is None


def test_who_is_on_duty_or_away_is_seen_in_the_list(database: Database, sign_in: Enter) -> None:
    anna, boris = sign_in("anna"), user(database, "boris")
    form = {"name": "Boris", "role": "advocate", "active": "on"}
    assert post(anna, f"/users/{boris.id}", at="/users", on_duty="on", **form).status_code == 302
    assert user(database, "boris").on_duty
    post(anna, f"/users/{boris.id}/leave", at="/users", absent_from=(db.now() - timedelta(days=1)).date().isoformat())
    page = anna.get("/users").text
    assert "дежурит" in page
    assert "в отпуске" in page
    post(anna, f"/users/{boris.id}", at="/users", **form)
    assert not user(database, "boris").on_duty


def test_a_chat_is_tried_at_once_and_is_on_again(database: Database, sign_in: Enter) -> None:
    boris, who = sign_in("boris"), user(database, "boris")
    with database.write() as session:
        session.add(Outage(name=f"telegram:{who.id}", error="bot was blocked", since=db.now()))
    assert "bot was blocked" in boris.get("/account").text
    assert post(boris, "/account/telegram", at="/account", chat="not a chat").status_code == 400
    assert post(boris, "/account/telegram", at="/account", chat=" -100123 ").status_code == 302
    with database.read() as session:
        trial = session.scalars(select(Notice)).one()
        assert (trial.channel, trial.address, trial.kind, trial.user_id) == ("telegram", "-100123", "trial", who.id)
        assert session.scalars(select(Outage)).all() == []
    assert "bot was blocked" not in boris.get("/account").text


def test_an_admin_switches_a_channel_on_again(database: Database, sign_in: Enter) -> None:
    anna, boris, who = sign_in("anna"), sign_in("boris"), user(database, "boris")
    with database.write() as session:
        session.add_all(Outage(name=name, error="refused for good", since=db.now())
                        for name in ("telegram", f"telegram:{who.id}", "webhook"))
    page = anna.get("/health").text
    assert page.count("refused for good") == 2  # webhook is not set up any more
    assert "Включить снова" not in boris.get("/health").text
    assert post(boris, "/health/channels/telegram", at="/account").status_code == 403
    assert post(boris, f"/health/channels/telegram:{who.id}", at="/account").status_code == 302
    assert post(anna, "/health/channels/telegram", at="/health").status_code == 302
    assert post(anna, "/health/channels/telegram", at="/health").status_code == 404
    with database.read() as session:
        assert session.scalars(select(Outage.name)).all() == ["webhook"]


def test_a_time_that_is_not_believed_is_shown_on_every_page_and_confirmed_by_an_admin(
        app: Flask, database: Database, sign_in: Enter) -> None:
    with database.write() as session:
        leases.beat(session, "clock", now=db.now() - timedelta(hours=2), detail={"frozen": {"step_seconds": 7200, "since": "x"}})
        session.add(MachineTime(host="there", boot="1", offset_ms=0, frozen_since=db.now(), step_seconds=7200))
    anna, boris = sign_in("anna"), sign_in("boris")
    assert "Часы машины переведены" in boris.get("/alerts").text
    assert "120 мин" in boris.get("/health").text
    assert "Время верно" not in boris.get("/health").text
    assert post(boris, "/health/time", at="/account").status_code == 403
    assert post(anna, "/health/time", at="/health").status_code == 302
    with database.read() as session:
        assert session.get_one(MachineTime, "there").confirmed
        assert session.scalars(select(Event).where(Event.kind == "time.confirmed")).one().detail == {"host": "there"}
    assert "120 мин" not in anna.get("/health").text


def test_a_canary_that_did_not_leave_is_shown_on_every_page(
        conf: Settings, database: Database, sign_in: Enter) -> None:
    with database.write() as session:
        leases.beat(session, "clock", now=db.now())
        outbox.put(session, conf, dedup_key="canary:1", kind="canary", to=["duty@desk.example"], subject="s", text="t",
                   now=db.now() - timedelta(days=2))
    boris = sign_in("boris")
    assert "Ежедневное проверочное письмо не уходит" in boris.get("/account").text
    assert "не ушло" in boris.get("/health").text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_a_bot_nobody_is_asked_for_a_chat(conf: Settings, database: Database, app: Flask) -> None:
    bare = conf.model_copy(update={"telegram": conf.telegram.model_copy(update={"token": SecretStr("")})})
    other = create_app(bare)
    client = other.test_client()
    post(client, "/sign-in", at="/sign-in", email="boris@desk.example", password="correct horse battery")
    page = client.get("/account").text
    assert 'id="leave"' in page
    assert 'id="telegram"' not in page
    other.extensions["desk"].database.dispose()
