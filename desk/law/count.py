"""Counts due dates as the Civil Code does and says in words how (ГК РФ ст. 191-194).

When the result depends on a year whose calendar nobody confirmed, the earlier date is taken and marked: nothing
rolls forward, and working days are counted without the transfers that are not known yet.
"""

import calendar as months
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from desk.law import words
from desk.law.calendar import ProductionCalendar
from desk.law.moments import Threshold, days_left, moment, thresholds, zone

__all__ = [
    "DayKind", "Due", "DueHours", "Roll", "Threshold", "Unit",
    "days_left", "due", "due_hours", "moment", "thresholds",
]  # fmt: skip

Unit = Literal["day", "month", "year"]
DayKind = Literal["calendar", "working"]
Roll = Literal["next_working", "none"]

_LONGEST = {"day": 36_500, "month": 1_200, "year": 100, "hour": 24 * 3_650}


@dataclass(frozen=True)
class Due:
    """A counted deadline: `raw` as counted, `rolled` after ст. 193; it ends at 24:00 of `rolled`.

    `confirmed` is False when it depends on a year whose calendar is not confirmed; then the true date may be later.
    """

    start: date
    first_day: date
    raw: date
    rolled: date
    confirmed: bool
    explanation_ru: str
    explanation_en: str


@dataclass(frozen=True)
class DueHours:
    """A deadline in hours: aware UTC moments, and how it was counted."""

    start_at: datetime
    due_at: datetime
    explanation_ru: str
    explanation_en: str


def due(start: date, length: int, unit: Unit, day_kind: DayKind, roll: Roll, calendar: ProductionCalendar) -> Due:
    """The deadline of `length` units that an event on the day `start` begins.

    ValueError for a start that is no plain date, a length below 1 or beyond a century, an unknown word, working
    months or years, or a result after the year 9999.
    """
    _check(start, length, unit, day_kind, roll)
    try:
        return _due(start, length, unit, day_kind, roll, calendar)
    except OverflowError as error:
        raise ValueError(f"{length} {unit}s after {start} is beyond the calendar") from error


def due_hours(start_at: datetime, hours: int, tz: str = "Europe/Moscow") -> DueHours:
    """The moment `hours` hours after `start_at` (aware); `tz` is only for the words.

    ValueError for a naive moment, hours below 1 or beyond ten years, or an unknown zone.
    """
    _check_length(hours, "hour")
    if start_at.tzinfo is None:
        raise ValueError(f"start_at {start_at} has no time zone")
    start_at, local = start_at.astimezone(UTC), zone(tz)
    due_at = start_at + timedelta(hours=hours)
    said = words.hours(start_at.astimezone(local), hours, due_at.astimezone(local))
    return DueHours(start_at, due_at, said.ru, said.en)


def _due(start: date, length: int, unit: Unit, day_kind: DayKind, roll: Roll, calendar: ProductionCalendar) -> Due:
    first_day = start + timedelta(days=1)
    raw = _raw(start, length, unit, day_kind, calendar)
    moved = calendar.next_working(raw) if roll == "next_working" else raw
    unknown = [year for year in _years(first_day, raw, moved, day_kind, roll) if not calendar.confirmed(year)]
    rolled = raw if unknown else moved
    said = words.Story(start, first_day, length, unit, day_kind, roll, raw, moved, rolled, unknown).tell(
        raw_works=calendar.is_working(raw)
    )
    return Due(start, first_day, raw, rolled, not unknown, said.ru, said.en)


def _raw(start: date, length: int, unit: Unit, day_kind: DayKind, calendar: ProductionCalendar) -> date:
    if unit == "day":
        return calendar.add_working(start, length) if day_kind == "working" else start + timedelta(days=length)
    return _add_months(start, length * 12 if unit == "year" else length)


def _add_months(start: date, count: int) -> date:
    # ГК РФ ст. 192 п. 3: the same date of the last month or, when it has none, its last day.
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    if year > date.max.year:
        raise OverflowError
    return date(year, month + 1, min(start.day, months.monthrange(year, month + 1)[1]))


def _years(first_day: date, raw: date, moved: date, day_kind: DayKind, roll: Roll) -> range:
    """The years whose production calendar decides about the result."""
    if day_kind == "working":
        return range(first_day.year, moved.year + 1)
    return range(raw.year, moved.year + 1) if roll == "next_working" else range(0)


def _check(start: date, length: int, unit: str, day_kind: str, roll: str) -> None:
    if type(start) is not date:
        raise ValueError(f"start must be a date without a time, not {start!r}")
    for key, value, allowed in (("unit", unit, Unit), ("day_kind", day_kind, DayKind), ("roll", roll, Roll)):
        if value not in get_args(allowed):
            raise ValueError(f"{key} must be one of {', '.join(get_args(allowed))}, not {value!r}")
    _check_length(length, unit)
    if day_kind == "working" and unit != "day":
        raise ValueError(f"only days can be working days, not {unit}s; use day_kind calendar")


def _check_length(length: int, unit: str) -> None:
    if not isinstance(length, int) or isinstance(length, bool) or not 1 <= length <= _LONGEST[unit]:
        raise ValueError(f"length must be a whole number of {unit}s from 1 to {_LONGEST[unit]}, not {length!r}")
