"""The ladder on a ticket: in turn or with a reason, a letter frozen, sent once, its clocks started from the proof."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import casework, deadlines, escalation, letterbook, letters, outbox, people, tickets
from desk.db import Database
from desk.escalation import EscalationError
from desk.models import Event, Fact, Letter, Message, Outbox, Person, Step, Ticket, User
from desk.settings import Settings

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)
FACTS = {"addressee_name": "ООО «Ромашка»", "consumer_name": "Пётр Кузнецов", "consumer_address": "Москва",
         "consumer_phone": "+79161234567", "consumer_email": "petr@mail.example", "order_date": "1 мая 2026 г.",
         "marketplace": "Ozon", "product": "телефон", "order_number": "18044876-0131", "price": "24 990,50",
         "problem": "Экран разбит.", "bank_details": "счёт 1", "today": "12 мая 2026 г."}
TABLES = {"annex_table": [["№", "Документ"], ["1", "чек.jpg"]]}


@pytest.fixture
def ticket_id(database: Database, conf: Settings) -> int:
    with database.write() as session:
        people.create(session, email="anna@desk.example", name="Анна", actor="t", now=NOW)
        person = Person(address="petr@mail.example", name="Пётр Кузнецов", created_at=NOW)
        session.add(person)
        session.flush()
        ticket = tickets.open_(session, conf, subject="Разбитый телефон", person=person, marketplace="ozon",
                               arrived_at=NOW, actor="mail", now=NOW)
        message = Message(ticket=ticket, direction="in", text="Разбит.\n> ваш ответ\nВерните деньги", folds=[[8, 20]],
                          created_at=NOW)
        session.add(message)
        session.flush()
        for kind, value, state in (("amount", "100.00", "found"), ("amount", "24990.00", "confirmed"),
                                   ("order_date", "2026-05-01", "found"), ("phone", "+79160000000", "rejected")):
            session.add(Fact(ticket_id=ticket.id, message_id=message.id, kind=kind, value=value, quote=value,
                             place="body", start=0, end=1, confidence=0.9, state=state))
        return ticket.id


def at_hand(session: Session, ticket_id: int) -> tuple[Ticket, User]:
    return session.get_one(Ticket, ticket_id), session.scalars(select(User)).one()


def prepared(session: Session, ticket_id: int, *, channel: str = "post", reason: str = "срочно",
             facts: dict[str, str] | None = None) -> Step:
    ticket, anna = at_hand(session, ticket_id)
    row = escalation.prepare(session, ticket, "claim_seller", addressee="ООО «Ромашка»", channel=channel, place="",
                             reason=reason, by_consumer=True, on=NOW.date(), author=anna, now=NOW)
    escalation.write(session, ticket, row, "claim_refund_defect", facts=FACTS if facts is None else facts, tables=TABLES,
                     annexes=[], written_on=NOW.date(), author=anna, now=NOW)
    return row


def test_a_step_out_of_turn_needs_a_reason(database: Database, ticket_id: int) -> None:
    with database.write() as session:
        with pytest.raises(EscalationError) as refused:
            prepared(session, ticket_id, reason=" ")
        assert (refused.value.key, refused.value.names) == ("out_of_turn", ("support",))
    with database.write() as session:
        ticket, anna = at_hand(session, ticket_id)
        escalation.skip(session, ticket, "support", reason="поддержка уже отказала", author=anna, now=NOW)
        assert prepared(session, ticket_id, reason="").state == "prepared"


@pytest.mark.parametrize(("key", "channel", "addressee", "error"), [
    ("rospotrebnadzor", "email", "Роспотребнадзор", "channel_closed"), ("nothing", "post", "x", "unknown_step"),
    ("support", "chat", " ", "addressee_needed")])
def test_what_the_ladder_does_not_allow_is_refused(database: Database, ticket_id: int, key: str, channel: str,
                                                   addressee: str, error: str) -> None:
    with database.write() as session:
        ticket, anna = at_hand(session, ticket_id)
        with pytest.raises(EscalationError, match=error):
            escalation.prepare(session, ticket, key, addressee=addressee, channel=channel, place="", reason="да",
                               on=NOW.date(), author=anna, now=NOW)


def test_a_missing_fact_blocks_the_letter_by_name(database: Database, ticket_id: int) -> None:
    with pytest.raises(EscalationError) as refused, database.write() as session:
        prepared(session, ticket_id, facts={**FACTS, "bank_details": "", "price": "много"})
    assert refused.value.names == ("price_words", "bank_details")
    with database.read() as session:
        assert session.scalars(select(Step)).all() == []


def test_a_letter_is_frozen_with_the_facts_it_was_written_from(database: Database, ticket_id: int) -> None:
    with database.write() as session:
        letter = prepared(session, ticket_id).letter
        assert letter is not None
        assert letter.facts["price"].replace("\u00a0", " ") == "24 990 руб. 50 коп."
        assert "penalty_sum" not in letter.facts
    with database.read() as session:
        kept = session.scalars(select(Letter)).one()
        assert kept.sha256 == hashlib.sha256(kept.pdf).hexdigest()
        template = letterbook.shipped()["claim_refund_defect"]
        again = template.fill(kept.facts, written_on=kept.written_on, tables=TABLES)
        assert (letters.pdf(again), again.plain_text()) == (kept.pdf, kept.text)
        assert kept.template_sha256 == template.sha256


def test_a_complaint_to_a_state_body_starts_two_clocks_and_its_registration_is_an_estimate(
        database: Database, conf: Settings, ticket_id: int) -> None:
    with database.write() as session:
        ticket, anna = at_hand(session, ticket_id)
        row = escalation.prepare(session, ticket, "rospotrebnadzor", addressee="Роспотребнадзор", channel="portal", place="",
                                 reason="срок вышел", on=NOW.date(), author=anna, now=NOW)
        started = escalation.sent(session, conf, ticket, row, sent_on=NOW.date(), proven_on=NOW.date(), number="77-1",
                                  proof="госуслуги", actor="user:1", now=NOW)
        assert (started, ticket.stage) == (["fz59_reply_30", "fz59_register_3"], "regulator")
        clocks = {d.rule: d for d in ticket.deadlines}
        register, reply = clocks["fz59_register_3"], clocks["fz59_reply_30"]
        assert (register.start_on, register.proven_on) == (NOW.date(), NOW.date())
        assert (reply.start_on, reply.proven_on, reply.proof) == (NOW.date() + timedelta(days=3), None, "")
        deadlines.prove(session, conf, reply, proven_on=NOW.date(), proof="№ 77-1 от 12.05", proof_class="portal",
                        actor="user:1", now=NOW)
        assert reply.raw_due == NOW.date() + timedelta(days=30)


@pytest.mark.parametrize(("proven_on", "start", "due"), [
    (None, date(2026, 5, 12), date(2026, 5, 22)), (date(2026, 5, 18), date(2026, 5, 18), date(2026, 5, 28))])
def test_sending_moves_the_stage_and_starts_the_clock(database: Database, conf: Settings, ticket_id: int,
                                                      proven_on: date | None, start: date, due: date) -> None:
    with database.write() as session:
        row = prepared(session, ticket_id)
        ticket, _ = at_hand(session, ticket_id)
        started = escalation.sent(session, conf, ticket, row, sent_on=NOW.date(), proven_on=proven_on, proof="уведомление",
                                  number="80080782401239", actor="user:1", now=NOW)
        assert (started, ticket.stage, row.state) == (["zpp22_money"], "claim", "sent")
        clock = next(d for d in ticket.deadlines if d.rule == "zpp22_money")
        assert (clock.start_on, clock.due, bool(clock.proof)) == (start, due, proven_on is not None)
        assert clock.proof_class == ("" if proven_on is None else escalation.PROVEN_BY.get(row.channel, "other"))
        with pytest.raises(EscalationError, match="already_sent"):
            escalation.sent(session, conf, ticket, row, sent_on=NOW.date(), proven_on=None, proof="", number="",
                            actor="user:1", now=NOW)


def test_the_next_step_is_what_the_overdue_clock_names(database: Database, conf: Settings, ticket_id: int) -> None:
    with database.write() as session:
        ticket, _ = at_hand(session, ticket_id)
        row = prepared(session, ticket_id)
        escalation.sent(session, conf, ticket, row, sent_on=NOW.date(), proven_on=NOW.date(), proof="", number="",
                        actor="user:1", now=NOW)
        later = datetime(2026, 6, 2, 9, tzinfo=UTC)
        offers = escalation.offers(ticket, escalation.steps(session, ticket), now=later)
        assert [o.step.key for o in offers if o.suggested] == ["rospotrebnadzor"]
        assert not next(o for o in offers if o.step.key == "rospotrebnadzor").first


def test_a_claim_by_mail_carries_the_frozen_bytes_and_can_be_taken_back(
        database: Database, conf: Settings, ticket_id: int) -> None:
    with database.write() as session:
        ticket, anna = at_hand(session, ticket_id)
        row = prepared(session, ticket_id, channel="email")
        out = escalation.mail(session, conf, ticket, row, to="pretenzii@shop.example", text="", author=anna,
                              files=[("чек.jpg", "image/jpeg", b"\xff\xd8")], now=NOW)
        assert out.try_after - NOW == escalation.UNDO
        mail = message_from_bytes(out.mime, policy=policy.default)
        pdf, receipt = mail.iter_attachments()
        assert row.letter is not None
        assert pdf.get_content() == row.letter.pdf
        assert (pdf.get_filename(), receipt.get_filename()) == (f"{row.letter.title}.pdf", "чек.jpg")
        assert "18044876-0131" in mail["Subject"]
        assert outbox.undo(session, out, actor="user:1", now=NOW)
        assert session.scalars(select(Outbox).where(Outbox.kind == "letter")).one().state == "cancelled"
        with pytest.raises(EscalationError, match="address_wrong"):
            escalation.mail(session, conf, ticket, prepared(session, ticket_id, channel="email"), to="никто", text="",
                            author=anna, files=[], now=NOW)


def test_every_act_is_in_the_history(database: Database, conf: Settings, ticket_id: int) -> None:
    with database.write() as session:
        ticket, _ = at_hand(session, ticket_id)
        row = prepared(session, ticket_id)
        escalation.sent(session, conf, ticket, row, sent_on=NOW.date(), proven_on=None, proof="", number="80080782401239", actor="user:1",
                        now=NOW)
        escalation.answered(session, ticket, row, answer="отказ", answered_on=NOW.date(), actor="user:1", now=NOW)
        kinds = [e.kind for e in session.scalars(select(Event).where(Event.ticket_id == ticket_id))]
        assert [k for k in kinds if k.startswith(("step.", "letter.", "ticket.stage"))] == [
            "step.prepared", "letter.frozen", "ticket.stage_changed", "step.sent", "step.answered"]


def test_what_is_known_of_a_case_says_where_it_comes_from(database: Database, conf: Settings, ticket_id: int) -> None:
    with database.read() as session:
        ticket, anna = at_hand(session, ticket_id)
        known = casework.known(session, conf, ticket, body=escalation.known_bodies()["ozon"], marketplace="Ozon",
                               author=anna, now=NOW)
    assert (known["price"].words.replace("\u00a0", " "), known["price"].sure) == ("24 990 руб.", True)
    assert (known["order_date"].words.replace("\u00a0", " "), known["order_date"].sure) == ("1 мая 2026 г.", False)
    assert known["problem"].words == "Разбит.\nВерните деньги"
    assert known["addressee_name"].words == "ООО «Интернет Решения»"
    assert "consumer_phone" not in known  # a person said it is wrong


@pytest.mark.parametrize(("text", "value"), [
    ("24990", "24990"), ("24 990,50", "24990.50"), ("24\u00a0990 руб. 05 коп.", "24990.05"), ("1 990 ₽", "1990"),
    ("много", None), ("", None), ("-5", None), ("1e99", None), ("NaN", None), ("12 руб. хх коп.", None)])
def test_sums_as_people_type_them(text: str, value: str | None) -> None:
    assert casework.money_of(text) == (None if value is None else Decimal(value))
