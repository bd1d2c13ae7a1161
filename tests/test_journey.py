"""A complaint mailed in becomes a ticket, is acknowledged, answered and threaded, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from desk import db, inbox, outbox, reading, search
from desk.blobs import Blobs
from desk.db import Database
from desk.models import InboundMail, Mailbox, Message, Outbox, Ticket, User
from desk.settings import Settings


@pytest.fixture
def drain(database: Database, conf: Settings, reader: reading.Reader) -> Iterator[inbox.Drain]:
    out = inbox.Drain(database, conf, now_fn=db.now)
    out.reader = reader
    yield out
    out.thread.shutdown()


def complaint(sender: str = "anna@pochta.example", head: str = "", text: str = "Верните деньги, заказ 18044876-0131") -> bytes:
    return (f"From: Anna <{sender}>\r\nTo: help@desk.example\r\n{head}MIME-Version: 1.0\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n").encode()


def arrive(database: Database, conf: Settings, *raws: bytes) -> None:
    with database.write() as session:
        mailbox = session.scalar(select(Mailbox)) or Mailbox(name="main", uidvalidity=1, last_uid=0)
        session.add(mailbox)
        session.flush()
        for raw in raws:
            inbox.accept(session, mailbox, uid=mailbox.last_uid + 1, raw=raw, arrived_at=db.now(), size=len(raw),
                         historic=False, truncated=False, blobs=Blobs(conf.blobs_path), now=db.now())


def test_a_complaint_becomes_an_acknowledged_ticket(database: Database, conf: Settings, drain: inbox.Drain) -> None:
    arrive(database, conf, complaint(head="Subject: Ozon\r\nMessage-ID: <a@pochta.example>\r\n"))
    assert drain.run() == 1
    with database.read() as session:
        ticket = session.scalars(select(Ticket)).one()
        assert ticket.number == conf.desk.first_ticket_number
        assert "18044876-0131" in {f.value for f in ticket.facts if f.kind == "order_number"}
        assert [d.rule for d in ticket.deadlines] == ["desk_first_reply_1w"]
        assert ticket.next_due_at == ticket.deadlines[0].due_at
        ack = session.scalars(select(Outbox)).one()
        assert ack.kind == "ack"
        assert ack.envelope_from == ""
        assert [r.address for r in ack.recipients] == ["anna@pochta.example"]


def test_one_acknowledgement_a_day_and_none_to_automatic_mail(
        database: Database, conf: Settings, drain: inbox.Drain) -> None:
    arrive(database, conf, complaint(text="one"), complaint(text="two"),
           complaint("bot@pochta.example", "Auto-Submitted: auto-replied\r\n"))
    drain.run()
    with database.read() as session:
        assert len(session.scalars(select(Ticket)).all()) == 3
        assert len(session.scalars(select(Outbox)).all()) == 1


def test_the_consumers_reply_is_appended_and_a_strangers_tag_is_not(
        database: Database, conf: Settings, drain: inbox.Drain) -> None:
    arrive(database, conf, complaint(head="Subject: Ozon\r\n"))
    drain.run()
    with database.write() as session:
        ticket = session.scalars(select(Ticket)).one()
        author = User(email="a@desk.example", name="A", created_at=db.now())
        session.add(author)
        session.flush()
        reply = outbox.write(session, conf, ticket, text="Ответ", author=author, nonce="n", now=db.now())
        assert outbox.write(session, conf, ticket, text="Ответ", author=author, nonce="n", now=db.now()) is reply
        head = f"Subject: Re: Ozon\r\nIn-Reply-To: {reply.message_id}\r\n"
        tag = f"Subject: Re: Ozon [#{ticket.number}]\r\n"
    arrive(database, conf, complaint(head=head, text="спасибо"), complaint("eve@evil.example", tag, "дайте всё"),
           complaint("mallory@evil.example", head, "и мне"))
    drain.run()
    with database.read() as session:
        first, second = session.scalars(select(Ticket).order_by(Ticket.number)).all()
        assert first.state == "open"
        letters = [m for m in first.messages if m.direction == "in"]
        assert [(m.sender_address, m.unconfirmed) for m in letters] == [
            ("anna@pochta.example", False), ("anna@pochta.example", False), ("mallory@evil.example", True)]
        assert second.hints == [{"kind": "names_ticket", "number": first.number}]
        assert [r.why for r in search.related(session, second)] == ["named"]


def report(message_id: str, action: str, status: str) -> bytes:
    """A delivery report of RFC 3464 about a letter of ours to Anna."""
    return ("From: MAILER-DAEMON@mx.example\r\nTo: help@desk.example\r\nSubject: Delivery report\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
            f"Content-Type: text/plain\r\n\r\nAbout your letter: {action}\r\n--b\r\nContent-Type: message/delivery-status\r\n"
            f"\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; anna@pochta.example\r\nAction: {action}\r\n"
            f"Status: {status}\r\nDiagnostic-Code: smtp; {status} mailbox\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
            f"Message-ID: {message_id}\r\nFrom: help@desk.example\r\nSubject: Re: Ozon\r\n\r\nx\r\n--b--\r\n").encode()


@pytest.mark.parametrize(("action", "status", "failed"), [("failed", "5.1.1", True), ("delayed", "4.2.0", False)])
def test_a_report_of_failure_turns_letter_and_ticket_red_and_a_delay_does_not(
        database: Database, conf: Settings, drain: inbox.Drain, action: str, status: str, failed: bool) -> None:
    arrive(database, conf, complaint())
    drain.run()
    with database.write() as session:
        message_id = session.scalars(select(Outbox)).one().message_id
    arrive(database, conf, report(message_id, action, status))
    drain.run()
    with database.read() as session:
        ticket, letter = session.scalars(select(Ticket)).one(), session.scalars(select(Outbox)).one()
        assert ticket.delivery_failed is failed
        assert ("bounced" in {r.state for r in letter.recipients}) is failed
        assert [m.kind for m in ticket.messages if m.direction == "in"] == ["mail", "bounce"]


def test_our_own_tag_is_no_order_number(database: Database, conf: Settings, drain: inbox.Drain) -> None:
    arrive(database, conf, complaint(head="Subject: =?utf-8?b?0JfQsNC60LDQtw==?= [#1001]\r\n", text="Где деньги?"))
    drain.run()
    with database.read() as session:
        ticket = session.scalars(select(Ticket)).one()
        assert ticket.subject == "Заказ"
        assert [f.value for f in ticket.facts if f.kind == "order_number"] == []


def test_the_same_bytes_twice_are_one_message(database: Database, conf: Settings, drain: inbox.Drain) -> None:
    arrive(database, conf, complaint(), complaint())
    drain.run()
    with database.read() as session:
        assert [r.state for r in session.scalars(select(InboundMail).order_by(InboundMail.id))] == ["done", "linked"]
        assert len(session.scalars(select(Message).where(Message.direction == "in")).all()) == 1


def test_what_is_no_mail_is_held_and_can_be_made_a_ticket(
        database: Database, conf: Settings, drain: inbox.Drain) -> None:
    arrive(database, conf, b"\x00\x01\x02 nothing of a mail")
    drain.run()
    with database.write() as session:
        row = inbox.held(session)[0]
        assert row.reason == "not_a_mail"
        inbox.make_ticket(session, conf, row, actor="user:1", now=db.now())
        assert row.state == "done"


def test_a_worker_whose_lease_ran_out_cannot_commit(
        database: Database, conf: Settings, drain: inbox.Drain) -> None:
    arrive(database, conf, complaint())
    late = inbox.claim(database, conf, db.now())[0]
    taken = inbox.claim(database, conf, db.now() + timedelta(hours=1))[0]
    result = drain.reader.read(late.raw or b"")
    with pytest.raises(inbox.Fenced), database.write() as session:
        inbox.finish(session, conf, late, result, now=db.now())
    with database.write() as session:
        inbox.finish(session, conf, taken, result, now=db.now())
        assert len(session.scalars(select(Ticket)).all()) == 1


def test_a_reply_can_be_taken_back_until_it_leaves(database: Database, conf: Settings, drain: inbox.Drain) -> None:
    arrive(database, conf, complaint())
    drain.run()
    with database.write() as session:
        author = User(email="a@desk.example", name="A", created_at=db.now())
        session.add(author)
        ticket = session.scalars(select(Ticket)).one()
        session.flush()
        reply = outbox.write(session, conf, ticket, text="Ответ", author=author, nonce="n", now=db.now())
        assert outbox.undo(session, reply, actor="user:1", now=db.now())
        assert not outbox.undo(session, reply, actor="user:1", now=db.now())
        assert ticket.state == "open"
