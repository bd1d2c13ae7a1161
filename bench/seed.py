"""A desk of many years: tickets, letters, facts, clocks and steps written straight into the tables.

Invented people and orders; the words are those of complaints, so that searches find realistic numbers of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from desk import migrate, people, search
from desk.db import Database
from desk.models import Counter, Deadline, Event, Fact, Message, Person, Step, Ticket, User
from desk.settings import Settings

OPEN_SHARE = 0.1
LETTERS = 5  # on each ticket
BATCH = 5000
FIRST = ("Анна", "Мария", "Елена", "Ольга", "Наталья", "Иван", "Пётр", "Сергей", "Алексей", "Дмитрий", "Марина", "Юрий")
ROOTS = ("Шестак", "Кузнец", "Лебед", "Орл", "Сокол", "Мороз", "Волк", "Зайц", "Павл", "Семён", "Голуб", "Виноград",
         "Богдан", "Воробь", "Фёдор", "Михайл", "Беля", "Тарас", "Комар", "Киселё", "Макар", "Андре", "Ковал", "Ильи",
         "Гусе", "Тит")
MIDDLES = ("", "е", "и", "инск", "енк", "ицк", "ник", "чик", "овник", "овск", "аск", "юк", "ул", "ар",
           "ан", "ень")
GOODS = ("телефон", "чайник", "пылесос", "ноутбук", "диван", "куртка", "кроссовки", "наушники", "холодильник", "матрас",
         "часы", "велосипед", "утюг", "коляска", "планшет", "монитор")
TROUBLES = ("пришёл разбитым", "не доставлен в обещанный срок", "оказался бракованным",
            "не включается после недели работы",
            "оказался подделкой", "не того цвета и размера", "потерян службой доставки", "вернули без объяснений")
SENTENCES = (
    "Здравствуйте! Купила на маркетплейсе {good}, заказ {order}.", "Товар {trouble}, фотографии прилагаю.",
    "Поддержка отвечает шаблонами и закрывает обращение.", "Прошу вернуть деньги в полном объёме и возместить расходы.",
    "Продавец отказывается принять возврат и ссылается на правила площадки.", "Деньги списали с карты {day} числа.",
    "Пункт выдачи составил акт, копия акта у меня есть.", "Я звонил по телефону {phone}, мне обещали перезвонить.",
    "Срок ответа на претензию истёк, ответа нет до сих пор.", "Экспертиза подтвердила производственный недостаток.",
    "Готов обратиться в суд, если вопрос не решится.", "Чек и переписку прикладываю к письму.")
SHOPS = ("ozon", "wildberries", "yandex_market", "aliexpress", "megamarket", "avito", "lamoda", "")
TOPICS = ("not_delivered", "damaged", "defect", "refused_refund", "counterfeit", "wrong_item", "warranty", "payment")
STAGES = ("check", "check", "check", "support", "claim", "claim", "payment", "regulator", "court")
RULES = (("desk_first_reply_1w", "desk"), ("zpp22_money", "them"), ("zpp23_1_refund_10", "them"),
         ("fz59_reply_30", "them"))


def seed(database: Database, conf: Settings, count: int, *, now: datetime) -> list[int]:
    """Fill an empty database with `count` tickets and index them; the ids of the team."""
    migrate.upgrade(database)
    with database.write() as session:
        team = [people.create(session, email=f"user{n}@desk.example", name=f"{FIRST[n % 12]} Тестова {n}",
                              role="lead" if n == 0 else "advocate", actor="seed", now=now).id for n in range(20)]
    chance = random.Random(20261124)
    for first in range(1, count + 1, BATCH):
        ids = range(first, min(first + BATCH, count + 1))
        tables = _rows(chance, ids, team, now)
        with database.write() as session:
            for table, rows in tables:
                session.execute(insert(table), rows)
    with database.write() as session:
        session.add(Counter(name="ticket", value=1001 + count))
        if not database.is_sqlite:
            _move_sequences(session)
    _analyze(database)
    search.rebuild(database)
    _analyze(database)
    return team


def _rows(chance: random.Random, ids: range, team: list[int], now: datetime) -> list[tuple[Any, list[dict[str, Any]]]]:
    tickets = [_ticket(chance, number, team, now) for number in ids]
    return [(Person, [_person(chance, number, now) for number in ids]), (Ticket, tickets),
            (Message, [row for ticket in tickets for row in _messages(chance, ticket)]),
            (Fact, [row for ticket in tickets for row in _facts(chance, ticket)]),
            (Deadline, [row for ticket in tickets for row in _clocks(chance, ticket)]),
            (Step, [row for ticket in tickets for row in _steps(chance, ticket, team)]),
            (Event, [{"ticket_id": t["id"], "at": t["created_at"], "actor": "mail", "kind": "ticket.opened",
                      "detail": {}} for t in tickets])]


def _person(chance: random.Random, number: int, now: datetime) -> dict[str, Any]:
    surname = chance.choice(ROOTS) + chance.choice(MIDDLES) + chance.choice(("ов", "ова", "ин", "ина"))
    return {"id": number, "address": f"p{number}@mail{number % 7}.example",
            "name": f"{chance.choice(FIRST)} {surname}",
            "created_at": now}


def _ticket(chance: random.Random, number: int, team: list[int], now: datetime) -> dict[str, Any]:
    is_open = chance.random() < OPEN_SHARE
    at = now - timedelta(minutes=chance.randrange(60 * 24 * (90 if is_open else 900)))
    state = chance.choice(("open", "open", "waiting")) if is_open else "closed"
    due = now + timedelta(days=chance.randrange(-5, 30), hours=chance.randrange(24)) if is_open else None
    return {"id": number, "number": 1000 + number, "subject": f"{chance.choice(GOODS)} {chance.choice(TROUBLES)}",
            "state": state, "stage": chance.choice(STAGES), "consumer_id": number, "topics": [chance.choice(TOPICS)],
            "assignee_id": chance.choice([*team, None]) if is_open else chance.choice(team),
            "marketplace": chance.choice(SHOPS), "unread": is_open and chance.random() < 0.3, "next_due_at": due,
            "created_at": at, "last_message_at": at + timedelta(hours=5),
            "closed_at": None if is_open else min(now, at + timedelta(days=chance.randrange(1, 60))), "version": 1}


def _messages(chance: random.Random, ticket: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for place in range(LETTERS):
        direction = ("in", "out", "in", "note", "in")[place % 5]
        text = "\n".join(chance.sample(SENTENCES, 5)).format(
            good=chance.choice(GOODS), trouble=chance.choice(TROUBLES), order=order(ticket["id"]),
            day=chance.randrange(1, 29), phone=_phone(ticket["id"]))
        yield {"ticket_id": ticket["id"], "direction": direction, "kind": "note" if direction == "note" else "mail",
               "person_id": ticket["consumer_id"] if direction == "in" else None, "subject": ticket["subject"],
               "text": text,
               "sender_address": f"p{ticket['id']}@mail{ticket['id'] % 7}.example" if direction == "in" else "",
               "created_at": ticket["created_at"] + timedelta(hours=place), "contents": "none"}


def order(number: int) -> str:
    return f"{(number * 7919 + 10_000_000) % 90_000_000:08d}-{number * 31 % 10_000:04d}"


def _phone(number: int) -> str:
    return f"+79{(number * 104_729 + 100_000_000) % 1_000_000_000:09d}"


def _facts(chance: random.Random, ticket: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind, value in (("order_number", order(ticket["id"])), ("phone", _phone(ticket["id"]))):
        yield {"ticket_id": ticket["id"], "kind": kind, "value": value, "quote": value, "place": "body", "start": 0,
               "end": 9, "confidence": round(chance.uniform(0.6, 1), 2), "message_id": ticket["id"] * LETTERS}


def _clocks(chance: random.Random, ticket: dict[str, Any]) -> Iterator[dict[str, Any]]:
    is_open = ticket["next_due_at"] is not None
    for place, (rule, _whose) in enumerate(chance.sample(RULES, 2)):
        due_at = (ticket["next_due_at"] or ticket["created_at"] + timedelta(days=10)) + timedelta(days=7 * place)
        yield {"ticket_id": ticket["id"], "rule": rule, "rule_version": "seed", "start_on": ticket["created_at"].date(),
               "start_event": "x", "length": 10, "timezone": "Europe/Moscow", "raw_due": due_at.date(),
               "due": due_at.date(), "due_at": due_at, "explanation_ru": "10 дней",
               "explanation_en": "10 days", "created_by": "seed",
               "state": "running" if is_open else chance.choice(("met", "met", "missed")),
               "created_at": ticket["created_at"], "ended_at": None if is_open else ticket["closed_at"]}


def _steps(chance: random.Random, ticket: dict[str, Any], team: list[int]) -> Iterator[dict[str, Any]]:
    if chance.random() < 0.3:
        sent = ticket["created_at"].date() + timedelta(days=2)
        answered = chance.random() < 0.6
        key = chance.choice(("claim_marketplace", "claim_seller", "rospotrebnadzor"))
        yield {"ticket_id": ticket["id"], "key": key,
               "state": "answered" if answered else "sent", "addressee": "ООО «Площадка»", "sent_on": sent,
               "answered_on": sent + timedelta(days=chance.randrange(1, 40)) if answered else None,
               "author_id": chance.choice(team), "created_at": ticket["created_at"]}


def _move_sequences(session: Any) -> None:
    for table in ("ticket", "person"):
        session.connection().exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def _analyze(database: Database) -> None:
    """What autovacuum does in its own time."""
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("ANALYZE")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def names(database: Database) -> list[str]:
    """Some surnames that stand in the desk, for searches."""
    with database.read() as session:
        rows = session.query(Person.name).limit(200).all()
    return sorted({str(row[0]).split()[1] for row in rows})


def user_named(session: Any, user_id: int) -> User:
    found: User = session.get_one(User, user_id)
    return found
