"""Dates as programs write them, right and wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.mail import dates

SEVEN, TEN = datetime(2026, 9, 21, 7, tzinfo=UTC), datetime(2026, 9, 21, 10, tzinfo=UTC)
AT_SEVEN = (
    "Mon, 21 Sep 2026 10:00:00 +0300", "21 Sep 26 10:00:00 +0300", "Tue, 21 Sep 2026 10:00:00 +0300",
    "Mon, 21 Sep 2026 10:00 +0300", "Mon, 21 Sep 2026 10:00:00 MSK", "Mon, 21 Sep 2026 10:00:00 +0300 (MSK)",
    "Mon,21 Sep 2026 10:00:00+0300", "2026-09-21T10:00:00+03:00", "Mon, 21 Sep 2026 10:00:00 +03:00",
    "Mon, 21 Sep 2026 10:00:00 GMT+0300", "Mon, 21 September 2026 10:00:00 +0300", "Mon, 21-Sep-2026 10:00:00 +0300",
    "Пн, 21 сен 2026 10:00:00 +0300", "Mon, 21 Sep 2026 10.00.00 +0300", "Mon, 21 Sep 126 10:00:00 +0300",
    "=?utf-8?Q?Mon=2C_21_Sep_2026_10=3A00=3A00_+0300?=", "Mon, 21 Sep 2026 10:00:00 +0300 +0300",
    "Mon, 21 Sep 2026 10:00:00 +03", "Mon, 21 Sep 2026 10:0:0 GMT+3", "Mon, 21 Sep 2026 10:00:00 0300",
    "Mon, 21 Sep 2026 (the day) 10:00:00 (noon) +0300", "Mon Sep 21 10:00:00 +0300 2026", "Mon, 21 Sep 2026 3:00:00 EDT",
    "Mon, 21 Sep 2026  10:00:00   +0300", "Mon, 21 Sep 2026 10:00:00.123 +0300", "Mo, 21 Sep 2026 09:00:00 CEST",
)
AT_TEN = (
    "Mon, 21 Sep 2026 10:00:00", "Mon, 21 Sep 2026 10:00:00 GMT", "Mon Sep 21 10:00:00 2026", "2026-09-21 10:00:00",
    "Mon, 21 Sep 2026 10:00:00 -0000", "Sep 21, 2026 10:00:00 AM", "21.09.2026 10:00:00", "2026-09-21T10:00:00Z",
    'Mon, 21 Sep 2026 10:00:00 "GMT"', "Mon, 21 Sep 2026 10:00:00 XYZ",
)
NEVER = ("", "yesterday", "Mon, 99 Foo 99999999", "Mon, 31 Feb 2026 10:00:00 +0300", "1 Jan 0001 00:00:00 +0500",
         "Mon, 21 Sep 9999 23:59:59 -0100", "Mon, 21 Sep 2026 77:00:00", "21 Sep 1960 10:00:00 +0000",
         "Mon, 21 Sep 2026 10:00:00 +9999")


@pytest.mark.parametrize("value", AT_SEVEN)
def test_a_date_with_its_zone(value: str) -> None:
    assert dates.read(value.encode().decode("latin-1")) == SEVEN


@pytest.mark.parametrize("value", AT_TEN)
def test_a_date_without_a_zone_is_of_universal_time(value: str) -> None:
    assert dates.read(value) == TEN


@pytest.mark.parametrize("value", NEVER)
def test_what_cannot_be_a_date_is_none(value: str) -> None:
    assert dates.read(value) is None


@given(st.text(alphabet="Mon, 21Sep26:+-().apzшя", max_size=200))
def test_no_text_breaks_it(value: str) -> None:
    assert dates.read(value) is None or dates.read(value) is not None
