"""The production calendar of Russia, five-day week: which days are working days, and why a day is none.

Public holidays, transferred days off and working Saturdays come from the library `holidays`; what it does not
know or has wrong comes from config/calendar.toml, which also names the years that a person compared with the
government's decree, and those whose transfers are only as the library has them. Source: ТК РФ ст. 112.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import holidays
from holidays.version import __version__ as LIBRARY_VERSION

from desk.law import fields, rows
from desk.law.source import LawDataError, Source, Table, read
from desk.law.words import Said

__all__ = ["LawDataError", "ProductionCalendar", "load"]

_ONE_DAY = timedelta(days=1)
_YEAR = {"year": fields.whole, "working_days": fields.whole, "source": fields.words, "checked_on": fields.day}
_OVERRIDE = {"date": fields.day, "source": fields.words}
_ANNOUNCED = {"first": fields.day, "last": fields.day, "source": fields.words}
_WEEKEND = {5: Said("суббота", "a Saturday"), 6: Said("воскресенье", "a Sunday")}


@dataclass(frozen=True)
class _Holiday:
    said: Said
    on_its_date: bool


@dataclass(frozen=True)
class ProductionCalendar:
    """Working days. `version` changes with the data: keep it with what was counted.

    `announced`: working days that a decree of the President called non-working, with pay; disputed for ГК РФ ст. 193.
    `preliminary_years`: transfers are known from the library alone; of years in neither set none are known.
    """

    working: frozenset[date] = frozenset()
    days_off: frozenset[date] = frozenset()
    announced: frozenset[date] = frozenset()
    confirmed_years: frozenset[int] = frozenset()
    preliminary_years: frozenset[int] = frozenset()
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

    def why_off(self, day: date) -> Said | None:
        """Why it is no working day: a weekend, a holiday, a transfer; None for a working day."""
        if self.is_working(day):
            return None
        if day in self.days_off:
            return Said("объявлен нерабочим", "declared a day off")
        holiday = _holidays(day.year).get(day)
        return holiday.said if holiday else _WEEKEND[day.weekday()]

    def surely_off(self, day: date) -> bool:
        """Is it off whatever a decree may still say: a Sunday, or a holiday on its own date (ТК РФ ст. 111, 112)?

        So is a day that a person added to the file, and a Saturday of a preliminary year.
        """
        if self.is_working(day) or day in self.days_off:
            return day in self.days_off
        holiday = _holidays(day.year).get(day)
        sure = (6,) if day.year not in self.preliminary_years else (5, 6)
        return day.weekday() in sure or bool(holiday and holiday.on_its_date)

    def surely_next(self, day: date) -> date:
        """As `next_working`, but in a year that is not confirmed past such days only: never later than the true one."""
        while not self.is_working(day) if self.confirmed(day.year) else self.surely_off(day):
            day += _ONE_DAY
        return day

    def days_skipped(self, first: date, last: date) -> list[tuple[date, date]]:
        """The runs of days off between two days, both included, that are more than a plain weekend."""
        runs = list(self._runs(first, last))
        return [(a, b) for a, b in runs if any((a + timedelta(n)).weekday() < 5 for n in range((b - a).days + 1))]

    def working_weekends(self, first: date, last: date) -> list[date]:
        """The Saturdays and Sundays between two days, both included, that are working days."""
        days = (first + timedelta(n) for n in range((last - first).days + 1))
        return [day for day in days if day.weekday() >= 5 and self.is_working(day)]

    def disputed(self, first: date, last: date) -> list[date]:
        """The days between two days, both included, that were announced as non-working but count as working."""
        return sorted(day for day in self.announced if first <= day <= last and self.is_working(day))

    def confirmed(self, year: int) -> bool:
        """Did a person compare this year with the official calendar?"""
        return year in self.confirmed_years

    def transfers_known(self, year: int) -> bool:
        """Are there transfers of this year, be they confirmed or preliminary?"""
        return year in self.confirmed_years or year in self.preliminary_years

    def _nearest(self, day: date, step: timedelta) -> date:
        while not self.is_working(day):
            day += step
        return day

    def _runs(self, first: date, last: date) -> Iterator[tuple[date, date]]:
        opened: date | None = None
        for number in range((last - first).days + 1):
            day = first + timedelta(number)
            if self.is_working(day):
                if opened:
                    yield opened, day - _ONE_DAY
                opened = None
            else:
                opened = opened or day
        if opened:
            yield opened, last


def load(source: str | Path) -> ProductionCalendar:
    """The calendar of a file (a Path, or a one-line string ending in .toml) or of TOML text.

    LawDataError, with file, line and key, when the data is wrong, or when a confirmed year does not have the
    number of working days that was confirmed.
    """
    file = read(source, "calendar.toml")
    data = file.tables("confirmed", "preliminary", "working", "day_off", "announced")
    working = _days(file, data, "working")
    days_off = _days(file, data, "day_off")
    for row, day in enumerate(days_off):
        if day in working:
            raise file.error("day_off", row, "date", f"{day} is also under [[working]]; leave one of the two")
    years = {table: rows.checked(file, data, table, _YEAR, _YEAR) for table in ("confirmed", "preliminary")}
    confirmed, preliminary = (frozenset(row["year"] for row in years[table]) for table in years)
    calendar = ProductionCalendar(frozenset(working), frozenset(days_off), frozenset(_announced(file, data)),
                                  confirmed, preliminary, _version(file))
    _compare(calendar, file, years)
    return calendar


def _days(file: Source, data: Table, table: str) -> list[date]:
    days: list[date] = []
    for number, row in enumerate(rows.checked(file, data, table, _OVERRIDE, _OVERRIDE)):
        if row["date"] in days:
            raise file.error(table, number, "date", f"{row['date']} is there twice; remove one of the rows")
        days.append(row["date"])
    return days


def _announced(file: Source, data: Table) -> Iterator[date]:
    for number, row in enumerate(rows.checked(file, data, "announced", _ANNOUNCED, _ANNOUNCED)):
        length = (row["last"] - row["first"]).days
        if not 0 <= length < 366:
            raise file.error("announced", number, "last", "must be the first day or up to a year after it")
        yield from (row["first"] + timedelta(n) for n in range(length + 1))


def _compare(calendar: ProductionCalendar, file: Source, years: dict[str, list[Table]]) -> None:
    seen: set[int] = set()
    for table, number, row in ((table, *each) for table, found in years.items() for each in enumerate(found)):
        if row["year"] in seen:
            raise file.error(table, number, "year", f"{row['year']} is there twice; remove one of the rows")
        seen.add(row["year"])
        if not 1991 <= row["year"] <= 2200:
            raise file.error(table, number, "year", f"{row['year']} is no year of this calendar")
        if (counted := _count(calendar, row["year"])) != row["working_days"]:
            problem = (
                f"{row['year']} has {counted} working days by the calendar in use; compare it with the official one, "
                "then correct this number or add the days under [[working]] and [[day_off]]"
            )
            raise file.error(table, number, "working_days", problem)


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


@lru_cache(maxsize=256)
def _holidays(year: int) -> dict[date, _Holiday]:
    names_ru = holidays.country_holidays("RU", years=year, expand=False, language="ru")
    names_en = holidays.country_holidays("RU", years=year, expand=False, language="en_US")
    return {day: _holiday(name, names_en[day]) for day, name in names_ru.items()}


def _holiday(ru: str, en: str) -> _Holiday:
    if moved := re.search(r"перенесено с (\d\d\.\d\d\.\d{4})", ru):
        return _Holiday(Said(f"выходной, перенесён с {moved[1]}", f"a day off moved from {_iso(moved[1])}"), False)
    if ru.endswith(" (выходной)"):
        name_ru, name_en = ru.removesuffix(" (выходной)"), en.removesuffix(" (observed)")
        return _Holiday(Said(f"выходной за праздник: {name_ru}", f"a day off for {name_en}"), False)
    return _Holiday(Said(f"праздник: {ru}", f"a holiday: {en}"), True)


def _iso(day: str) -> str:
    return "-".join(reversed(day.split(".")))


def _length(year: int) -> int:
    return date(year, 12, 31).timetuple().tm_yday
