"""What the consumer has not told yet: a first reading by simple signs, for a person to confirm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .fact import Fact
from .stems import Topics

SPOKEN = ("subject", "body", "signature", "forward", "attachment", "ocr", "link")
SEEN = ("damaged", "wrong_item", "counterfeit")  # what only a photo proves
GOODS = ("product", "article", "product_url")
# What was bought, where the words say it without a name of goods that we know.
PRODUCT = re.compile(
    r"(?:(?:модел[ьи]|товар[а-я]{0,3}|наименование|изделие)\s{0,2}(?:[:—–-]\s{0,2}|\t\s{0,4})(?!№|номер|\d)[а-яёa-z«\"]"
    r"|(?:заказал[аи]?|купил[аи]?|приобр[её]л[аи]?|взял[аи]?|заказывал[аи]?|покупал[аи]?)\s(?:себе\s|мне\s|сыну\s|"
    r"маме\s|в подарок\s|у вас\s|там\s)?"
    r"«[^»\n]{3,80}»)", re.I)
BOUGHT = re.compile(
    r"(?<!\w)(?:заказал|заказывал|купил|покупал|приобрел|взял)[аи]?\s(?:(?:себе|мне|сыну|дочке|маме|мужу|жене|внуку|нов(?:ый|ую|ое|ые))\s)?"
    r"(?!(?:товар|заказ|вещ|продукц|через|онлайн|вчера|сегодня|недавно|давно|несколько|много|месяц|недел|снова|опять|тоже|также|именно|"
    r"ранее|подарок|сразу|больше|первый|осенью|летом|зимой|весной|впервые|интернет|этот|этого|такой|такую|одну|один|двумя|который|"
    r"которую|помощью|карт|позавчера|доставк|срочно|честно|полностью|сама?|было|была)(?:\b|[а-я]))[а-я]{4,}")
LATIN = re.compile(r"(?<![\w@./-])(?:[а-яё]{4,20}\s)(?!ozon|wildberries|wb\b|lamoda|aliexpress|avito|yandex|market|"
                   r"joom|dns|rub)"
                   r"[A-Z][A-Za-z]{2,15}(?:\s[\w-]{1,12}\d[\w-]{0,8})", re.I)
# «духовка Gorenje за 41 000 ₽», «сетки (8 000 руб.)»: a word that is priced, no verb and no word of the deal itself.
PRICED = re.compile(
    r"(?<!\w)(?!заказ|сумм|оплат|цен|стоимост|деньг|денег|товар|рубл|всего|итог|карт|штраф|скидк|балл|бонус|доплат|возврат|"
    r"размер|долг|плат[её]ж|взнос|процент|разниц|компенсац|неустойк|моральн|вред|расход|доставк|покупк|ещ[её]|только|около|"
    r"более|менее|почти|сразу|потом|вместо|помимо|купон|промокод|сертификат|подписк|месяц|убыт|ущерб|предоплат|верн|баланс|сч[её]т|пошлин|сборк|списа|налич|аккаунт|кабинет|профил|сложно|прошу|требу|хочу|подъ[её]м|зарплат|пенси)"
    r"[а-яё]{4,20}(?<!л|т)(?<!ла)(?<!ли)(?<!ло)(?<!ть)(?<!те)(?<!ся)(?<!сь)(?<!но)(?<!ом)"
    r"(?:\s(?!верн|возвра|отда|спис|снят|оплат|сумм|деньг|на\s|в\s)[\w«»\"-]{1,15}){0,2}"
    r"\s?[,(–—-]?\s?(?:(?:за|стоимостью|ценой|по цене)\s)?"
    r"\d[\d \xa0]{1,9}(?:[.,]\d\d)?\s?(?:руб|₽|р[. ,)])", re.I)
NAMED = re.compile(r"(?:с уважением|меня зовут|фио|ф\.\s?и\.\s?о\.)[,:.\s]{1,5}[А-ЯЁ][а-яё]{1,20}\s[А-ЯЁ]", re.I)
WORDS = re.compile(r"[а-яёa-z]{3,}", re.I)
DESCRIPTION_WORDS = 10
LATER = ("claim", "payment", "regulator", "court")  # stages at which a paper of ours leaves


def missing(facts: Iterable[Fact], text: str, known: Topics, *, topics: Sequence[str] = (), demands: Sequence[str] = (),
            name: str = "", has_files: bool = False) -> list[str]:
    """Keys of what cannot be seen, in the order of asking.

    `order_number order_date product description demand photos_or_documents name phone`; photos only where the topic
    needs them: damaged, wrong or counterfeit goods.
    """
    kinds = {fact.kind for fact in facts if fact.place in SPOKEN}
    text = text[:65536]
    told = {
        "order_number": "order_number" in kinds,
        "order_date": bool(kinds & {"order_date", "receipt"}),
        "product": bool(kinds & set(GOODS)) or _names_goods(text, known),
        "description": len(WORDS.findall(text)) >= DESCRIPTION_WORDS,
        "demand": any(demand != "none" for demand in demands),
        "photos_or_documents": has_files or "receipt" in kinds or not set(topics) & set(SEEN),
        "name": _is_full(name) or "name" in kinds or NAMED.search(text) is not None,
        "phone": "phone" in kinds,
    }
    return [key for key, known in told.items() if not known]


def needed_later(stage: str, kinds: Iterable[str], *, demands: Sequence[str], has_files: bool) -> list[str]:
    """What a claim and every step after it need besides: `address receipt bank_account`, in the order of asking.

    An account only for a refund: nobody is asked for one, still less for a card, before money is claimed in writing.
    """
    if stage not in LATER:
        return []
    told = {"address": "address" in kinds, "receipt": has_files or "receipt" in kinds,
            "bank_account": "bank_account" in kinds or "refund" not in demands}
    return [key for key, known in told.items() if not known]


def _names_goods(text: str, known: Topics) -> bool:
    plain = text.lower().replace("ё", "е")
    return bool(known.product.search(plain) or BOUGHT.search(plain) or PRODUCT.search(text)
                or PRICED.search(text) or LATIN.search(text))


def _is_full(name: str) -> bool:
    """First and last name, of letters: «Анна Белова», and no firm."""
    words = [word for word in name.split() if len(word) > 1 and word.replace("-", "").isalpha()]
    return len(words) >= 2
