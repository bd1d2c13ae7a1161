"""Money of a case, the question «решено?», and what the consumer is told: each promised date is a clock on the ticket."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import escalation, outbox, outcomes, people, status, sums, tickets
from desk.db import Database
from desk.models import Event, Message, Person, Step, Ticket, User
from desk.settings import Settings

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)
TODAY = date(2026, 5, 12)


@pytest.fixture
def ticket_id(database: Database, conf: Settings) -> int:
    with database.write() as session:
        people.create(session, email="anna@desk.example", name="Анна", actor="t", now=NOW)
        person = Person(address="petr@mail.example", name="Пётр", created_at=NOW)
        session.add(person)
        session.flush()
        return tickets.open_(session, conf, subject="x", person=person, marketplace="ozon", arrived_at=NOW, actor="t",
                             now=NOW).id


def at_hand(session: Session, ticket_id: int) -> tuple[Ticket, User]:
    return session.get_one(Ticket, ticket_id), session.scalars(select(User)).one()


def add(session: Session, ticket_id: int, kind: str, amount: str, on: date = TODAY) -> None:
    ticket, anna = at_hand(session, ticket_id)
    sums.add(session, ticket, kind=kind, amount=Decimal(amount), on=on, note="", author=anna, now=NOW)


def test_sums_are_exact_and_what_is_struck_out_does_not_count(database: Database, ticket_id: int) -> None:
    with database.write() as session:
        for kind, amount in (("claimed", "24990.10"), ("paid", "0.10"), ("paid", "0.20"), ("offered", "500")):
            add(session, ticket_id, kind, amount)
        ticket, _ = at_hand(session, ticket_id)
        offered = next(row for row in sums.of(session, ticket) if row.kind == "offered")
        sums.strike(session, ticket, offered, actor="t", now=NOW)
    with database.read() as session:
        assert sums.totals(sums.of(session, session.get_one(Ticket, ticket_id))) == {
            "claimed": Decimal("24990.10"), "paid": Decimal("0.30")}


@pytest.mark.parametrize(("kind", "amount"), [("paid", "0"), ("paid", "-1"), ("paid", "0.001"), ("paid", "10000000000"),
                                              ("gift", "1")])
def test_a_wrong_sum_is_refused(sqlite: Database, conf: Settings, kind: str, amount: str) -> None:
    with sqlite.write() as session:
        anna = people.create(session, email="a@desk.example", name="А", actor="t", now=NOW)
        ticket = tickets.open_(session, conf, subject="x", person=None, arrived_at=NOW, actor="t", now=NOW)
        with pytest.raises(sums.SumError):
            sums.add(session, ticket, kind=kind, amount=Decimal(amount), on=NOW.date(), note="", author=anna, now=NOW)


def test_recovered_by_month(database: Database, ticket_id: int) -> None:
    with database.write() as session:
        for amount, on in (("100.50", date(2026, 4, 30)), ("1", date(2026, 4, 1)), ("7", date(2026, 5, 1))):
            add(session, ticket_id, "paid", amount, on)
        add(session, ticket_id, "penalty", "999", date(2026, 5, 1))
    with database.read() as session:
        assert [(m.first, m.cases, m.paid) for m in sums.recovered(session)] == [
            (date(2026, 5, 1), 1, Decimal(7)), (date(2026, 4, 1), 1, Decimal("101.50"))]


def test_the_consumer_is_asked_and_answers_by_a_signed_link(database: Database, conf: Settings, ticket_id: int) -> None:
    with database.write() as session:
        ticket, anna = at_hand(session, ticket_id)
        row = outcomes.ask(session, conf, ticket, author=anna, now=NOW)
        text = session.scalars(select(Message).where(Message.kind == "reply")).one().text
        token = re.search(r"/outcome/(\S+)\?answer=solved", text)
        assert token
        assert f"{outcomes.link(conf, row)}?answer=not_solved" in text
        assert outcomes.by_token(session, conf, token[1]) is row
        for wrong in (token[1][:-1] + "x", row.public_id, f"{row.public_id}.", "", "0" * 32 + ".x", token[1] + "я"):
            assert outcomes.by_token(session, conf, wrong) is None
        tickets.close(session, conf, ticket, actor="t", now=NOW)
        outcomes.decide(session, ticket, row, answer="solved", now=NOW)
        assert ticket.state == "closed"
        outcomes.decide(session, ticket, row, answer="not_solved", now=NOW)
        assert (ticket.state, ticket.unread, row.answer) == ("open", True, "not_solved")
        kinds = [e.kind for e in session.scalars(select(Event))]
        assert [k for k in kinds if k.startswith("outcome")] == ["outcome.asked", "outcome.solved", "outcome.not_solved"]


def test_without_an_address_nobody_is_asked(sqlite: Database, conf: Settings) -> None:
    with sqlite.write() as session:
        anna = people.create(session, email="a@desk.example", name="А", actor="t", now=NOW)
        ticket = tickets.open_(session, conf, subject="x", person=None, arrived_at=NOW, actor="t", now=NOW)
        with pytest.raises(outbox.OutboxError, match="no_address"):
            outcomes.ask(session, conf, ticket, author=anna, now=NOW)


def taken(session: Session, conf: Settings, ticket_id: int, keys: tuple[str, ...], *, send: int) -> list[Step]:
    ticket, anna = at_hand(session, ticket_id)
    rows = [escalation.prepare(session, ticket, key, addressee=f"ООО «{key}»", channel="form", place="", reason="да",
                               by_consumer=True, on=NOW.date(), author=anna, now=NOW) for key in keys]
    for row in rows[:send]:
        escalation.sent(session, conf, ticket, row, sent_on=NOW.date(), proven_on=NOW.date(), number="77", proof="форма",
                        actor="t", now=NOW)
    session.flush()
    return rows


def test_every_date_that_is_promised_is_a_clock_of_the_ticket(database: Database, conf: Settings, ticket_id: int) -> None:
    with database.write() as session:
        rows = taken(session, conf, ticket_id, ("claim_seller", "claim_marketplace"), send=2)
        ticket, anna = at_hand(session, ticket_id)
        text = status.words(session, conf, ticket, rows, anna).replace("\u00a0", " ")
        promised = set(re.findall(r"до (\d+ [а-я]+ \d{4} г\.)", text))
        months = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа")
        assert promised
        assert promised <= {f"{d.due.day} {months[d.due.month - 1]} {d.due.year} г." for d in ticket.deadlines}
        for words in ("Пётр", "Что сделано", "ООО «claim_seller»", "ООО «claim_marketplace»", "№ 77", "Чего ждём", "нужно от вас"):
            assert words in text


def test_what_was_prepared_together_is_told_together_and_once(database: Database, conf: Settings, ticket_id: int) -> None:
    with database.write() as session:
        rows = taken(session, conf, ticket_id, ("claim_seller", "claim_marketplace"), send=1)
        ticket, anna = at_hand(session, ticket_id)
        assert status.tell(session, conf, ticket, rows[0], author=anna, now=NOW) is None
        escalation.sent(session, conf, ticket, rows[1], sent_on=NOW.date(), proven_on=None, number="", proof="", actor="t",
                        now=NOW)
        session.flush()
        first = status.tell(session, conf, ticket, rows[1], author=anna, now=NOW)
        assert first is not None
        assert status.tell(session, conf, ticket, rows[1], author=anna, now=NOW) is first
        told = session.scalars(select(Message).where(Message.kind == "reply")).one().text
        assert "примерно" in told  # the marketplace's delivery is not proven


def test_without_a_clock_no_date_is_promised(database: Database, conf: Settings, ticket_id: int) -> None:
    with database.write() as session:
        ticket, anna = at_hand(session, ticket_id)
        row = escalation.prepare(session, ticket, "ethics", addressee="Линия", channel="web", place="", reason="да",
                                 on=NOW.date(), author=anna, now=NOW)
        escalation.sent(session, conf, ticket, row, sent_on=NOW.date(), proven_on=None, number="", proof="", actor="t", now=NOW)
        text = status.words(session, conf, ticket, [row], anna)
        assert "Срока для ответа мы назвать не можем" in text
        assert not re.search(r"до \d", text)
