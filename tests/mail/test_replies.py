"""What a person wrote anew: every case of replies.toml; spacing between kept pieces is not compared."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from desk import mail
from desk.mail import quotes

FOLDER = Path(__file__).parent
CASES = tomllib.loads((FOLDER / "replies.toml").read_text(encoding="utf-8"))["case"]
FORWARDS = tomllib.loads((FOLDER / "forwards.toml").read_text(encoding="utf-8"))["case"]
PAGES = tomllib.loads((FOLDER / "pages.toml").read_text(encoding="utf-8"))["case"]


def said(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_new_words_are_shown_and_the_old_ones_folded(case: dict[str, str]) -> None:
    text = case["text"]
    for ending in ("\n", "\n\n"):
        read = quotes.remaining(text + ending, quotes.folds(text + ending, case.get("subject", "")))
        assert said(read) == said(case["reply"])


@pytest.mark.parametrize("case", PAGES, ids=lambda case: str(case["name"]))
def test_the_same_in_html(case: dict[str, str]) -> None:
    head = "From: Ivan <ivan@a.example>\nSubject: Re: x\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"
    letter = mail.parse((head + case["html"]).encode())
    assert said(letter.reply_text) == said(case["reply"])
    assert said(letter.text) != []
    assert letter.kind == "mail"


@pytest.mark.parametrize("case", FORWARDS, ids=lambda case: str(case["name"]))
def test_a_forward_is_read_and_stays_shown(case: dict[str, str]) -> None:
    head = f"From: Ivan <ivan@a.example>\nSubject: {case['subject']}\nContent-Type: text/plain; charset=utf-8\n\n"
    letter = mail.parse((head + case["text"]).encode())
    assert letter.forwarded is not None
    assert "noreply@ozon.ru" in letter.forwarded.from_
    assert "10:00" in letter.forwarded.date
    assert letter.forwarded.subject == ("" if case["name"] == "yandex" else "Заказ отменён")
    assert "Ваш заказ 18044876-0131 отменён." in letter.reply_text
