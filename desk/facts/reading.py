"""All facts of a letter, and the marketplace they speak for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import details, orders
from .fact import Fact, Source
from .formats import Formats

MAX_TEXT = 256 * 1024
# The same words weigh less where somebody else wrote them.
WEIGHT = {"subject": 1.2, "body": 1.0, "forward": 1.0, "quote": 0.4, "sender": 1.5}


def find(sources: Sequence[Source], formats: Formats, sender_domain: str = "") -> list[Fact]:
    """Facts of all sources, place by place in the order of the text; of each text the first 256 KiB are read."""
    sources = [Source(source.place, source.text[:MAX_TEXT]) for source in sources]
    shops = [_marketplaces(source, formats) for source in sources]
    sender = formats.of_domain(sender_domain)
    named = {fact.marketplace for found in shops for fact in found} | ({sender} if sender else set())
    out: list[Fact] = []
    if sender:
        out.append(Fact("marketplace", sender, sender_domain, "sender", 0, 0, 0.95, sender))
    for source, found in zip(sources, shops, strict=True):
        numbers = orders.find(source, formats, named)
        out += found + numbers + details.find(source, [(fact.start, fact.end) for fact in numbers])
    return out


def marketplace(facts: Iterable[Fact]) -> str | None:
    """The marketplace that most speaks for, None when nothing does. A named one beats `other`."""
    score: dict[str, float] = {}
    seen: set[tuple[str, str, str]] = set()
    for fact in facts:
        mark = (fact.kind, fact.value, fact.place)
        if fact.marketplace and mark not in seen and fact.kind in ("marketplace", "order_number"):
            seen.add(mark)
            weight = WEIGHT.get(fact.place, 1.0) * fact.confidence * (0.3 if fact.marketplace == "other" else 1.0)
            score[fact.marketplace] = score.get(fact.marketplace, 0.0) + weight
    return max(score, key=lambda key: score[key], default=None)


def _marketplaces(source: Source, formats: Formats) -> list[Fact]:
    """The first mention of each marketplace by name, and by the address of its site."""
    found: dict[str, Fact] = {}
    for match in formats.sites.finditer(source.text):
        if (key := formats.of_domain(match.group())) and key not in found:
            found[key] = Fact("marketplace", key, match.group(), source.place, *match.span(), 0.95, key)
    for key, pattern in formats.words.items():
        if key not in found and (word := pattern.search(source.text)):
            found[key] = Fact("marketplace", key, word.group(), source.place, *word.span(), 0.85, key)
    return sorted(found.values(), key=lambda fact: fact.start)
