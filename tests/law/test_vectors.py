import json
from typing import Any

import pytest

from desk.law import vectors
from desk.law.calendar import ProductionCalendar

GOOD = {"start": "2026-12-21", "length": 10, "unit": "day", "day_kind": "calendar", "roll": "next_working"}


def answer(asked: Any, russia: ProductionCalendar) -> Any:
    said = vectors.answer(asked if isinstance(asked, str) else json.dumps(asked), russia)
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
        ({"unit": "hour"}, "unit must be"),
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
    assert answer({"start": "2026-12-21"}, russia)["error"] == "missing: length, unit, day_kind, roll"


@pytest.mark.parametrize("line", ["", "{", "[]", "null", "7", '{"length": NaN}', "[" * 100_000, "9" * 5000])
def test_what_is_no_object(russia: ProductionCalendar, line: str) -> None:
    assert answer(line, russia)["error"].startswith("not a JSON object")


def test_its_own_answer_may_be_asked_again(russia: ProductionCalendar) -> None:
    once = answer(GOOD, russia)
    assert answer({**once, "error": "old"}, russia) == once
