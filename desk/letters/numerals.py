"""Sums and dates in Russian words: «12 345 руб. 67 коп. (двенадцать тысяч …)», «12 мая 2026 г.»."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

NBSP = "\u00a0"
UNITS = ("", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать",
         "двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать",
         "девятнадцать")
TENS = ("", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто")
HUNDREDS = ("", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот")
SCALES = (("", "", ""), ("тысяча", "тысячи", "тысяч"), ("миллион", "миллиона", "миллионов"),
          ("миллиард", "миллиарда", "миллиардов"))
MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
          "декабря")
ROUBLES, KOPECKS = ("рубль", "рубля", "рублей"), ("копейка", "копейки", "копеек")


def plural(number: int, forms: tuple[str, str, str]) -> str:
    """The form of a noun after a number: («день», «дня», «дней»)."""
    last, pair = abs(number) % 10, abs(number) % 100
    if last == 1 and pair != 11:
        return forms[0]
    return forms[1] if 2 <= last <= 4 and not 12 <= pair <= 14 else forms[2]


def in_words(number: int, *, feminine: bool = False) -> str:
    """A whole number from 0 to 999 999 999 999 in the nominative."""
    if not 0 <= number < 10**12:
        raise ValueError("from 0 to 999 999 999 999")
    if number == 0:
        return "ноль"
    words: list[str] = []
    for power in range(3, -1, -1):
        group = number // 1000**power % 1000
        if group:
            words += _group(group, feminine=feminine if power == 0 else power == 1)
            words += [plural(group, SCALES[power])] if power else []
    return " ".join(words)


def _group(number: int, *, feminine: bool) -> list[str]:
    words = [HUNDREDS[number // 100]]
    rest = number % 100
    if rest >= 20:
        words.append(TENS[rest // 10])
        rest %= 10
    unit = {1: "одна", 2: "две"}.get(rest, UNITS[rest]) if feminine else UNITS[rest]
    return [word for word in (*words, unit) if word]


def money(value: Decimal) -> str:
    """«4 700 руб. 50 коп.», with fixed spaces; kopecks only when there are any."""
    roubles, kopecks = _parts(value)
    grouped = f"{roubles:,}".replace(",", NBSP)
    return f"{grouped}{NBSP}руб." + (f" {kopecks:02}{NBSP}коп." if kopecks else "")


def money_in_words(value: Decimal) -> str:
    """«четыре тысячи семьсот рублей 50 копеек»."""
    roubles, kopecks = _parts(value)
    return (f"{in_words(roubles)} {plural(roubles, ROUBLES)} "
            f"{kopecks:02} {plural(kopecks, KOPECKS)}")


def day(on: date) -> str:
    """«12 мая 2026 г.», with fixed spaces."""
    return f"{on.day}{NBSP}{MONTHS[on.month - 1]} {on.year}{NBSP}г."


def _parts(value: Decimal) -> tuple[int, int]:
    if value < 0:
        raise ValueError("a sum is not negative")
    cents = int((value * 100).to_integral_value(ROUND_HALF_UP))
    return cents // 100, cents % 100
