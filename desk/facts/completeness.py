"""What the consumer has not told yet: a first reading by simple signs, for a person to confirm."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .fact import Fact

DEMAND = re.compile(
    r"(?:верн(?:ите|уть|ули)|возврат|возместит|компенс|замен(?:ите|ить|ы|у)|поменя|обменя|почин|отремонт|"
    r"достав(?:ьте|ить)|привез|снизит|уменьшит|выплат|перечисл|переда(?:йте|ть)|прошу|требую|просим|требуем|"
    r"выда(?:йте|ть)|пересчита)", re.I)
PRODUCT = re.compile(
    r"(?:артикул|арт\.|sku|модел[ьи]|товар[а-я]{0,3}\s[«\"A-Za-zА-Я]|«[^»\n]{3,80}»|"
    r"(?:заказ|куп|приобр|оплат)[а-яё]{0,8}(?:\(а\))?[\s:—–-]{1,3}(?!№|номер|\d)[а-яёa-z«\"][а-яёa-z]{2,})", re.I)
NAMED = re.compile(r"(?:с уважением|меня зовут|фио|ф\.\s?и\.\s?о\.)[,:.\s]{1,5}[А-ЯЁ][а-яё]{1,20}\s[А-ЯЁ]", re.I)
WORDS = re.compile(r"[а-яёa-z]{3,}", re.I)
DESCRIPTION_WORDS = 12


def missing(facts: Iterable[Fact], text: str, *, name: str = "", has_files: bool = False) -> list[str]:
    """Keys of what cannot be seen, in the order of asking.

    `order_number order_date product description demand photos_or_documents name phone`
    """
    kinds = {fact.kind for fact in facts}
    text = text[:65536]
    told = {
        "order_number": "order_number" in kinds,
        "order_date": bool(kinds & {"order_date", "receipt"}),
        "product": PRODUCT.search(text) is not None,
        "description": len(WORDS.findall(text)) >= DESCRIPTION_WORDS,
        "demand": DEMAND.search(text) is not None,
        "photos_or_documents": has_files or "receipt" in kinds,
        "name": len(name.split()) >= 2 or NAMED.search(text) is not None,
        "phone": "phone" in kinds,
    }
    return [key for key, known in told.items() if not known]
