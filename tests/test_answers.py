"""What a company's answer says: suggested by its phrases, the serious first; every counter-argument names its article."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from desk import answers, escalation, letterbook, people, settings, tickets
from desk.db import Database
from desk.law.source import LawDataError
from desk.models import Person, Ticket
from desk.settings import Settings

BOOK = escalation.known_answers()
NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)


@pytest.mark.parametrize(("text", "means", "quote"), [
    ("Здравствуйте! Ваше обращение принято и зарегистрировано под № 5.", "no_answer", "обращение принято"),
    ("Ваше обращение принято.\nК сожалению, мы НЕ МОЖЕМ\nвернуть деньги.", "refused", "НЕ МОЖЕМ\nвернуть"),
    ("Деньги возвращены 12 мая на карту.", "met", "Деньги возвращены"),
    ("Деньги пока не возвращены, ожидайте ответа", "no_answer", "ожидайте ответа"),
    ("Деньги будут возвращены до пятницы", "partial", "будут возвращены"),
    ("В качестве компенсации готовы предложить 500 баллов", "partial", "В качестве компенсации"),
    ("Пришлите, пожалуйста, фото чека", "asks", "Пришлите"), ("Добрый день!", "", "")])
def test_the_suggested_class_and_its_phrase(text: str, means: str, quote: str) -> None:
    found = answers.suggest(text, BOOK)
    assert (found.means, text[found.start:found.end]) == (means, quote)


def test_known_phrases_bring_their_counter_argument_and_offers_are_seen() -> None:
    found = answers.suggest("Это естественный износ, товар был исправен. Начислили вам 1 500 баллов и 10 % скидки.", BOOK)
    assert [c.key for c in found.counters] == ["wear", "points_for_money"]
    assert found.offers == ["1 500 баллов", "10 % скидки"]


def test_no_counter_argument_names_an_article_that_stands_nowhere_in_our_data() -> None:
    """Law is not invented here: articles come from config/deadlines.toml, config/penalties.toml and the shipped letters."""
    known = "".join((settings.resource("config") / name).read_text() for name in ("deadlines.toml", "penalties.toml"))
    known += "".join(letterbook.text_of(key) for key in letterbook.shipped())
    articles = set(re.findall(r"\d+(?:\.\d+)?", " ".join(re.findall(r"(?:ст\.|стать[а-яё]+)\s*([\d., ]+)", known))))
    for counter in BOOK.counters:
        named = re.findall(r"(?:ст\.|[Сс]тать[а-яё]+)\s*([\d.]+)", counter.text + counter.law)
        assert named, counter.key
        assert {n.rstrip(".") for n in named} <= articles, counter.key
        assert counter.source


def test_a_mistake_in_the_data_names_its_line() -> None:
    with pytest.raises(LawDataError) as error:
        answers.load('[[phrase]]\nmeans = "perhaps"\nwords = ["да"]\n')
    assert error.value.line == 2


@pytest.mark.parametrize(("means", "state", "clock"), [
    ("met", "answered", "met"), ("refused", "answered", "running"), ("partial", "answered", "running"),
    ("asks", "sent", "running"), ("no_answer", "sent", "running")])
def test_only_done_stops_the_clock_and_a_robot_is_no_answer(database: Database, conf: Settings, means: str, state: str,
                                                            clock: str) -> None:
    with database.write() as session:
        anna = people.create(session, email="a@desk.example", name="Анна", actor="t", now=NOW)
        person = Person(address="petr@mail.example", name="Пётр", created_at=NOW)
        session.add(person)
        session.flush()
        ticket = tickets.open_(session, conf, subject="x", person=person, marketplace="ozon", arrived_at=NOW, actor="t", now=NOW)
        row = escalation.prepare(session, ticket, "claim_seller", addressee="x", channel="form", place="", reason="да",
                                 by_consumer=True, on=NOW.date(), author=anna, now=NOW)
        with pytest.raises(escalation.EscalationError, match="unknown_answer"):
            answer(session, ticket, row, means)
        escalation.sent(session, conf, ticket, row, sent_on=NOW.date(), proven_on=NOW.date(), number="1", proof="", actor="t",
                        now=NOW)
        answer(session, ticket, row, means)
        assert (row.state, row.answer_class) == (state, means)
        assert {d.state for d in ticket.deadlines if d.rule == "zpp22_money"} == {clock}
        with pytest.raises(escalation.EscalationError, match="unknown_answer"):
            answer(session, ticket, row, "perhaps")


def answer(session, ticket: Ticket, row, means: str) -> None:  # type: ignore[no-untyped-def]
    escalation.answered(session, ticket, row, answer="текст", means=means, answered_on=NOW.date(), actor="t", now=NOW)
