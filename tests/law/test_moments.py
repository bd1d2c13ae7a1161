from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.law import calendar, count
from desk.law.calendar import ProductionCalendar

from .conftest import CONFIG

RUSSIA = calendar.load(CONFIG / "calendar.toml")


@pytest.mark.parametrize(
    ("day", "tz", "end"),
    [
        ("2026-05-22", "Europe/Moscow", "2026-05-22T21:00"),
        ("2026-05-22", "Europe/Kaliningrad", "2026-05-22T22:00"),
        ("2026-05-22", "Asia/Vladivostok", "2026-05-22T14:00"),
        ("2014-10-25", "Europe/Moscow", "2014-10-25T20:00"),  # the last day of UTC+4
        ("2014-10-26", "Europe/Moscow", "2014-10-26T21:00"),
        ("2026-03-28", "Europe/Berlin", "2026-03-28T23:00"),
        ("2026-03-29", "Europe/Berlin", "2026-03-29T22:00"),  # 23 hours long
        ("2026-10-24", "Europe/Berlin", "2026-10-24T22:00"),
        ("2026-10-25", "Europe/Berlin", "2026-10-25T23:00"),  # 25 hours long
        ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00"),  # its next midnight does not exist
    ],
)
def test_the_end_of_the_day(day: str, tz: str, end: str) -> None:
    assert count.moment(date.fromisoformat(day), tz) == datetime.fromisoformat(end).replace(tzinfo=UTC)


@pytest.mark.parametrize("tz", ["Mars/Phobos", "", "../etc/passwd", "Europe"])
def test_an_unknown_zone(tz: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        count.moment(date(2026, 1, 1), tz)


def test_days_left() -> None:
    last = date(2026, 5, 22)
    assert count.days_left(datetime(2026, 5, 22, 20, 59, tzinfo=UTC), last, "Europe/Moscow") == 0
    assert count.days_left(datetime(2026, 5, 22, 21, 0, tzinfo=UTC), last, "Europe/Moscow") == -1
    assert count.days_left(datetime(2026, 5, 22, 21, 0, tzinfo=UTC), last, "Europe/Kaliningrad") == 0
    assert count.days_left(datetime(2026, 5, 20, 15, 0, tzinfo=UTC), last, "Asia/Vladivostok") == 1
    with pytest.raises(ValueError, match="no time zone"):
        count.days_left(datetime(2026, 5, 22), last, "Europe/Moscow")  # noqa: DTZ001


def shown(raw: str, rolled: str, warn_before: tuple[int, ...] = (), tz: str = "Europe/Moscow") -> dict[str, str]:
    found = count.thresholds(date.fromisoformat(raw), date.fromisoformat(rolled), warn_before, RUSSIA, tz)
    return {each.key: f"{each.at:%Y-%m-%d %H:%M}" for each in found}


def test_default_thresholds() -> None:
    assert shown("2026-05-22", "2026-05-22") == {
        "T-5": "2026-05-15 06:00",
        "T-2": "2026-05-20 06:00",
        "T-1": "2026-05-21 06:00",
        "T-0": "2026-05-22 06:00",
        "overdue": "2026-05-23 06:00",
    }


def test_before_a_holiday_everything_comes_earlier() -> None:
    assert shown("2027-01-07", "2027-01-11") == {
        "T-5": "2026-12-23 06:00",
        "T-2": "2026-12-28 06:00",
        "T-1": "2026-12-29 06:00",
        "T-0": "2026-12-30 06:00",
        "overdue": "2027-01-12 06:00",
    }


def test_thresholds_of_the_rule() -> None:
    assert shown("2026-05-25", "2026-05-25", (1, 7, 2), "Europe/Berlin") == {
        "T-7": "2026-05-18 07:00",
        "T-2": "2026-05-22 07:00",  # 23 May is a Saturday
        "T-1": "2026-05-22 07:00",
        "T-0": "2026-05-25 07:00",
        "overdue": "2026-05-26 07:00",
    }
    assert list(shown("2026-05-25", "2026-05-25", (0,))) == ["T-0", "overdue"]
    assert list(shown("2026-05-25", "2026-05-25", (7, 2))) == ["T-7", "T-2", "T-0", "overdue"]


def test_morning_after_a_clock_change() -> None:
    # Berlin leaves summer time on Sunday 25 October 2026.
    found = shown("2026-10-26", "2026-10-26", (), "Europe/Berlin")
    assert (found["T-1"], found["T-0"]) == ("2026-10-23 07:00", "2026-10-26 08:00")


@given(
    start=st.dates(date(2022, 1, 10), date(2026, 12, 31)),
    length=st.integers(1, 200),
    warn=st.lists(st.integers(0, 200), unique=True, max_size=5),
)
def test_alerts_are_in_order_and_never_after_the_raw_day(start: date, length: int, warn: list[int]) -> None:
    due = count.due(start, length, "day", "calendar", "next_working", RUSSIA)
    found = count.thresholds(due.raw, due.rolled, warn, RUSSIA, "Asia/Vladivostok")
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert len({each.key for each in found}) == len(found)
    assert found[-1].key == "overdue"
    assert found[-1].at == count.moment(due.rolled, "Asia/Vladivostok") + timedelta(hours=9)
    assert all(each.at < count.moment(due.raw, "Asia/Vladivostok") for each in found[:-1])


def test_a_week_of_nothing_but_days_off(russia: ProductionCalendar) -> None:
    found = count.thresholds(date(2027, 1, 3), date(2027, 1, 11), (3, 1), russia, "Europe/Moscow")
    assert {f"{each.at:%m-%d}" for each in found[:-1]} == {"12-30"}
