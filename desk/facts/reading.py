"""All facts of a letter, place by place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from . import cards, days, identities, money, orders, parcels, phones, receipts, shops
from .clauses import Clauses, unwrapped
from .fact import Fact, Source, lower
from .formats import Formats

SPOKEN = ("subject", "body", "signature")
BEHIND = ("forward", "link", "attachment", "ocr")  # in this order of trust
LOOSE = ("address", "name", "seller", "product_url")  # texts that may hold other facts
MAX_TEXT = 256 * 1024
MAX_FACTS = 300  # of one place
# Character for character, so that spans stay true: dashes and spaces as people's programs write them.
SIGNS = [(sign, "-") for sign in "‐‑‒−﹣－"] + [(space, " ") for space in "\u2007\u2008\u2009\u202f\u00a0"]
LONG_DASHES = (("–", "-"), ("—", "-"))


def find(sources: Sequence[Source], formats: Formats, senders: Sequence[str] = (), *,
         sent: date | None = None) -> list[Fact]:
    """Facts of all sources, place by place in the order of the text; of each text the first 256 KiB are read.

    `senders` are the domains of the sender and of a forwarded letter's sender. `sent` is the day of the letter where
    it was written: days without a year and «вчера» are counted from it.
    """
    plain = [Source(source.place, unwrapped(_replaced(source.text[:MAX_TEXT], SIGNS))) for source in sources]
    mentions = [shops.find(source, formats) for source in plain]
    out = [Fact("marketplace", key, domain, "sender", 0, 0, 0.95, key)
           for domain in senders if (key := formats.of_domain(domain))]
    named = {fact.marketplace for found in (*mentions, out) for fact in found}
    for source, written, found in zip(plain, sources, mentions, strict=True):
        out += [replace(fact, quote=written.text[fact.start:fact.end])
                for fact in (*found[:MAX_FACTS], *_of(source, formats, named, sent))]
    return out


def lists(found: Sequence[Fact]) -> dict[str, Any]:
    """The flat fields: `order_numbers tracking_numbers amounts phones order_date receipt`.

    Only what the sender says counts; a forwarded letter or a file gives what the sender's own words lack.
    """
    amounts = {Decimal(value): value for value in reversed(_values(found, "amount", SPOKEN, BEHIND))}
    dates = sorted((f for f in found if f.kind == "order_date" and f.place in (*SPOKEN, *BEHIND)),
                   key=lambda f: (f.place in BEHIND, -f.confidence))
    receipt = next((f.value for f in found if f.kind == "receipt" and f.place != "quote"), None)
    return {"order_numbers": _values(found, "order_number", (*SPOKEN, "forward"), BEHIND),
            "tracking_numbers": _values(found, "tracking_number", (*SPOKEN, "forward"), BEHIND),
            "amounts": list(reversed(amounts.values())), "phones": _values(found, "phone", SPOKEN, ()),
            "order_date": dates[0].value if dates else None, "receipt": receipts.fields(receipt) if receipt else None}


def _values(found: Sequence[Fact], kind: str, first: tuple[str, ...], then: tuple[str, ...]) -> list[str]:
    """Distinct values from the first places, else from the others."""
    for places in (first, then):
        if values := list(dict.fromkeys(f.value for f in found if f.kind == kind and f.place in places)):
            return values
    return []


def _of(source: Source, formats: Formats, named: set[str], sent: date | None) -> list[Fact]:
    """Each number is taken once: by a receipt, an order, a case, a parcel, a phone, in this order."""
    plain = Source(source.place, _replaced(source.text, LONG_DASHES))
    masked = cards.mask(plain.text)
    numbers = [fact for fact in orders.find(plain, formats, named) if masked[fact.start:fact.end] == fact.quote]
    if source.place == "link":
        return [*numbers, *identities.find(plain)][:MAX_FACTS]
    clauses, low = Clauses(source.text), lower(plain)
    found = [*receipts.find(low)]
    kinds: tuple[Iterable[Fact], ...] = (numbers, identities.find(source), parcels.find(low), phones.find(low, clauses))
    for more in kinds:
        for fact in islice(more, MAX_FACTS):
            if not _taken(fact, found):
                found.append(fact)
    spans = [(fact.start, fact.end) for fact in found if fact.kind not in (*LOOSE, "receipt")]
    sums = [fact for fact in islice(money.find(low, clauses), MAX_FACTS)
            if not any(s < fact.end and fact.start < e for s, e in spans)]
    order_spans = [(fact.start, fact.end) for fact in found if fact.kind == "order_number"]
    found += [*sums, *islice(days.find(low, clauses, order_spans, sent), MAX_FACTS)]
    return found


def _replaced(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    for sign, plain in pairs:
        text = text.replace(sign, plain)
    return text


def _taken(fact: Fact, found: list[Fact]) -> bool:
    return fact.kind not in LOOSE and any(
        fact.start < other.end and other.start < fact.end for other in found if other.kind not in LOOSE)
