"""«Сроки»: what is about to be lost stands on top, every clock in its group, the month with its days off."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from desk import db, deadlines, tickets
from desk.db import Database
from desk.models import Ticket, User
from desk.settings import Settings
from desk.web import board

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def started(database: Database, conf: Settings, deliver: Callable[..., None]) -> Callable[..., None]:
    """Clocks on the first ticket: (rule, days since its event)."""
    deliver()

    def start(*clocks: tuple[str, int]) -> None:
        with database.write() as session:
            ticket = session.scalars(select(Ticket)).first()
            assert ticket is not None
            for rule, days in clocks:
                deadlines.start(session, conf, ticket, rule, start_on=(db.now() - timedelta(days=days)).date(),
                                actor="t", now=db.now())
    return start


def sections(page: str) -> list[str]:
    return [re.sub(r"<[^>]+>|\s+", " ", part).strip() for part in re.findall(r"<section.*?</section>", page, re.S)]


def test_the_consumers_own_rights_stand_on_top_and_turn_red(anna: FlaskClient, started: Callable[..., None]) -> None:
    started(("zpp22_money", 30), ("zpp18_tech_15", 12), ("gk196_3y", 1), ("fz59_reply_30", 2))
    page = anna.get("/deadlines").text
    assert "board-rights is-dying" in page
    first, overdue, *rest = sections(page)
    assert "Права, которые вот-вот сгорят" in first
    assert "Технически сложный товар" in first
    assert "Просрочен" in overdue
    assert "Позже" in rest[-2]
    assert "ещё есть время" in rest[-1]
    assert "Исковая давность" in rest[-1], "folded away: three years are no alarm"
    assert page.count("board-row is-late") == 2  # the dying right and the overdue demand, not the three years


@SQLITE
def test_no_number_of_old_deadlines_keeps_a_dying_right_from_the_page(
        anna: FlaskClient, started: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MOST", 3)
    started(*[("zpp22_money", 30 + n) for n in range(5)], ("zpp18_tech_15", 12))
    page = anna.get("/deadlines").text
    assert "Технически сложный товар" in sections(page)[0]
    assert "Показаны только 3 ближайших" in page


@pytest.mark.parametrize(("rule", "before", "red"), [
    ("zpp26_1_refuse_7", 1, 2), ("zpp25_exchange_14", 8, 9), ("zpp18_tech_15", 9, 10), ("zpp26_1_refuse_3m", 70, 80),
    ("chargeback_120", 89, 90), ("chargeback_block_mir_360", 179, 180), ("gk196_3y", 1000, 1070), ("fz161_notify_1", -9, 0)])
@SQLITE
def test_a_right_is_red_before_it_dies_by_the_warnings_of_its_rule(
        anna: FlaskClient, started: Callable[..., None], rule: str, before: int, red: int) -> None:
    started((rule, before))
    assert "is-dying" not in anna.get("/deadlines").text
    started((rule, red))
    page = anna.get("/deadlines").text
    assert "is-dying" in page
    assert "clock-dying" in page


def test_a_press_on_a_deadline_tells_how_it_was_counted_and_by_which_article(
        anna: FlaskClient, started: Callable[..., None], database: Database) -> None:
    started(("zpp22_money", 2))
    with database.read() as session:
        clock = next(d for d in session.scalars(select(Ticket)).one().deadlines if d.rule == "zpp22_money")
    row = next(part for part in anna.get("/deadlines").text.split("<li>") if "board-how" in part and "Возврат денег" in part)
    told = row[row.index("board-how"):]
    assert clock.explanation_ru in told
    assert "ст. 22, Закон РФ 2300-1" in told
    assert "расчётный" in told.lower()
    place = f"/tickets/1001?clock={clock.public_id}#how-{clock.public_id}"
    assert place in told
    assert place in anna.get(f"/deadlines/month?month={clock.due:%Y-%m}").text
    page = anna.get(place).text
    assert '<details class="tl-item" open>' in page
    assert f'id="how-{clock.public_id}"' in page


def test_a_paused_clock_waits_in_a_group_of_its_own(
        anna: FlaskClient, started: Callable[..., None], database: Database) -> None:
    started(("zpp22_money", 2))
    with database.write() as session:
        ticket = session.scalars(select(Ticket)).one()
        clock = next(d for d in ticket.deadlines if d.rule == "zpp22_money")
        deadlines.pause(session, clock, paused_on=db.now().date(), reason="ждём документы", actor="t", now=db.now())
    page = anna.get("/deadlines").text
    assert "На паузе" in page
    assert "ждём документы" in page


def test_the_board_is_narrowed_by_assignee_marketplace_and_rule(
        anna: FlaskClient, started: Callable[..., None], database: Database, conf: Settings) -> None:
    started(("zpp22_money", 2))
    with database.write() as session:
        ticket, user = session.scalars(select(Ticket)).one(), session.scalars(select(User)).first()
        tickets.assign(session, conf, ticket, user, actor="t", now=db.now())
        ours, shop = user.id if user else 0, ticket.marketplace
    for query, rows in ((f"assignee={ours}", 2), ("assignee=none", 0), (f"marketplace={shop}", 2),
                        ("marketplace=lamoda", 0), ("rule=zpp22_money", 1), ("rule=%27%22", 0), ("assignee=x", 2),
                        ("whose=them", 1), ("whose=desk", 1), ("whose=us", 0), ("whose=x", 0), ("on=2001-01-01", 0),
                        ("on=x", 2)):
        assert anna.get(f"/deadlines?{query}").text.count("board-row") == rows, query


def test_the_month_counts_the_load_and_marks_days_off(anna: FlaskClient, started: Callable[..., None]) -> None:
    started(("zpp22_money", 2))
    page = anna.get("/deadlines/month?month=2027-01").text
    assert "Январь 2027" in page
    assert page.count("month-day is-off") - page.count("is-off is-outside") == 16  # 1-10 and four more weekends
    now = anna.get("/deadlines/month").text
    assert "month-day" in now
    due = (db.now() + timedelta(days=8)).strftime("%Y-%m")
    assert "month-item" in now + anna.get(f"/deadlines/month?month={due}").text
    assert "month-item" not in anna.get(f"/deadlines/month?month={due}&rule=gk196_3y").text
    for odd in ("", "x", "2026-13", "0001-01", "9999-12"):
        assert anna.get(f"/deadlines/month?month={odd}").status_code == 200, odd


@SQLITE
def test_the_board_costs_the_same_for_one_clock_and_for_many(
        app: Flask, anna: FlaskClient, started: Callable[..., None], deliver: Callable[..., None]) -> None:
    engine, seen = app.extensions["desk"].database.reader, []
    event.listen(engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    started(("zpp22_money", 2))
    anna.get("/deadlines")  # the first visit also notes that she was here
    counts = []
    for _ in range(2):
        seen.clear()
        assert anna.get("/deadlines").status_code == 200
        counts.append(len(seen))
        for number in range(6):
            deliver(sender=f"p{number}@mail.example", subject=f"Жалоба {number}")
        started(*[("gk196_3y", n) for n in range(5)])
    assert counts[0] == counts[1]
