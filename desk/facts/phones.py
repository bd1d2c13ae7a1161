"""Telephone numbers as E.164: the sender's own, apart from a company's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import checks, fact
from .clauses import Clauses
from .fact import Fact, Source
from .money import WORDS

GAP = r"[\s\xa0().-]"
RUSSIAN = re.compile(rf"(?<![\d+-])(?<!\d[.,])(?:\+{GAP}?7|8|"
                     rf"7){GAP}{{0,3}}[3-9](?:{GAP}{{0,3}}\d){{9}}(?![\d-])(?![.,]\d)")
FOREIGN = re.compile(rf"(?<![\d+])\+(?!7)[1-9](?:{GAP}{{0,2}}\d){{9,13}}(?!\d)")
BARE = re.compile(rf"(?:(?:тел|моб|телефон|whatsapp|ватсап|вотсап)[а-яё]{{0,4}}(?:\sдля\sсвязи)?|мой\sномер|"
                  rf"номер\s(?:для\sсвязи|телефона)|звоните|перезвоните)[\s.:№-]{{1,4}}(\(?[3489]\d\d\)?(?:{GAP}{{0,2}}\d){{7}})"
                  r"(?![\d-])")
NUMERALS = "|".join(sorted((word for word, number in WORDS.items() if number == int(number)), key=len, reverse=True))
SPOKEN = re.compile(rf"(?<!\w)(?:плюс\sсемь|восемь)(?:[\s,-]{{1,3}}(?:{NUMERALS}|ноль)(?!\w)){{4,12}}")
NOT_PHONE = re.compile(r"(?:инн|огрн(?:ип)?|снилс|карт[аыуе]|сч[её]т[а]?|р/с|к/с|артикул|арт|трек|накладн[а-я]{1,2}|"
                       r"imei|штрихкод|фн|фд|"
                       r"фпд?|vin|код|заказ[а-я]?|n|[№#])[\s.:№#]{0,4}$")
COMPANY = re.compile(r"горяч[а-яё]{1,3} лини|поддержк|колл|call|телефон[а-яё]{0,3} (?:магазин|продав|компан|"
                     r"фирм|организац|завод|юрист|адвокат|суд|отдел|пункт|"
                     r"сервис|курьер|пвз|банк|менеджер|оператор|служб)|"
                     r"продавец|продавца|"
                     r"звон(?:ил|ила|или|им|ите|ят|ит|ок|ки)\s[^.\n]{0,25}(?:на|по|с)|с номера|позвоните нам|факс|"
                     r"по номеру\s$|по телефону\s$|"
                     r"курьер[а-яё]{0,2}[,:]?\s{0,2}(?:тел|\+|$)")
OWN = re.compile(r"(?:мой|моб|со мной|мне|связаться|свяжитесь|для связи|перезвон|контактн)")
FREE = ("+7800", "+7804")


def find(source: Source, clauses: Clauses) -> Iterator[Fact]:
    """Facts of kind `phone`, and `company_phone` for hot lines and the numbers of others."""
    text = source.text
    spans = [(m.span(), m.group()) for p in (RUSSIAN, FOREIGN) for m in p.finditer(text)]
    spans += [(m.span(1), "+7" + m.group(1)) for m in BARE.finditer(text)]
    spans += [(m.span(), _spoken(m.group())) for m in SPOKEN.finditer(text)]
    for (start, end), written in spans:
        value = _number(written)
        if value and not NOT_PHONE.search(text, max(0, start - 20), start):
            left, _ = clauses.around(start)
            before = text[max(left, start - 60):start]
            own = OWN.search(before) or not (COMPANY.search(before) or value.startswith(FREE))
            yield fact.of(source, "phone" if own else "company_phone", value, start, end, 0.9)


def _spoken(words: str) -> str:
    """The digits of «восемь девятьсот шестнадцать сто двадцать три …», as a telephone writes what it was told."""
    groups: list[int] = []
    for word in re.findall(r"[а-яё]+", words.removeprefix("плюс ")):
        value, last = int(WORDS.get(word, 0)), groups[-1] if groups else 0
        room = 100 if last >= 100 and last % 100 == 0 else 10 if last >= 20 and last % 10 == 0 else 0
        if 0 < value < room:
            groups[-1] += value
        else:
            groups.append(value)
    return "".join(map(str, groups))


def _number(written: str) -> str:
    """E.164, or '' when a number without a plus sign cannot be a phone."""
    digits = checks.digits(written)
    if written.startswith("+"):
        return f"+{digits}" if 11 <= len(digits) <= 15 else ""
    if len(digits) != 11:  # digits of other scripts
        return ""
    if digits[0] == "7" and digits[1] != "9" and not re.search(r"[ (-]", written[:3]):
        return ""
    return "+7" + digits[1:] if digits[1] in "3489" else ""
