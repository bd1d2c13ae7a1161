"""The facts panel: where each value came from, how sure we are, one verdict for all places that say the same."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from desk.db import Database
from desk.models import Fact

from .conftest import CSRF, post

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
T = "/tickets/1001"
RUSSIAN = {"Accept-Language": "ru"}


def panel(page: str) -> str:
    return page.partition('id="facts"')[2].partition("</section>")[0]


def facts(database: Database) -> dict[str, Fact]:
    with database.read() as session:
        return {f.kind: f for f in session.scalars(select(Fact).order_by(Fact.id))}


@SQLITE
def test_every_fact_says_where_it_came_from_and_how_sure_we_are(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver(text="Заказ 18044876-0131 за 24 990 руб. разбит")
    found = facts(database)
    with database.write() as session:
        session.execute(update(Fact).where(Fact.kind == "amount").values(confidence=0.6))
    page = anna.get(T, headers=RUSSIAN).text
    shown = panel(page)
    assert ">в письме<" in shown
    assert "почти наверняка (97%)" in shown or re.search(r"почти наверняка \(\d\d%\)", shown)
    assert re.search(r"сомнительно \(60.?%\)", shown)
    deliver(subject="Re: [#1001]", text="Ещё одно")
    assert re.search(r">в письме, \d", panel(anna.get(T, headers=RUSSIAN).text))  # of several: which one
    assert f'data-fact="{found["order_number"].id}"' in page.partition('class="conversation"')[2]


def test_one_verdict_holds_for_every_letter_that_says_the_same(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    fact = facts(database)["order_number"]
    with database.write() as session:
        session.add(Fact(ticket_id=fact.ticket_id, message_id=fact.message_id, kind=fact.kind, value=fact.value,
                         quote=fact.quote, place="body", start=fact.start, end=fact.end, confidence=0.5))
    post(anna, f"{T}/facts/{fact.id}", at=T, verdict="rejected")
    with database.read() as session:
        assert set(session.scalars(select(Fact.state).where(Fact.kind == "order_number"))) == {"rejected"}
    assert "18044876-0131" in panel(anna.get(T).text).partition("facts-rejected")[2]  # it can be brought back


@SQLITE
def test_a_sum_with_and_without_kopecks_is_one_line_and_a_day_is_written_as_people_write_it(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver(text="Заказ 18044876-0131 от 8 ноября 2025 за 24 990 руб. разбит. В чеке тоже 24 990,00 руб.")
    shown = panel(anna.get(T, headers=RUSSIAN).text)
    assert shown.count("24\u00a0990\u00a0₽</span>") == 1
    assert "8 нояб. 2025" in shown
    post(anna, f"{T}/facts/{facts(database)['amount'].id}", at=T, verdict="confirmed")
    with database.read() as session:
        assert [(f.value, f.state) for f in session.scalars(select(Fact).where(Fact.kind == "amount").order_by(Fact.id))] == [
            ("24990", "confirmed"), ("24990.00", "confirmed")]


@SQLITE
def test_a_page_that_is_open_gets_the_panel_alone(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    fact = facts(database)["order_number"]
    key = CSRF.search(anna.get(T).data)
    assert key
    answer = anna.post(f"{T}/facts/{fact.id}", headers={"X-Desk-Part": "1", **RUSSIAN},
                       data={"csrf_token": key[1].decode(), "verdict": "confirmed"})
    assert (answer.status_code, "<html" in answer.text, "подтверждено человеком" in answer.text) == (200, False, True)
    assert "Anna" in answer.text


@SQLITE
def test_a_fact_of_the_subject_is_marked_in_the_headline(
        anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver(subject="Заказ 18044876-0131 <b>разбит</b>", text="Здравствуйте")
    head = anna.get(T).text.partition("<h1>")[2].partition("</h1>")[0]
    assert '<mark class="fact"' in head
    assert "&lt;b&gt;" in head
