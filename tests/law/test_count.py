from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.law import calendar, count, words
from desk.law.calendar import ProductionCalendar

from .conftest import CONFIG

RUSSIA = calendar.load(CONFIG / "calendar.toml")
DAYS = st.dates(date(2022, 1, 1), date(2026, 12, 31))
LENGTHS = st.integers(1, 250)
ROLLS = st.sampled_from(["next_working", "none"])


def counted(start: str, length: int, unit: Any, day_kind: Any = "calendar", roll: Any = "next_working") -> count.Due:
    return count.due(date.fromisoformat(start), length, unit, day_kind, roll, RUSSIA)


@pytest.mark.parametrize(
    ("start", "length", "unit", "day_kind", "raw", "rolled"),
    [
        ("2026-12-18", 10, "day", "calendar", "2026-12-28", "2026-12-28"),
        ("2026-12-21", 10, "day", "calendar", "2026-12-31", "2027-01-11"),
        ("2026-11-23", 45, "day", "calendar", "2027-01-07", "2027-01-11"),
        ("2027-01-31", 1, "month", "calendar", "2027-02-28", "2027-03-01"),
        ("2027-02-10", 10, "day", "calendar", "2027-02-20", "2027-02-20"),
        ("2026-12-25", 15, "day", "working", "2027-01-26", "2027-01-26"),
        ("2026-12-30", 1, "day", "working", "2027-01-11", "2027-01-11"),
        ("2025-10-31", 1, "day", "working", "2025-11-01", "2025-11-01"),
        ("2026-10-31", 4, "day", "calendar", "2026-11-04", "2026-11-05"),
        ("2024-02-29", 1, "year", "calendar", "2025-02-28", "2025-02-28"),
        ("2026-11-20", 30, "day", "calendar", "2026-12-20", "2026-12-21"),
    ],
)
def test_the_lawyers_vectors(start: str, length: int, unit: str, day_kind: str, raw: str, rolled: str) -> None:
    result = counted(start, length, unit, day_kind)
    assert (result.raw.isoformat(), result.rolled.isoformat(), result.confirmed) == (raw, rolled, rolled < "2027")


@pytest.mark.parametrize(
    ("start", "length", "unit", "raw"),
    [
        ("2023-01-31", 1, "month", "2023-02-28"),
        ("2024-01-31", 1, "month", "2024-02-29"),
        ("2024-01-30", 1, "month", "2024-02-29"),
        ("2026-03-31", 1, "month", "2026-04-30"),
        ("2026-02-28", 1, "month", "2026-03-28"),  # the same date, not the month's end
        ("2026-12-31", 2, "month", "2027-02-28"),
        ("2026-10-31", 14, "month", "2027-12-31"),
        ("2026-11-30", 1, "month", "2026-12-30"),
        ("2024-02-29", 4, "year", "2028-02-29"),
        ("2023-02-28", 1, "year", "2024-02-28"),
        ("2024-02-28", 2, "day", "2024-03-01"),
    ],
)
def test_month_ends_and_leap_years(start: str, length: int, unit: str, raw: str) -> None:
    assert counted(start, length, unit, roll="none").raw.isoformat() == raw


def test_the_count_in_words() -> None:
    assert counted("2026-05-12", 10, "day").explanation_ru == (
        "событие 12.05.2026 (вт) → срок с 13.05.2026 (ст. 191 ГК) → 10-й день 22.05.2026 (пт), рабочий → "
        "до 24:00 22.05.2026"
    )
    assert counted("2027-01-31", 1, "month").explanation_ru == (
        "событие 31.01.2027 (вс) → срок с 01.02.2027 (ст. 191 ГК) → 1\N{NO-BREAK SPACE}месяц: 28.02.2027 (вс), последний день месяца "
        "(ст. 192 ГК), нерабочий: воскресенье → перенос на 01.03.2027 (пн) (ст. 193 ГК) → "
        "календарь 2027 не подтверждён, переносы предварительные → до 24:00 01.03.2027"
    )
    assert counted("2026-12-25", 15, "day", "working").explanation_en == (
        "event on 2026-12-25 (Fri) → counted from 2026-12-26 (Civil Code art. 191) → working day 15 is "
        "2027-01-26 (Tue) → besides weekends 2026-12-31 – 2027-01-10 left out → "
        "the calendar of 2027 is not confirmed, transfers are preliminary → until 24:00 on 2027-01-26"
    )
    assert (
        "нерабочий: воскресенье → не переносится → до 24:00 20.12.2026"
        in counted("2026-11-20", 30, "day", roll="none").explanation_ru
    )
    assert " 3\N{NO-BREAK SPACE}года: " in counted("2024-03-01", 3, "year").explanation_ru
    assert " 11\N{NO-BREAK SPACE}месяцев: " in counted("2024-03-01", 11, "month").explanation_ru
    assert " 21\N{NO-BREAK SPACE}месяц: " in counted("2024-03-01", 21, "month").explanation_ru


