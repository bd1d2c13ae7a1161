"""The ready answers that are shipped: whole, polite, and without a law that the desk has no rule for."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from desk import deadlines, replies, settings
from desk.models import Message, Person, Ticket

FOLDER = settings.resource("config") / "replies"


def ticket(name: str = "", text: str = "Здравствуйте, верните деньги за телефон") -> Ticket:
    return Ticket(consumer=Person(name=name, address="a@mail.example"), missing=[], topics=[],
                  messages=[Message(direction="in", text=text, unconfirmed=False)])


def test_there_are_at_least_twenty_and_all_are_whole() -> None:
    known = replies.known()
    assert len(known) >= 20
    assert len({reply.title_ru for reply in known}) == len(known) == len({reply.title_en for reply in known})
    for reply in known:
        assert reply.text.startswith("{{greeting}}\n\n"), reply.key
        assert reply.text.endswith("\n\n{{advocate}}, {{desk}}"), reply.key
        assert not re.search(r"[A-Za-z]", replies.PLACE.sub("", reply.text)), reply.key
        assert "\t" not in reply.text


def test_an_article_is_named_only_where_a_rule_rests_on_it() -> None:
    articles = {number for rule in deadlines.known_rules().in_force(date(2026, 11, 24))
                if "2300-1" in rule.law for number in re.findall(r"ст\. ([\d.]+)", rule.article)}
    for reply in replies.known():
        for number in re.findall(r"ст\. ([\d.]+\d|\d+)", reply.text):
            assert number in articles, (reply.key, number)


@pytest.mark.parametrize(("name", "greeting"), [
    ("Пётр Иванович Кузнецов", "Здравствуйте, Пётр Иванович!"), ("Кузнецов Пётр Иванович", "Здравствуйте, Пётр Иванович!"),
    ("Анна Белова", "Здравствуйте, Анна Белова!"), ("Анна", "Здравствуйте, Анна!"), ("", "Здравствуйте!"),
    ("petr1985", "Здравствуйте!"), ("ООО «Ромашка»", "Здравствуйте!"), ("Анна-Мария Белова", "Здравствуйте, Анна-Мария Белова!"),
    ("отдел продаж", "Здравствуйте!")])
def test_the_greeting_uses_a_name_only_when_it_is_one(name: str, greeting: str) -> None:
    assert replies.greeting(ticket(name)) == greeting


def test_gaps_are_found_each_once() -> None:
    assert replies.gaps("Заказ [[номер заказа]] и [[сумма]], [[номер заказа]]; [не то] [[]] [[a\nb]]") == ["номер заказа", "сумма"]


@pytest.mark.parametrize(("text", "words"), [
    ("[[reply]]\nkey = 'a'\n", "has no title"),
    ("[[reply]]\nkey='a'\ntitle='т'\ntitle_en='t'\ntext='{{unheard}}'\n", "asks for unheard"),
    ("[[reply]]\nkey='a'\ntitle='т'\ntitle_en='t'\ntext='x'\n" * 2, "two ready answers are called a"),
    ("nonsense", "cannot be read")])
def test_a_mistake_in_a_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(replies.RepliesError, match=f"own.toml.*{words}"):
        replies.load(tmp_path)


def test_both_languages_ask_for_the_same_things() -> None:
    assert list(replies._words("ru")) == list(replies._words("en"))


def test_an_account_is_asked_for_only_when_money_is_claimed_in_writing_and_never_a_card() -> None:
    asked = ticket()
    asked.facts, asked.demands, asked.stage = [], ["refund"], "support"
    assert replies.missing(asked) == []
    asked.stage = "claim"
    assert replies.missing(asked) == ["address", "receipt", "bank_account"]
    assert "номер карты не присылайте" in replies.request(asked)
