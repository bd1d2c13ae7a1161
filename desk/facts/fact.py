"""A fact and where it was found."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation


@dataclass(frozen=True, slots=True)
class Source:
    """A text and its place.

    Places: `subject`, `body`, `signature`, `forward` and `attachment` speak for the sender, and so does `ocr`, the
    text recognised on pictures; `link` holds the addresses behind the words of an HTML letter; `quote` is an earlier
    letter; `sender` is the From address itself.
    """

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """`value` is normalised, `quote` the words as written, `start` and `end` their span in that source's text.

    Kinds that go into lists: order_number, tracking_number, amount, order_date, phone, receipt, marketplace. Others
    tell more: other_amount (offered, compared, bonus), company_phone, delivery_date, return_date, refusal_date,
    claim_date, promised_date, other_date, case_number, article, product_url, inn, ogrn, seller, name, address,
    bank_account (of a person).
    `marketplace` is the one that this fact speaks for, '' when none.
    """

    kind: str
    value: str
    quote: str
    place: str
    start: int
    end: int
    confidence: float
    marketplace: str = ""


def lower(source: Source) -> Source:
    """The same text in small letters, where they are as long as the capitals; spans stay true."""
    text = source.text.lower()
    return Source(source.place, text) if len(text) == len(source.text) else source


def of(source: Source, kind: str, value: str, start: int, end: int, confidence: float) -> Fact:
    """A fact whose quote is that span of the source."""
    return Fact(kind, value, source.text[start:end], source.place, start, end, confidence)


def sameness(kind: str, value: str) -> str:
    """Equal for values that mean the same: 24990 and 24990.00 are one sum."""
    if kind in ("amount", "other_amount"):
        with contextlib.suppress(InvalidOperation):
            return f"{Decimal(value).normalize():f}"
    return value