@pytest.mark.parametrize(
    ("start", "length", "why_ru", "why_en"),
    [
        ("2026-12-16", 4, "20.12.2026 (вс), нерабочий: воскресенье", "not a working day: a Sunday"),
        ("2026-12-21", 10, "нерабочий: выходной, перенесён с 04.01.2026", "a day off moved from 2026-01-04"),
        ("2026-05-01", 10, "нерабочий: выходной за праздник: День Победы", "a day off for Victory Day"),
        ("2026-10-31", 4, "нерабочий: праздник: День народного единства", "a holiday: Unity Day"),
        ("2027-02-10", 10, "20.02.2027 (сб), рабочий по переносу", "a working day by transfer"),
        ("2027-02-11", 10, "21.02.2027 (вс), нерабочий: воскресенье", "a Sunday"),
    ],
)
def test_why_the_last_day_is_none(start: str, length: int, why_ru: str, why_en: str) -> None:
    result = counted(start, length, "day")
    assert why_ru in result.explanation_ru
    assert why_en in result.explanation_en


def test_what_was_left_out_of_working_days() -> None:
    assert counted("2027-02-15", 8, "day", "working").explanation_ru == (
        "событие 15.02.2027 (пн) → срок с 16.02.2027 (ст. 191 ГК) → 8-й рабочий день 26.02.2027 (пт) → кроме "
        "выходных пропущены 21.02.2027–23.02.2027, рабочие по переносу: 20.02.2027 → "
        "календарь 2027 не подтверждён, переносы предварительные → до 24:00 26.02.2027"
    )
    long = counted("2025-12-30", 247, "day", "working").explanation_ru
    assert "пропущены 31.12.2025–11.01.2026, 21.02.2026–23.02.2026, " in long
    assert " и ещё 1 → " in long
    assert "пропущен" not in counted("2026-11-09", 10, "day", "working").explanation_ru, "plain weekends go without saying"


def test_weeks_end_on_the_same_weekday() -> None:
    result = counted("2026-12-24", 2, "week")
    assert (result.raw, result.rolled) == (date(2027, 1, 7), date(2027, 1, 11))
    assert "2\N{NO-BREAK SPACE}недели: 07.01.2027 (чт) (ст. 192 ГК), нерабочий" in result.explanation_ru


def test_the_event_is_called_by_its_name() -> None:
    said = count.due(
        date(2026, 5, 12), 10, "day", "calendar", "none", RUSSIA, event=words.Said("претензия получена", "claim received")
    )
    assert said.explanation_ru.startswith("претензия получена 12.05.2026 (вт) → ")
    assert said.explanation_en.startswith("claim received 2026-05-12 (Tue) → ")


def test_days_called_non_working_by_the_president_count_and_are_said() -> None:
    result = counted("2020-03-27", 10, "day")
    assert (result.raw, result.rolled, result.confirmed) == (date(2020, 4, 6), date(2020, 4, 6), False)
    assert "объявленные нерабочими указом Президента 06.04.2020 считаются рабочими" in result.explanation_ru
    assert not counted("2021-10-29", 5, "day", "working").confirmed
    assert counted("2020-03-20", 40, "day", "calendar", "none").confirmed, "plain days do not ask"


def test_a_prolonged_term_goes_on_from_its_raw_end() -> None:
    first = counted("2026-12-04", 30, "day", roll="next_working")
    assert (first.raw, first.rolled) == (date(2027, 1, 3), date(2027, 1, 11))
    longer = count.extended(first.raw, 30, "day", "calendar", "none", RUSSIA)
    assert (longer.start, longer.raw) == (first.raw, date(2027, 2, 2))
    assert longer.explanation_ru.startswith("прежний срок до 03.01.2027 (вс) → срок с 04.01.2027 (ст. 191 ГК) → 30-й день")


