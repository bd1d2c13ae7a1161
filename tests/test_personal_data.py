"""A card number stands in the raw mail and nowhere else: every table and column is looked through, and what leaves."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from desk import contents, db, drafts, inbox, outbox, search, tickets
from desk.blobs import Blobs
from desk.db import Database
from desk.models import Base, Fact, InboundMail, Mailbox, Message, Outbox, Ticket, User
from desk.search import index
from desk.settings import Settings

WRITTEN = ("4111 1111 1111 1111", "4111111111111111", "5536-9138-0000-0008", "2200 7000 0000 0009")
RAW = {("inbound_mail", "raw"), ("outbox", "mime")}  # the first is allowed to hold it, the second is opened below
BODY = f"""Здравствуйте! Заказ 18044876-0131 на Озоне, чайник 3 490 руб. Моя карта {WRITTEN[0]}, верните на неё.
Адрес: 190000, Петербург, Невский пр., д. 5, карта {WRITTEN[1]}
Меня зовут Анна Белова. ООО «Карта {WRITTEN[3]}»

---------- Forwarded message ---------
От: Озон {WRITTEN[0]} <info@ozon.ru>
Date: вс, 1 нояб. 2026 г. в 10:00
Subject: Карта {WRITTEN[2]}

Вернём на {WRITTEN[1]}

> и на {WRITTEN[2]}
"""


@pytest.fixture
def ticket(database: Database, conf: Settings) -> int:
    """A letter with cards in every place, its file read, and what the team writes with cards on it."""
    _arrive(database, conf)
    with database.write() as session:
        user = User(email="a@desk.example", name="Анна", password_hash="", created_at=db.now(), language="ru")
        session.add(user)
        session.flush()
        found = session.scalars(select(Ticket)).one()
        tickets.note(session, found, text=f"карта {WRITTEN[0]}", author=user, now=db.now())
        drafts.save(session, found, user, "reply", f"на карту {WRITTEN[1]}?", now=db.now())
        outbox.write(session, conf, found, text=f"Вернём на {WRITTEN[0]}", author=user, nonce="1", now=db.now())
        name = next(fact for fact in found.facts if fact.kind == "seller")
        tickets.decide_fact(session, found, name, verdict="corrected", value=f"Карта {WRITTEN[2]}", user=user, now=db.now())
    while index.catch_up(database):
        pass
    return 1001


def _arrive(database: Database, conf: Settings) -> None:
    mail = EmailMessage()
    mail["From"], mail["Message-ID"] = f"Анна {WRITTEN[0]} <anna@mail.example>", "<a@mail.example>"
    mail["Subject"] = f"Возврат на карту {WRITTEN[1]}"
    mail.set_content(BODY)
    mail.add_alternative(f"<p>{BODY}</p>", subtype="html")
    mail.add_attachment(f"карта {WRITTEN[0]} {WRITTEN[1]}".encode(), maintype="text", subtype="plain",
                        filename=f"карта {WRITTEN[0]}.txt")
    with database.write() as session:
        box = Mailbox(name="main", uidvalidity=1, last_uid=0)
        session.add(box)
        session.flush()
        inbox.accept(session, box, uid=1, raw=mail.as_bytes(), arrived_at=db.now(), size=1, historic=False,
                     truncated=False, blobs=Blobs(conf.blobs_path), now=db.now())
    drain, opener = inbox.Drain(database, conf, now_fn=db.now), contents.Opener(database, conf, now_fn=db.now)
    drain.run()
    opener.run()
    drain.close()
    opener.close()


def _all_values(database: Database) -> Iterator[tuple[str, str, str]]:
    with database.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(text(f"SELECT * FROM {table.name}")).mappings():
                for column, value in row.items():
                    yield table.name, column, value if isinstance(value, str) else json.dumps(value, default=str)


def test_no_table_holds_a_card_but_the_raw_mail(ticket: int, database: Database) -> None:
    held = {(table, column) for table, column, value in _all_values(database)
            if any(card in value or card.replace(" ", "").replace("-", "") in value for card in WRITTEN)}
    assert held <= RAW, held - RAW
    with database.read() as session:
        raw = session.scalars(select(InboundMail.raw)).one()
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
        assert email.message_from_bytes(raw, policy=email.policy.default)["Subject"].endswith(WRITTEN[1])
        assert "4111 **** **** 1111" in message.text
        assert "4111********1111" in message.subject
        assert message.attachments[0].filename == "карта 4111 **** **** 1111.txt"
        assert {fact.value for fact in session.scalars(select(Fact)) if fact.kind == "order_number"} == {"18044876-0131"}


def test_no_letter_of_ours_holds_a_card(ticket: int, database: Database) -> None:
    with database.read() as session:
        letters = [email.message_from_bytes(row.mime, policy=email.policy.default) for row in session.scalars(select(Outbox))]
    assert letters
    for letter in letters:
        said = letter["Subject"] + letter.get_body(("plain",)).get_content()
        assert not any(card in said for card in WRITTEN), letter["Subject"]


def test_no_search_finds_the_hidden_digits(ticket: int, database: Database) -> None:
    hidden = ("4111111111111111", "5536913800000008", "91380000", "3800", "2200700000000009", "70000000")
    found = {asked: _found(database, asked) for asked in (*hidden, "18044876-0131", "чайник")}
    assert found == {**dict.fromkeys(hidden, []), "18044876-0131": [ticket], "чайник": [ticket]}


def _found(database: Database, asked: str) -> list[int]:
    with database.read() as session:
        condition = search.ask(session, asked, search.Asking(User(id=0), db.now(), ZoneInfo("Europe/Moscow"))).condition
        return list(session.scalars(select(Ticket.number).where(condition)))
