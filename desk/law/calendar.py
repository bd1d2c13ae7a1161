"""The production calendar of Russia, five-day week: which days are working days.

Public holidays, transferred days off and working Saturdays come from the library `holidays`; what it does not
know or has wrong comes from config/calendar.toml, which also names the years that a person compared with the
government's decree. Source: ТК РФ ст. 112.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import holidays
from holidays.version import __version__ as LIBRARY_VERSION

from desk.law import fields, rows
from desk.law.source import LawDataError, Source, Table, read

__all__ = ["LawDataError", "ProductionCalendar", "load"]

_ONE_DAY = timedelta(days=1)
_CONFIRMED = {"year": fields.whole, "working_days": fields.whole, "source": fields.words, "checked_on": fields.day}
_OVERRIDE = {"date": fields.day, "source": fields.words}


@dataclass(frozen=True)
class ProductionCalendar:
    """Working days. `version` changes with the data: keep it with what was counted."""

    working: frozenset[date] = frozenset()
    days_off: frozenset[date] = frozenset()
    confirmed_years: frozenset[int] = frozenset()
    version: str = ""

    def is_working(self, day: date) -> bool:
        """Is it a working day? A working Saturday is one; a transferred day off is none."""
        if day in self.working:
            return True
        return day not in self.days_off and day in _working_days(day.year)

    def next_working(self, day: date) -> date:
        """The day itself when it is a working day, else the first one after it (ГК РФ ст. 193)."""
        return self._nearest(day, _ONE_DAY)

    def previous_working(self, day: date) -> date:
        """The day itself when it is a working day, else the last one before it."""
        return self._nearest(day, -_ONE_DAY)

    def add_working(self, day: date, n: int) -> date:
        """The n-th working day after `day`; before it when n is negative; `day` itself when n is 0.

        OverflowError beyond the years 1-9999.
        """
        step = _ONE_DAY if n > 0 else -_ONE_DAY
        for _ in range(abs(n)):
            day = self._nearest(day + step, step)
        return day

    def confirmed(self, year: int) -> bool:
        """Did a person compare this year with the official calendar?"""
        return year in self.confirmed_years

    def _nearest(self, day: date, step: timedelta) -> date:
        while not self.is_working(day):
            day += step
        return day


def load(source: str | Path) -> ProductionCalendar:
    """The calendar of a file (a Path, or a one-line string ending in .toml) or of TOML text.

    LawDataError, with file, line and key, when the data is wrong, or when a confirmed year does not have the
    number of working days that was confirmed.
    """
    file = read(source, "calendar.toml")
    data = file.tables("confirmed", "working", "day_off")
    working = _days(file, data, "working")
    days_off = _days(file, data, "day_off")
    for row, day in enumerate(days_off):
        if day in working:
            raise file.error("day_off", row, "date", f"{day} is also under [[working]]; leave one of the two")
    years = rows.checked(file, data, "confirmed", _CONFIRMED, _CONFIRMED)
    confirmed = frozenset(row["year"] for row in years)
    calendar = ProductionCalendar(frozenset(working), frozenset(days_off), confirmed, _version(file))
    _compare(calendar, file, years)
    return calendar


def _days(file: Source, data: Table, table: str) -> list[date]:
    days: list[date] = []
    for number, row in enumerate(rows.checked(file, data, table, _OVERRIDE, _OVERRIDE)):
        if row["date"] in days:
            raise file.error(table, number, "date", f"{row['date']} is there twice; remove one of the rows")
        days.append(row["date"])
    return days


def _compare(calendar: ProductionCalendar, file: Source, years: list[Table]) -> None:
    seen: set[int] = set()
    for number, row in enumerate(years):
        if row["year"] in seen:
            raise file.error("confirmed", number, "year", f"{row['year']} is there twice; remove one of the rows")
        seen.add(row["year"])
        if not 1991 <= row["year"] <= 2200:
            raise file.error("confirmed", number, "year", f"{row['year']} is no year of this calendar")
        if (counted := _count(calendar, row["year"])) != row["working_days"]:
            problem = (
                f"{row['year']} has {counted} working days by the calendar in use; compare it with the official one, "
                "then correct this number or add the days under [[working]] and [[day_off]]"
            )
            raise file.error("confirmed", number, "working_days", problem)


def _count(calendar: ProductionCalendar, year: int) -> int:
    return sum(calendar.is_working(date(year, 1, 1) + timedelta(days=n)) for n in range(_length(year)))


def _version(file: Source) -> str:
    return sha256(f"{LIBRARY_VERSION}\n{file.text}".encode()).hexdigest()[:12]


@lru_cache(maxsize=256)
def _working_days(year: int) -> frozenset[date]:
    # A library object of one year: asked for another year it would change itself, and threads share this.
    official = holidays.country_holidays("RU", years=year, expand=False)
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(_length(year)))
    return frozenset(day for day in days if official.is_working_day(day))


def _length(year: int) -> int:
    return date(year, 12, 31).timetuple().tm_yday