def test_after_a_pause_the_days_that_were_left_run_on() -> None:
    raw = counted("2026-05-12", 10, "day").raw
    after = count.resumed(raw, date(2026, 5, 18), date(2026, 6, 1), "calendar", "next_working", RUSSIA)
    assert (after.first_day, after.raw) == (date(2026, 6, 1), date(2026, 6, 5))
    assert after.explanation_ru.startswith(
        "приостановлен с 18.05.2026, осталось 5\N{NO-BREAK SPACE}дней → возобновлён после 31.05.2026 (вс) → "
        "срок с 01.06.2026"
    )
    working = count.resumed(date(2026, 5, 22), date(2026, 5, 20), date(2026, 6, 11), "working", "none", RUSSIA)
    assert working.raw == date(2026, 6, 16), "three working days: 11, 15 and 16 June"
    assert "3\N{NO-BREAK SPACE}рабочих дня" in working.explanation_ru
    for stopped, resumed in (("2026-05-23", "2026-06-01"), ("2026-05-20", "2026-05-19")):
        with pytest.raises(ValueError, match="must be no later"):
            count.resumed(
                raw, date.fromisoformat(stopped), date.fromisoformat(resumed), "calendar", "none", RUSSIA
            )


def test_an_unconfirmed_year_is_marked_and_names_the_earlier_day() -> None:
    result = counted("2028-08-16", 10, "day")
    assert (result.raw, result.rolled, result.confirmed) == (date(2028, 8, 26), date(2028, 8, 28), False)
    assert "календарь 2028 не подтверждён, переносы ещё не известны: действуйте до 26.08.2028" in result.explanation_ru
    assert "act by 2028-08-26" in result.explanation_en, "that Saturday may be made a working day"
    assert not counted("2027-12-25", 10, "day", "working").confirmed
    assert not counted("2027-12-21", 10, "day").confirmed, "the roll itself leads into 2028"
    assert counted("2027-12-25", 10, "day", roll="none").confirmed, "plain days need no calendar"
    assert not counted("2027-04-17", 10, "day").confirmed, "nobody compared 2027 with the decree"


@pytest.mark.parametrize(
    ("last", "rolled", "sure"),
    [
        ("2027-01-09", "2027-01-11", ""),  # a Saturday that the preliminary transfers leave off
        ("2027-02-20", "2027-02-20", ""),  # and one that they make a working day
        ("2027-02-21", "2027-02-24", "22.02.2027"),  # a Monday off by transfer only
        ("2027-06-12", "2027-06-15", "14.06.2027"),
        ("2027-11-04", "2027-11-08", "05.11.2027"),
        ("2027-12-31", "2028-01-10", "31.12.2027"),
        ("2028-01-04", "2028-01-10", ""),  # holidays by statute, then a Sunday
        ("2028-06-18", "2028-06-19", ""),
        ("2028-06-10", "2028-06-13", "10.06.2028"),
        ("2028-06-11", "2028-06-13", ""),
        ("2028-11-05", "2028-11-06", ""),
        ("2010-05-02", "2010-05-04", "03.05.2010"),
    ],
)
def test_in_an_unconfirmed_year_the_day_by_which_to_act_leans_on_no_decree(last: str, rolled: str, sure: str) -> None:
    result = count.due(date.fromisoformat(last) - timedelta(days=10), 10, "day", "calendar", "next_working", RUSSIA)
    assert (result.rolled.isoformat(), result.confirmed) == (rolled, False)
    said = result.explanation_ru
    assert (f"действуйте до {sure}" in said) if sure else ("действуйте" not in said)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"length": 0}, "length must be"),
        ({"length": -3}, "length must be"),
        ({"length": True}, "length must be"),
        ({"length": 1.5}, "length must be"),
        ({"length": 10**9}, "from 1 to 36500"),
        ({"start": datetime(2026, 1, 1, tzinfo=UTC)}, "without a time"),
        ({"start": "2026-01-01"}, "without a time"),
        ({"unit": "decade"}, "unit must be one of day, week, month, year"),
        ({"day_kind": "banking"}, "day_kind must be"),
        ({"roll": None}, "roll must be"),
        ({"unit": "month", "day_kind": "working"}, "only days can be working"),
        ({"start": date(9999, 12, 31)}, "beyond the calendar"),
        ({"start": date(9999, 12, 31), "day_kind": "working"}, "beyond the calendar"),
        ({"start": date(9999, 12, 31), "unit": "month"}, "beyond the calendar"),
    ],
)
def test_bad_input(values: dict[str, Any], says: str) -> None:
    good = {"start": date(2026, 1, 1), "length": 10, "unit": "day", "day_kind": "calendar", "roll": "none"}
    with pytest.raises(ValueError, match=says):
        count.due(**{**good, **values}, calendar=RUSSIA)


