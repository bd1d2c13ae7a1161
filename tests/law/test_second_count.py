"""A second count, by other means, of random cases: dates day by day over a calendar typed in by hand, money in fractions.

What outsiders ask by `desk due --json` and `desk penalty --json` has to come out the same, line by line.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.law import count, vectors
from desk.law.calendar import ProductionCalendar
from desk.law.rates import Rates

from . import official

CAP_SINCE = date(2026, 2, 1)
FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)
UNITS = [("day", "calendar"), ("day", "working"), ("week", "calendar"), ("month", "calendar"), ("year", "calendar")]
EDGES = [date(y, m, d) for y in (2024, 2025, 2026, 2027) for m, d in (
    (1, 1), (1, 8), (1, 9), (1, 31), (2, 20), (2, 22), (2, 28), (3, 7), (3, 31), (4, 30), (5, 8), (6, 11), (8, 31),
    (10, 31), (11, 3), (12, 28), (12, 30), (12, 31))] + [date(2024, 2, 29), date(2024, 4, 27), date(2025, 11, 1)]


def cases(seed: int, number: int) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    return [_case(dice) for _ in range(number)]


def _case(dice: random.Random) -> dict[str, Any]:
    unit, day_kind = dice.choice(UNITS)
    start = dice.choice(EDGES) if dice.random() < 0.4 else FIRST + timedelta(days=dice.randrange((LAST - FIRST).days))
    most = {"day": 120, "week": 20, "month": 14, "year": 3}[unit]
    return {"start": start.isoformat(), "length": dice.randint(1, most), "unit": unit, "day_kind": day_kind,
            "roll": dice.choice(["next_working", "none"])}


def test_dates_come_out_as_counted_day_by_day(russia: ProductionCalendar) -> None:
    compared = 0
    for case in cases(4, 6000):
        start = date.fromisoformat(case["start"])
        if start + timedelta(days=case["length"] * {"day": 2, "week": 7, "month": 31, "year": 366}[case["unit"]]) > LAST - timedelta(days=11):
            continue  # the calendar typed in by hand ends there
        raw = official.raw(start, case["length"], case["unit"], case["day_kind"])
        due = official.rolled(raw) if case["roll"] == "next_working" else raw
        said = json.loads(vectors.due(json.dumps(case), russia))
        assert (said["raw_due"], said["due"]) == (raw.isoformat(), due.isoformat()), case
        compared += 1
    assert compared > 4000


def test_beyond_the_known_calendar_it_goes_on_by_holidays_and_weekends_and_says_so(russia: ProductionCalendar) -> None:
    dice, library = random.Random(5), holidays.country_holidays("RU", years=range(2027, 2036))
    for _ in range(800):
        start, length = date(2028, 1, 1) + timedelta(days=dice.randrange(2200)), dice.randint(1, 60)
        day_kind = dice.choice(["calendar", "working"])
        raw, left = start, length
        while left:
            raw += timedelta(days=1)
            left -= day_kind == "calendar" or library.is_working_day(raw)
        due = raw
        while not library.is_working_day(due):
            due += timedelta(days=1)
        said = json.loads(vectors.due(json.dumps({"start": start.isoformat(), "length": length, "unit": "day",
                                                  "day_kind": day_kind, "roll": "next_working"}), russia))
        assert (said["raw_due"], said["due"]) == (raw.isoformat(), due.isoformat())
        assert "не подтверждён" in said["explanation"]


@pytest.mark.parametrize("tz", ["Europe/Kaliningrad", "Europe/Moscow", "Asia/Vladivostok", "Europe/Berlin", "America/New_York"])
def test_a_last_day_ends_at_the_midnight_of_its_zone(tz: str, russia: ProductionCalendar) -> None:
    for case in cases(6, 400):
        start = date.fromisoformat(case["start"])
        due = count.due(start, case["length"], case["unit"], case["day_kind"], case["roll"], russia).rolled
        end = count.moment(due, tz)
        local = end.astimezone(ZoneInfo(tz))
        assert (local.hour, local.minute, local.date()) == (0, 0, due + timedelta(days=1))
        assert (end - timedelta(seconds=1)).astimezone(ZoneInfo(tz)).date() == due
        assert end.tzinfo is UTC


def kopecks(rule: str, price: int | None, paid: int | None, due: date, on: date) -> tuple[int, int]:
    """Days late and the penalty in kopecks, half up; sums in kopecks, the missing one is the other."""
    days = max((on - due).days, 0)
    price_, paid_ = price if price is not None else paid, paid if paid is not None else price
    assert price_ is not None
    assert paid_ is not None
    base, per_day, cap = {"goods_1pct": (price_, Fraction(1, 100), paid_ if on >= CAP_SINCE else None),
                          "prepaid_0.5pct": (paid_, Fraction(1, 200), paid_),
                          "services_3pct": (price_, Fraction(3, 100), price_)}[rule]
    sum_ = base * per_day * days
    sum_ = sum_ if cap is None else min(sum_, Fraction(cap))
    return days, (2 * sum_.numerator + sum_.denominator) // (2 * sum_.denominator)


def test_penalties_come_out_as_counted_in_fractions(known: Rates) -> None:
    dice = random.Random(7)
    for _ in range(6000):
        rule = dice.choice(["goods_1pct", "prepaid_0.5pct", "services_3pct"])
        price, paid = (dice.choice([None, 0, 1, 49, 50, 99, dice.randrange(10_000_000)]) for _ in range(2))
        if price is None and paid is None:
            continue
        border = dice.random() < 0.5
        on = (CAP_SINCE if border else date(2026, 6, 1)) + timedelta(days=dice.randint(-3, 3) if border else dice.randint(-700, 700))
        due = on - timedelta(days=dice.choice([-30, -1, 0, 1, 2, 33, 34, 99, 100, 101, 199, 200, 201, dice.randrange(900)]))
        asked = {"rule": rule, "price": _rubles(price, dice), "paid": _rubles(paid, dice), "due": due.isoformat(),
                 "on": on.isoformat()}
        said = json.loads(vectors.owed(json.dumps(asked), known))
        days, sum_ = kopecks(rule, price, paid, due, on)
        assert (said["days"], said["penalty"]) == (days, f"{sum_ // 100}.{sum_ % 100:02}"), asked


def _rubles(value: int | None, dice: random.Random) -> str | float | None:
    if value is None:
        return None
    text = f"{value // 100}.{value % 100:02}"
    return dice.choice([text, text.replace(".", ","), float(text)])


JUNK = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates().map(str),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
                    max_leaves=5)
DUE_ROW = {"start": "2026-12-21", "length": 10, "unit": "day", "day_kind": "calendar", "roll": "next_working"}
OWED_ROW = {"rule": "goods_1pct", "price": "10000", "paid": "10000", "due": "2026-05-25", "on": "2026-07-11"}


@given(key=st.sampled_from([*DUE_ROW, "extra"]), value=JUNK)
def test_a_row_with_anything_in_it_is_answered_or_refused_never_broken(
        russia: ProductionCalendar, key: str, value: Any) -> None:
    answer = json.loads(vectors.due(json.dumps({**DUE_ROW, key: value}), russia))
    assert ("error" in answer) != ("due" in answer)


@given(key=st.sampled_from([*OWED_ROW, "extra"]), value=JUNK)
def test_a_debt_with_anything_in_it_is_answered_or_refused_never_broken(known: Rates, key: str, value: Any) -> None:
    answer = json.loads(vectors.owed(json.dumps({**OWED_ROW, key: value}), known))
    assert ("error" in answer) != ("penalty" in answer)


@given(line=st.text(max_size=60) | st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "replace")))
def test_a_line_that_is_no_row_is_refused_on_that_line(russia: ProductionCalendar, known: Rates, line: str) -> None:
    for said in (vectors.due(line, russia), vectors.owed(line, known)):
        assert "error" in json.loads(said)
        assert "\n" not in said


@pytest.mark.parametrize(("change", "says"), [
    ({"length": 0}, "length"), ({"length": -5}, "length"), ({"length": "10"}, "length"), ({"length": 10.5}, "length"),
    ({"length": None}, "length"), ({"start": "2026-02-30"}, "start"), ({"start": "21.12.2026"}, "start"),
    ({"start": None}, "start"), ({"unit": "fortnight"}, "unit"), ({"day_kind": "lunar"}, "day_kind"),
    ({"roll": "back"}, "roll"), ({"start": "9999-12-31"}, "beyond")])
def test_each_refusal_names_what_is_wrong(russia: ProductionCalendar, change: dict[str, Any], says: str) -> None:
    answer = json.loads(vectors.due(json.dumps({**DUE_ROW, **change}), russia))
    assert says in answer["error"]
    assert answer["length"] == {**DUE_ROW, **change}["length"], "the row comes back with it"


def test_hours_and_days_do_not_mix(russia: ProductionCalendar) -> None:
    asked = {"start": "2026-03-29T01:30:00+01:00", "length": 24, "unit": "hour"}
    said = json.loads(vectors.due(json.dumps(asked), russia))
    assert datetime.fromisoformat(said["due"]) - datetime.fromisoformat(asked["start"]) == timedelta(hours=24)  # type: ignore[arg-type]
