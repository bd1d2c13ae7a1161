"""The forms of a clock on its ticket: each does what it says, and a refusal is a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from desk import db
from desk.db import Database
from desk.models import Deadline

from .conftest import post

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
T = "/tickets/1001"


def day(ago: int) -> str:
    return (db.now().date() - timedelta(days=ago)).isoformat()


@pytest.fixture
def clock(anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> Callable[[str], Deadline]:
    """Starts a clock on a new ticket."""
    deliver()

    def start(rule: str) -> Deadline:
        post(anna, f"{T}/deadlines", at=T, rule=rule, start_on=day(3))
        return now(database, rule)
    return start


def now(database: Database, rule: str) -> Deadline:
    with database.read() as session:
        return session.scalars(select(Deadline).where(Deadline.rule == rule)).one()


def told(client: FlaskClient) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", client.get(T).text)


def test_a_proof_turns_an_estimate_into_a_proven_clock_with_its_new_day(
        anna: FlaskClient, database: Database, clock: Callable[[str], Deadline]) -> None:
    made = clock("zpp22_money")
    assert "расчётный" in told(anna)
    post(anna, f"{T}/deadlines/{made.public_id}/prove", at=T, proven_on=day(2), proof="РПО 80080782401239",
         proof_class="post")
    after = now(database, "zpp22_money")
    assert (after.proven_on, after.raw_due) == (after.start_on, made.raw_due + timedelta(days=1))
    page = told(anna)
    assert "вручено почтой — РПО 80080782401239" in page
    assert "Подтверждено. Последний день" in page
    assert "Начало срока подтверждено" in page
    post(anna, f"{T}/deadlines/{made.public_id}/prove", at=T, proven_on=day(1), proof=" ")
    assert "чем это подтверждается" in told(anna)
    assert now(database, "zpp22_money").raw_due == after.raw_due


def test_a_clock_is_paused_and_goes_on(
        anna: FlaskClient, database: Database, clock: Callable[[str], Deadline]) -> None:
    made = clock("zpp22_money")
    post(anna, f"{T}/deadlines/{made.public_id}/pause", at=T, paused_on=day(0), reason="экспертиза")
    page = told(anna)
    assert "на паузе с" in page
    assert "экспертиза" in page
    post(anna, f"{T}/deadlines/{made.public_id}/resume", at=T, resumed_on=day(-4))
    after = now(database, "zpp22_money")
    assert (after.state, after.raw_due) == ("running", made.raw_due + timedelta(days=4))
    assert "Срок возобновлён" in told(anna)


def test_only_what_the_law_lets_extend_is_extended(
        anna: FlaskClient, database: Database, clock: Callable[[str], Deadline]) -> None:
    made = clock("fz59_reply_30")
    assert "ст. 12 ч. 2, 59-ФЗ: +30 дней" in told(anna)
    post(anna, f"{T}/deadlines/{made.public_id}/extend", at=T, reason="уведомление 12-345")
    assert now(database, "fz59_reply_30").raw_due == made.raw_due + timedelta(days=30)
    assert "уведомление 12-345" in told(anna)
    other = clock("zpp22_money")
    post(anna, f"{T}/deadlines/{other.public_id}/extend", at=T, reason="просто так")
    assert "Закон не даёт его продлить" in told(anna)


def test_a_promise_is_started_by_its_day(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    post(anna, f"{T}/deadlines/promise", at=T, until=day(-6), promised_on=day(0), proof="чат, оператор Ольга")
    made = now(database, "promised_by")
    assert (made.due.isoformat(), made.proof) == (day(-6), "чат, оператор Ольга")
    post(anna, f"{T}/deadlines/promise", at=T, until=day(1), promised_on=day(0))
    assert "должен быть позже" in told(anna)


@SQLITE
def test_odd_days_and_clocks_of_other_tickets_are_refused(
        anna: FlaskClient, database: Database, clock: Callable[[str], Deadline], deliver: Callable[..., None]) -> None:
    made = clock("zpp22_money")
    deliver(sender="ivan@mail.example", subject="Другое")
    for what, field in (("prove", "proven_on"), ("pause", "paused_on"), ("resume", "resumed_on")):
        answer = post(anna, f"{T}/deadlines/{made.public_id}/{what}", at=T, **{field: "вчера"}, proof="x", reason="x")
        assert answer.status_code == 302
        assert "Укажите день" in told(anna)
        elsewhere = post(anna, f"/tickets/1002/deadlines/{made.public_id}/{what}", at=T, **{field: day(1)}, proof="x",
                         reason="x")
        assert elsewhere.status_code == 404
    assert post(anna, f"{T}/deadlines/{made.public_id}/resume", at=T, resumed_on=day(1)).status_code == 302
    assert "не на паузе" in told(anna)
    assert now(database, "zpp22_money").raw_due == made.raw_due


def test_one_event_shows_all_it_starts_and_starts_the_chosen_at_once(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    page = anna.get(f"{T}/deadlines/new?event=goods_handed_over&on={day(2)}").text
    for title in ("Дистанционная покупка: отказ", "Технически сложный товар", "если гарантийный срок не установлен"):
        assert title in page
    assert "ст. 26.1 п. 4" in page
    assert page.count(" checked") == 4, "the consumer's own rights"
    post(anna, f"{T}/deadlines", at=T, rule=["zpp26_1_refuse_7", "zpp18_tech_15"], start_on=day(2), proof="Акт",
         proof_class="goods", tz="Asia/Omsk")
    with database.read() as session:
        made = session.scalars(select(Deadline).where(Deadline.start_event == "goods_handed_over")).all()
    assert {(d.rule, d.timezone, d.proof_class) for d in made} == {
        ("zpp26_1_refuse_7", "Asia/Omsk", "goods"), ("zpp18_tech_15", "Asia/Omsk", "goods")}
    assert "Начато 2 срока" in told(anna)
    again = anna.get(f"{T}/deadlines/new?event=goods_handed_over&on={day(2)}").text
    assert again.count("идёт до") == 2
    assert again.count(" checked") == 2
    for odd in ("", "event=no_such&on=yesterday&tz=Mars/Base&time=noon", f"event=demand_received&on={day(-9999)}"):
        assert anna.get(f"{T}/deadlines/new?{odd}").status_code == 200, odd


def test_a_clock_in_hours_is_started_from_its_moment_and_said_to_the_minute(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    at = f"{T}/deadlines/new?event=incident_found&on={day(0)}"
    assert "нужен точный момент" in anna.get(at).text
    assert "24\N{NO-BREAK SPACE}часа" in anna.get(f"{at}&time=00:00").text
    post(anna, f"{T}/deadlines", at=T, rule="fz152_incident_24h", start_on=day(0), time="")
    assert "нужен точный момент" in told(anna)
    post(anna, f"{T}/deadlines", at=T, rule="fz152_incident_24h", start_on=day(1), time="00:01")
    made = now(database, "fz152_incident_24h")
    assert made.start_at is not None
    assert made.due_at - made.start_at == timedelta(hours=24)
    assert "Срок просрочен" in told(anna) or "00:01" in told(anna)
    assert anna.get("/deadlines").status_code == 200


def test_a_known_delivery_nobody_watches_is_said_until_a_clock_of_it_runs(
        anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver(text=f"Заказ получил {(db.now() - timedelta(days=2)):%d.%m.%Y}, товар с браком, верните деньги.")
    assert "никто не следит" in told(anna)
    post(anna, f"{T}/deadlines", at=T, rule="zpp26_1_refuse_7", start_on=day(2), proof="Акт")
    assert "никто не следит" not in told(anna)
