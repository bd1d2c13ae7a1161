"""The team's hours: nine to six on working days in Moscow."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from desk.alerts import hours
from desk.settings import Settings


def moscow(words: str) -> datetime:
    return datetime.fromisoformat(f"{words}:00+03:00").astimezone(UTC)


@pytest.mark.parametrize(("at", "opens"), [
    ("2026-05-12T09:00", "2026-05-12T09:00"), ("2026-05-12T17:59", "2026-05-12T17:59"),
    ("2026-05-12T18:00", "2026-05-13T09:00"), ("2026-05-12T03:00", "2026-05-12T09:00"),
    ("2026-05-15T19:00", "2026-05-18T09:00"), ("2026-05-16T12:00", "2026-05-18T09:00"),
    ("2025-12-30T18:00", "2026-01-12T09:00"),  # 31.12.2025 and 9.01.2026 are days off by transfer
    ("2025-10-31T18:30", "2025-11-01T09:00"),  # a working Saturday
])
def test_a_warning_waits_for_the_team(conf: Settings, at: str, opens: str) -> None:
    assert hours.of(conf).opening(moscow(at)) == moscow(opens)


@pytest.mark.parametrize(("at", "count", "over"), [
    ("2026-05-12T09:00", 4, "2026-05-12T13:00"), ("2026-05-12T14:00", 4, "2026-05-12T18:00"),
    ("2026-05-12T14:01", 4, "2026-05-13T09:01"), ("2026-05-15T17:00", 4, "2026-05-18T12:00"),
    ("2026-05-16T12:00", 4, "2026-05-18T13:00"), ("2026-05-12T08:00", 20, "2026-05-14T11:00"),
])
def test_only_the_teams_hours_count(conf: Settings, at: str, count: float, over: str) -> None:
    assert hours.of(conf).after(moscow(at), count) == moscow(over)
