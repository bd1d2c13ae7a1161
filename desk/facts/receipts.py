"""Fiscal receipts: the text of their QR code, and the lines that a till prints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .fact import Fact, Source

DRIVE = re.compile(r"(?<![a-z])fn=(\d{16})(?!\d)")
QR = {name: re.compile(rf"(?<![a-z]){name}=({value})(?![\d])") for name, value in (
    ("t", r"\d{8}t\d{4}(?:\d{2})?"), ("s", r"\d{1,9}(?:\.\d{1,2})?"),
    ("i", r"\d{1,10}"), ("fp", r"\d{1,10}"), ("n", "[1-4]"))}
QR_AROUND = 100  # characters; the six fields may stand in any order
# Numbers of the fiscal drive, document and sign, in the forms that tills and mailed receipts print.
LINE = {name: re.compile(rf"(?<![а-яёa-z\d])(?:{words})\s{{0,2}}(?:чека)?[\s:№#.=|]{{0,12}}(\d{{{size}}})(?!\d)")
        for name, words, size in (
            ("fn", r"(?:n|№|номер|зав\. ?№)?\s?фн(?:\s№)?|фискальн[а-я]{2,3} накопител[а-я]{1,2}", "16"),
            ("i", r"(?:n|№|номер)?\s?фд|фискальн[а-я]{2,3} документ[а-я]{0,2}", "1,10"),
            ("fp", r"(?:n|№)?\s?фпд?|фискальн[а-я]{2,3} признак[а-я]{0,2}(?: документа)?", "1,10"))}
SUM = re.compile(r"(?<![а-яё])(?:итого?|всего|к оплате|сумма(?: чека|"
                 r" расч[её]та)?)[\s:=≡.]{1,40}(\d{1,3}(?:[ \xa0]\d{3}){1,3}|\d{1,9})"
                 r"[.,](\d{2})(?!\d)")
WHEN = re.compile(r"(?<![\d.])(\d{2})[./-](\d{2})[./-](20\d{2}|\d{2}),?\s{1,8}(?:в\s)?(\d{1,2}):(\d{2})(?!\d)")
KIND = re.compile(r"(?<![а-яё])(возврат прихода|возврат расхода|приход|расход)(?![а-яё])")
KINDS = {"приход": "1", "возврат прихода": "2", "расход": "3", "возврат расхода": "4"}
# The same as OCR reads it off a photo: signs of the other alphabet in the names, a point lost in a sum.
FUZZY = {name: re.compile(rf"(?<![а-яёa-z\d]){words}[\s:№#.=|]{{0,4}}({number})(?!\d)") for name, words, number in (
    ("fn", "[фo0о][нhn]", r"(?:9\d|87|73)\d{14}"), ("i", "[фo0о][длnl]", r"\d{1,7}"),
    ("fp", "[фo0о][пnнг][дgal]?", r"\d{8,10}"))}
PAID = re.compile(r"(?<![а-яё])(?:итого?|всего|к оплате|сумма(?: чека| расч[её]та)?|(?:без)?наличными(?: сумма)?"
                  r"|оплата|картой)[\s:=≡.]{1,40}(\d{1,3}(?:[ \xa0]\d{3}){1,3}|\d{1,9})\s?[., ]\s?(\d{2})(?![\d.,])")
GOODS = re.compile(r"(?<!\d)(\d{1,3})\s?[xх*]\s?(\d{1,7})[.,](\d{2})(?!\d)")  # so many pieces at such a price
AROUND = 1500  # characters before the drive's number in which a receipt's other lines stand


def find(source: Source) -> Iterator[Fact]:
    """Facts of kind receipt, their value `t=…&s=…&fn=…&i=…&fp=…&n=…`."""
    if source.place == "ocr":
        yield from _recognised(source)
        return
    found = list(_codes(source))
    yield from found
    seen = {fields(fact.value)["fn"] + fields(fact.value)["i"] for fact in found}
    for printed in _printed(source):
        values = fields(printed.value)
        if values["fn"] + values["i"] not in seen:
            seen.add(values["fn"] + values["i"])
            yield printed


def fields(value: str) -> dict[str, str]:
    """`t s fn i fp n` of a receipt's value."""
    return dict(pair.split("=", 1) for pair in value.split("&"))


