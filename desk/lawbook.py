"""The law as shipped in config/: rules, working days, penalties. Read once for a process."""

from __future__ import annotations

import functools

from . import settings
from .law import calendar as law_calendar
from .law import rates, rules


@functools.cache
def known_rules() -> rules.Rules:
    return rules.load(settings.resource("config") / "deadlines.toml")


@functools.cache
def production_calendar() -> law_calendar.ProductionCalendar:
    return law_calendar.load(settings.resource("config") / "calendar.toml")


@functools.cache
def penalties() -> rates.Rates:
    return rates.load(settings.resource("config") / "penalties.toml")
