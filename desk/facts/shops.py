"""Which marketplace a letter is about: by what it names, by addresses, by the sender, by the shape of its orders."""

from __future__ import annotations

import re
from collections.abc import Iterable

from . import fact
from .fact import Fact, Source, lower
from .formats import Formats

# The same words weigh less where somebody else wrote them.
WEIGHT = {"subject": 1.5, "body": 1.0, "signature": 0.3, "forward": 1.0, "attachment": 0.6, "link": 0.5, "quote": 0.2,
          "sender": 1.5}
COMPARED = re.compile(
    r"(?:дешевле|дороже|так(?:ой|ая|ие|ое|ую) же|аналогичн|в отличие|раньше|обычно|всегда|конкурент|сравн|лучше бы|"
    r"уйду|перейду|"
    r"перешл|вместо этого|пользовал)")
ABOUT = re.compile(r"(?:заказ|куп(?:ил|лен)|покуп|приобр|оформ|оплат|маркетплейс|площадк|магазин|претенз|жалоб|"
                   r"ordered|bought)")
UNKNOWN = re.compile(r"(?<!\w)(?:интернет[- ]?магазин[а-я]{0,2}|онлайн[- ]?магазин[а-я]{0,2}|магазин[а-я]{0,2}|(?:на|"
                     r"с) сайт[а-я]{1,2})\s{1,2}"
                     r"(?:под названием\s)?([«\"][^»\"\n]{2,40}[»\"]|[a-z0-9-]{2,40}\.(?:ru|рф|com|shop|store|su|"
                     r"net)(?!\w))")
STOP = re.compile(r"[.!?,;]\s|\n\n")
MENTIONS = 4  # of one shop in one place that count


def find(source: Source, formats: Formats) -> list[Fact]:
    """The first mentions of each marketplace by the address of its site and by name; a shop off the list is `other`."""
    source = lower(source)
    found: list[Fact] = []
    counted: dict[str, int] = {}
    for match in formats.sites.finditer(source.text):
        if key := formats.of_domain(match.group()):
            _add(found, counted, source, key, match.span(), 0.95)
    for key, pattern in formats.words.items():
        for match in pattern.finditer(source.text):
            if counted.get(key, 0) >= MENTIONS:
                break
            _add(found, counted, source, key, match.span(), 0.85)
    if not found and (shop := UNKNOWN.search(source.text)):
        _add(found, counted, source, "other", shop.span(1), 0.4)
    return sorted(found, key=lambda one: one.start)


def best(facts: Iterable[Fact]) -> str | None:
    """The marketplace that most speaks for, None when nothing does. A named one beats `other`."""
    score: dict[str, float] = {}
    seen: set[tuple[str, str, str, int]] = set()
    for one in facts:
        mark = (one.kind, one.value, one.place, one.start if one.kind == "marketplace" else 0)
        if one.marketplace and mark not in seen and one.kind in ("marketplace", "order_number"):
            seen.add(mark)
            score[one.marketplace] = score.get(one.marketplace, 0.0) + _weight(one)
    return max(score, key=lambda key: score[key], default=None)


def _weight(one: Fact) -> float:
    weight = WEIGHT.get(one.place, 1.0) * one.confidence
    return weight * 0.6 if one.marketplace == "other" else weight


def _add(found: list[Fact], counted: dict[str, int], source: Source, key: str, span: tuple[int, int],
         sure: float) -> None:
    if counted.get(key, 0) >= MENTIONS or any(one.start < span[1] and span[0] < one.end for one in found):
        return
    counted[key] = counted.get(key, 0) + 1
    before, after = source.text[max(0, span[0] - 60):span[0]], source.text[span[1]:span[1] + 40]
    if COMPARED.search(STOP.split(before)[-1]) or COMPARED.search(STOP.split(after)[0]):
        sure *= 0.25
    elif not ABOUT.search(before + after):
        sure *= 0.7
    one = fact.of(source, "marketplace", key, *span, round(sure, 3))
    found.append(Fact(one.kind, one.value, one.quote, one.place, one.start, one.end, one.confidence, key))