def _codes(source: Source) -> Iterator[Fact]:
    text = source.text
    for drive in DRIVE.finditer(text):
        start, end = max(0, drive.start() - QR_AROUND), min(len(text), drive.end() + QR_AROUND)
        parts = {name: _nearest(pattern, text, start, end, drive.start()) for name, pattern in QR.items()}
        found = {name: part for name, part in parts.items() if part} | {"fn": drive}
        if len(found) == 6:
            left, right = min(m.start() for m in found.values()), max(m.end() for m in found.values())
            yield Fact("receipt", _written({name: m[1] for name, m in found.items()}), text[left:right], source.place,
                       left, right, 0.99)


def _printed(source: Source) -> Iterator[Fact]:
    text = source.text
    for drive in LINE["fn"].finditer(text):
        start, end = max(0, drive.start() - AROUND), min(len(text), drive.end() + 400)
        document, sign = (_nearest(LINE[name], text, start, end, drive.start()) for name in ("i", "fp"))
        when = _nearest(WHEN, text, start, end, drive.start())
        total = _nearest(SUM, text, start, end, drive.start())
        if not (document and sign and when and total):
            continue
        kind = _nearest(KIND, text, start, end, drive.start())
        values = {"t": _moment(when), "s": re.sub(r"\D", "", total[1]) + "." + total[2], "fn": drive[1],
                  "i": document[1], "fp": sign[1], "n": KINDS[kind[1].lower()] if kind else "1"}
        left = min(m.start() for m in (drive, document, sign))
        right = max(m.end() for m in (drive, document, sign))
        yield Fact("receipt", _written(values), text[left:right], source.place, left, right, 0.8)


def _recognised(source: Source) -> Iterator[Fact]:
    """A photographed receipt without a legible code; what could not be read stays empty.

    The drive's number, and the sum or the moment, have to be there. A sum printed twice alike, or equal to that of
    the goods, is surer.
    """
    text = source.text
    for drive in FUZZY["fn"].finditer(text):
        start, end = max(0, drive.start() - AROUND), min(len(text), drive.end() + 400)
        sums = [*(re.sub(r"\D", "", total[1]) + "." + total[2] for total in PAID.finditer(text, start, end)),
                *_of_goods(text, start, end)]
        total = max(sums, key=sums.count, default="")
        when, kind = (_nearest(pattern, text, start, end, drive.start()) for pattern in (WHEN, KIND))
        document, sign = (_nearest(FUZZY[name], text, start, end, drive.start()) for name in ("i", "fp"))
        if not (total or when):
            continue
        values = {"t": _moment(when) if when else "", "s": total, "fn": drive[1], "i": document[1] if document else "",
                  "fp": sign[1] if sign else "", "n": KINDS[kind[1]] if kind else "1"}
        right = max(m.end() for m in (drive, document, sign) if m)
        yield Fact("receipt", _written(values), text[drive.start():right], source.place, drive.start(), right,
                   0.8 if sums.count(total) > 1 else 0.6)


def _of_goods(text: str, start: int, end: int) -> Iterator[str]:
    """What the goods cost together, when they are there."""
    kopecks = sum(int(piece[1]) * int(piece[2] + piece[3]) for piece in GOODS.finditer(text, start, end))
    if kopecks:
        yield f"{kopecks // 100}.{kopecks % 100:02d}"


def _moment(found: re.Match[str]) -> str:
    day, month, year, hour, minute = found.groups()
    return f"{year if len(year) == 4 else '20' + year}{month}{day}T{int(hour):02d}{minute}"


def _nearest(pattern: re.Pattern[str], text: str, start: int, end: int, to: int) -> re.Match[str] | None:
    return min(pattern.finditer(text, start, end), key=lambda m: abs(m.start() - to), default=None)


def _written(values: dict[str, str]) -> str:
    return "&".join(f"{key}={values[key].upper()}" for key in ("t", "s", "fn", "i", "fp", "n"))
