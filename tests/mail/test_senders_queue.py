"""What is kept on the ticket of a letter's sender, of a company's number and of several failures, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from desk import db, inbox, outbox, reading
from desk.blobs import Blobs
from desk.db import Database
from desk.models import Mailbox, Message, Outbox, Ticket
from desk.settings import Mailbox as Box
from desk.settings import Settings

BOX = Box.model_validate({"name": "main", "address": "help@desk.example", "host": "imap.example", "username": "help",
                          "password": "x", "authserv_id": "mx.yandex.ru"})


@pytest.fixture
def ours(conf: Settings) -> Settings:
    return conf.model_copy(update={"mailbox": [BOX]})


@pytest.fixture
def drain(database: Database, ours: Settings, reader: reading.Reader) -> Iterator[inbox.Drain]:
    out = inbox.Drain(database, ours, now_fn=db.now)
    out.reader = reader
    yield out
    out.thread.shutdown()


def arrive(database: Database, conf: Settings, drain: inbox.Drain, sender: str, *, head: str = "",
           text: str = "Верните деньги") -> None:
    raw = (f"{head}From: {sender}\r\nTo: help@desk.example\r\nMIME-Version: 1.0\r\n"
           f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n").encode()
    with database.write() as session:
        box = session.scalar(select(Mailbox)) or Mailbox(name="main", uidvalidity=1, last_uid=0)
        session.add(box)
        session.flush()
        inbox.accept(session, box, uid=box.last_uid + 1, raw=raw, arrived_at=db.now(), size=len(raw), historic=False,
                     truncated=False, blobs=Blobs(conf.blobs_path), now=db.now())
    drain.run()


def test_the_server_of_the_mailbox_is_believed_and_nobody_else(database: Database, ours: Settings,
                                                               drain: inbox.Drain) -> None:
    claim = "Authentication-Results: mx.evil.example; dmarc=pass header.from=0zon.ru\r\n"
    arrive(database, ours, drain, "Anna <anna@mail.example>",
           head="Authentication-Results: mx.yandex.ru; dkim=pass header.i=@mail.example\r\n" + claim)
    arrive(database, ours, drain, "Ozon <info@0zon.ru>", head=claim)
    with database.read() as session:
        first, second = (m.trust for m in session.scalars(select(Message).where(Message.direction == "in").order_by(
            Message.id)))
        assert first is not None
        assert second is not None
        assert (first["host"], first["trusted"], first["verdict"], first["doubts"]) == ("mx.yandex.ru", True, "pass", [])
        assert (second["verdict"], second["dmarc"]) == ("none", "")
        assert second["doubts"] == [{"kind": "looks_like", "of": "ozon.ru", "domain": "0zon.ru"}]


def test_a_companys_number_comes_to_the_ticket_and_its_later_letters_too(database: Database, ours: Settings,
                                                                         drain: inbox.Drain) -> None:
    arrive(database, ours, drain, "Anna <anna@mail.example>", head="Message-ID: <a@mail.example>\r\n")
    with database.write() as session:
        ticket = session.scalars(select(Ticket)).one()
        sent = outbox.put(session, ours, dedup_key="claim:1", kind="reply", to=["claims@shop.example"], subject="Претензия",
                          text="Претензия", ticket=ticket, in_reply_to="", references=[], now=db.now())
        session.add(Message(ticket=ticket, outbox=sent, direction="out", kind="reply", text="Претензия", created_at=db.now(),
                            subject="Претензия", message_id=sent.message_id))
    arrive(database, ours, drain, "Robot <robot@help.shop.example>",
           head=f"In-Reply-To: {sent.message_id}\r\nAuto-Submitted: auto-replied\r\n",
           text="Ваше обращение зарегистрировано под номером 22283263.")
    arrive(database, ours, drain, "Support <support@shop.example>", text="По обращению 22283263: деньги вернём.")
    with database.read() as session:
        ticket = session.scalars(select(Ticket)).one()
        assert (ticket.company_case, ticket.company_domain) == ("22283263", "shop.example")
        assert len([m for m in ticket.messages if m.direction == "in"]) == 3


def test_a_forwarded_registration_counts_and_a_strangers_does_not(database: Database, ours: Settings,
                                                                  drain: inbox.Drain) -> None:
    forward = ("Вот их ответ.\r\n\r\n-------- Пересылаемое сообщение --------\r\nОт: Ozon <{}>\r\nДата: 21.09.2026, 10:00\r\n"
               "Тема: Ответ\r\n\r\nВаше обращение № 445566 принято.")
    arrive(database, ours, drain, "Anna <anna@mail.example>", text=forward.format("noreply@sender.ozon.ru"))
    arrive(database, ours, drain, "Olga <olga@mail.example>", text=forward.format("robot@stranger.example"))
    with database.read() as session:
        assert [(t.company_case, t.company_domain) for t in session.scalars(select(Ticket).order_by(Ticket.number))] == [
            ("445566", "ozon.ru"), ("", "")]


def test_every_addressee_who_failed_is_marked(database: Database, ours: Settings, drain: inbox.Drain) -> None:
    arrive(database, ours, drain, "Anna <anna@mail.example>")
    with database.write() as session:
        ticket = session.scalars(select(Ticket)).one()
        sent = outbox.put(session, ours, dedup_key="claim:1", kind="reply", subject="Претензия", text="Претензия", ticket=ticket,
                          to=["a@shop.example", "b@shop.example", "c@shop.example"], in_reply_to="", references=[], now=db.now())
        message_id = sent.message_id
    blocks = "".join(f"\r\nFinal-Recipient: rfc822; {who}@shop.example\r\nAction: {action}\r\nStatus: {status}\r\n"
                     for who, action, status in (("a", "failed", "5.1.1"), ("b", "delivered", "2.0.0"), ("c", "failed", "5.2.2")))
    report = ("MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
              "Subject: Undelivered\r\n")
    parts = (f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n{blocks}\r\n--b\r\n"
             f"Content-Type: message/rfc822\r\n\r\nMessage-ID: {message_id}\r\n\r\nx\r\n--b--")
    raw = f"From: MAILER-DAEMON@mx.example\r\n{report}\r\n{parts}\r\n".encode()
    with database.write() as session:
        box = session.scalars(select(Mailbox)).one()
        inbox.accept(session, box, uid=box.last_uid + 1, raw=raw, arrived_at=db.now(), size=len(raw), historic=False,
                     truncated=False, blobs=Blobs(ours.blobs_path), now=db.now())
    drain.run()
    with database.read() as session:
        letter = session.scalars(select(Outbox).where(Outbox.message_id == message_id)).one()
        assert {r.address: (r.state, r.text) for r in letter.recipients} == {
            "a@shop.example": ("bounced", "5.1.1"), "b@shop.example": ("pending", ""), "c@shop.example": ("bounced", "5.2.2")}
        kept = session.scalars(select(Message).where(Message.kind == "bounce")).one().bounce
        assert kept is not None
        assert [failure["recipient"] for failure in kept["failures"]] == ["a@shop.example", "c@shop.example"]
