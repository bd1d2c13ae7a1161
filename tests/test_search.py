"""Views, counts and words find the same tickets on both databases, in a fixed number of queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from desk import people, search, tickets
from desk.db import Database
from desk.models import Fact, Message, Person, Ticket, User
from desk.settings import Settings

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)


def complaint(database: Database, conf: Settings, name: str, subject: str, order: str, days_ago: int = 0) -> int:
    with database.write() as session:
        person = Person(address=f"{subject[:3].encode().hex()}{days_ago}@mail.example", name=name, created_at=NOW)
        session.add(person)
        session.flush()
        ticket = tickets.open_(session, conf, subject=subject, person=person, marketplace="ozon",
                               arrived_at=NOW - timedelta(days=days_ago), actor="mail", now=NOW)
        message = Message(ticket=ticket, direction="in", text=f"Здравствуйте!\n\nЗаказ {order}", created_at=NOW)
        session.add(message)
        session.flush()
        session.add(Fact(ticket_id=ticket.id, message_id=message.id, kind="order_number", value=order, quote=order,
                         place="body", start=0, end=1, confidence=0.9))
        return ticket.number


@pytest.fixture
def anna(database: Database) -> User:
    with database.write() as session:
        return people.create(session, email="anna@desk.example", name="Анна", actor="t", now=NOW)


def found(database: Database, user: User, words: str = "", view: search.View = "all") -> list[int]:
    with database.read() as session:
        return [r.ticket.number for r in search.queue(session, view=view, user=user, now=NOW, words=words).rows]


@pytest.mark.parametrize("words", ["шестакова", "ШЕСТАКОВА марина", "34939917-3352", "№1002", "1002", "выдачи", "d0bf"])
def test_a_part_of_anything_finds_the_ticket(database: Database, conf: Settings, anna: User, words: str) -> None:
    complaint(database, conf, "Ксения Чернова", "Не работает промокод", "33603179-5366")
    wanted = complaint(database, conf, "Марина Шестакова", "пункт выдачи закрыт", "34939917-3352")
    assert found(database, anna, words) == [wanted]


@pytest.mark.parametrize("words", ["%", "_", "\\", "' OR 1=1--", "нет такого", "№99999999999999999999"])
def test_what_means_something_to_sql_is_only_text(database: Database, conf: Settings, anna: User, words: str) -> None:
    complaint(database, conf, "Ксения Чернова", "Не работает промокод", "33603179-5366")
    assert found(database, anna, words) == []


def test_views_and_counts_agree_and_the_nearest_deadline_is_first(
        database: Database, conf: Settings, anna: User) -> None:
    late = complaint(database, conf, "А", "старое", "1-1", days_ago=9)
    new = complaint(database, conf, "Б", "новое", "2-2")
    done = complaint(database, conf, "В", "решено", "3-3")
    with database.write() as session:
        tickets.assign(session, conf, tickets.by_number(session, new), session.get_one(User, anna.id), actor="t", now=NOW)
        tickets.close(session, conf, tickets.by_number(session, done), actor="t", now=NOW)
    views = {view: found(database, anna, view=view) for view in search.VIEWS}
    assert views == {"mine": [new], "unassigned": [late], "overdue": [late], "waiting": [], "closed": [done],
                     "all": [late, new]}
    with database.read() as session:
        counts = search.counts(session, user=anna, now=NOW)
    assert counts == {view: len(rows) for view, rows in views.items()}


def test_a_page_costs_the_same_however_long_it_is(database: Database, conf: Settings, anna: User) -> None:
    def queries() -> int:
        seen: list[str] = []

        def count(*arguments: object) -> None:
            seen.append(str(arguments[2]))
        event.listen(database.reader, "before_cursor_execute", count)
        found(database, anna)
        event.remove(database.reader, "before_cursor_execute", count)
        return len(seen)

    complaint(database, conf, "А", "первое", "1-1")
    few = queries()
    for number in range(12):
        complaint(database, conf, f"Имя {number}", f"тема {number}", f"{number}-9", days_ago=number)
    assert queries() == few <= 8


def test_a_row_shows_the_beginning_of_the_newest_letter(database: Database, conf: Settings, anna: User) -> None:
    number = complaint(database, conf, "А", "первое", "18044876-0131")
    with database.write() as session:
        ticket = tickets.by_number(session, number)
        assert isinstance(ticket, Ticket)
        session.add(Message(ticket=ticket, direction="in", text="Второе\n письмо", created_at=NOW))
        session.add(Message(ticket=ticket, direction="note", text="заметка", created_at=NOW))
    with database.read() as session:
        row = search.queue(session, view="all", user=anna, now=NOW).rows[0]
    assert (row.snippet, row.orders, row.files) == ("Второе письмо", ("18044876-0131",), 0)
    assert row.deadline is not None
