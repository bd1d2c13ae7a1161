"""Writing: drafts outlive everything, ready answers are filled from what a person confirmed, gaps are never sent."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from desk.db import Database
from desk.models import Draft, Fact, Outbox, Ticket

from .conftest import CSRF, post

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
T = "/tickets/1001"
FULL = "Заказ 18044876-0131 от 3 ноября за 24 990 руб. разбит, верните деньги. +7 916 123-45-67"


def composed(client: FlaskClient, area: str = "reply-text") -> str:
    found = re.search(rf'id="{area}"[^>]*>(.*?)</textarea>', client.get(T).text, re.S)
    assert found
    return html.unescape(found[1])


def part(client: FlaskClient, key: str) -> str:
    token = CSRF.search(client.get(T).data)
    assert token
    answer = client.post(f"{T}/insert", headers={"X-Desk-Part": "1"},
                         data={"csrf_token": token[1].decode(), "insert": key, "text": ""})
    assert answer.status_code == 200
    return str(answer.json["text"])  # type: ignore[index]


def letters(database: Database) -> list[Outbox]:
    with database.read() as session:
        return list(session.scalars(select(Outbox).where(Outbox.kind == "reply")))


def test_a_draft_survives_signing_out_and_is_gone_once_it_was_sent(
        sign_in: Callable[[str], FlaskClient], database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    anna = sign_in("anna")
    for text in ("Здрав", "Здравствуйте, Пётр!"):
        assert post(anna, f"{T}/draft", at=T, kind="reply", text=text).json["saved"]  # type: ignore[index]
    post(anna, f"{T}/draft", at=T, kind="note", text="спросить про видео")
    post(anna, "/sign-out", at=T)
    again, boris = sign_in("anna"), sign_in("boris")
    assert (composed(again), composed(again, "note-text")) == ("Здравствуйте, Пётр!", "спросить про видео")
    assert composed(boris) == ""  # nobody else's business
    post(again, f"{T}/reply", at=T, nonce="n" * 10, newest=99, text="Здравствуйте, Пётр!")
    post(again, f"{T}/note", at=T, text="спросить про видео")
    assert (composed(again), composed(again, "note-text")) == ("", "")
    post(again, f"{T}/draft", at=T, kind="reply", nonce="n" * 10, text="Здравствуйте, Пётр!")  # a late copy
    with database.read() as session:
        assert session.scalars(select(Draft)).all() == []


@SQLITE
def test_an_emptied_draft_is_taken_away_and_a_card_number_is_masked(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    post(anna, f"{T}/draft", at=T, kind="reply", text="карта 2200 7001 2345 6781")
    assert composed(anna) == "карта 2200 **** **** 6781"
    post(anna, f"{T}/draft", at=T, kind="reply", text="  \n")
    with database.read() as session:
        assert session.scalars(select(Draft)).all() == []
    assert post(anna, f"{T}/draft", at=T, kind="letter", text="x").status_code == 400
    assert post(anna, "/tickets/9/draft", at=T, kind="reply", text="x").status_code == 404


@SQLITE
def test_a_reply_taken_back_is_a_draft_again_above_nothing_that_was_begun_since(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    post(anna, f"{T}/reply", at=T, nonce="n" * 10, newest=99, text="Первый")
    post(anna, f"{T}/draft", at=T, kind="reply", text="Второй")
    address = re.search(r'action="(/tickets/1001/letters/\w+/undo)"', anna.get(T).text)
    assert address
    post(anna, address[1], at=T)
    assert composed(anna) == "Второй\n\nПервый"


@SQLITE
def test_a_colleagues_answer_meanwhile_is_asked_about_once(
        sign_in: Callable[[str], FlaskClient], database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    anna, boris = sign_in("anna"), sign_in("boris")
    newest = re.search(r'name="newest" value="(\d+)"', anna.get(T).text)
    assert newest
    post(boris, f"{T}/reply", at=T, nonce="b" * 10, newest=99, text="Ответ Бориса")
    kept = post(anna, f"{T}/reply", at=T, nonce="a" * 10, newest=newest[1], text="Ответ Анны")
    assert (kept.status_code, "Boris" in kept.text, "Ответ Анны</textarea>" in kept.text) == (409, True, True)
    assert len(letters(database)) == 1
    post(anna, f"{T}/reply", at=T, nonce="a" * 10, newest=newest[1], text="Ответ Анны", confirm="1")
    assert len(letters(database)) == 2


@SQLITE
def test_a_ready_answer_takes_only_what_a_person_confirmed_and_a_gap_blocks_sending(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver(text=FULL)
    text = part(anna, "damaged")
    assert text.startswith("Здравствуйте, Пётр Кузнецов!")
    assert "по заказу [[номер заказа]]" in text
    refused = post(anna, f"{T}/reply", at=T, nonce="n" * 10, newest=99, text=text)
    assert (refused.status_code, "номер заказа" in refused.text.partition('role="alert"')[2][:300]) == (400, True)
    assert letters(database) == []
    assert composed(anna) == text  # kept, whatever becomes of that page
    with database.read() as session:
        fact = session.scalars(select(Fact).where(Fact.kind == "order_number")).one()
    post(anna, f"{T}/facts/{fact.id}", at=T, verdict="confirmed")
    filled = part(anna, "damaged")
    assert "по заказу 18044876-0131" in filled
    assert "[[" not in filled
    post(anna, f"{T}/reply", at=T, nonce="n" * 10, newest=99, text=filled)
    assert len(letters(database)) == 1


@SQLITE
def test_without_javascript_a_ready_answer_goes_under_what_was_written(
        anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver()
    assert post(anna, f"{T}/insert", at=T, insert="taken_on", text="Пётр, добрый день!").location == f"{T}#composer"
    assert composed(anna).startswith("Пётр, добрый день!\n\nЗдравствуйте")
    assert post(anna, f"{T}/insert", at=T, insert="no such", text="").status_code == 404


@SQLITE
def test_only_what_is_missing_is_asked_for(anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver(text="Озон, телефон разбит, верните деньги, уже две недели не отвечают на мои обращения")
    assert 'value="missing"' in anna.get(T).text
    text = part(anna, "missing")
    assert "— номер заказа" in text
    assert "чего вы хотите" not in text
    with database.write() as session:  # told by phone, written down by the team
        ticket = session.scalars(select(Ticket)).one()
        session.add(Fact(ticket_id=ticket.id, kind="order_number", value="18044876-0131", quote="", place="", start=0, end=0,
                         confidence=1, state="confirmed"))
    assert "— номер заказа" not in part(anna, "missing")


@SQLITE
def test_who_writes_in_english_is_asked_in_english(anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver(text="Hello, I bought a phone on Ozon and it arrived broken. Please refund my money as soon as possible.",
            sender="john@mail.example")
    text = part(anna, "missing")
    assert text.startswith("Hello!")
    assert "the order number" in text
    assert not re.search("[а-я]", text.partition("\n\n")[2].rpartition("\n\n")[0])


@SQLITE
def test_the_menu_offers_every_answer_those_for_the_case_first(
        anna: FlaskClient, app: Flask, deliver: Callable[..., None]) -> None:
    from desk import replies

    deliver(text="Заказ 18044876-0131 не пришёл, не доставили, где посылка? Верните деньги")
    offered = re.findall(r'name="insert" value="(\w+)" formaction', anna.get(T).text)
    assert set(offered) >= {reply.key for reply in replies.known()}
    keys = [key for key in offered if key != "missing"]
    assert keys.index("not_delivered") < keys.index("taken_on")


def test_of_two_joined_consumers_the_one_who_wrote_last_is_answered_unless_another_is_chosen(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    assert 'name="to"' not in anna.get(T).text.partition('id="reply-form"')[2].partition("</form>")[0]
    deliver(sender="maria@mail.example", subject="О том же", text="Заказ 18044876-0131 у мужа разбит")
    deliver(sender="stranger@mail.example", subject="Другое", text="Совсем другое")
    post(anna, f"{T}/join", at=T, to=1002)
    chosen = re.search(r'<option value="(\d+)" selected>[^<]*maria@', anna.get(T).text)
    other = re.search(r'<option value="(\d+)">[^<]*petr@', anna.get(T).text)
    assert chosen
    assert other
    for number, person in enumerate((chosen[1], other[1])):
        post(anna, f"{T}/reply", at=T, nonce=f"{number}" * 10, newest=99, text=f"Ответ {number}", to=person)
    refused = post(anna, f"{T}/reply", at=T, nonce="x" * 10, newest=99, text="Чужому", to=int(other[1]) + 2)
    assert (refused.status_code, "Чужому</textarea>" in refused.text) == (400, True)
    with database.read() as session:
        addresses = [r.address for out in session.scalars(select(Outbox).where(Outbox.kind == "reply").order_by(Outbox.id))
                     for r in out.recipients]
    assert addresses == ["maria@mail.example", "petr@mail.example"]
