"""Marketplaces and order-number formats from config/marketplaces.toml, checked and compiled."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEEDED = {"marketplace": ("key", "words", "domains"), "order": ("marketplace", "by", "pattern", "confidence")}
NESTED = re.compile(r"[+*}]\)[+*{]")
EDGE_BEFORE, EDGE_AFTER = r"(?<![\w-])(?<!\d\.)", r"(?![\w-])(?!\.\d)(?!,\d{1,2}(?!\d))"
# Between a label and its number: endings, «№», «номер», brackets, colons, a date; other words only before «№», «номер».
GAP = r"[ \t\xa0|:(«\"'—–-]{0,40}"
DATED = (r"(?:от\s{1,2}(?:[\d./-]{8,10}|\d{1,2}(?:-?го)?\s[а-я]{3,8}(?:\s\d{4})?)\s?(?:г(?:ода|\.)?)?,?\s?)?")
NUMBER_WORD = r"(?:\b(?:номер[а-я]{0,2}|num(?:ber)?|no|n|id)\b[.\s\xa0:—–-]{0,4})?[№#]{0,2}N?"
LINK = (rf"[а-яёa-z]{{0,5}}\.?(?:\s(?:был|мой|наш|вот|такой|это|сам)(?![а-яё]))?(?:\s{{1,2}}(?:(?:на|в|с|из|"
        rf"у)\s{{1,2}})?(?:SHOPS)(?=[\s:,(]))?(?:[^\n\d№#]{{0,40}}[№#]{{1,2}}|"
        rf"[^\n\d№#.!?]{{1,60}}(?<!\w)номер(?:ом|\sкоторого)?(?!\w)|{GAP}{DATED}{NUMBER_WORD})"
        r"[ \t\xa0:«\"'(—–-]{0,4}(?:(?<=[:№#])[\s:]{1,6})?")
# «Номер заказа», «№ отправления», «order number»: their number may stand on the next line or in the next cell.
NAMED = (r"(?:(?:номер[а-я]{{0,2}}|код|id)\s{{1,2}}(?:(?:моего|вашего|нашего|данного|этого|интернет)[\s-])?(?:{stems})|"
         r"(?:№|\bn)\s?(?:{stems})|order\s?(?:number|no\.?|id|\#))[а-яё]{{0,4}}")
NAMED_LINK = (rf"(?![а-яё])[\s|:(«\"'=—–-]{{0,40}}{DATED}"
              r"(?:(?:на|в|у)\s[\w.-]{2,20}(?:\s[\w.-]{2,20})?[\s:—–-]{1,4})?[№#]{0,2}\s?")


@dataclass(frozen=True, slots=True)
class Order:
    """One way an order number is written."""

    marketplace: str
    by: str
    pattern: re.Pattern[str]
    confidence: float
    only_named: bool


@dataclass(frozen=True, slots=True)
class Formats:
    words: dict[str, re.Pattern[str]]
    domains: dict[str, str]
    sites: re.Pattern[str]
    label: re.Pattern[str]
    heading: re.Pattern[str]
    not_order: re.Pattern[str]
    paper: re.Pattern[str]
    orders: tuple[Order, ...]

    def by(self, way: str) -> tuple[Order, ...]:
        return tuple(order for order in self.orders if order.by == way)

    def of_domain(self, domain: str) -> str:
        """The marketplace a host or sender's domain belongs to, '' when none."""
        domain = domain.lower().rstrip(".")
        return next((key for known, key in self.domains.items()
                     if domain == known or domain.endswith("." + known)), "")


def load_formats(source: Path | str) -> Formats:
    """From a path, or from the text of such a file. Raises ValueError naming the wrong entry."""
    text = source if isinstance(source, str) and "\n" in source else Path(source).read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"marketplaces: {error}") from None
    marketplaces, labels = _table(data, "marketplace"), data.get("labels", {})
    keys = {str(entry.get("key")) for entry in marketplaces}
    stems = _any(labels.get("order", []))
    named = NAMED.format(stems=stems)
    link = LINK.replace("SHOPS", "|".join(word for m in marketplaces for word in m["words"]))
    domains = {str(domain).lower(): str(m["key"]) for m in marketplaces for domain in m["domains"]}
    return Formats(
        words={str(m["key"]): _words(m) for m in marketplaces}, domains=domains,
        sites=re.compile(rf"(?<![\w-])(?:[\w-]{{1,40}}\.){{0,3}}(?:{_any(list(domains))})(?![\w-])"),
        label=re.compile(rf"(?<![\w-])(?:{named}{NAMED_LINK}|(?:(?:интернет|онлайн)-)?(?:{stems}){link})", re.I),
        heading=re.compile(named, re.I),
        not_order=re.compile(rf"(?<!\w)(?:{_any(labels.get('not_order', []))})[а-яё]{{0,4}}"
                             r"(?:\s(?:номер[а-я]{0,2}|на возврат))?[\s:№#.(-]{0,6}$", re.I),
        paper=re.compile(rf"(?<!\w)(?:{_any(labels.get('paper', []))})[а-яё]{{0,4}}[^\w]{{0,6}}$", re.I),
        orders=tuple(_order(entry, keys) for entry in _table(data, "order")))


def _table(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = data.get(name)
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"marketplaces: no [[{name}]]")
    for place, entry in enumerate(entries, 1):
        for key in (*NEEDED[name], "source", "checked_on"):
            if key not in entry:
                raise ValueError(f"marketplaces: [[{name}]] number {place} ({entry.get('key', entry)}): no {key}")
    return entries


def _words(entry: dict[str, Any]) -> re.Pattern[str]:
    return _compiled(r"(?<!\w)(?:" + "|".join(entry["words"]) + r")(?!\w)", f"[[marketplace]] {entry['key']}", 0)


def _order(entry: dict[str, Any], keys: set[str]) -> Order:
    name = f"[[order]] {entry['marketplace']} {entry['by']} {entry['pattern']!r}"
    if entry["by"] not in ("url", "label", "shape") or entry["marketplace"] not in keys | {""}:
        raise ValueError(f"marketplaces: {name}: unknown way or marketplace")
    if not 0 < float(entry["confidence"]) <= 1:
        raise ValueError(f"marketplaces: {name}: confidence is not between 0 and 1")
    before, after = ("", r"(?![\d-])") if entry["by"] == "url" else (EDGE_BEFORE, EDGE_AFTER)
    pattern = _compiled(f"{before}(?:{entry['pattern']}){after}", name)
    if entry["by"] == "url" and pattern.groups != 1:
        raise ValueError(f"marketplaces: {name}: a url needs one group, the number")
    return Order(entry["marketplace"], entry["by"], pattern, float(entry["confidence"]),
                 bool(entry.get("only_named", False)))


def _compiled(pattern: str, name: str, flags: int = re.I) -> re.Pattern[str]:
    if NESTED.search(pattern):
        raise ValueError(f"marketplaces: {name}: nested quantifiers")
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise ValueError(f"marketplaces: {name}: {error}") from None


def _any(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or r"(?!)"
