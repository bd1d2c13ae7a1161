from pathlib import Path

import pytest

from desk.law import calendar, rates, rules

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="session")
def russia() -> calendar.ProductionCalendar:
    return calendar.load(CONFIG / "calendar.toml")


@pytest.fixture(scope="session")
def known() -> rates.Rates:
    return rates.load(CONFIG / "penalties.toml")


@pytest.fixture(scope="session")
def clocks(known: rates.Rates) -> rules.Rules:
    return rules.load(CONFIG / "deadlines.toml", known)
