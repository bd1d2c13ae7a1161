"""What a person wrote anew: every case of replies.toml; spacing between kept pieces is not compared."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from desk.mail import quotes

CASES = tomllib.loads((Path(__file__).parent / "replies.toml").read_text(encoding="utf-8"))["case"]


def said(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_new_words_are_shown_and_the_old_ones_folded(case: dict[str, str]) -> None:
    text = case["text"]
    for ending in ("\n", "\n\n"):
        read = quotes.remaining(text + ending, quotes.folds(text + ending, case.get("subject", "")))
        assert said(read) == said(case["reply"])
