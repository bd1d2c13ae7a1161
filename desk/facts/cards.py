"""Bank cards: their numbers are never stored or shown whole."""

from __future__ import annotations

import re
from typing import Any

from . import checks

CARD = re.compile(r"(?<![\w.-])(?<!\d[ \xa0])\d(?:[ \xa0-]?\d){12,18}(?![\w-])(?!\.\d)(?![ \xa0]\d)")
# The same among other numbers, «4111 1111 1111 1111 12/27 123»: as banks print it, or sixteen digits without a gap.
AMONG = re.compile(r"(?<![\w.-])(?:\d{4}([ \xa0-])\d{4}\1\d{4}\1\d{4}(?!\1\d{4}(?!\d)(?!(?:\1\d{4}){3}))|\d{16})"
                   r"(?![\w-])(?!\.\d)")
# Numbers of the same length that are no card, whatever their check digit says.
OTHER = re.compile(r"(?:фн|фискальн[а-я]{2,3} накопител[а-я]{1,2}|fn=|накладн[а-я]{2,3}|трек[а-я-]{0,10}|шпи|рпо|"
                   r"огрн(?:ип)?|imei|"
                   r"заказ[а-яё]{0,3}(?:[^\d\n.!?]{1,40}(?:№|#|номер[а-яё]{0,2}))?|order(?:-list/|id=|_id=)?|orders/|отправлени[а-яё]{1,2}|р/с|к/с|"
                   r"(?:рас[а-я]{0,10} )?сч[её]т[а-яё]{0,2})"
                   r"[\s:№#=(\"«-]{0,6}(?:номер[\s:№#]{0,4})?$", re.I)
NUMBERS = ("order_number", "tracking_number", "receipt", "inn", "ogrn", "case_number", "article", "phone", "amount",
           "bank_account")
SPELLED_CARD = re.compile(r"карт[а-яё]{1,3}[^\d\n]{0,40}$", re.I)


def mask(text: str) -> str:
    """The text with the middle of every card number starred: `2200 **** **** 5678`.

    A number is a card's by its first digits and the Luhn sum, and when it is not named an order, a fiscal drive, an
    account or a parcel. Groups and length stay as written; masking twice changes nothing.
    """
    return AMONG.sub(_masked, CARD.sub(_masked, text))


def mask_fact(kind: str, value: str) -> str:
    """A fact's words as they may be stored; a number that is known to be no card's stays whole."""
    return value if kind in NUMBERS else mask(value)


def mask_all(value: Any) -> Any:
    """The same lists and dictionaries with every text in them masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: mask_all(one) for key, one in value.items()}
    return [mask_all(one) for one in value] if isinstance(value, list | tuple) else value


def _masked(match: re.Match[str]) -> str:
    written = match.group()
    if not checks.is_card(checks.digits(written)):
        return written
    before = match.string[max(0, match.start() - 60):match.start()]
    if OTHER.search(before) and not SPELLED_CARD.search(before):
        return written
    return _starred(written)


def _starred(written: str) -> str:
    places = [at for at, c in enumerate(written) if "0" <= c <= "9"]
    hidden = set(places[4:-4])
    return "".join("*" if at in hidden else c for at, c in enumerate(written))
