"""Sums in roubles: what was paid or is demanded, apart from what was offered, compared or given back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from . import fact
from .clauses import Clauses
from .fact import Fact, Source

SPACE = r"[ \xa0\u202f\u2009]"
ROUBLE = r"(?:руб(?:\.|л[а-яё]{1,3}|лей)?(?![а-яё])|₽|р\.|р(?![\w.])|rub\b|rur\b|рэ\b)"
NUMBER = (rf"(?:\d{{1,3}}(?:{SPACE}\d{{3}}){{1,3}}|\d{{1,3}}(?:[.,']\d{{3}}){{1,3}}(?!\d)|\d{{1,9}})"
          r"(?:[.,]\d{1,2}(?!\d)|-\d\d(?=\s?руб))?")
UNIT = r"(?:тыс(?:яч[аи]?)?\.?(?![а-яё])|тыщ[аи]?|тыр(?![а-яё])|млн\.?|к(?![а-яё\w]))"
AMOUNT = re.compile(
    rf"(?<![\d.,'/-])(?<!\d{SPACE})(?P<n>{NUMBER}){SPACE}?(?P<u>{UNIT})?{SPACE}?(?P<r>\d{{1,3}}{SPACE})?(?:\([а-яё\s]{{3,120}}\){SPACE}?)?"
    rf"{ROUBLE}(?:{SPACE}?(?P<k>\d{{2}}){SPACE}?коп)?")
PRICED = re.compile(
    rf"(?<!\w)(?:цен(?:а|ы|е|у|ой)|стоимост(?:ь|и|ью)|сумм(?:а|ы|е|у|ой)|итого?|заплатил[аи]?|оплатил[аи]?|"
    rf"уплатил[аи]?|отдал[аи]?|выложил[аи]?|потратил[аи]?|перев[её]л[аи]?|вн[её]с(?:л[аи])?|предоплат[ауы]|аванс|деньги|наличк[ауи]|"
    rf"(?:о|у)плачен[оа]?|стои(?:т|л|ла|ло|ли|мостью)|к оплате|обош[её]л(?:ся|ась|ось)|списал[аи]?|верните|вернуть|"
    rf"возместите|вреда?|ущерба?|компенсаци[юя]|paid|price|total)"
    rf"(?![а-яё])[^\d\n.!?;№%*]{{0,30}}?(?<![\d.,'/-])(?P<n>{NUMBER}){SPACE}?(?P<u>{UNIT})?(?!{SPACE}?\d|[/-]|[.,]\d)")
BOUGHT = re.compile(
    rf"(?<!\w)(?:купил|взял|заказ(?:ал|ыв)|приобр[её]|отдал|покупк)[^\d\n.!?;№%]{{0,60}}?\sза{SPACE}(?:н(?:его|е[её]|"
    rf"их){SPACE}|вс[её]{SPACE}|это{SPACE}|товар{SPACE})?(?P<n>{NUMBER})"
    rf"{SPACE}?(?P<u>{UNIT})?(?!{SPACE}?\d|[/-]|[.,]\d)")
FOR = re.compile(rf"(?<!\w)за{SPACE}(?:вс[её]{SPACE})?(?P<n>\d{{1,3}}{SPACE}\d{{3}}(?!\d)|(?!20\d\d)\d{{3,6}}"
                 rf"(?=[.,;)!?\n]|$|{SPACE}(?:и|а|но|\()))(?P<u>(?!))?(?!,\d)")
SIGNED = re.compile(rf"(?:₽|rub|руб\.){SPACE}?(?P<n>{NUMBER})(?P<u>(?!))?(?!{SPACE}?(?:\d|{ROUBLE}))")
LISTED = re.compile(rf"(?:(?<=,{SPACE})|(?<=[(]))(?P<n>\d{{1,3}}{SPACE}\d{{3}})(?P<u>(?!))?(?=[.;)\n]|$)")
ROUND = re.compile(rf"(?<![\w.,/-])(?<!\d{SPACE})(?P<n>\d{{1,3}}(?:[.,]\d)?){SPACE}?"
                   r"(?P<u>тыс(?:яч[аи]?)?\.?|тыщ[аи]?|к)(?![\w-])"
                   rf"(?={SPACE}?(?:[.,;)!?\n]|$)|{SPACE}(?:(?:и|а|за|на|с|в|не|но|плюс)(?!\w)|ушл|верн|отда|потра|спис|запл))")
NO_PRICE = re.compile(rf"{SPACE}?(?:%|процент|шт|дн[яе]|день|дней|час|мин|км|кг|гр?\b|м\b|раз|балл|бонус|тенге|\$|€|"
                      rf"долл|евро|"
                      rf"бел|грн|янв|фев|мар|апр|ма[яй]|июн|июл|авг|сен|окт|ноя|дек|год|г\.|числ|недел|месяц)")
NO_SUM = re.compile(r"карт(?!ой)|сч[её]т|номер|обращени|телефон|артикул|договор|индекс")
NOT_PAID_BEFORE = re.compile(
    r"(?:бонус|балл|купон|промокод|скидк|кешб|кэшб|предлож|предлага|госпошлин|свыше|зарплат|пенси[яюи]|дешевле|дороже|"
    r"прожиточн|"
    r"(?<!\sне )верну(?:ли|л|ла) (?:мне |на карту )?(?:(?:только|лишь|всего|часть|лишь часть)|\D{0,8}$)|возместили|"
    r"начислили (?!штраф)|поступило|так(?:ой|ая|ие|ое|ую) же|"
    r"аналогичн|теперь (?:он[аои]? )?(?:стоит|цена|прода)|у (?:соседа|соседки|друг|конкурент)|"
    r"в (?:друг|соседн)ом|на рынке|скину\s|прислал[аи]? $|сейчас стоит|"
    r"раньше сто|минимальн|в карточке|лимит|обеща(?:ет|ют|ли)[^.]{0,20}$|до суммы|"
    r"штраф.{0,60}\s(?:до|от)\s)")
NOT_PAID_AFTER = re.compile(rf"{SPACE}?(?:бонус|балл|кешб|кэшб|скидк|за отзыв|за положительн)")
SCREEN = re.compile(rf"[248]{SPACE}?к")  # «телевизор 4к»
UNITS = "один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать "\
        "пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
TENS = "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто"
HUNDREDS = "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот"
WORDS: dict[str, Decimal | int] = {
    **{word: number for number, word in enumerate(UNITS.split(), 1)}, "одну": 1, "одна": 1, "две": 2,
    **{word: 10 * number for number, word in enumerate(TENS.split(), 2)},
    **{word: 100 * number for number, word in enumerate(HUNDREDS.split(), 1)},
    "полторы": Decimal("1.5"), "полтора": Decimal("1.5")}
THOUSAND, MILLION = ("тысяча", "тысячи", "тысяч", "тысячу"), ("миллион", "миллиона", "миллионов")
NUMERALS = "|".join(sorted((*WORDS, *THOUSAND, *MILLION), key=len, reverse=True))
HALF = "с половиной"
PAID = r"верните?|отда[а-яё]{1,4}|заплат[а-яё]{1,4}|стоил[аио]?|потратил[аи]?|взял[аи]?|за|спис[а-яё]{2,4}|снял[аи]?"
SPELLED = re.compile(rf"(?<!\w)(?:(?:{NUMERALS}|{HALF})\s{{1,2}}){{1,9}}рубл"
                     rf"|(?<!\w)(?:{PAID})\s(?:мне\s|за\s)?"
                     rf"(?P<bare>(?:(?:{NUMERALS}|{HALF})\s{{1,2}}){{0,4}}тысяч[аиу]?)(?!\w)(?!\sрубл)")
BARE = (PRICED, BOUGHT, FOR, SIGNED, LISTED, ROUND)  # sums without a currency after them
TIMES = {"т": 1000, "м": 1_000_000, "к": 1000}
AROUND = 60  # characters of the statement that tell what a sum is


def find(source: Source, clauses: Clauses) -> Iterator[Fact]:
    """Facts of kind `amount` (paid or demanded) and `other_amount`."""
    text, taken = source.text, -1
    found = [*AMOUNT.finditer(text), *(m for p in BARE for m in p.finditer(text) if _is_price(text, m))]
    for match in sorted(found, key=lambda m: (m.start("n"), -m.end())):
        start, end = match.start("n"), match.end()
        if start < taken:
            continue
        taken = end
        value = _value(match)
        if Decimal(value) >= 1:
            sure = 0.9 if match.re is AMOUNT else 0.7
            yield fact.of(source, _kind(text, clauses, start, end), value, start, end, sure)
    for match in SPELLED.finditer(text):
        start, end = match.span("bare") if match["bare"] else match.span()
        if not re.search(rf"\d{SPACE}?\(?$", text[max(0, start - 3):start]):
            yield fact.of(source, _kind(text, clauses, start, end), _spelled(text[start:end]), start, end, 0.8)


def _is_price(text: str, match: re.Match[str]) -> bool:
    """A number without a currency: a sum only of three digits or more, and never a date or a count."""
    bare = re.sub(r"\D", "", match["n"])
    if NO_SUM.search(text, match.start(), match.start("n")) or NO_PRICE.match(text, match.end()):
        return False
    return (len(bare) >= 3 or bool(match["u"])) and len(bare) <= 9 and not SCREEN.fullmatch(match.group())


def _value(match: re.Match[str]) -> str:
    number = re.sub(SPACE + "|'", "", match["n"]).replace("-", ".")
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?", number):
        number = re.sub(r"[.,](?=\d{3})", "", number)
    value = Decimal(number.replace(",", "."))
    if unit := match["u"]:
        value = value * TIMES[unit[0]] + int(match.groupdict().get("r") or 0)
        return f"{value.quantize(Decimal(1)):f}"
    if match.groupdict().get("k"):
        value += Decimal(match["k"]) / 100
    return f"{value:.2f}" if "." in f"{value:f}" else f"{value:f}"


def _kind(text: str, clauses: Clauses, start: int, end: int) -> str:
    left, right = clauses.around(start)
    before, after = text[max(left, start - AROUND):start], text[end:min(right, end + AROUND)]
    other = NOT_PAID_BEFORE.search(_last_part(before)) or NOT_PAID_AFTER.match(after)
    return "other_amount" if other else "amount"


def _last_part(before: str) -> str:
    """What belongs to this sum: nothing beyond another sum or a turn of the sentence."""
    return re.split(r"₽|руб|[,;(]\s(?!что)|\bза\b(?!\s*$)|\bиз\b|\bнеустойк|\bверните\b|\bтребую\b", before)[-1]


def _spelled(words: str) -> str:
    total = part = Decimal(0)
    for word in words.lower().replace(HALF, "половиной").split():
        if word in THOUSAND or word in MILLION:
            total += (part or 1) * (1000 if word in THOUSAND else 1_000_000)
            part = Decimal(0)
        else:
            part += Decimal("0.5") if word == "половиной" else WORDS.get(word, 0)
    return f"{(total + part).quantize(Decimal(1)):f}"
