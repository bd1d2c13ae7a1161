"""Order numbers: a link beats a label, a label beats the bare shape. Never a phone, card, tax or tracking number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from . import checks
from .fact import Fact, Source, lower
from .formats import Formats, Order

NEXT = re.compile(r"\s{0,2}(?:,\s?(?:и\s)?|;|\bи\b|/|\+|\n)\s{0,2}[№#]?\s?")
MONEY = re.compile(r"[\s\xa0]{0,2}(?:руб|₽|р\.|р\b|rub|тыс|коп|шт|дн[яе]|дней|г\.|год|%|км|кг|балл|бонус|тенге|мм\b|"
                   r"см\b)", re.I)
DATE = re.compile(r"(?:19|20)\d\d-[01]?\d-[0-3]?\d$|[0-3]?\d-[01]?\d-(?:19|20)\d\d$")
YEAR = re.compile(r"(?:19|20)\d\d$")
SURE = re.compile(r"(?:[№#]|номер[а-я]{0,2}|number|:)[\s:«\"(—-]{0,4}$", re.I)
PARCEL = re.compile(r"отправлени[а-яё]{1,2}[\s:№#]{0,5}(?:номер[а-я]{0,2}[\s:№#]{0,4})?$", re.I)
AFTER = re.compile(r"(?<![\w-])\d{5,20}(?:-\d{1,5}){0,2}[)\s]{0,2}[-,(—–]?\s{0,2}(?:это\s)?"
                   r"(?:мой\s|наш\s)?(?:номер|№)\s(?:моего\s)?"
                   r"(?:заказа|отправления|покупки)(?!\s?[:№#—-]{0,2}\s?\d)", re.I)
BARE = re.compile(r"(?<!\w)номер(?:ом)?[\s:—–-]{1,4}[№#]?\s?|[№#]\s{0,2}(?=\d{8})|\((?=\d{10,17}[,)])", re.I)
FROM_SHOP = re.compile(r"[\s,:(—–-]{1,4}(?:доставк[а-яё]{1,2}\s)?[\s(]{0,2}[№#]?\s{0,2}(?=\d{8,20}(?![\w-]))", re.I)
OWNED = re.compile(r"(?:обращ|заявк|заявлен|карт|сч[её]т|догов|паспорт|полис|артикул|трек|посыл|накладн|тел|"
                   r"моб|мой|моем|звон|набра|whatsapp|viber|квартир|сервис|автомоб|госномер|банк|сдэк|cdek|ттн|инн|огрн|"
                   r"снилс|imei|sku|ean|бик|[рк]/с|серийн|штрих|объявлен|код|чек|фн|спор|диспут|претенз|индекс|модел|пвз|пункт|возврат|"
                   r"телефон|запрос|тикет|доверенн|акт|почт|идентиф|жалоб|кабинет|транзакц|плат[её]ж|поручен|продав|покупател|"
                   r"сертификат|купон|кусп|уин|постамат|сесси|фд|s/n|кпп|rrn|операц|регистрац|ячейк|дел[оау]|исх|вх|шпи|рпо)"
                   r"[^.!?\n]{0,30}$", re.I)
SHORT_PHONE = re.compile(r"9\d{9}$")
CONTRACT = re.compile(r"(?:догов|полис|доверенн|счет-факт|счёт-факт)[^.!?\n]{0,30}$", re.I)
FOURS = re.compile(r"\d{4}(?:-\d{4}){3}$")
PREFIXED = re.compile(r"[a-zа-я]{1,4}-?\d[\d/-]{3,25}$", re.I)
SPACED = re.compile(r" \d\d \d{5} \d(?!\d)")  # the rest of a postal number as the post prints it
JOINED = re.compile(r"[\s/-]+")  # what people write for the dash of a posting number
CELLS = re.compile(r"\t|\||[ \xa0]{2,}")
MAX_CHAIN = 30
MAX_FACTS = 200


def find(source: Source, formats: Formats, named: set[str]) -> list[Fact]:
    """Facts of kind order_number in the order of the text. `named`: the marketplaces that the letter names."""
    orders = sorted(formats.by("label"), key=lambda order: order.marketplace not in named)
    found: list[Fact] = []
    for fact in chain(_links(source, formats), _labelled(source, formats, orders, named),
                      _under_headings(source, formats, orders, named),
                      _named_after(source, orders, named), _shapes(source, formats, named)):
        if len(found) < MAX_FACTS and not any(fact.start < other.end and other.start < fact.end for other in found):
            found.append(fact)
    if not found and named:
        found.extend(_after_shops(source, formats, orders) or _unlabelled(source, formats, orders, named))
    return sorted(found, key=lambda fact: fact.start)


def _links(source: Source, formats: Formats) -> Iterator[Fact]:
    for order in formats.by("url"):
        for match in order.pattern.finditer(source.text):
            yield _fact(source, order, match.start(1), match.end(1))


def _labelled(source: Source, formats: Formats, orders: list[Order], named: set[str]) -> Iterator[Fact]:
    text, at = source.text, 0
    while label := formats.label.search(text, at):
        at = place = label.end()
        if formats.not_order.search(text, max(0, place - 40), place):
            continue
        for fact in _chain(source, orders, named, place):
            yield fact
            at = fact.end


def _chain(source: Source, orders: list[Order], named: set[str], at: int) -> Iterator[Fact]:
    """The number and those listed after it that look alike."""
    first = None
    for _ in range(MAX_CHAIN):
        fact = _value(source, orders, named, at)
        if fact is None or first and _form(fact) != _form(first):
            return
        yield fact
        first = first or fact
        if not (more := NEXT.match(source.text, fact.end)):
            return
        at = more.end()


def _form(fact: Fact) -> tuple[int, int]:
    return fact.value.count("-"), len(fact.value) // 4 if "-" in fact.value else len(fact.value)


def _value(source: Source, orders: list[Order], named: set[str], at: int) -> Fact | None:
    for order in orders:
        if order.only_named and order.marketplace not in named:
            continue
        match = order.pattern.match(source.text, at)
        if match and not _other(source.text, match, order) and not MONEY.match(source.text, match.end()):
            return _fact(source, order, match.start(), match.end())
    return None


def _after_shops(source: Source, formats: Formats, orders: list[Order]) -> list[Fact]:
    """«на ВБ 3003003004», «с Яндекс Маркета (58585858580, 2 октября)»: in the same statement, and nothing else."""
    found: list[Fact] = []
    for shop, words in formats.words.items():
        for name in words.finditer(lower(source).text):
            gap = FROM_SHOP.match(source.text, name.end())
            fact = _value(source, orders, {shop}, gap.end()) if gap else None
            if gap and fact and fact.marketplace in (shop, "") and not OWNED.search(gap.group()):
                found.append(replace(fact, confidence=0.6, marketplace=fact.marketplace or shop))
    return [fact for place, fact in enumerate(found) if fact not in found[:place]]


def _unlabelled(source: Source, formats: Formats, orders: list[Order], named: set[str]) -> Iterator[Fact]:
    """«…, номер 3344998877» where a marketplace is named and nothing else is an order."""
    for label in BARE.finditer(source.text):
        before = source.text[max(0, label.start() - 40):label.end()]
        fact = None if formats.not_order.search(before) or OWNED.search(before) else _value(
            source, orders, named, label.end())
        if fact and len(checks.digits(fact.value)) >= 8 and not SHORT_PHONE.match(fact.value):
            yield replace(fact, confidence=0.5)


def _named_after(source: Source, orders: list[Order], named: set[str]) -> Iterator[Fact]:
    """«57989200259 — номер моего заказа»."""
    for match in AFTER.finditer(source.text):
        if fact := _value(source, orders, named, match.start()):
            yield fact


def _under_headings(source: Source, formats: Formats, orders: list[Order], named: set[str]) -> Iterator[Fact]:
    """Tables: the cell under «Номер заказа»."""
    for heading in formats.heading.finditer(source.text):
        start = source.text.rfind("\n", 0, heading.start()) + 1
        end = source.text.find("\n", heading.end())
        if end < 0 or end - start > 300:
            continue
        place = len(CELLS.findall(source.text[start:heading.start()].lstrip()))
        yield from _column(source, orders, named, end + 1, place)


def _column(source: Source, orders: list[Order], named: set[str], at: int, place: int) -> Iterator[Fact]:
    for _ in range(MAX_CHAIN):
        end = source.text.find("\n", at)
        line = source.text[at:end if end >= 0 else len(source.text)]
        indent = len(line) - len(line.lstrip())
        cells = [at + indent, *(at + gap.end() for gap in CELLS.finditer(line, indent))]
        fact = _value(source, orders, named, cells[place]) if place < len(cells) else None
        if fact is None or end < 0:
            if fact:
                yield fact
            return
        yield fact
        at = end + 1


def _shapes(source: Source, formats: Formats, named: set[str]) -> Iterator[Fact]:
    for order in formats.by("shape"):
        if order.only_named and order.marketplace not in named:
            continue
        for match in order.pattern.finditer(source.text):
            start, end = match.span()
            before = source.text[max(0, start - 40):start]
            marked = before.rstrip().endswith(("№", "#"))
            kinds = formats.not_order if marked or order.only_named else formats.paper
            other = bool(CONTRACT.search(before) or kinds.search(before))
            if order.only_named:
                other |= bool(OWNED.search(before) or checks.is_card(match.group()) or SPACED.match(source.text, end))
            if not (other or _phone_like(match.group()) or MONEY.match(source.text, end)):
                yield _fact(source, order, start, end)


def _other(text: str, match: re.Match[str], order: Order) -> bool:
    """A labelled number that is plainly something else."""
    value = match.group().replace(" ", "")
    digits = checks.digits(value)
    if order.marketplace and order.only_named:
        return order.marketplace != "aliexpress" and _phone_like(value)
    if DATE.match(value) or YEAR.match(value):
        return True
    if len(digits) < 5 and not SURE.search(text, max(0, match.start() - 12), match.start()):
        return True
    if not value.isdigit():
        return False
    before = max(0, match.start() - 30)
    if SPACED.match(text, match.end()) or len(value) == 14 and PARCEL.search(text, before, match.start()):
        return True
    return _phone_like(value) or checks.is_postal(value) or checks.is_card(value)


def _phone_like(value: str) -> bool:
    digits = checks.digits(value)
    return len(digits) == 11 and digits[0] in "78" and digits[1] == "9" and value.count("-") != 2


def _fact(source: Source, order: Order, start: int, end: int) -> Fact:
    quote = source.text[start:end]
    value = JOINED.sub("-", quote) if order.marketplace == "ozon" else re.sub(r"\s", "", quote)
    value = value.replace("-", "") if FOURS.match(value) else value
    value = value.upper() if PREFIXED.match(value) else value  # a srid keeps its small letters
    return Fact("order_number", value, quote, source.place, start, end, order.confidence, order.marketplace)
