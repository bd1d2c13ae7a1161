"""Sums and dates in words."""

from datetime import date
from decimal import Decimal

import pytest

from desk.letters import numerals


@pytest.mark.parametrize(("number", "words"), [
    (0, "ноль"), (1, "один"), (2, "два"), (11, "одиннадцать"), (20, "двадцать"), (21, "двадцать один"),
    (100, "сто"), (111, "сто одиннадцать"), (1000, "одна тысяча"), (2000, "две тысячи"), (5000, "пять тысяч"),
    (11_000, "одиннадцать тысяч"), (21_001, "двадцать одна тысяча один"), (112_000, "сто двенадцать тысяч"),
    (1_000_000, "один миллион"), (2_001_005, "два миллиона одна тысяча пять"),
    (999_999_999_999, "девятьсот девяносто девять миллиардов девятьсот девяносто девять миллионов "
                      "девятьсот девяносто девять тысяч девятьсот девяносто девять")])
def test_whole_numbers(number: int, words: str) -> None:
    assert numerals.in_words(number) == words


@pytest.mark.parametrize(("value", "figures", "words"), [
    ("0", "0 руб.", "ноль рублей 00 копеек"),
    ("1", "1 руб.", "один рубль 00 копеек"),
    ("1990", "1 990 руб.", "одна тысяча девятьсот девяносто рублей 00 копеек"),
    ("12345.67", "12 345 руб. 67 коп.", "двенадцать тысяч триста сорок пять рублей 67 копеек"),
    ("4.01", "4 руб. 01 коп.", "четыре рубля 01 копейка"),
    ("22.005", "22 руб. 01 коп.", "двадцать два рубля 01 копейка"),
    ("1000000.5", "1 000 000 руб. 50 коп.", "один миллион рублей 50 копеек")])
def test_money(value: str, figures: str, words: str) -> None:
    assert numerals.money(Decimal(value)).replace("\u00a0", " ") == figures
    assert numerals.money_in_words(Decimal(value)) == words


@pytest.mark.parametrize("value", ["-1", "-0.01"])
def test_a_negative_sum_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="negative"):
        numerals.money(Decimal(value))


def test_a_day() -> None:
    assert numerals.day(date(2026, 5, 2)).replace("\u00a0", " ") == "2 мая 2026 г."


@pytest.mark.parametrize(("number", "form"), [(1, "день"), (2, "дня"), (5, "дней"), (11, "дней"), (12, "дней"),
                                              (21, "день"), (104, "дня"), (114, "дней"), (0, "дней")])
def test_plurals(number: int, form: str) -> None:
    assert numerals.plural(number, ("день", "дня", "дней")) == form
