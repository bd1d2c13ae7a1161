from datetime import date, timedelta

import pytest

from desk.law import calendar
from desk.law.calendar import LawDataError, ProductionCalendar


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2025-11-01", True),  # a working Saturday
        ("2024-04-27", True),
        ("2027-02-20", True),
        ("2026-02-21", False),
        ("2026-01-09", False),  # transferred from 3 January
        ("2026-12-31", False),
        ("2027-02-22", False),
        ("2026-11-03", True),  # a short day is a working day
        ("2026-11-04", False),
        ("2026-11-23", True),
    ],
)
def test_official_days(russia: ProductionCalendar, day: str, working: bool) -> None:
    assert russia.is_working(date.fromisoformat(day)) is working


def test_walking(russia: ProductionCalendar) -> None:
    assert russia.next_working(date(2026, 12, 31)) == date(2027, 1, 11)
    assert russia.next_working(date(2026, 12, 30)) == date(2026, 12, 30)
    assert russia.previous_working(date(2027, 1, 10)) == date(2026, 12, 30)
    assert russia.add_working(date(2026, 12, 30), 1) == date(2027, 1, 11)
    assert russia.add_working(date(2027, 1, 11), -1) == date(2026, 12, 30)
    assert russia.add_working(date(2027, 1, 2), 0) == date(2027, 1, 2)
    assert [russia.confirmed(year) for year in (2026, 2027, 2028)] == [True, False, False]
    assert [russia.transfers_known(year) for year in (2026, 2027, 2028)] == [True, True, False]


def test_there_and_back(russia: ProductionCalendar) -> None:
    days = (date(2025, 12, 1) + timedelta(days=n) for n in range(500))
    for day in filter(russia.is_working, days):
        assert russia.add_working(russia.add_working(day, 7), -7) == day


def test_overrides_win() -> None:
    own = calendar.load(
        '[[working]]\ndate = "2028-01-08"\nsource = "x"\n[[day_off]]\ndate = 2028-03-20\nsource = "y"\n'
    )
    assert own.is_working(date(2028, 1, 8))
    assert not own.is_working(date(2028, 3, 20))
    assert own.version != calendar.load("\n").version


def test_runs_of_days_off(russia: ProductionCalendar) -> None:
    spring = (date(2027, 4, 26), date(2027, 5, 16))
    assert russia.days_skipped(*spring) == [(date(2027, 5, 1), date(2027, 5, 3)), (date(2027, 5, 8), date(2027, 5, 10))]
    assert russia.days_skipped(date(2027, 12, 1), date(2028, 1, 1)) == [(date(2027, 12, 31), date(2028, 1, 1))]
    assert russia.working_weekends(date(2024, 1, 1), date(2024, 12, 31)) == [
        date(2024, 4, 27), date(2024, 11, 2), date(2024, 12, 28)
    ]  # fmt: skip


def test_an_own_day_off_says_so() -> None:
    own = ProductionCalendar(days_off=frozenset({date(2026, 3, 20)}))
    assert own.why_off(date(2026, 3, 20)) == ("объявлен нерабочим", "declared a day off")
    assert own.why_off(date(2026, 3, 19)) is None
    assert own.why_off(date(2026, 3, 21)) == ("суббота", "a Saturday")


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        ('[[working]]\ndate = "2028-02-30"\nsource = "x"\n', 2, "date", "2026-12-31"),
        ('[[working]]\ndate = 2028-02-01T10:00:00\nsource = "x"\n', 2, "date", "is not a date"),
        ('\n[[day_off]]\ndate = "2028-02-01"\n', 2, None, "'source' is missing"),
        ('[[day_off]]\ndate = 2028-02-01\nsource = "x"\nwhy = "y"\n', 4, "why", "unknown key"),
        (
            '[[working]]\ndate = 2028-02-01\nsource = "x"\n[[day_off]]\nsource = "y"\ndate = 2028-02-01\n',
            6, "date", "also under",
        ),
        (
            '[[working]]\ndate = 2028-02-01\nsource = "x"\n[[working]]\ndate = 2028-02-01\nsource = "x"\n',
            5, "date", "twice",
        ),
        (
            '[[confirmed]]\nyear = 2026\nworking_days = 250\nsource = "x"\nchecked_on = 2026-01-01\n',
            3, "working_days", "2026 has 247",
        ),
        (
            '[[confirmed]]\nyear = 26\nworking_days = 250\nsource = "x"\nchecked_on = 2026-01-01\n',
            2, "year", "no year",
        ),
        (
            '[[announced]]\nfirst = 2020-05-06\nlast = 2020-05-05\nsource = "x"\n',
            3, "last", "up to a year after",
        ),
        ('[[holiday]]\ndate = "2028-02-01"\n', 1, "holiday", "unknown table"),
        ('\nworking = "2028-02-01"\n', 2, "working", "[[working]]"),
        ('[[working]]\ndate = \n', 2, None, "not valid TOML"),
    ],
)  # fmt: skip
def test_errors_name_the_line(text: str, line: int, key: str | None, says: str) -> None:
    with pytest.raises(LawDataError) as caught:
        calendar.load(text)
    assert (caught.value.file, caught.value.line, caught.value.key) == ("calendar.toml", line, key)
    assert says in str(caught.value)
    assert f"calendar.toml, line {line}" in str(caught.value)
