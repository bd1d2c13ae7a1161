"""Who and what a letter names besides the order: a company's case number, the seller's registers, goods, the sender."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import checks, fact
from .fact import Fact, Source

CASE = re.compile(
    r"(?<!\w)(?:обращени[а-яё]{1,2}|запрос[а-яё]{0,2}|тикет[а-яё]{0,2}|заявк[а-яё]{1,2}|заявлени[а-яё]{1,2}|"
    r"претензи[а-яё]{1,2}|"
    r"жалоб[а-яё]{1,2}|кусп|ticket|case)(?![а-яёa-z])[^\d\n№#.!?]{0,60}(?:[№#]|номер(?:ом)?:?)\s{0,3}"
    r"((?:[A-ZА-Я]{1,5}-?|\d{1,3}-)?\d{4,14}(?:-\d{1,6})?)(?![\w-])", re.I)
PLAIN_CASE = re.compile(r"(?<!\w)(?:обращени[ея]|запрос|тикет|заявка)\s{1,2}(\d{6,12})(?![\w-])", re.I)
INN = re.compile(r"(?<!\w)инн\s{0,2}[:№]?\s{0,2}(\d{10}|\d{12})(?!\d)", re.I)
OGRN = re.compile(r"(?<!\w)огрн(?:ип)?\s{0,2}[:№]?\s{0,2}(\d{13}|\d{15})(?!\d)", re.I)
ACCOUNT = re.compile(r"(?<!\w)(?:[рл]/с(?:ч[её]т)?|сч[её]т[а-яё]{0,2}(?: получателя)?)"
                     r"[\s:№(—-]{0,6}((?:40817|40820|42301|42306)\d{15})(?!\d)", re.I)
SELLER = re.compile(r"(?<!\w)((?:ООО|ОАО|ПАО|АО|ЗАО)\s{1,2}[«\"“][^»\"”\n]{2,60}[»\"”]"
                    r"|ИП\s{1,2}[А-ЯЁ][а-яё]{1,25}(?:\s[А-ЯЁ][а-яё]{1,20}){1,2}|"
                    r"ИП\s{1,2}[А-ЯЁ][а-яё]{1,25}\s[А-ЯЁ]\.\s?[А-ЯЁ]\.)")
ARTICLE = re.compile(r"(?<!\w)(?:артикул[а-яё]{0,2}|арт\.|sku|код товара|vendor code)(?!\w)\s{0,2}(?:товара|продавца|"
                     r"wb|вб|ozon|озон)?"
                     r"\s{0,2}[:№#-]?\s{0,2}([A-Za-z0-9][\w/.-]{3,30}[A-Za-z0-9])", re.I)
GOODS_URL = re.compile(
    r"(?:ozon\.(?:ru|com|kz|by)/(?:[a-z/-]{0,40})product/(?:[^/?#\s]{0,200}-)?(\d{6,12})"
    r"|wildberries\.(?:ru|by|kz|am)/catalog/(\d{5,10})"
    r"|aliexpress\.(?:ru|com)/item/(?:[^/\s]{1,100}/)?(\d{8,17})\.html"
    r"|megamarket\.ru/catalog/details/[^\s?#]{0,200}-((?:100|600)\d{9})"
    r"|market\.yandex\.ru/(?:product|card)[^\s?#]{0,160}/(\d{6,14})"
    r"|lamoda\.ru/p/([a-z0-9]{12})|avito\.ru/[^\s?#]{1,200}_(\d{9,11}))", re.I)
NAME = re.compile(r"(?:с уважением|меня зовут|фио|ф\.\s?и\.\s?о\.|заявитель|потребитель|имя|от)\s{0,2}[,:.\t]?\s{1,5}"
                  r"([А-ЯЁ][а-яё]{1,25}(?:\s{1,2}[А-ЯЁ][а-яё]{1,25}){1,2})(?![а-яё])")
CALLED = re.compile(r"(?<![а-яё«\"] )(?<![А-Яа-яё])"
                    r"([А-ЯЁ][а-яё]{1,25}\s(?:[А-ЯЁ][а-яё]{1,25}(?:\s[А-ЯЁ][а-яё]{1,25})?|[А-ЯЁ]\.\s?[А-ЯЁ]\.))"
                    r"\s?[,.:;/|–-]?\s{0,3}(?:т|тел|моб|телефон|домашний|конт)?[а-яё]{0,8}[\s.:]{0,3}(?:\+\s?7|8|"
                    r"7)[\s(-]{0,2}\d{3}")
SIGNED = re.compile(r"(?:^|[\n.!?,;)]\s{0,3}|\d\s{1,3})([А-ЯЁ][а-яё]{1,25}(?:\s[А-ЯЁ][а-яё]{1,25}){1,2}|"
                    r"[А-ЯЁ][а-яё]{1,25}\s[А-ЯЁ]\.\s?[А-ЯЁ]\.)"
                    r"[,./|]?\s{0,3}(?:(?:т|тел|моб|домашний|телефон)?[\s.:]{0,3}[+78][\d\s().+-]{9,18})?\s{0,3}$")
ADDRESS = re.compile(r"(?<!\w)(?:адрес[а-яё]{0,2}(?: (?:регистрации|проживания|"
                     r"доставки))?\s{0,2}:\s{0,2})([^\n]{10,140}?)"
                     r"(?=[,;.\s]{1,3}(?:тел|моб|e-?mail|\+7|паспорт)|\n|$)"
                     r"|(?<!\d)(\d{6},\s[^\n]{10,120}?(?:кв|д|дом|оф)\.?\s?\d{1,4}[а-я]?)(?!\d)", re.I)


def find(source: Source) -> Iterator[Fact]:
    text = source.text
    for kind, pattern in (("case_number", CASE), ("case_number", PLAIN_CASE), ("bank_account", ACCOUNT)):
        for match in pattern.finditer(text):
            yield fact.of(source, kind, match[1], *match.span(1), 0.85)
    for kind, pattern, check in (("inn", INN, checks.is_inn), ("ogrn", OGRN, checks.is_ogrn)):
        for match in pattern.finditer(text):
            if check(match[1]):
                yield fact.of(source, kind, match[1], *match.span(1), 0.95)
    for kind, pattern, sure in (("seller", SELLER, 0.7), ("name", NAME, 0.7), ("name", CALLED, 0.6),
                                ("address", ADDRESS, 0.6)):
        for match in pattern.finditer(text):
            group = match.lastindex or 0
            yield fact.of(source, kind, " ".join(match[group].split()), *match.span(group), sure)
    yield from _goods(source)
    yield from _signed(source)


def _goods(source: Source) -> Iterator[Fact]:
    for match in ARTICLE.finditer(source.text):
        if any("0" <= c <= "9" for c in match[1]):
            yield fact.of(source, "article", match[1], *match.span(1), 0.8)
    for match in GOODS_URL.finditer(source.text):
        group = match.lastindex or 0
        yield fact.of(source, "article", match[group], *match.span(group), 0.95)
        yield fact.of(source, "product_url", match.group(), *match.span(), 0.95)


def _signed(source: Source) -> Iterator[Fact]:
    """A name that ends the letter, with or without the phone."""
    start = max(0, len(source.text.rstrip()) - 90)
    match = SIGNED.search(source.text.rstrip()[start:])
    if match and source.place in ("body", "signature"):
        yield fact.of(source, "name", match[1], start + match.start(1), start + match.end(1), 0.6)
