"""The sender of a letter: one quiet line about who checked it, a warning when it may be forged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from desk.db import Database
from desk.models import Ticket

Deliver = Callable[..., None]


def page(database: Database, client: FlaskClient, language: str) -> str:
    with database.read() as session:
        number = session.query(Ticket).one().number
    return client.get(f"/tickets/{number}", headers={"Accept-Language": language}).get_data(as_text=True)


@pytest.mark.parametrize(("language", "words"), [
    ("ru", "в письме заявлена проверка mx.mail.example: DKIM в порядке"), ("en", "the letter claims a check by mx.mail.example: DKIM ok"),
])
def test_a_check_without_a_host_to_believe_is_a_claim(database: Database, anna: FlaskClient, deliver: Deliver, language: str,
                                                     words: str) -> None:
    deliver(Authentication_Results="mx.mail.example; dkim=pass header.d=mail.example")
    assert words in page(database, anna, language)


def test_a_forged_sender_from_a_look_alike_is_warned_of(database: Database, anna: FlaskClient, deliver: Deliver) -> None:
    deliver(sender="info@0zon.ru", Authentication_Results="mx.mail.example; dmarc=fail header.from=0zon.ru")
    shown = page(database, anna, "ru")
    assert "0zon.ru — это не ozon.ru, хотя похоже." in shown
    assert "Отправитель может быть поддельным." in shown


def test_a_letter_that_nobody_checked_says_nothing(database: Database, anna: FlaskClient, deliver: Deliver) -> None:
    deliver()
    assert "sender-check" not in page(database, anna, "ru")


def test_an_encrypted_letter_says_so(database: Database, anna: FlaskClient, deliver: Deliver) -> None:
    deliver(text="-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----")
    assert "Письмо зашифровано" in page(database, anna, "ru")
