"""The same question finds the same tickets on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select, text

from desk import people, search, tickets
from desk.db import Database
from desk.models import Attachment, Fact, Message, Person, Ticket, User
from desk.search import index
from desk.settings import Settings

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")

WORDS = {
    "возврат телефона": [1001],  # «вернули телефон»
    "вернуть телефоны": [1001], "ВЕРНЁТ ТЕЛЕФОН": [1001], "чайники": [1002], "разбитый": [1002],
    "суды": [1003], "участке судебном": [1003], "определение.pdf": [1003], "госпошлину": [1003],
    "отказ истца": [1003], "order": [1004], "deliver charging": [], "chargers delivering": [1004],
    "возврат чайника": [], "шестаковой": [1001],
}
NUMBERS = {
    "34939917-3352": [1001], "349399": [1001], "99173352": [1001], "9917-33": [1001], "3352": [1001],
    "0131": [1002], "349393352": [], "+7 916 123-45-67": [1001], "8(916)1234567": [1001],
    "123-45-67": [1001], "916 123": [1001], "2345": [1001], "1003": [1003], "№1002": [1002], "# 1002": [1002],
    "№9999": [], "17": [1003],
}
NAMES = {
    "шестак": [1001], "ербако": [1003], "ким": [1003], "shestak": [1001], "m.shestakova@mail.example": [1001],
    "olga@ma": [1003], "@post.example": [1002], "марина шестакова": [1001], "от:кузнец": [1002],
    "от:petr@post.example": [1002], "from:smith": [1004], "от:суд": [],
}
SLIPS = {
    "Шистакова": [1001], "шестокова": [1001], "Шестаклва Марина": [1001], "Кузницов": [1002], "щербкова": [1003],
    "кзунецов": [1002], "Smiht": [1004], "шестокова телефон": [1001], "ломоносов": [],
}
FIELDS = {
    "маркетплейс:ozon": [1001], "marketplace:вайлдберриз": [1002], "площадка:вб чайник": [1002],
    "срок:просрочен": [1002], "due:overdue": [1002], "due:week": [1001, 1003, 1004], "срок:нет": [],
    "этап:суд": [1003], "stage:court": [1003], "кто:никто": [1001, 1002, 1004], "кто:смирнова": [1003],
    "кто:я": [1003], "есть:файл": [1003], "has:note": [1003], "тема:refused_refund": [1001],
    "после:2026-05-04": [1001, 1003, 1004], "до:03.05.2026": [1002],
    "состояние:закрыто": [], "состояние:новое телефон": [1001], "деньги -телефон": [], "-телефон -суд чайник": [1002],
    "теле*": [1001], "маркетплейс:ozon срок:неделя от:шестак №1001": [1001],
}

SNIPPETS = [
    ("возврат телефона", ["вернули", "телефон"], "letter"), ("госпошлина", ["госпошлины"], "note"),
    ("участки", ["участок"], "определение.pdf"), ("3352", ["3352"], "letter"), ("шестак", [], "")]
ODD = ["%", "_", "\\", "'", "\"", "' OR 1=1--", "a:b:c", "(((", "* AND", "NEAR(", "№99999999999999999999", "\ud800",
                                   "&|!:*", "ъ" * 300, "7" * 300, "-", "@", "a@", ":", "срок:", "«»", "тел*фон", "\u0130"]


@pytest.fixture
def anna(database: Database) -> User:
    with database.write() as session:
        return people.create(session, email="anna@desk.example", name="Анна Смирнова", actor="t", now=NOW)


@pytest.fixture
def desk(database: Database, conf: Settings, anna: User) -> Database:
    """Four tickets: 1001 a broken phone, 1002 a kettle, 1003 a court case with a file, 1004 in English."""
    write(database, conf, "Марина Шестакова", "m.shestakova@mail.example", "Верните деньги за телефон",
          "Здравствуйте! Мне не вернули телефон после ремонта. Заказ 34939917-3352, тел. +7 (916) 123-45-67.",
          order="34939917-3352", phone="+79161234567", marketplace="ozon", topics=["refused_refund"])
    write(database, conf, "Пётр Кузнецов", "petr@post.example", "Чайник", "Разбили чайник, карта 4276380012345679.",
          order="18044876-0131", marketplace="wildberries", days_ago=9)
    third = write(database, conf, "Ольга Щербакова-Ким", "olga@mail.example", "Иск", "Подали в мировой суд")
    with database.write() as session:
        ticket = session.get_one(Ticket, third)
        message = ticket.messages[0]
        message.attachments = [Attachment(place=0, filename="определение.pdf", content_type="application/pdf", size=9,
                                          sha256="0" * 64, text="Судебный участок № 17 отказал истцу")]
        message.contents = "read"
        tickets.note(session, ticket, text="Позвонить юристу насчёт госпошлины", author=anna, now=NOW)
        tickets.assign(session, conf, ticket, session.get_one(User, anna.id), actor="t", now=NOW)
        tickets.change_stage(session, ticket, "court", actor="t", now=NOW)
    write(database, conf, "John Smith", "john.smith@mail.example", "Broken charger", "My orders were delivered broken")
    search.catch_up(database)
    return database


def write(database: Database, conf: Settings, name: str, address: str, subject: str, body: str, *, order: str = "",
          phone: str = "", marketplace: str = "", topics: list[str] | None = None, days_ago: int = 0) -> int:
    at = NOW - timedelta(days=days_ago)
    with database.write() as session:
        person = Person(address=address, name=name, created_at=NOW)
        session.add(person)
        session.flush()
        ticket = tickets.open_(session, conf, subject=subject, person=person, marketplace=marketplace, arrived_at=at,
                               actor="mail", now=at)
        ticket.topics = topics or []
        message = Message(ticket=ticket, direction="in", text=body, subject=subject, sender_name=name,
                          sender_address=address, created_at=at)
        session.add(message)
        session.flush()
        session.add_all(Fact(ticket_id=ticket.id, message_id=message.id, kind=kind, value=value, quote=value,
                             place="body", start=0, end=1, confidence=0.9)
                        for kind, value in (("order_number", order), ("phone", phone)) if value)
        return ticket.id


def found(database: Database, words: str, *, user: User | None = None) -> list[int]:
    with database.read() as session:
        asking = search.Asking(user or User(id=0), NOW, MOSCOW)
        answer = search.ask(session, words, asking)
        assert answer.question, words
        return list(session.scalars(select(Ticket.number).where(answer.condition).order_by(Ticket.number)))


def test_words_are_found_in_every_form_wherever_they_stand(desk: Database) -> None:
    assert {words: found(desk, words) for words in WORDS} == WORDS


def test_a_part_of_a_number_is_enough(desk: Database) -> None:
    assert {words: found(desk, words) for words in NUMBERS} == NUMBERS


def test_a_part_of_a_name_or_an_address_is_enough(desk: Database) -> None:
    assert {words: found(desk, words) for words in NAMES} == NAMES


def test_a_slip_in_a_name_still_finds_it(desk: Database) -> None:
    assert {words: found(desk, words) for words in SLIPS} == SLIPS


def test_fields_narrow_the_search_in_both_languages(desk: Database, anna: User) -> None:
    assert {words: found(desk, words, user=anna) for words in FIELDS} == FIELDS


def test_what_is_not_understood_is_said() -> None:
    assert search.read("срок:вчера маркетплейс:нигде до:31.02.2026").faults == ("срок:вчера", "маркетплейс:нигде", "до:31.02.2026")


def test_whatever_is_typed_is_only_text(desk: Database) -> None:
    for words in ODD:
        with desk.read() as session:
            answer = search.ask(session, words, search.Asking(User(id=0), NOW, MOSCOW))
            session.scalars(select(Ticket.id).where(answer.condition)).all()
    assert not search.read("и в")


def test_no_number_of_a_card_is_in_the_index(desk: Database, anna: User, conf: Settings) -> None:
    with desk.write() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == 1004)).one()
        tickets.note(session, ticket, text="Карта 4276 3800 1234 5679, чек 5679", author=anna, now=NOW)
    search.catch_up(desk)
    assert found(desk, "4276380012345679") == found(desk, "42763800") == found(desk, "4276") == []
    assert found(desk, "чек 5679") == [1004]
    with desk.read() as session:
        kept = " ".join(map(str, session.execute(text("SELECT tokens, numbers FROM search_entry")).all()))
    assert "38001234" not in kept
    assert "12345679" not in kept


def test_every_change_is_found_after_the_next_look(desk: Database, conf: Settings, anna: User) -> None:
    with desk.write() as session:
        one, two = (session.scalars(select(Ticket).where(Ticket.number == n)).one() for n in (1001, 1002))
        session.scalars(select(Person).where(Person.id == one.consumer_id)).one().name = "Марина Лебедева"
        tickets.record_case(session, one, number="CASE-778899", domain="ozon.ru", actor="t", now=NOW)
        tickets.decide_fact(session, two, two.facts[0], verdict="corrected", value="55555555-1234", user=anna, now=NOW)
        tickets.move(session, two.messages[0], one, actor="t", now=NOW)
    assert search.catch_up(desk) == 2
    assert search.catch_up(desk) == 0
    assert found(desk, "лебедева") == found(desk, "7788") == found(desk, "чайник телефон") == [1001]
    assert found(desk, "разбили чайник") == [1001]
    assert found(desk, "5555-1234") == [1001]  # the fact went with its letter


def test_our_acknowledgement_says_nothing_about_the_case(desk: Database) -> None:
    with desk.write() as session:
        session.add_all(Message(ticket_id=1, direction="out", kind=kind, text=words, created_at=NOW)
                        for kind, words in (("ack", "канделябр"), ("reply", "подсвечник")))
    search.catch_up(desk)
    assert (found(desk, "канделябр"), found(desk, "подсвечники")) == ([], [1001])


def test_a_change_that_is_rolled_back_leaves_nothing(desk: Database, anna: User) -> None:
    with desk.write() as session:
        tickets.note(session, session.get_one(Ticket, 1), text="утюг", author=anna, now=NOW)
        session.flush()
        session.rollback()
    assert search.catch_up(desk) == 0


def test_one_ticket_that_cannot_be_indexed_keeps_no_other_from_it(
        desk: Database, conf: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = write(desk, conf, "Имя", "bad@mail.example", "Плохой утюг", "x")
    write(desk, conf, "Имя", "good@mail.example", "Хороший утюг", "x")
    entry = index._entry

    def broken(ticket_id: int, words: index.Words) -> tuple[dict[str, object], set[str]]:
        row, names = entry(ticket_id, words)
        return ({**row, "numbers": None} if ticket_id == bad else row), names  # the table refuses it
    monkeypatch.setattr(index, "_entry", broken)
    assert search.catch_up(desk) == 2
    assert search.catch_up(desk) == 0
    assert found(desk, "утюги") == [1006]
    monkeypatch.undo()
    search.rebuild(desk)
    assert found(desk, "утюги") == [1005, 1006]


def test_the_index_can_be_built_anew(desk: Database) -> None:
    with desk.write() as session:
        session.execute(text("DELETE FROM search_entry"))
    assert found(desk, "чайник") == []
    assert search.rebuild(desk) == 4
    assert found(desk, "чайник") == [1002]
    assert found(desk, "кузнец") == [1002]
    assert search.catch_up(desk) == 0


def test_a_search_costs_the_same_however_much_it_finds(desk: Database, conf: Settings) -> None:
    def queries(words: str) -> int:
        seen: list[str] = []

        def count(*arguments: object) -> None:
            seen.append(str(arguments[2]))
        event.listen(desk.reader, "before_cursor_execute", count)
        found(desk, words)
        event.remove(desk.reader, "before_cursor_execute", count)
        return len(seen)

    few = queries("чайник разбит")
    for number in range(12):
        write(desk, conf, f"Имя {number}", f"p{number}@mail.example", "Чайник", "Опять разбили чайник")
    search.catch_up(desk)
    assert queries("чайник разбит") == few <= 4


def test_a_snippet_shows_why(desk: Database) -> None:
    for words, marked, where in SNIPPETS:
        with desk.read() as session:
            answer = search.ask(session, words, search.Asking(User(id=0), NOW, MOSCOW))
            ids = list(session.scalars(select(Ticket.id).where(answer.condition)))
            pieces = search.snippets(session, ids, answer.question, answer.names)
        shown = next(iter(pieces.values()), None)
        assert ([text for text, mark in shown.pieces if mark] if shown else []) == marked, words
        assert (shown.where if shown else "") == where
