"""The penalty on a ticket: from which clock and sum, what a person may change, the sheet and the file."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from desk import db, deadlines, lawbook, penalties, spreadsheet
from desk.db import Database
from desk.law import penalty
from desk.models import Fact, Ticket
from desk.settings import Settings
from desk.web import owed

from .conftest import post

T = "/tickets/1001"
SHEET = f"{T}/penalty"
RUSSIAN = {"Accept-Language": "ru"}
FIELD = re.compile(r'<input[^>]*name="(fact-\w+)" value="([^"]*)"')
LONG = re.compile(r'<textarea[^>]*name="(fact-\w+)"[^>]*>([^<]*)</textarea>')


@pytest.fixture
def late(anna: FlaskClient, deliver: Callable[..., None], database: Database, conf: Settings) -> date:
    """A refund of 10 000 ₽ that should have come 47 days ago; its last day."""
    deliver(text="Заказ 18044876-0131 за 10 000 руб. разбит, верните деньги", subject="=2+2 верните")
    with database.write() as session:
        ticket = session.scalars(select(Ticket)).one()
        made = deadlines.start(session, conf, ticket, "zpp22_money", start_on=_today() - timedelta(days=60), actor="t",
                               now=db.now())
        made.due = made.raw_due = _today() - timedelta(days=47)
    return made.due


def _today() -> date:
    return db.now().date()


def test_the_ticket_says_what_the_delay_costs_today(late: date, anna: FlaskClient) -> None:
    for path in (T, SHEET):
        page = anna.get(path, headers=RUSSIAN).text.replace("\xa0", " ")
        assert "47-й день: 4 700 ₽ из 10 000 ₽, потолок через 53 дня" in page, path


def test_the_sheet_shows_its_inputs_and_counts_with_what_a_person_wrote(late: date, anna: FlaskClient) -> None:
    page = anna.get(SHEET, headers=RUSSIAN).text
    assert f'value="{late.isoformat()}"' in page
    assert 'name="paid" inputmode="decimal" maxlength="20" value="10000"' in page
    changed = anna.get(SHEET, headers=RUSSIAN, query_string={
        "rule": "services_3pct", "price": "1 000,50", "paid": "", "due": "2026-05-01", "on": "2026-05-11"}).text
    assert "300,15" in changed
    assert "1000,50" in changed.replace("\xa0", "").replace("1 000,50", "1000,50")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("wrong", [
    {"due": ""}, {"on": "завтра"}, {"paid": ""}, {"paid": "много"}, {"price": "1e3x"}, {"rule": "nothing"},
    {"due": "2001-01-01"}, {"paid": "1.005"}])
def test_what_cannot_be_counted_is_refused_in_words(late: date, anna: FlaskClient, wrong: dict[str, str]) -> None:
    given = {"rule": "goods_1pct", "price": "", "paid": "100", "due": "2026-05-01", "on": "2026-05-11"} | wrong
    answer = anna.get(SHEET, query_string=given)
    assert (answer.status_code, "flash-error" in answer.text) == (400, True)
    assert anna.get(f"{SHEET}.csv", query_string=given).status_code == 404


def test_the_days_come_as_a_file_that_runs_no_formula(late: date, anna: FlaskClient) -> None:
    answer = anna.get(f"{SHEET}.csv", headers=RUSSIAN)
    text = answer.data.decode("utf-8-sig")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="penalty-1001-')
    lines = text.split("\r\n")
    assert lines[0] == "№ 1001;'=2+2 верните"
    assert (lines[-2].split(";")[0], lines[-2].split(";")[3]) == ("47", "4700,00")
    assert spreadsheet.cell(" @SUM(A1)") == "' @SUM(A1)"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_prepaid_goods_are_late_from_the_promised_day_and_a_met_clock_stops(
        late: date, database: Database, conf: Settings) -> None:
    with database.write() as session:
        ticket = session.scalars(select(Ticket)).one()
        refund = ticket.deadlines[0] if ticket.deadlines[0].rule == "zpp22_money" else ticket.deadlines[1]
        deadlines.meet(session, refund, reason="вернули", actor="t", now=db.now() - timedelta(days=40))
        prepaid = deadlines.start(session, conf, ticket, "zpp23_1_refund_10", start_on=_today(), actor="t", now=db.now())
        session.flush()
        unknown = next(one for one in penalties.of(ticket, _today()) if one.deadline is prepaid)
        assert (unknown.due, unknown.penalty, unknown.late) == (None, None, False)
        session.add(Fact(ticket_id=ticket.id, kind="promised_date", value=(_today() - timedelta(days=10)).isoformat(),
                         quote="", place="text", start=0, end=0, confidence=1))
        session.flush()
        session.expire(ticket)
        met, waiting = penalties.of(ticket, _today())
        assert (met.until, met.penalty and met.penalty.days) == (_today() - timedelta(days=40), 7)
        assert (waiting.penalty and waiting.penalty.days, waiting.sure) == (10, False)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_ticket_without_such_a_clock_has_an_empty_sheet(anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver(text="Здравствуйте")
    answer = anna.get(SHEET)
    assert (answer.status_code, "flash-error" in answer.text) == (200, False)


def test_days_are_put_together_until_the_growth_changes() -> None:
    debt = penalty.Debt("goods_1pct", None, Decimal(10000), date(2025, 10, 1))
    found = list(owed.periods(penalty.table(debt, date(2026, 2, 5), lawbook.penalties())))
    assert [(p.days, p.first.added) for p in found] == [(122, 100), (1, Decimal(-2200)), (4, 0)]


CLAIM = f"{T}/steps/new/claim_seller"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_claim_names_the_sum_with_its_calculation_and_never_two_that_differ(late: date, anna: FlaskClient) -> None:
    def form(page: str) -> dict[str, str]:
        filled = {name: html.unescape(value) or "1" for name, value in FIELD.findall(page)}
        filled |= {name: html.unescape(text) or "нет" for name, text in LONG.findall(page)}
        return {**filled, "fact-price": "10 000", "letter": "claim_refund_defect", "go": "show", "channel": "email"}

    known = form(anna.get(f"{CLAIM}?letter=claim_refund_defect", headers=RUSSIAN).text)
    assert known["fact-penalty_sum"].replace("\xa0", " ") == "4 700 руб."
    letter = post(anna, CLAIM, at=T, **known).text.replace("\xa0", " ")
    assert "неустойка составляет 4 700 руб." in letter
    assert "10 000 ₽ (цена товара) × 1 % × 47 дней = 4 700 ₽" in letter
    changed = post(anna, CLAIM, at=T, **{**known, "fact-penalty_sum": "5 000 руб."}).text.replace("\xa0", " ")
    assert "неустойка составляет 5 000 руб." in changed
    assert "× 47 дней" not in changed