@given(start=DAYS, length=LENGTHS, day_kind=st.sampled_from(["calendar", "working"]), roll=ROLLS)
def test_longer_is_never_earlier(start: date, length: int, day_kind: Any, roll: Any) -> None:
    shorter = count.due(start, length, "day", day_kind, roll, RUSSIA)
    longer = count.due(start, length + 1, "day", day_kind, roll, RUSSIA)
    assert shorter.raw < longer.raw
    assert shorter.rolled <= longer.rolled


@given(start=DAYS, length=LENGTHS, unit=st.sampled_from(["day", "month", "year"]))
def test_rolling(start: date, length: int, unit: Any) -> None:
    result = count.due(start, min(length, 90), unit, "calendar", "next_working", RUSSIA)
    assert start < result.first_day <= result.raw <= result.rolled
    assert RUSSIA.is_working(result.rolled)
    assert not any(RUSSIA.is_working(result.raw + timedelta(days=n)) for n in range((result.rolled - result.raw).days))


@given(start=DAYS, length=LENGTHS, unit=st.sampled_from(["day", "month", "year"]))
def test_without_a_roll_nothing_moves(start: date, length: int, unit: Any) -> None:
    result = count.due(start, min(length, 90), unit, "calendar", "none", RUSSIA)
    assert result.raw == result.rolled
    assert result.confirmed


@given(start=DAYS, length=st.integers(1, 60))
def test_working_days_are_counted_one_by_one(start: date, length: int) -> None:
    raw = count.due(start, length, "day", "working", "none", RUSSIA).raw
    between = (start + timedelta(days=n) for n in range(1, (raw - start).days + 1))
    assert sum(map(RUSSIA.is_working, between)) == length


@given(start=DAYS, length=st.integers(1, 60))
def test_years_are_twelve_months(start: date, length: int) -> None:
    in_years = count.due(start, length, "year", "calendar", "none", RUSSIA).raw
    assert in_years == count.due(start, 12 * length, "month", "calendar", "none", RUSSIA).raw


def test_hours() -> None:
    found_at = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    result = count.due_hours(found_at, 24)
    assert result.due_at == datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
    assert result.explanation_ru == "событие 25.11.2026 01:30 MSK → 24\N{NO-BREAK SPACE}часа → до 26.11.2026 01:30 MSK"
    across = count.due_hours(datetime(2026, 3, 28, 22, 0, tzinfo=UTC), 24, "Europe/Berlin")
    assert across.explanation_en.endswith("until 2026-03-30 00:00 CEST"), "24 hours pass, also over a clock change"
    with pytest.raises(ValueError, match="no time zone"):
        count.due_hours(datetime(2026, 11, 24), 24)  # noqa: DTZ001
    with pytest.raises(ValueError, match="number of hours"):
        count.due_hours(found_at, 0)


def test_a_calendar_of_its_own() -> None:
    regional = ProductionCalendar(days_off=frozenset({date(2026, 3, 20)}), confirmed_years=frozenset({2026}))
    result = count.due(date(2026, 3, 10), 10, "day", "calendar", "next_working", regional)
    assert result.rolled == date(2026, 3, 23)
    ahead = ProductionCalendar(days_off=frozenset({date(2028, 3, 20), date(2028, 6, 10)}))
    assert ahead.surely_next(date(2028, 3, 20)) == date(2028, 3, 21), "a person knows of that day"
    assert ahead.surely_next(date(2028, 6, 10)) == date(2028, 6, 13)
