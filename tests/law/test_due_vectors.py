"""Frozen dates of 2024-2027: long holidays, working Saturdays, month ends, the leap day, both rolls, three zones.

tests/law/due.jsonl was written by the count of tests/law/official.py, which shares nothing with desk.law.
"""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from desk.law import count, vectors
from desk.law.calendar import ProductionCalendar

from . import official

ROWS: list[dict[str, Any]] = [json.loads(line) for line in Path(__file__).with_name("due.jsonl").read_text().splitlines()]
ANSWERS = ("raw_due", "due")
DUES = sorted({date.fromisoformat(row["due"]) for row in ROWS})
# Summer time of Berlin: from the last Sunday of March to the last Sunday of October.
SUMMER = {
    2024: ("03-31", "10-27"), 2025: ("03-30", "10-26"), 2026: ("03-29", "10-25"), 2027: ("03-28", "10-31"),
}  # fmt: skip


def test_there_are_enough_of_each_kind() -> None:
    assert len(ROWS) >= 200
    for year in ("2024", "2025", "2026", "2027"):
        assert sum(row["start"].startswith(year) for row in ROWS) >= 50
    for kind in ("week", "month", "year", "working", "none"):
        assert sum(kind in row.values() for row in ROWS) >= 10
    assert sum(row["raw_due"] != row["due"] for row in ROWS) >= 80


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(str(value) for value in row.values()))
def test_the_desk_counts_as_the_calendar_typed_in_by_hand(row: dict[str, Any], russia: ProductionCalendar) -> None:
    asked = {key: value for key, value in row.items() if key not in ANSWERS}
    said = json.loads(vectors.due(json.dumps(asked), russia))
    assert {key: said.get(key) for key in row} == row
    assert ("не подтверждён" in said["explanation"]) is touches_2027(row)


def touches_2027(row: dict[str, Any]) -> bool:
    """Nobody compared its calendar with the decree; months and years without a roll ask no calendar."""
    if row["day_kind"] == "working":
        return bool(row["due"] >= "2027")
    return row["roll"] == "next_working" and bool(row["due"] >= "2027")


def test_the_frozen_dates_are_those_of_the_plainest_count() -> None:
    for row in ROWS:
        raw = official.raw(date.fromisoformat(row["start"]), row["length"], row["unit"], row["day_kind"])
        due = official.rolled(raw) if row["roll"] == "next_working" else raw
        assert (raw.isoformat(), due.isoformat()) == (row["raw_due"], row["due"]), row


@pytest.mark.parametrize("year", sorted(official.OFF))
def test_each_day_of_the_calendar(russia: ProductionCalendar, year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    assert [day for day in days if russia.is_working(day) == official.off(day)] == []
    assert all(bool(russia.why_off(day)) == official.off(day) for day in days)


@pytest.mark.parametrize(("tz", "hours"), [("Europe/Kaliningrad", 2), ("Europe/Moscow", 3), ("Asia/Vladivostok", 10)])
def test_when_the_last_day_ends_in_a_zone_without_summer_time(tz: str, hours: int) -> None:
    for due in DUES:
        assert count.moment(due, tz) == _midnight_after(due) - timedelta(hours=hours)


def test_when_the_last_day_ends_in_a_zone_with_summer_time() -> None:
    for due in DUES:
        first, last = (date.fromisoformat(f"{due.year}-{day}") for day in SUMMER[due.year])
        # The clock changes in the night before: the day it goes back ends in winter time.
        hours = 2 if first <= due < last else 1
        assert count.moment(due, "Europe/Berlin") == _midnight_after(due) - timedelta(hours=hours)


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=UTC)
