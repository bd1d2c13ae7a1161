"""Views and their counts hold the same tickets on both databases, page by page, in a fixed number of queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from desk import escalation, people, tickets, views
from desk.db import Database
from desk.models import Fact, Message, Person, Step, Ticket, User
from desk.settings import Settings

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)


def complaint(database: Database, conf: Settings, name: str, subject: str, order: str, days_ago: int = 0) -> int:
    with database.write() as session:
        person = Person(address=f"{subject.encode().hex()[-40:]}@mail.example", name=name, created_at=NOW)
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


def shown(database: Database, user: User, view: views.View = "all", sort: str = "", size: int = 50) -> list[int]:
    """Numbers of all pages of a view, one after another."""
    numbers: list[int] = []
    after = ""
    with database.read() as session:
        while True:
            page = views.page(session, views.condition(view, user, NOW), views.sort_for(view, sort), after=after, size=size)
            numbers += [r.ticket.number for r in page.rows]
            after = page.after
            if not after:
                return numbers


def test_views_and_counts_agree_and_the_nearest_deadline_is_first(
        database: Database, conf: Settings, anna: User) -> None:
    late = complaint(database, conf, "А", "старое", "1-1", days_ago=9)
    new = complaint(database, conf, "Б", "новое", "2-2")
    done = complaint(database, conf, "В", "решено", "3-3")
    with database.write() as session:
        tickets.assign(session, conf, tickets.by_number(session, new), session.get_one(User, anna.id), actor="t", now=NOW)
        tickets.close(session, conf, tickets.by_number(session, done), actor="t", now=NOW)
    held = {view: shown(database, anna, view) for view in views.VIEWS}
    assert held == {"mine": [new], "unassigned": [late], "overdue": [late], "week": [new], "waiting": [], "company": [],
                    "body": [], "closed": [done], "all": [late, new]}
    with database.read() as session:
        counts = views.tally(session, now=NOW).of(anna)
    assert counts == {view: len(rows) for view, rows in held.items()}


def test_who_is_waited_for_is_told_apart(database: Database, conf: Settings, anna: User) -> None:
    numbers = [complaint(database, conf, name, name, f"{name}-1") for name in ("осталось", "площадка", "надзор", "ответ")]
    with database.write() as session:
        for number, step in zip(numbers[1:], ("claim_marketplace", "rospotrebnadzor", "claim_marketplace"), strict=True):
            ticket = tickets.by_number(session, number)
            assert ticket is not None
            row = Step(ticket_id=ticket.id, key=step, state="sent" if number != numbers[3] else "answered",
                       author_id=anna.id, created_at=NOW)
            session.add(row)
            assert step in escalation.known_ladder().steps
            ticket.state = "waiting"
        tickets.by_number(session, numbers[0]).state = "waiting"  # type: ignore[union-attr]
    assert shown(database, anna, "company") == [numbers[1]]
    assert shown(database, anna, "body") == [numbers[2]]
    assert sorted(shown(database, anna, "waiting")) == [numbers[0], numbers[3]]


def test_pages_hold_every_ticket_once_in_every_order(database: Database, conf: Settings, anna: User) -> None:
    numbers = [complaint(database, conf, f"Имя {n}", f"тема {n}", f"{n}-9", days_ago=n // 2) for n in range(7)]
    with database.write() as session:
        for number in numbers[::3]:
            ticket = tickets.by_number(session, number)
            assert ticket is not None
            ticket.next_due_at = None  # nothing runs: it comes last
    for sort in views.SORTS:
        whole = shown(database, anna, sort=sort)
        assert sorted(whole) == sorted(numbers)
        assert all(shown(database, anna, sort=sort, size=size) == whole for size in (1, 2, 3)), sort
    assert set(shown(database, anna, sort="due")[-3:]) == set(numbers[::3])
    assert shown(database, anna, sort="number") == sorted(numbers, reverse=True)


def test_a_key_that_is_none_does_no_harm(database: Database, conf: Settings, anna: User) -> None:
    complaint(database, conf, "А", "первое", "1-1")
    with database.read() as session:
        for after in ["x", "_", "_x", "nan_5", "1e999_5", "_99999999999999999999", "5", "\u0665_\u0665", "1.5_1"]:
            views.page(session, views.condition("all", anna, NOW), views.SORTS["due"], after=after)


def test_a_page_costs_the_same_however_long_it_is(database: Database, conf: Settings, anna: User) -> None:
    def queries() -> int:
        seen: list[str] = []

        def count(*arguments: object) -> None:
            seen.append(str(arguments[2]))
        event.listen(database.reader, "before_cursor_execute", count)
        shown(database, anna)
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
        row = views.page(session, views.condition("all", anna, NOW), views.SORTS["due"]).rows[0]
    assert (row.snippet, row.orders, row.files) == ("Второе письмо", ("18044876-0131",), 0)
    assert row.deadline is not None
