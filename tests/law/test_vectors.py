import json
from typing import Any

import pytest

from desk.law import vectors
from desk.law.calendar import ProductionCalendar
from desk.law.rates import Rates

GOOD = {"start": "2026-12-21", "length": 10, "unit": "day", "day_kind": "calendar", "roll": "next_working"}


def answer(asked: Any, russia: ProductionCalendar) -> Any:
    said = vectors.due(asked if isinstance(asked, str) else json.dumps(asked), russia)
    assert "\n" not in said
    said.encode()
    return json.loads(said)


def test_an_answer(russia: ProductionCalendar) -> None:
    said = answer({**GOOD, "id": "a1"}, russia)
    assert "перенос на 11.01.2027" in said.pop("explanation")
    assert said == {**GOOD, "id": "a1", "raw_due": "2026-12-31", "due": "2027-01-11"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"start": "21.12.2026"}, "start: '21.12.2026' is not a date"),
        ({"start": "2026-02-30"}, "start: '2026-02-30' is not in the calendar"),
        ({"start": "20261221"}, "is not a date"),
        ({"start": 5}, "is not a date"),
        ({"length": "10"}, "length must be"),
        ({"length": 10.0}, "length must be"),
        ({"length": 0}, "length must be"),
        ({"length": None}, "length must be"),
        ({"unit": "hour"}, "start: '2026-12-21' must have its offset"),
        ({"unit": "hour", "start": 5}, "start: 5 is not a moment"),
        ({"unit": "decade"}, "unit must be"),
        ({"unit": ["day"]}, "unit must be"),
        ({"day_kind": {}}, "day_kind must be"),
        ({"roll": "\ud800"}, "roll must be"),
    ],
)
def test_what_cannot_be_counted_comes_back(russia: ProductionCalendar, change: dict[str, Any], says: str) -> None:
    said = answer({**GOOD, **change}, russia)
    assert says in said.pop("error")
    assert said == {**GOOD, **change}


def test_missing_keys(russia: ProductionCalendar) -> None:
    assert answer({"start": "2026-12-21"}, russia)["error"] == "missing: length, unit"


def test_what_is_left_out_is_the_plainest(russia: ProductionCalendar) -> None:
    plain = {"start": "2026-12-21", "length": 10, "unit": "day"}
    assert answer(plain, russia)["due"] == answer({**plain, "day_kind": None, "roll": None}, russia)["due"] == "2026-12-31"


def test_months_end_on_a_date_whatever_the_kind_of_day(russia: ProductionCalendar) -> None:
    said = answer({**GOOD, "start": "2027-01-31", "length": 1, "unit": "month", "day_kind": "working"}, russia)
    assert (said["day_kind"], said["raw_due"], said["due"]) == ("working", "2027-02-28", "2027-03-01")


def test_hours_are_counted_from_a_moment(russia: ProductionCalendar) -> None:
    said = answer({"start": "2026-11-24T22:30:00+10:00", "length": 24, "unit": "hour"}, russia)
    assert said["raw_due"] == said["due"] == "2026-11-25T22:30:00+10:00"
    assert "24\N{NO-BREAK SPACE}часа" in said["explanation"]


@pytest.mark.parametrize("line", ["", "{", "[]", "null", "7", '{"length": NaN}', "[" * 100_000, "9" * 5000])
def test_what_is_no_object(russia: ProductionCalendar, line: str) -> None:
    assert answer(line, russia)["error"].startswith("not a JSON object")


def test_its_own_answer_may_be_asked_again(russia: ProductionCalendar) -> None:
    once = answer(GOOD, russia)
    assert answer({**once, "error": "old"}, russia) == once


OWED = {"rule": "goods_1pct", "price": "10000", "paid": "10000.00", "due": "2026-05-25", "on": "2026-07-11"}


def owed(asked: Any, known: Rates) -> Any:
    said = vectors.owed(asked if isinstance(asked, str) else json.dumps(asked), known)
    assert "\n" not in said
    return json.loads(said)


def test_a_penalty(known: Rates) -> None:
    said = owed({**OWED, "id": 7}, known)
    assert "47\N{NO-BREAK SPACE}дней" in said.pop("explanation")
    assert said == {**OWED, "id": 7, "days": 47, "penalty": "4700.00"}
    assert owed({**said, "error": "old"}, known)["penalty"] == "4700.00"


@pytest.mark.parametrize("price", [10000, 10000.0, "10000", "10 000,00", "10\u00a0000.0"])
def test_sums_as_people_write_them(known: Rates, price: Any) -> None:
    assert owed({**OWED, "price": price, "paid": None}, known)["penalty"] == "4700.00"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rule": "goods_2pct"}, "rule must be one of goods_1pct, prepaid_0.5pct, services_3pct"),
        ({"rule": None}, "rule must be one of"),
        ({"rule": ["goods_1pct"]}, "rule must be one of"),
        ({"price": "-1"}, "price: '-1' is not a sum in rubles"),
        ({"price": -1}, "is not a sum"),
        ({"price": True}, "is not text"),
        ({"price": "10,000"}, "is not a sum"),
        ({"price": 1e300}, "is not a sum"),
        ({"price": "1" * 14}, "price must be a sum in rubles and kopecks from 0 to"),
        ({"paid": "много"}, "paid: 'много' is not a sum"),
        ({"price": None, "paid": None}, "price or paid is needed"),
        ({"due": "25.05.2026"}, "due: '25.05.2026' is not a date"),
        ({"on": None}, "on: None is not a date"),
    ],
)
def test_what_cannot_be_owed_comes_back(known: Rates, change: dict[str, Any], says: str) -> None:
    said = owed({**OWED, **change}, known)
    assert says in said.pop("error")
    assert said == {**OWED, **change}


def test_a_penalty_needs_its_days(known: Rates) -> None:
    assert owed({"rule": "goods_1pct", "price": 1}, known)["error"] == "missing: due, on"
    assert owed("[1]", known)["error"].startswith("not a JSON object")
