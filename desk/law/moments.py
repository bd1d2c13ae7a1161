"""From days to moments: when a day ends in a zone, how many days are left, when to alert. Moments are aware UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from desk.law.calendar import ProductionCalendar

_WARN_WORKING_DAYS = (5, 2, 1)
_MORNING = time(9)


@dataclass(frozen=True)
class Threshold:
    """An alert to raise at `at`; `key` is T-5, T-2, T-1, T-0, … or overdue."""

    key: str
    at: datetime


def zone(tz: str) -> ZoneInfo:
    """The zone of an IANA name such as Europe/Moscow. ValueError when there is none."""
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise ValueError(f"unknown time zone {tz!r}; write a name such as Europe/Moscow") from error


def moment(day: date, tz: str) -> datetime:
    """The end of that day in that zone, the next midnight there (ГК РФ ст. 194). ValueError for an unknown zone."""
    return _at(day + timedelta(days=1), time(0), zone(tz))


def days_left(now_at: datetime, rolled: date, tz: str) -> int:
    """Days from today in that zone to the last day: 0 on the last day, negative once it is over.

    ValueError for a naive `now_at` or an unknown zone.
    """
    if now_at.tzinfo is None:
        raise ValueError(f"now_at {now_at} has no time zone")
    return (rolled - now_at.astimezone(zone(tz)).date()).days


def thresholds(
    raw: date, rolled: date, warn_before: Sequence[int], calendar: ProductionCalendar, tz: str
) -> list[Threshold]:
    """When to alert, in order: before the raw date, on it (T-0), and the day after the rolled one (overdue).

    At 09:00 in that zone. `warn_before` are calendar days; without any: 5, 2 and 1 working days. What would fall
    on a day off comes earlier, so T-0 of a raw Sunday is on Friday; T-1, in working days, then on Thursday.
    Alerts may lie before the start of a short deadline, and two of them at one moment.
    """
    local = zone(tz)
    last = calendar.previous_working(raw)
    if warn_before:
        days = {n: calendar.previous_working(raw - timedelta(days=n)) for n in (*warn_before, 0)}
    else:
        days = {n: calendar.add_working(last, -n) for n in (*_WARN_WORKING_DAYS, 0)}
    early = [Threshold(f"T-{n}", _at(day, _MORNING, local)) for n, day in sorted(days.items(), reverse=True)]
    return [*early, Threshold("overdue", _at(rolled + timedelta(days=1), _MORNING, local))]


def hour_thresholds(due_at: datetime, hours: int) -> list[Threshold]:
    """When to alert about a term in hours: with a half, a quarter and one hour of it left, and when it is over."""
    left = sorted({hours // 2, hours // 4, 1} - {0, hours}, reverse=True)
    early = [Threshold(f"T-{n}h", due_at - timedelta(hours=n)) for n in left]
    return [*early, Threshold("overdue", due_at)]


def _at(day: date, clock: time, local: ZoneInfo) -> datetime:
    # A midnight that a zone skips or has twice: fold=0 gives the moment the day ends, or its first midnight.
    return datetime.combine(day, clock, tzinfo=local).astimezone(UTC)
