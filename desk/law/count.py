"""Counts due dates as the Civil Code does and says in words how (ГК РФ ст. 191-194).

A result is marked when it depends on a year whose calendar nobody confirmed, or on days that were called non-working
without being days off. It rolls as far as the calendar in use says, so that nobody is called late too early; where that
leans on what a decree may still change, the words name the earlier day by which to act.
"""

import calendar as months
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from desk.law import story, words
from desk.law.calendar import ProductionCalendar
from desk.law.moments import Threshold, days_left, hour_thresholds, moment, thresholds, zone

__all__ = [
    "DayKind", "Due", "DueHours", "Roll", "Threshold", "Unit",
    "days_left", "due", "due_hours", "extended", "hour_thresholds", "moment", "resumed", "thresholds", "zone",
]  # fmt: skip

Unit = Literal["day", "week", "month", "year"]
DayKind = Literal["calendar", "working"]
Roll = Literal["next_working", "none"]

_LONGEST = {"day": 36_500, "week": 5_200, "month": 1_200, "year": 100, "hour": 24 * 3_650}
_EXTENDED = words.Said("прежний срок до", "earlier term until")


@dataclass(frozen=True)
class Due:
    """A counted deadline: `raw` as counted, `rolled` after ст. 193; it ends at 24:00 of `rolled`.

    `confirmed` is False when it depends on a year whose calendar is not confirmed.
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


def due(
    start: date, length: int, unit: Unit, day_kind: DayKind, roll: Roll, calendar: ProductionCalendar,
    *, event: words.Said = words.EVENT,
) -> Due:  # fmt: skip
    """The deadline of `length` units that an event on the day `start` begins; `event` is how the words call it.

    ValueError for a start that is no plain date, a length below 1 or beyond a century, an unknown word, working
    months or years, or a result after the year 9999.
    """
    _check(start, length, unit, day_kind, roll)
    try:
        return _due(start, length, unit, day_kind, roll, calendar, event)
    except OverflowError as error:
        raise ValueError(f"{length} {unit}s after {start} is beyond the calendar") from error


def extended(
    raw: date, extra: int, unit: Unit, day_kind: DayKind, roll: Roll, calendar: ProductionCalendar
) -> Due:  # fmt: skip
    """The deadline prolonged by `extra` units, such as 30 days more under 59-ФЗ ст. 12 ч. 2. Errors as `due`.

    Counted from the raw end of the earlier term: that its last day rolled on does not lengthen the new one.
    """
    return due(raw, extra, unit, day_kind, roll, calendar, event=_EXTENDED)


def resumed(
    raw: date, stopped_on: date, resumed_on: date, day_kind: DayKind, roll: Roll, calendar: ProductionCalendar
) -> Due:  # fmt: skip
    """The deadline after a pause: the days that were left run on.

    `stopped_on` is the first day that does not count, `resumed_on` the first that counts again. ValueError when the
    deadline was over before it stopped, or resumes before that.
    """
    if not stopped_on <= min(raw, resumed_on):
        raise ValueError(f"stopped on {stopped_on}: must be no later than its end {raw} and its going on {resumed_on}")
    days = (stopped_on + timedelta(n) for n in range((raw - stopped_on).days + 1))
    left = sum(1 for day in days if day_kind == "calendar" or calendar.is_working(day))
    amount = words.many(left, "day") if day_kind == "calendar" else words.working_days(left)
    since = words.plain(stopped_on)
    paused = words.Said(
        f"приостановлен с {since.ru}, осталось {amount.ru} → возобновлён после",
        f"paused from {since.en}, {amount.en} left → goes on after",
    )
    return due(resumed_on - timedelta(days=1), left, "day", day_kind, roll, calendar, event=paused)


def due_hours(
    start_at: datetime, hours: int, tz: str = "Europe/Moscow", *, event: words.Said = words.EVENT
) -> DueHours:
    """The moment `hours` hours after `start_at` (aware); `tz` and `event` are only for the words.

    ValueError for a naive moment, hours below 1 or beyond ten years, or an unknown zone.
    """
    _check_length(hours, "hour")
    if start_at.tzinfo is None:
        raise ValueError(f"start_at {start_at} has no time zone")
    start_at, local = start_at.astimezone(UTC), zone(tz)
    due_at = start_at + timedelta(hours=hours)
    said = story.hours(event, start_at.astimezone(local), hours, due_at.astimezone(local))
    return DueHours(start_at, due_at, said.ru, said.en)


def _due(
    start: date, length: int, unit: Unit, day_kind: DayKind, roll: Roll, calendar: ProductionCalendar, event: words.Said
) -> Due:  # fmt: skip
    first_day = start + timedelta(days=1)
    raw = _raw(start, length, unit, day_kind, calendar)
    rolled = calendar.next_working(raw) if roll == "next_working" else raw
    unknown = [year for year in _years(first_day, raw, rolled, day_kind, roll) if not calendar.confirmed(year)]
    disputed = _disputed(first_day, raw, day_kind, roll, calendar)
    said = story.Story(event, start, length, unit, day_kind, roll, raw, rolled, unknown, disputed, calendar).tell()
    return Due(start, first_day, raw, rolled, not unknown and not disputed, said.ru, said.en)


def _raw(start: date, length: int, unit: Unit, day_kind: DayKind, calendar: ProductionCalendar) -> date:
    if unit == "day":
        return calendar.add_working(start, length) if day_kind == "working" else start + timedelta(days=length)
    if unit == "week":
        return start + timedelta(weeks=length)
    return _add_months(start, length * 12 if unit == "year" else length)


def _add_months(start: date, count: int) -> date:
    # ГК РФ ст. 192 п. 3: the same date of the last month or, when it has none, its last day.
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    if year > date.max.year:
        raise OverflowError
    return date(year, month + 1, min(start.day, months.monthrange(year, month + 1)[1]))


def _years(first_day: date, raw: date, rolled: date, day_kind: DayKind, roll: Roll) -> range:
    """The years whose production calendar decides about the result."""
    if day_kind == "working":
        return range(first_day.year, rolled.year + 1)
    return range(raw.year, rolled.year + 1) if roll == "next_working" else range(0)


def _disputed(
    first_day: date, raw: date, day_kind: DayKind, roll: Roll, calendar: ProductionCalendar
) -> list[date]:  # fmt: skip
    if day_kind == "working":
        return calendar.disputed(first_day, raw)
    return calendar.disputed(raw, raw) if roll == "next_working" else []


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
