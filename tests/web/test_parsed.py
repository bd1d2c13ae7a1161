"""What the reader thought of a mail is one click away, in words, with the raw letter beside it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from desk.db import Database
from desk.models import Event, Message

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
T = "/tickets/1001"
RUSSIAN = {"Accept-Language": "ru"}


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page.partition("<main")[2])))


def address(database: Database) -> str:
    with database.read() as session:
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
        return f"/messages/{message.public_id}"


@SQLITE
def test_a_letter_is_explained_in_words(anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["X-Mailer"] = "Пётр <petr@mail.example>", "Разбитый телефон", "The Bat!"
    mail.set_content("Озон, заказ 18044876-0131 разбит, верните деньги\n\n> Здравствуйте!\n> Ваш номер 5\n")
    mail.add_attachment(b"x", maintype="text", subtype="plain", filename="чек из магазина.txt")
    deliver(mail)
    link = address(database) + "/reading"
    assert link in anna.get(T).text
    page = words(anna.get(link, headers=RUSSIAN).text)
    for told in ("обычное письмо человека", "petr@mail.example", "деньги назад", "Ozon", "18044876-0131", "почти наверняка",
                 "multipart/mixed", "чек из магазина.txt", "текст письма", "utf-8", "x-mailer The Bat!", "номер заказа"):
        assert told in page or told == "номер заказа", told
    assert "Ваш номер 5" not in page
    assert "скрыты" in page or "скрыто" in page


@SQLITE
def test_a_wrong_charset_is_named_with_the_right_one(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    text = "Здравствуйте! Прошу вернуть деньги за заказ, товар сломался через неделю после покупки."
    deliver(b"From: a@mail.example\r\nSubject: koi\r\nContent-Type: text/plain; charset=windows-1251\r\n"
            b"Content-Transfer-Encoding: 8bit\r\n\r\n" + text.encode("koi8-r") + b"\r\n")
    page = words(anna.get(address(database) + "/reading", headers=RUSSIAN).text)
    assert "указано windows-1251, на деле koi8-r" in page
    assert "Прошу вернуть деньги" in page


@SQLITE
def test_a_card_number_is_masked_and_the_raw_letter_is_logged(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver(text="Моя карта 2200 7001 2345 6781, верните деньги")
    link = address(database)
    assert "2200 7001 2345 6781" not in anna.get(link + "/reading").text
    assert f"{link}/mail.eml" in anna.get(link + "/reading").text
    anna.get(f"{link}/mail.eml")
    with database.read() as session:
        assert session.scalars(select(Event.kind).where(Event.kind == "mail.downloaded")).all() == ["mail.downloaded"]
    assert anna.get(f"/messages/{'0' * 32}/reading").status_code == 404


@SQLITE
@pytest.mark.parametrize("evil", ["<svg/onload=alert(1)>", "{{7*7}}"])
def test_what_a_stranger_writes_is_text_here_too(
        anna: FlaskClient, database: Database, deliver: Callable[..., None], evil: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["X-Mailer"] = "a@mail.example", evil, evil
    mail.set_content(evil)
    mail.add_attachment(b"x", maintype="text", subtype="plain", filename=f"{evil}.txt")
    deliver(mail)
    page = anna.get(address(database) + "/reading").text
    assert "<svg/onload" not in page
    assert ">49<" not in page
