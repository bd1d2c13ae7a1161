"""The law as shipped in config/: rules, working days, penalties. Read once for a process."""

from __future__ import annotations

import functools

from . import settings
from .law import calendar as law_calendar
from .law import rates, rules


def check() -> None:
    """Read everything, so that a mistake is told when the desk starts. LawDataError with file and line."""
    known_rules()
    production_calendar()


@functools.cache
def known_rules() -> rules.Rules:
    return rules.load(settings.resource("config") / "deadlines.toml", penalties())


@functools.cache
def production_calendar() -> law_calendar.ProductionCalendar:
    return law_calendar.load(settings.resource("config") / "calendar.toml")


@functools.cache
def penalties() -> rates.Rates:
    return rates.load(settings.resource("config") / "penalties.toml")
