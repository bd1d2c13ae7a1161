"""No page shows a card number, nor the list printed by `desk tickets --json`; the raw mail does, and who took it is
written down."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from desk import cli
from desk.db import Database
from desk.models import Event, InboundMail, Message
from desk.settings import Settings

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CARD = "5536 9138 0000 0008"
PAGES = ("/", "/?q=возврат", "/tickets/1001", "/tickets/1001/facts", "/tickets/1001/history", "/tickets/1001/evidence")


@pytest.fixture
def letter(deliver: Callable[..., None], database: Database) -> Message:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = f"Пётр {CARD} <petr@mail.example>", f"Возврат на {CARD}"
    mail.set_content(f"Заказ 18044876-0131. Верните на карту {CARD}.\n\n> раньше была {CARD}\n")
    mail.add_alternative(f"<p>Заказ 18044876-0131. <b>Карта {CARD}</b></p>", subtype="html")
    deliver(mail)
    with database.read() as session:
        return session.scalars(select(Message).where(Message.direction == "in")).one()


@SQLITE
def test_no_page_shows_a_card(anna: FlaskClient, letter: Message) -> None:
    for path in (*PAGES, f"/messages/{letter.public_id}/reading", f"/messages/{letter.public_id}/letter.html"):
        answer = anna.get(path)
        assert answer.status_code in (200, 404), path
        assert "0000 0008" not in answer.text.replace("**** 0008", ""), path
        assert CARD not in answer.text, path
    assert "5536 **** **** 0008" in anna.get("/tickets/1001").text


@SQLITE
def test_a_held_mail_is_shown_without_its_card(anna: FlaskClient, letter: Message, database: Database) -> None:
    raw = f"From: a@mail.example\r\nSubject: {CARD}\r\n\r\nкарта {CARD}".encode()
    with database.write() as session:
        session.execute(update(InboundMail).values(
            state="held", reason="crashes", raw=raw, sha256=hashlib.sha256(raw).hexdigest()))
        public_id = session.scalars(select(InboundMail.public_id)).one()
    for path in ("/held", f"/held/{public_id}"):
        assert CARD not in anna.get(path).text
    assert CARD.encode() in anna.get(f"/held/{public_id}/mail.eml").data


@SQLITE
def test_the_raw_mail_holds_it_and_taking_it_is_written_down(anna: FlaskClient, letter: Message, database: Database) -> None:
    assert anna.get(f"/messages/{letter.public_id}/mail.eml").status_code == 200
    with database.read() as session:
        event = session.scalars(select(Event).where(Event.kind == "mail.downloaded")).one()
        assert event.actor.startswith("user:")
        assert event.detail == {"message": letter.public_id}


@SQLITE
def test_the_list_of_tickets_as_json_hides_it(letter: Message, conf: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_HOME", str(conf.home))
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    assert cli.main(["tickets", "--json"]) == 0
    ticket = json.loads(out.getvalue().splitlines()[0])
    assert CARD not in out.getvalue()
    assert "5536 **** **** 0008" in json.dumps(ticket, ensure_ascii=False)
