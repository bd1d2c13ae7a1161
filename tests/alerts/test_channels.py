"""Webhook and Telegram: each alert once through each; what refuses for good is switched off and told by another way."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from desk import alerts, deadlines
from desk.db import Database
from desk.models import Alert, AlertNotice, Deadline, Event, Notice, Outage, Ticket, User
from desk.settings import Settings
from workers import clock

from ..servers import SmtpSink
from .receiver import Receiver
from .test_alerts import letters, moscow

People = Callable[..., User]
Demands = Callable[..., Deadline]
SECRET, TOKEN = "s" * 32, "123:token"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def bot() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def conf(conf: Settings, smtp_sink: SmtpSink, hook: Receiver, bot: Receiver) -> Settings:
    return conf.model_copy(update={
        "smtp": conf.smtp.model_copy(update={"port": smtp_sink.port}),
        "alerts": conf.alerts.model_copy(update={"morning_hour": -1, "escalate_hours": 400}),
        "webhook": conf.webhook.model_copy(update={"url": SecretStr(f"{hook.url}/in"), "secret": SecretStr(SECRET)}),
        "telegram": conf.telegram.model_copy(update={"token": SecretStr(TOKEN), "base_url": bot.url})})


@pytest.fixture
def anna(database: Database, person: People, demand: Demands) -> User:
    """She has a deadline that ends on 22.05.2026, and a chat."""
    user = person("Anna")
    with database.write() as session:
        session.get_one(User, user.id).telegram_chat = "777"
    demand(user)
    return user


def notices(database: Database, *where: Any) -> list[Notice]:
    with database.read() as session:
        return list(session.scalars(select(Notice).where(*where).order_by(Notice.id)))


def off(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {row.name: row.error for row in session.scalars(select(Outage))}


# --- once ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("anna")
def test_an_alert_goes_once_through_each_channel(
        database: Database, conf: Settings, hook: Receiver, bot: Receiver, smtp_sink: SmtpSink) -> None:
    for minute in (0, 0, 1):
        clock.look(database, conf, moscow(19, 9, minute))
    assert (len(hook.requests), len(bot.requests), len(smtp_sink.letters)) == (1, 1, 1)
    with database.read() as session:
        rows = session.execute(select(AlertNotice.channel, Notice.state, Notice.sent_at, Alert.threshold).join(
            AlertNotice.notice).join(Alert, Alert.id == AlertNotice.alert_id).order_by(AlertNotice.channel)).all()
    assert [tuple(row) for row in rows] == [(name, "sent", moscow(19, 9), "T-3") for name in ("telegram", "webhook")]


@pytest.mark.usefixtures("anna")
def test_the_webhook_is_signed_json(database: Database, conf: Settings, hook: Receiver) -> None:
    clock.look(database, conf, moscow(19, 9))
    request, = hook.requests
    stamp = request.headers["X-Desk-Timestamp"]
    wanted = hmac.new(SECRET.encode(), stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Desk-Signature"] == f"v1={wanted}"
    assert int(stamp) == int(moscow(19, 9).timestamp())
    assert request.path == "/in"
    said = request.json
    assert said["id"] == request.headers["X-Desk-Delivery"] == notices(database, Notice.channel == "webhook")[0].public_id
    assert said["person"] == {"name": "Anna", "email": "anna@desk.example"}
    alert, = said["alerts"]
    assert (alert["ticket"], alert["rule"], alert["due"], alert["threshold"], alert["late"]) == (
        1001, "zpp22_money", "2026-05-22", "T-3", False)
    token = alert["acknowledge_url"].rpartition("/")[2]
    with database.read() as session:
        found = alerts.by_token(session, conf, token)
        assert found is not None
        assert found.threshold == "T-3"


@pytest.mark.usefixtures("anna")
def test_the_bot_writes_to_the_persons_chat(database: Database, conf: Settings, bot: Receiver) -> None:
    clock.look(database, conf, moscow(19, 9))
    request, = bot.requests
    assert request.path == f"/bot{TOKEN}/sendMessage"
    assert request.json["chat_id"] == "777"
    assert request.json["text"].startswith("Срок 22.05.2026 — обращение № 1001\n\n")


def test_many_at_once_are_one_message_cut_to_what_telegram_takes(
        database: Database, conf: Settings, anna: User, demand: Demands, bot: Receiver) -> None:
    for _ in range(30):
        demand(anna)
    clock.look(database, conf, moscow(19, 9))
    request, = bot.requests
    assert len(request.json["text"]) == 4096
    assert len(notices(database, Notice.channel == "telegram")) == 1
    with database.read() as session:
        assert len(session.scalars(select(AlertNotice).where(AlertNotice.channel == "telegram")).all()) == 31


def test_who_has_no_chat_gets_no_message(database: Database, conf: Settings, person: People, demand: Demands,
                                         bot: Receiver, hook: Receiver) -> None:
    demand(person("Boris"))
    clock.look(database, conf, moscow(19, 9))
    assert (len(bot.requests), len(hook.requests)) == (0, 1)


def test_the_lead_is_told_of_silence_by_every_channel(
        database: Database, conf: Settings, person: People, demand: Demands, bot: Receiver) -> None:
    conf = conf.model_copy(update={"alerts": conf.alerts.model_copy(update={"escalate_hours": 4})})
    lead = person("Lead", "lead")
    with database.write() as session:
        session.get_one(User, lead.id).telegram_chat = "-100"
    demand(person("Boris"))
    clock.look(database, conf, moscow(19, 9))
    assert bot.requests == []
    clock.look(database, conf, moscow(19, 13))
    assert [r.json["chat_id"] for r in bot.requests] == ["-100"]
    assert "нет подтверждения — Boris" in bot.requests[0].json["text"]


@pytest.mark.usefixtures("anna")
def test_a_met_deadline_takes_back_what_was_not_sent(database: Database, conf: Settings, bot: Receiver) -> None:
    clock.queue_alerts(database, conf, moscow(19, 9))
    with database.write() as session:
        deadlines.meet(session, session.scalars(select(Ticket)).one().deadlines[0], reason="paid", actor="t",
                       now=moscow(19, 9))
    clock.look(database, conf, moscow(19, 9))
    assert bot.requests == []
    assert {n.state for n in notices(database)} == {"cancelled"}


# --- trouble that passes ---------------------------------------------------------------------------


@pytest.mark.usefixtures("anna")
def test_trouble_that_passes_is_tried_again_with_the_same_id(database: Database, conf: Settings, hook: Receiver) -> None:
    hook.refuse(503)
    clock.look(database, conf, moscow(19, 9))
    for minute in (0, 1, 1, 2):
        clock.look(database, conf, moscow(19, 9, minute))
    assert len(hook.requests) == 2
    hook.accept()
    clock.look(database, conf, moscow(19, 9, 3))
    clock.look(database, conf, moscow(19, 9, 30))
    assert len(hook.requests) == 3
    assert len({(r.body, r.headers["X-Desk-Delivery"]) for r in hook.requests}) == 1
    assert len({r.headers["X-Desk-Signature"] for r in hook.requests}) == 3
    assert off(database) == {}


@pytest.mark.usefixtures("anna")
def test_telegram_says_how_long_to_wait(database: Database, conf: Settings, bot: Receiver) -> None:
    bot.refuse(429, "Too Many Requests: retry after 300", parameters={"retry_after": 300})
    clock.look(database, conf, moscow(19, 9))
    clock.look(database, conf, moscow(19, 9, 4))
    assert len(bot.requests) == 1
    bot.accept()
    clock.look(database, conf, moscow(19, 9, 5))
    assert [n.state for n in notices(database, Notice.channel == "telegram")] == ["sent"]


@pytest.mark.usefixtures("anna")
def test_a_lost_answer_is_tried_again_but_not_for_ever(database: Database, conf: Settings, hook: Receiver) -> None:
    hook.answer = lambda _: None
    for minute in range(0, 600, 10):
        clock.look(database, conf, moscow(19, 9) + timedelta(minutes=minute))
    row, = notices(database, Notice.channel == "webhook", Notice.kind == "alert")
    assert (row.state, row.doubts) == ("failed", 3)
    assert len([r for r in hook.requests if r.json["id"] == row.public_id]) == 3


@pytest.mark.usefixtures("anna")
def test_after_a_day_without_success_it_is_given_up(database: Database, conf: Settings, hook: Receiver) -> None:
    hook.refuse(500)
    for hour in range(40):
        clock.look(database, conf, moscow(19, 9) + timedelta(hours=hour))
    row = notices(database, Notice.channel == "webhook", Notice.kind == "alert")[0]
    assert row.state == "failed"
    assert off(database) == {}


@pytest.mark.usefixtures("anna")
def test_of_two_senders_one_has_it_and_a_dead_ones_is_taken_over(
        database: Database, conf: Settings, hook: Receiver) -> None:
    clock.queue_alerts(database, conf, moscow(19, 9))
    first = alerts.notices._claim(database, moscow(19, 9))
    second = alerts.notices._claim(database, moscow(19, 9))
    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert alerts.notices._claim(database, moscow(19, 9)) is None
    assert alerts.drain(database, conf, now_fn=lambda: moscow(19, 9, 10)) == 2
    assert {(n.state, n.doubts) for n in notices(database)} == {("sent", 1)}
    alerts.notices._send(database, conf, first, lambda: moscow(19, 9, 11))  # it was not dead after all
    assert {(n.state, n.sent_at) for n in notices(database)} == {("sent", moscow(19, 9, 10))}


# --- refused for good ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_webhook_that_refuses_for_good_is_switched_off_and_told_by_mail_and_telegram(
        database: Database, conf: Settings, anna: User, person: People, hook: Receiver, bot: Receiver,
        smtp_sink: SmtpSink, status: int) -> None:
    admin = person("Admin", "admin")
    with database.write() as session:
        session.get_one(User, admin.id).telegram_chat = "1"
    hook.refuse(status)
    for minute in (0, 1, 2):
        clock.look(database, conf, moscow(19, 9, minute))
    assert off(database) == {"webhook": f"the webhook answered {status}"}
    told = [(to, subject) for to, subject, _ in letters(smtp_sink) if "Webhook" in subject]
    assert told == [("admin@desk.example", "Webhook: оповещения туда больше не уходят")]
    assert [r.json["chat_id"] for r in bot.requests if "Webhook" in r.json["text"]] == ["1"]
    clock.look(database, conf, moscow(21, 9))
    assert len(hook.requests) == 1
    with database.write() as session:
        assert alerts.switch_on(session, "webhook", actor="user:1", now=moscow(21, 10))
        assert not alerts.switch_on(session, "webhook", actor="user:1", now=moscow(21, 10))
    hook.accept()
    clock.look(database, conf, moscow(22, 9))
    assert [r.json["alerts"][0]["threshold"] for r in hook.requests][1:] == ["T-0"]
    with database.read() as session:
        assert set(session.scalars(select(Event.kind).where(Event.kind.startswith("channel.")))) == {
            "channel.switched_off", "channel.switched_on"}


@pytest.mark.parametrize(("status", "words"), [(403, "Forbidden: bot was blocked by the user"),
                                               (400, "Bad Request: chat not found")])
def test_a_chat_that_is_gone_is_switched_off_for_that_person_alone(
        database: Database, conf: Settings, anna: User, person: People, demand: Demands, bot: Receiver,
        smtp_sink: SmtpSink, status: int, words: str) -> None:
    boris = person("Boris")
    with database.write() as session:
        session.get_one(User, boris.id).telegram_chat = "888"
    demand(boris)
    gone = {"ok": False, "error_code": status, "description": words}
    bot.answer = lambda r: (status, gone, {}) if r.json["chat_id"] == "777" else (200, {"ok": True}, {})
    clock.look(database, conf, moscow(19, 9))
    clock.look(database, conf, moscow(21, 9))
    assert list(off(database)) == [f"telegram:{anna.id}"]
    assert sorted(r.json["chat_id"] for r in bot.requests) == ["777", "888", "888"]
    told = [(to, text) for to, subject, text in letters(smtp_sink) if "Telegram" in subject]
    assert [to for to, _ in told] == ["anna@desk.example"]
    assert "/account" in told[0][1]


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_token_switches_the_bot_off_and_is_never_shown(
        database: Database, conf: Settings, bot: Receiver, status: int) -> None:
    bot.refuse(status, "Unauthorized")
    clock.look(database, conf, moscow(19, 9))
    assert list(off(database)) == ["telegram"]
    assert TOKEN not in off(database)["telegram"]


@pytest.mark.usefixtures("anna")
def test_one_message_that_telegram_dislikes_stops_no_other(database: Database, conf: Settings, bot: Receiver) -> None:
    bot.refuse(400, "Bad Request: message text is empty")
    clock.look(database, conf, moscow(19, 9))
    bot.accept()
    clock.look(database, conf, moscow(21, 9))
    assert [n.state for n in notices(database, Notice.channel == "telegram")] == ["failed", "sent"]
    assert off(database) == {}


@pytest.mark.usefixtures("anna")
def test_a_webhook_into_the_house_is_switched_off(database: Database, conf: Settings) -> None:
    conf = conf.model_copy(update={"webhook": conf.webhook.model_copy(update={"url": SecretStr("http://10.0.0.1/")})})
    clock.look(database, conf, moscow(19, 9))
    assert off(database) == {"webhook": "only https is allowed, http only to this machine"}


@pytest.mark.usefixtures("anna")
def test_a_channel_that_is_not_set_up_any_more_fails_quietly(database: Database, conf: Settings) -> None:
    clock.queue_alerts(database, conf, moscow(19, 9))
    bare = conf.model_copy(update={"webhook": conf.webhook.model_copy(update={"url": SecretStr("")}),
                                   "telegram": conf.telegram.model_copy(update={"token": SecretStr("")})})
    alerts.drain(database, bare, now_fn=lambda: datetime(2026, 5, 19, 7, tzinfo=UTC))
    assert {n.state for n in notices(database)} == {"failed"}
    assert off(database) == {}
