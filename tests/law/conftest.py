from pathlib import Path

import pytest

from desk.law import calendar, rules

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="session")
def russia() -> calendar.ProductionCalendar:
    return calendar.load(CONFIG / "calendar.toml")


@pytest.fixture(scope="session")
def clocks() -> rules.Rules:
    return rules.load(CONFIG / "deadlines.toml")
