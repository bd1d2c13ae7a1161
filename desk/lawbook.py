"""The law as shipped in config/: which rules there are, which days are working days. Read once for a process."""

from __future__ import annotations

import functools

from . import settings
from .law import calendar as law_calendar
from .law import rules


@functools.cache
def known_rules() -> rules.Rules:
    return rules.load(settings.resource("config") / "deadlines.toml")


@functools.cache
def production_calendar() -> law_calendar.ProductionCalendar:
    return law_calendar.load(settings.resource("config") / "calendar.toml")
