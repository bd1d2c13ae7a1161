"""Days and what happened on them: ordered, delivered, returned, refused, claimed, promised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from . import fact
from .clauses import Clauses
from .fact import Fact, Source

MONTHS = {name: number for names in ("янв фев мар апр мая июн июл авг сен окт ноя дек",
                                                "jan feb mar apr may jun jul aug sep oct nov dec")
          for number, name in enumerate(names.split(), 1)} | {"май": 5, "мае": 5}
MONTH = (r"(?:января|янв|феврал[ья]|фев|марта?|апрел[ья]|апр|ма[йя]|июн[ья]|июл[ья]|август[а]?|авг|сентябр[ья]|сент?|"
         r"октябр[ья]|"
         r"окт|ноябр[ья]|нояб?|декабр[ья]|дек|january|february|march|april|may|june|july|august|september|october|"
         r"november|"
         r"december|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)(?![а-яёa-z])\.?")
TH = (
    "первого второго третьего четвертого пятого шестого седьмого восьмого девятого десятого одиннадцатого двенадцатого "
    "тринадцатого четырнадцатого пятнадцатого шестнадцатого семнадцатого восемнадцатого девятнадцатого")
ORDINALS = {word: number for number, word in enumerate(TH.split(), 1)} | {"двадцатого": 20, "тридцатого": 30}
DAY = re.compile(
    rf"(?<![\d.,/-])(?:(?P<iso>20\d\d-\d\d-\d\d)(?![\d-])"
    rf"|(?P<d>\d{{1,2}})(?P<s>[./-])(?P<m>\d{{1,2}})(?P=s)(?P<y>\d{{4}}|\d{{2}})(?![\d-])(?![./]\d)"
    rf"|(?P<wd>\d{{1,2}})(?:-?(?:го|ого|е|ое|st|nd|rd|th))?\s{{1,2}}(?P<w>{MONTH})(?:,?\s{{1,2}}(?P<wy>\d{{4}}(?!\d)|"
    rf"\d\d(?=\s?г)|(?P<ly>прошлого\sгода)))?"
    rf"|(?P<nd>\d{{1,2}})(?:(?:-?го)?\sчисла|-го(?!\s(?:этаж|подъезд|класс|раз|корпус|дом|уровн|поколен|сорт)))(?!\w)"
    rf"|(?P<sd>\d{{1,2}})\.(?P<sm>0[1-9]|1[0-2])(?![\d/-])(?![.,]\d)(?!\s?(?:руб|р\.|₽|%|тыс|кг|см|л\b)))"
    rf"|(?<!\w)(?P<en>(?:january|february|march|april|may|june|july|august|september|october|november|december))\s"
    rf"(?P<ed>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<ey>\d{{4}})(?!\d)"
    rf"|(?<!\w)(?P<o>(?:двадцать |тридцать )?(?:{'|'.join(ORDINALS)}))\s(?P<ow>{MONTH})(?:\s(?P<oy>\d{{4}})(?!\d))?"
    rf"|(?<!\w)в\s(?:прошл|минувш)(?:ый|ую|ое|ий|ее)\s(?P<k>понедельник|вторник|сред|четверг|пятниц|суббот|воскресенье)"
    rf"|(?<!\w)во?\s(?:эт(?:от|у|о)\s)?(?P<bk>понедельник|вторник|сред|четверг|пятниц|суббот|воскресенье)у?(?!\w)"
    rf"|(?<!\w)на\sпрошлой\sнеделе,?\sво?\s(?P<lk>понедельник|вторник|сред|четверг|пятниц|суббот|воскресенье)"
    rf"|(?<!\w)(?P<r>сегодня|позавчера|вчера|(?P<weeks>две\s|2\s|три\s|3\s)?недел[юи]\sназад|(?P<ago>\d{{1,2}}|два|две|три|четыре|пять|шесть|семь|десять)\s(?:дня|"
    rf"дней)\sназад)(?!\w)")
WEEKDAYS = ("понедельник", "вторник", "сред", "четверг", "пятниц", "суббот", "воскресенье")
WEEKS = {"": 1, "2": 2, "д": 2, "3": 3, "т": 3}
AGO = {"два": 2, "две": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "десять": 10}
EVENTS = re.compile(
    r"(?<!\w)(?:(?P<promised>обеща|должн|ожида|не позднее|крайний срок|срок|планир|назначен|перен[её]с|перенос|до\s)"
    r"|(?P<return>верну(?!т)|возврат|возвращ|сдал|отмен|аннул)|(?P<refusal>отказ|отклон)"
    r"|(?P<delivery>достав|получ|привез|забр|пришл|приш[её]л|вруч|выда(?:л|н|ч)|поступил|приехал|delivered|received|"
    r"arrived)"
    r"|(?P<claim>обратил|обращ|претенз|жалоб|напис|позвон|звон|писал|ответ|заявк|заявлен|спор)"
    r"|(?P<other>закон|постановлен|договор(?!а? (?:розничной )?купли)|доверенн|рожден|родил|паспорт|диагностик|"
    r"экспертиз|ремонт|сломал|перестал|счет|счёт|чек|акт(?![а-яё]))"
    r"|(?P<order>заказ(?:ал|ыва|ан[аоы]?(?![а-яё]))|оформ|куп(?:и|л[еия])|покуп|приобр|оплат|оплач|взял|"
    r"дата\s*(?:[:—|-]|\t)|ordered|bought|purchas)|(?P<noun>заказ(?!чик)|order\b))")
FROM_ORDER = re.compile(r"(?:заказ|покупк|отправлени|order)[а-яё]{0,4}[^.!?\n]{0,70}\sот\s{0,2}$")
FROM = re.compile(r"[,)\s]{0,3}от\s{1,2}")
# «заказ 57989200259, 12 ноября, 4 990 ₽», or the sum first
BESIDE = re.compile(r"[,;(\s]{1,3}(?:\d[\d \xa0]{0,9}\s?(?:р\.?|руб\.?|₽)[,;\s]{1,3})?")
ENDS = re.compile(r"\s{0,2}(?:г\.?|года)?\s{0,2}(?:[,.;)(]|$|\n)")
NAMED_BEFORE = re.compile(r"\sот\s{1,2}$|\([^()\n]{0,60}$")  # what stands before says what day it is
OWN_DAY = re.compile(r"[а-яё]{0,6}\s(?:\w{1,12}\s)?(?:\d{1,2}[./]\d|\d{1,2}(?:-го)?\s[а-я])")  # its day comes after it
UNTIL = re.compile(r"(?<!\w)(?:до|не позднее|по|к)\s{1,2}$")
REACH = 120


def find(source: Source, clauses: Clauses, numbers: list[tuple[int, int]], sent: date | None) -> Iterator[Fact]:
    """Facts of kinds `order_date`, `delivery_date`, …; days without a year are the last such day before `sent`."""
    for match in DAY.finditer(source.text):
        day = _day(match, sent)
        if day is None:
            continue
        kind, confidence = _event(source.text, clauses, numbers, match)
        if kind == "order_date" and sent and day > sent + timedelta(days=1):
            kind = "promised_date"
        if kind:
            yield fact.of(source, kind, day.isoformat(), *match.span(), confidence)


def _day(match: re.Match[str], sent: date | None) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["r"] or match["k"] or match["bk"] or match["lk"] or match["nd"]:
            return _ago(match, sent)
        day, month, year = _parts(match, sent)
        found = _latest(day, month, sent) if not year else date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None
    return found if found and 2000 <= found.year <= 2099 else None


def _parts(match: re.Match[str], sent: date | None) -> tuple[int, int, int]:
    if match["d"]:
        return int(match["d"]), int(match["m"]), int(match["y"])
    if match["wd"]:
        year = (sent.year - 1 if sent else 0) if match["ly"] else int(match["wy"] or 0)
        return int(match["wd"]), MONTHS[match["w"][:3]], year
    if match["o"]:
        tens, _, ones = match["o"].rpartition(" ")
        day = {"": 0, "двадцать": 20, "тридцать": 30}[tens] + ORDINALS[ones]
        return day, MONTHS[match["ow"][:3]], int(match["oy"] or 0)
    if match["ed"]:
        return int(match["ed"]), MONTHS[match["en"][:3]], int(match["ey"])
    return int(match["sd"]), int(match["sm"]), 0


def _latest(day: int, month: int, sent: date | None) -> date | None:
    if sent is None:
        return None
    found = date(sent.year, month, day)
    return found if found <= sent + timedelta(days=1) else date(sent.year - 1, month, day)


def _ago(match: re.Match[str], sent: date | None) -> date | None:
    if sent is None:
        return None
    if match["nd"]:
        this = sent.replace(day=int(match["nd"]))
        return this if this <= sent else (sent.replace(day=1) - timedelta(days=1)).replace(day=this.day)
    if weekday := match["k"] or match["bk"]:
        return sent - timedelta(days=(sent.weekday() - WEEKDAYS.index(weekday) - 1) % 7 + 1)
    if match["lk"]:
        return sent - timedelta(days=sent.weekday() + 7 - WEEKDAYS.index(match["lk"]))
    if match["r"].endswith("назад") and not match["ago"]:
        days = 7 * WEEKS[match["weeks"][:1] if match["weeks"] else ""]
    elif match["ago"]:
        days = AGO.get(match["ago"]) or int(match["ago"])
    else:
        days = {"сегодня": 0, "вчера": 1, "позавчера": 2}[match["r"]]
    return sent - timedelta(days=days)


def _event(text: str, clauses: Clauses, numbers: list[tuple[int, int]], match: re.Match[str]) -> tuple[str, float]:
    """The nearest word of an event in the same statement decides; commas and brackets push words away."""
    start, end = match.span()
    left, right = clauses.around(start)
    left, right = max(left, start - REACH), min(right, end + REACH)
    if sure := _of_order(text, numbers, left, start, end):
        return "order_date", sure
    if UNTIL.search(text, left, start):
        return "promised_date", 0.6
    if about := NAMED_BEFORE.search(text, left, start):
        right = start
    words = [(_distance(text, m, start, end), m.lastgroup) for m in EVENTS.finditer(text, left, right)
             if m.end() <= start or m.start() >= end and not OWN_DAY.match(text, m.end())]
    if words:
        distance, name = min(words, key=lambda pair: pair[0] + (15 if pair[1] == "noun" and not about else 0))
        if name != "noun":
            return f"{name}_date", 0.85 if distance < 25 else 0.7
        return ("other_date", 0.5) if match["r"] else ("order_date", 0.75)
    if match["r"]:
        return "other_date", 0.5
    before, after = text.rfind("\n", max(0, start - REACH), start), text.find("\n", end, end + REACH)
    if any(max(before, start - REACH) < at < (after if after >= 0 else end + REACH) for at, _ in numbers):
        return "order_date", 0.6
    return "other_date", 0.5


def _of_order(text: str, numbers: list[tuple[int, int]], left: int, start: int, end: int) -> float:
    """How sure a day is the order's by its place: «заказ … от 5 ноября», «№ 123, 5 ноября, …»; 0 when it is not."""
    if FROM_ORDER.search(text, left, start) or any(FROM.fullmatch(text, number[1], start) for number in numbers):
        return 0.95
    beside = ENDS.match(text, end) and any(BESIDE.fullmatch(text, number[1], start) for number in numbers)
    return 0.8 if beside else 0.0


def _distance(text: str, word: re.Match[str], start: int, end: int) -> int:
    between = text[word.end():start] if word.end() <= start else text[end:word.start()]
    apart = 18 * sum(between.count(sign) for sign in ",:") + 25 * sum(between.count(sign) for sign in "();—")
    return len(between) + apart + (0 if word.end() <= start else 3)
