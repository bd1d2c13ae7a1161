"""Dates, counted things and money as an advocate reads them, in Russian and in English.

Spaces inside a sum and between a number and its word do not break (U+00A0).
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

NBSP = "\N{NO-BREAK SPACE}"

_DAYS_RU = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNITS = {
    "day": ("день", "дня", "дней"),
    "week": ("неделя", "недели", "недель"),
    "month": ("месяц", "месяца", "месяцев"),
    "year": ("год", "года", "лет"),
    "hour": ("час", "часа", "часов"),
}
_WORKING = ("рабочий день", "рабочих дня", "рабочих дней")


class Said(NamedTuple):
    """One text in both languages."""

    ru: str
    en: str


EVENT = Said("событие", "event on")


def join(parts: Sequence[Said], between: str) -> Said:
    """The parts with `between` between them."""
    return Said(between.join(part.ru for part in parts), between.join(part.en for part in parts))


def day(on: date) -> Said:
    """12.05.2026 (вт), 2026-05-12 (Tue)."""
    return Said(f"{plain(on).ru} ({_DAYS_RU[on.weekday()]})", f"{on} ({_DAYS_EN[on.weekday()]})")


def plain(on: date) -> Said:
    """12.05.2026, 2026-05-12."""
    return Said(f"{on:%d.%m}.{on.year:04d}", on.isoformat())


def span(first: date, last: date) -> Said:
    """01.05.2026–03.05.2026; one day stands alone."""
    if first == last:
        return plain(first)
    return Said(f"{plain(first).ru}–{plain(last).ru}", f"{first} – {last}")


def many(number: int, unit: str) -> Said:
    """2 дня, 2 days; `unit` is day, week, month, year or hour."""
    return Said(f"{number}{NBSP}{plural(number, _UNITS[unit])}", f"{number}{NBSP}{unit}{'' if number == 1 else 's'}")


def working_days(number: int) -> Said:
    """2 рабочих дня, 2 working days."""
    return Said(f"{number}{NBSP}{plural(number, _WORKING)}", f"{number} working day{'' if number == 1 else 's'}")


def money(sum_of: Decimal) -> Said:
    """4 700 ₽, 4 700,50 ₽; 4,700.50 ₽ in English. Kopecks only when there are some."""
    english = f"{sum_of:,.0f}" if sum_of == sum_of.to_integral_value() else f"{sum_of:,.2f}"
    return Said(f"{english.replace(',', NBSP).replace('.', ',')}{NBSP}₽", f"{english}{NBSP}₽")


def percent(rate: Decimal) -> Said:
    """0,5 %, 0.5 %."""
    short = f"{rate.normalize():f}"
    return Said(f"{short.replace('.', ',')}{NBSP}%", f"{short}{NBSP}%")


def plural(number: int, forms: tuple[str, str, str]) -> str:
    """The form that goes with the number: день, дня, дней."""
    one, few, many_ = forms
    if 10 < number % 100 < 20:
        return many_
    return one if number % 10 == 1 else few if 2 <= number % 10 <= 4 else many_
