"""Order numbers: a link beats a label, a label beats the bare shape. Never a phone, card, tax or tracking number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import checks
from .fact import Fact, Source
from .formats import Formats, Order

NEXT = re.compile(r"\s{0,2}(?:,|;|\bи\b|/)\s{0,2}[№#]?\s?")
MONEY = re.compile(r"[\s\xa0]{0,2}(?:руб|₽|р\.|rub|тыс|коп|шт|дн|г\.|год)", re.I)
MAX_CHAIN = 10
MAX_FACTS = 200


def find(source: Source, formats: Formats, named: set[str]) -> list[Fact]:
    """Facts of kind order_number in the order of the text. `named`: the marketplaces that the letter names."""
    found: list[Fact] = []
    for fact in (*_links(source, formats), *_labelled(source, formats, named), *_shapes(source, formats)):
        if len(found) < MAX_FACTS and not any(fact.start < other.end and other.start < fact.end for other in found):
            found.append(fact)
    return sorted(found, key=lambda fact: fact.start)


def _links(source: Source, formats: Formats) -> Iterator[Fact]:
    for order in formats.by("url"):
        for match in order.pattern.finditer(source.text):
            yield _fact(source, order, match.start(1), match.end(1))


def _labelled(source: Source, formats: Formats, named: set[str]) -> Iterator[Fact]:
    text, at = source.text, 0
    orders = sorted(formats.by("label"), key=lambda order: order.marketplace not in named)
    while label := formats.label.search(text, at):
        at = place = label.end()
        if formats.not_order.search(text, max(0, place - 30), place):
            continue
        for _ in range(MAX_CHAIN):
            fact = _value(source, orders, named, place)
            if fact is None:
                break
            yield fact
            at = fact.end
            if not (chained := NEXT.match(text, at)):
                break
            place = chained.end()


def _value(source: Source, orders: list[Order], named: set[str], at: int) -> Fact | None:
    for order in orders:
        if order.only_named and order.marketplace not in named:
            continue
        match = order.pattern.match(source.text, at)
        if match and not _other(match.group(), order) and not MONEY.match(source.text, match.end()):
            return _fact(source, order, match.start(), match.end())
    return None


def _shapes(source: Source, formats: Formats) -> Iterator[Fact]:
    for order in formats.by("shape"):
        for match in order.pattern.finditer(source.text):
            start, end = match.span()
            before = source.text[max(0, start - 30):start]
            if formats.not_order.search(before) or _phone_like(match.group()):
                continue
            yield _fact(source, order, start, end)


def _other(value: str, order: Order) -> bool:
    """A labelled number that is plainly something else."""
    digits = checks.digits(value)
    if order.marketplace and order.only_named:
        return order.marketplace != "aliexpress" and _phone_like(value)
    if not value.isdigit():
        return False
    return _phone_like(value) or checks.is_postal(digits) or checks.is_card(digits)


def _phone_like(value: str) -> bool:
    digits = checks.digits(value)
    return len(digits) == 11 and digits[0] in "78" and digits[1] == "9" and value.count("-") != 2


def _fact(source: Source, order: Order, start: int, end: int) -> Fact:
    quote = source.text[start:end]
    value = re.sub(r"\s", "", quote)
    return Fact("order_number", value, quote, source.place, start, end, order.confidence, order.marketplace)
