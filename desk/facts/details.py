"""Phones, money, tracking numbers, receipts and the day of the order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from . import checks
from .fact import Fact, Source

PHONE = re.compile(r"(?<![\d+-])(?<!\d[.,])(?:\+\s?7|8|7)[\s\xa0(.-]{0,3}([3489]\d{2})[\s\xa0).-]{0,3}(\d{3})"
                   r"[\s\xa0.-]{0,2}(\d{2})[\s\xa0.-]{0,2}(\d{2})(?![\d-])(?![.,]\d)")
AMOUNT = re.compile(r"(?<![\d.,-])(\d{1,3}(?:[ \xa0\u202f]\d{3}){1,3}|\d{1,12})(?:[.,](\d{1,2}))?[ \xa0\u202f]?"
                    r"(тыс\.?|тысяч[аи]?|млн\.?|к(?=\s?(?:р\b|₽)))?[ \xa0\u202f]?"
                    r"(?:руб(?:\.|л[а-я]{1,3})?(?![а-яё])|₽|р\.|RUB\b|рэ\b)", re.I)
TIMES = {"т": 1000, "м": 1_000_000, "к": 1000}
POSTAL = re.compile(r"(?<![\d-])\d{14}(?![\d-])")
S10 = re.compile(r"(?<!\w)[A-Z]{2}\d{9}[A-Z]{2}(?!\w)")
CDEK = re.compile(r"(?:СДЭК|CDEK)[^\d\n]{0,30}(\d{10,11})(?![\d-])", re.I)
RECEIPT = re.compile(r"t=(\d{8}T\d{4}(?:\d{2})?)&s=(\d{1,12}(?:\.\d{1,2})?)&fn=(\d{16})"
                     r"&i=(\d{1,10})&fp=(\d{1,10})&n=([1-4])")
MONTHS = {"янв": 1, "фев": 2, "мар": 3, "апр": 4, "ма": 5, "июн": 6, "июл": 7, "авг": 8, "сен": 9, "окт": 10, "ноя": 11,
          "дек": 12}
DAY = (r"(?P<d>\d{1,2})(?:-?го)?(?:[./](?P<m>\d{1,2})[./](?P<y>\d{4}|\d{2})"
       r"|\s{1,2}(?P<w>янв|фев|мар|апр|ма(?=[йя])|июн|июл|авг|сен|окт|ноя|дек)[а-я]{0,6}\.?\s{1,2}(?P<z>\d{4}))(?!\d)")
ORDERED = re.compile(rf"(?<!\w)(?:заказ|оформ|купи|покуп|приобр|оплат)[а-яё]{{0,8}}"
                     rf"[^\n.!?]{{0,60}}?(?<![\d.]){DAY}", re.I)
BEFORE = re.compile(rf"(?<![\d.]){DAY}(?:\s?г\.)?[^\n.!?]{{0,30}}?\s(?:я\s|мной\s)?(?:заказ|оформ|купи|приобр)[а-яё]{{1,8}}", re.I)


def find(source: Source, taken: list[tuple[int, int]]) -> list[Fact]:
    """All of them. Spans in `taken` are order numbers and never a phone or a tracking number."""
    found = [*_receipts(source), *_tracking(source), *_phones(source), *_amounts(source), *_days(source)]
    return [fact for fact in found if fact.kind == "order_date"
            or not any(fact.start < end and start < fact.end for start, end in taken)][:300]


def _fact(source: Source, kind: str, value: str, start: int, end: int, confidence: float) -> Fact:
    return Fact(kind, value, source.text[start:end], source.place, start, end, confidence)


def _phones(source: Source) -> Iterator[Fact]:
    for match in PHONE.finditer(source.text):
        yield _fact(source, "phone", "+7" + "".join(match.groups()), *match.span(), 0.9)


def _amounts(source: Source) -> Iterator[Fact]:
    for match in AMOUNT.finditer(source.text):
        whole, part, unit = match.groups()
        value = Decimal(f"{checks.digits(whole)}.{part or 0}")
        if unit:
            value = (value * TIMES[unit[0].lower()]).quantize(Decimal("0.01"))
            text = f"{value.normalize():f}"
        else:
            text = checks.digits(whole).lstrip("0") or "0"
            text = f"{text}.{part:0<2}" if part else text
        yield _fact(source, "amount", text, *match.span(), 0.9)


def _tracking(source: Source) -> Iterator[Fact]:
    for match in POSTAL.finditer(source.text):
        if checks.is_postal(match.group()):
            yield _fact(source, "tracking_number", match.group(), *match.span(), 0.85)
    for match in S10.finditer(source.text):
        if checks.is_s10(match.group()):
            yield _fact(source, "tracking_number", match.group(), *match.span(), 0.95)
    for match in CDEK.finditer(source.text):
        yield _fact(source, "tracking_number", match.group(1), *match.span(1), 0.8)


def _receipts(source: Source) -> Iterator[Fact]:
    """The text of a fiscal receipt's QR code."""
    for match in RECEIPT.finditer(source.text.replace("&amp;", "&    ")):
        yield Fact("receipt", match.group(), match.group(), source.place, *match.span(), 0.99)


def _days(source: Source) -> Iterator[Fact]:
    """Days with a year that stand beside a word of ordering; ISO dates."""
    for pattern, confidence in ((ORDERED, 0.8), (BEFORE, 0.7)):
        for match in pattern.finditer(source.text):
            if day := _day(match):
                end = max(match.end("y"), match.end("z"))
                yield _fact(source, "order_date", day, match.start("d"), end, confidence)


def _day(match: re.Match[str]) -> str:
    month = int(match["m"]) if match["m"] else MONTHS[match["w"].lower()]
    year = int(match["y"] or match["z"])
    try:
        day = date(year + 2000 if year < 100 else year, month, int(match["d"]))
    except ValueError:
        return ""
    return day.isoformat() if 2000 <= day.year <= 2099 else ""
