"""Readers of one value in a data row: the checked value, or ValueError that says what to write instead."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Reader = Callable[[Any], Any]


def text(value: Any) -> str:
    """Any text, also none."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text; write it in quotes")
    return value.strip()


def words(value: Any) -> str:
    """A text that says something."""
    if not text(value):
        raise ValueError("empty; write a text")
    return text(value)


def name(value: Any) -> str:
    """A key such as zpp22_money."""
    if not re.fullmatch(r"[a-z0-9_]+", text(value)):
        raise ValueError(f"{value!r} is not a key; write small Latin letters, digits and _ only")
    return text(value)


def choice(*allowed: str) -> Reader:
    """One of the `allowed` words."""

    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"{value!r} is not known; write one of {', '.join(allowed)}")
        return str(value)

    return read


def whole(value: Any) -> int:
    """A whole number from 0 to 36500."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 36500:
        raise ValueError(f"{value!r} is not a whole number from 0 to 36500; write one without quotes")
    return value


def percent(value: Any) -> Decimal:
    """A percentage above 0 and up to 100."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value <= 100:
        raise ValueError(f"{value!r} is not a percentage; write a number such as 0.5")
    return Decimal(value)


def rubles(value: Any) -> Decimal:
    """A sum in rubles as text: 10000, 10000.5, 10 000,50."""
    plain = re.sub(r"(?<=\d)[ \u00a0\u202f](?=\d)", "", text(value))
    if not re.fullmatch(r"\d+([.,]\d{1,2})?", plain, re.ASCII):
        raise ValueError(f"{value!r} is not a sum in rubles; write it as 10000.50")
    return Decimal(plain.replace(",", "."))


def flag(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither; write true or false")
    return value


def day(value: Any) -> date:
    """A date, with or without quotes."""
    if type(value) is date:
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError(f"{_shown(value)} is not a date; write it as 2026-12-31")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not in the calendar ({error}); write it as 2026-12-31") from error


def day_or_none(value: Any) -> date | None:
    """A date; an empty text means none."""
    return None if value == "" else day(value)


def listed(item: Reader) -> Reader:
    """A list whose items `item` reads, none of them twice."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"{value!r} is not a list; write it in [ ]")
        items = tuple(item(each) for each in value)
        if len(set(items)) < len(items):
            raise ValueError("names something twice; leave one")
        return items

    return read


def _shown(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)
