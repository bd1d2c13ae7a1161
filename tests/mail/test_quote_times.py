"""Hostile text costs no more than its length."""

from __future__ import annotations

import time

import pytest

from desk.mail import attribution, limits, quotes

LINES = {
    name: (piece * 320)[: attribution.LONGEST - len(end)] + end for name, piece, end in (
        ("dates", "12.09.2026 ", ":"), ("times", "21.09.2026, 10:00 ", ":"), ("wrote", "On 21 Sep 10:00 wrote ", ":"),
        ("addresses", "21.09.2026 10:00 <a@b", ":"), ("angles", "<a@b.example> ", "wrote:"), ("spaces", " ", "wrote:"),
        ("heads", "От: a@b.example 10:00 ", ""), ("rules", "-", ""), ("quotes", "> ", ""), ("months", "Sep 21 ", ":"),
        ("on", "On ", "wrote:"), ("brackets", "21.09.2026 10:00 (((((@", ">:"), ("years", "2026 10:00 <a@b> ", "x:"))
} | {"signature": "-- ", "short": "1:", "rule": "-----", "blank": "", "banner": "-- original message --"}


@pytest.mark.parametrize("name", LINES)
def test_a_text_of_the_greatest_length_is_judged_at_once(name: str) -> None:
    text = ("\n".join([LINES[name]] * limits.QUOTE_LINES))[: limits.QUOTES]
    start = time.process_time()
    for subject in ("Fwd: x", "x"):
        assert quotes.remaining(text, quotes.folds(text, subject)) or not text.strip()
    assert time.process_time() - start < 4
