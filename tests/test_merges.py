"""Two tickets made one and taken apart again: nothing is lost on the way, and both stand as they stood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import delete, inspect, select

from desk import db, deadlines, drafts, inbox, merges, outbox, people, reading, tickets, views
from desk.blobs import Blobs
from desk.db import Database
from desk.models import (
    Base,
    Deadline,
    Draft,
    Event,
    Fact,
    Mailbox,
    Merge,
    Message,
    Outbox,
    Participant,
    SearchDue,
    Ticket,
    User,
)
from desk.settings import Settings

NOW = db.now()
STAY = {"event", "participant", "draft", "search_entry"}  # its own history, people added, drafts handed over, the index
Send = Callable[..., None]


@pytest.fixture
def send(database: Database, conf: Settings, reader: reading.Reader) -> Iterator[Send]:
    drain = inbox.Drain(database, conf, now_fn=db.now)
    drain.reader = reader

    def deliver(text: str, sender: str, *, to: str = "help@desk.example", subject: str = "Телефон") -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"<{sender}>", to, subject
        mail.set_content(text)
        with database.write() as session:
            box = session.scalar(select(Mailbox)) or Mailbox(name="main", uidvalidity=1, last_uid=0)
            session.add(box)
            session.flush()
            count = len(session.scalars(select(Message.id)).all())
            inbox.accept(session, box, uid=box.last_uid + 1, raw=mail.as_bytes(), size=1, historic=False, truncated=False,
                         arrived_at=NOW - timedelta(hours=30 - count), blobs=Blobs(conf.blobs_path), now=NOW)
        drain.run()
    yield deliver
    drain.thread.shutdown()


@pytest.fixture
def pair(database: Database, conf: Settings, send: Send) -> User:
    """№ 1001 of Pyotr, waiting and assigned; № 1002 of Maria about the same order, with a note and a clock."""
    send("Заказ 18044876-0131 разбит, верните 24 990 руб.", "petr@mail.example")
    send("Заказ 18044876-0131 у мужа разбит! +7 916 123-45-67", "maria@mail.example")
    with database.write() as session:
        anna = people.create(session, email="anna@desk.example", name="Анна", role="lead", password="x" * 12, actor="t", now=NOW)
        first, second = by(session, 1001), by(session, 1002)
        tickets.assign(session, conf, first, anna, actor="t", now=NOW)
        outbox.write(session, conf, first, text="Ответ", author=anna, nonce="n" * 10, now=NOW)
        tickets.note(session, second, text="Это жена", author=anna, now=NOW)
        deadlines.start(session, conf, second, "zpp22_money", start_on=date(2026, 11, 20), actor="t", now=NOW)
        drafts.save(session, first, anna, "reply", "Первый черновик", now=NOW)
        drafts.save(session, second, anna, "reply", "Второй черновик", now=NOW)
    return anna


def by(session: Any, number: int) -> Ticket:
    return session.scalars(select(Ticket).where(Ticket.number == number)).one()  # type: ignore[no-any-return]


def picture(database: Database) -> dict[str, Any]:
    """Everything that a ticket holds and how it stands, without its history and drafts."""
    with database.read() as session:
        out: dict[str, Any] = {model.__tablename__: sorted(tuple(row) for row in session.execute(select(model.id, model.ticket_id)))
                               for model in (*merges.MOVED, Participant)}
        for ticket in session.scalars(select(Ticket).order_by(Ticket.id)):
            out[f"№ {ticket.number}"] = {c.key: getattr(ticket, c.key) for c in inspect(Ticket).columns if c.key != "version"}
        return out


def join(database: Database, conf: Settings) -> None:
    with database.write() as session:
        merges.merge(session, conf, by(session, 1002), by(session, 1001), actor="user:1", now=NOW)


def part(database: Database, conf: Settings) -> None:
    with database.write() as session:
        merges.undo(session, conf, session.scalars(select(Merge).order_by(Merge.id.desc())).first(), actor="user:1", now=NOW)  # type: ignore[arg-type]


def test_every_table_that_belongs_to_a_ticket_is_decided_about() -> None:
    belonging = {table.name for table in Base.metadata.tables.values()
                 if any(key.column.table.name == "ticket" for column in table.columns if column.name == "ticket_id"
                        for key in column.foreign_keys)}
    assert belonging == {model.__tablename__ for model in merges.MOVED} | STAY


def test_everything_goes_over_and_both_consumers_stay(database: Database, conf: Settings, pair: User) -> None:
    join(database, conf)
    with database.read() as session:
        first, second = by(session, 1001), by(session, 1002)
        assert (second.state, second.merged_into_id, second.next_due_at) == ("closed", first.id, None)
        assert (first.state, first.unread, first.assignee_id) == ("open", True, pair.id)
        assert first.next_due_at is not None
        for model in merges.MOVED:
            assert session.scalars(select(model.id).where(model.ticket_id == second.id)).all() == []
        assert {m.sender_address for m in first.messages if m.direction == "in"} == {"petr@mail.example", "maria@mail.example"}
        assert any(m.text == "Это жена" for m in first.messages)
        persons = select(Participant).where(Participant.ticket_id == first.id)
        assert {p.person.address for p in session.scalars(persons)} == {"petr@mail.example", "maria@mail.example"}
        assert second.consumer is not None
        assert second.consumer.address == "maria@mail.example"
        assert {f.value for f in first.facts} >= {"18044876-0131", "+79161234567"}
        draft = session.scalars(select(Draft)).one()
        assert (draft.ticket_id, draft.text) == (first.id, "Первый черновик\n\nВторой черновик")
        kinds = {(e.ticket_id, e.kind) for e in session.scalars(select(Event)) if "joined" in e.kind}
        assert kinds == {(second.id, "ticket.joined_to"), (first.id, "ticket.joined_from")}


def test_the_joined_one_is_no_closed_ticket_and_both_are_indexed_anew(
        database: Database, conf: Settings, pair: User) -> None:
    with database.write() as session:
        session.execute(delete(SearchDue))
    join(database, conf)
    with database.read() as session:
        assert set(session.scalars(select(SearchDue.ticket_id))) == {1, 2}
        assert views.tally(session, now=NOW).held["closed"] == 0
        assert session.scalars(select(Ticket.id).where(views.condition("closed", pair, NOW))).all() == []


def test_its_number_its_tag_and_its_reply_address_lead_to_the_joined_ticket(
        database: Database, conf: Settings, send: Send, pair: User) -> None:
    with database.read() as session:
        address = outbox.reply_address(conf, by(session, 1002))
    join(database, conf)
    send("Ответ на адрес", "maria@mail.example", to=address)
    send("Ответ по номеру", "maria@mail.example", subject="Re: Телефон [#1002]")
    with database.read() as session:
        first = by(session, 1001)
        assert tickets.by_number(session, 1002) is first
        texts = [m.text.strip() for m in first.messages if m.direction == "in" and not m.unconfirmed]
        assert texts[-2:] == ["Ответ на адрес", "Ответ по номеру"]
        assert len(session.scalars(select(Ticket)).all()) == 2


def test_undoing_restores_exactly(database: Database, conf: Settings, pair: User) -> None:
    before = picture(database)
    join(database, conf)
    assert picture(database) != before
    part(database, conf)
    assert picture(database) == before
    with database.read() as session:
        assert [e.kind for e in session.scalars(select(Event).order_by(Event.id))][-2:] == [
            "ticket.parted_from", "ticket.parted_to"]


def test_what_came_in_and_was_changed_meanwhile_stays_in_the_target(
        database: Database, conf: Settings, send: Send, pair: User) -> None:
    join(database, conf)
    send("Ещё письмо", "petr@mail.example", subject="Re: Телефон [#1001]")
    with database.write() as session:
        tickets.close(session, conf, by(session, 1001), reason="всё", actor="user:1", now=NOW)
    part(database, conf)
    with database.read() as session:
        first, second = by(session, 1001), by(session, 1002)
        assert (first.state, second.state) == ("closed", "open")
        assert [m.text.strip() for m in first.messages if m.direction == "in"][-1] == "Ещё письмо"
        assert {m.text.strip() for m in second.messages if m.direction != "out"} >= {"Это жена"}


def test_a_chain_is_followed_and_taken_apart_only_from_its_end(
        database: Database, conf: Settings, send: Send, pair: User) -> None:
    send("Третье про другое", "vera@mail.example")
    join(database, conf)
    with database.write() as session:
        third = by(session, 1003)
        merges.merge(session, conf, by(session, 1001), third, actor="user:1", now=NOW)
        assert tickets.by_number(session, 1002) is third
        assert merges.joined_ids(session, third) == [third.id, 1, 2]
    with database.write() as session:
        inner = session.scalars(select(Merge).order_by(Merge.id)).first()
        assert inner is not None
        with pytest.raises(tickets.TicketError, match="joined_further"):
            merges.undo(session, conf, inner, actor="user:1", now=NOW)
        with pytest.raises(tickets.TicketError, match="joined_already"):
            merges.merge(session, conf, by(session, 1003), by(session, 1001), actor="user:1", now=NOW)
    part(database, conf)
    with database.read() as session:
        assert tickets.by_number(session, 1002) is by(session, 1001)


def test_a_fact_found_later_in_a_letter_goes_back_with_it(database: Database, conf: Settings, pair: User) -> None:
    join(database, conf)
    with database.write() as session:
        letter = session.scalars(select(Message).where(Message.sender_address == "maria@mail.example")).one()
        session.add(Fact(ticket_id=letter.ticket_id, message_id=letter.id, kind="receipt", value="t=1", quote="", place="attachment",
                         start=0, end=0, confidence=1))
    part(database, conf)
    with database.read() as session:
        assert session.scalars(select(Fact.ticket_id).where(Fact.kind == "receipt")).one() == by(session, 1002).id
        assert session.scalars(select(Deadline.ticket_id).where(Deadline.rule == "zpp22_money")).one() == by(session, 1002).id
        assert set(session.scalars(select(Outbox.ticket_id).where(Outbox.kind == "reply"))) == {by(session, 1001).id}
