"""What a complaint is about and what is demanded, by the stems of config/topics.toml. A proposal, best first."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import phrases
from .clauses import Clauses, unwrapped
from .formats import NESTED
from .phrases import Classes, Phrase

MAX_TEXT = 64 * 1024
SUBJECT_WEIGHT = 2
STRONG, WEAK = 4, 1
ENOUGH = 3  # one sign, or three weak ones
HINT = 2  # two weak ones, when no topic has enough
SHARE = 0.08  # of the best score; what is below is noise
NONE = {"topic": "other", "demand": "none"}
ITEM = re.compile(r"\s*(?:[-–—•*]|\d{1,2}[.)])\s*")
NUMBER = re.compile(r"(?:^|[\s:;])(?:[-–—•*]|\d{1,2}[.)])$")  # the item itself comes after it
NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Signs:
    """`stems` speak for the key, `weak` ones less; for a demand `asked` count only in a statement that asks.

    What `mute` finds is no sign of this key. `phrases` are words of classes that stand together.
    """

    stems: re.Pattern[str]
    weak: re.Pattern[str]
    asked: re.Pattern[str]
    mute: re.Pattern[str]
    weight: float  # below 1: what comes on top of the matter itself
    phrases: frozenset[Phrase]


@dataclass(frozen=True, slots=True)
class Topics:
    """Keys with their signs in the order of the file, what is no sign, and words that ask or threaten."""

    topic: dict[str, Signs]
    demand: dict[str, Signs]
    mute: dict[str, re.Pattern[str]]
    ask: re.Pattern[str]
    threat: re.Pattern[str]
    product: re.Pattern[str]
    classes: Classes


def load_topics(source: Path | str) -> Topics:
    """From a path, or from the text of such a file. Raises ValueError naming the wrong entry."""
    text = source if isinstance(source, str) and "\n" in source else Path(source).read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"topics: {error}") from None
    words = data.get("words", {})
    classes = _classes(data.get("class", {}), words.get("product", []))
    mute = {name: _pattern(f"mute {name}", data.get("mute", {}).get(name, [])) for name in ("topic", "demand")}
    return Topics(_table(data, "topic", classes), _table(data, "demand", classes), mute,
                  _pattern("ask", words.get("ask", [])), _pattern("threat", words.get("threat", [])),
                  _pattern("product", words.get("product", [])), classes)


def topics(subject: str, text: str, known: Topics) -> list[str]:
    """Keys of the topics, best first; `other` when nothing speaks. A sign in the subject counts double."""
    subject, text = (known.mute["topic"].sub(" ", _plain(value)) for value in (subject, text))
    score = dict(_scores(known.topic, subject, text, known.classes))
    return _best(score, known.topic) or [NONE["topic"]]


def demands(subject: str, text: str, known: Topics) -> list[str]:
    """Keys of what is demanded, the first named first and money on top of it last; `none` when nothing is."""
    subject, text = (known.mute["demand"].sub(" ", _plain(value)) for value in (subject, text))
    first: dict[str, tuple[bool, int, int]] = {}
    for number, (clause, asks) in enumerate(_statements(subject + "\n\n" + text, known)):
        for key, signs in known.demand.items():
            found = signs.stems.search(clause) or (signs.asked.search(clause) if asks else None)
            if found and key not in first:
                first[key] = (signs.weight < 1, number, found.start())
    return sorted(first, key=lambda key: first[key]) or [NONE["demand"]]


def _statements(text: str, known: Topics) -> Iterator[tuple[str, bool]]:
    """Statements without their threats, and whether each asks: by its words, or as an item of a list that asks."""
    listing = number = False
    for clause in Clauses(text).all():
        threat = known.threat.search(clause)
        clause = clause[:threat.start()] if threat else clause
        bare = clause.strip()
        asks = known.ask.search(clause) is not None
        item = number or ITEM.match(clause) is not None
        number = NUMBER.search(bare) is not None or number and not bare
        listing = asks and ":" in bare or listing and (item or number or not bare)
        yield clause, asks or listing and item


def _plain(text: str) -> str:
    return unwrapped(text[:MAX_TEXT]).lower().replace("ё", "е").replace("\xa0", " ")


def _best(score: dict[str, int], table: dict[str, Signs]) -> list[str]:
    best = max(score.values())
    enough = max(ENOUGH if best >= ENOUGH else HINT, SHARE * best)
    return sorted((key for key in score if score[key] >= enough), key=lambda key: -score[key] * table[key].weight)


def _scores(table: dict[str, Signs], subject: str, text: str, classes: Classes) -> Iterator[tuple[str, int]]:
    wanted = frozenset(phrase for signs in table.values() for phrase in signs.phrases)
    whole = [phrases.find(value, classes, wanted) for value in (subject, text)]
    for key, signs in table.items():
        said, found = [subject, text], whole
        if any(signs.mute.search(value) for value in said):
            said = [signs.mute.sub(" ", value) for value in said]
            found = [phrases.find(value, classes, signs.phrases) for value in said]
        yield key, _score(signs, said, [len(signs.phrases & here) for here in found])


def _score(signs: Signs, said: list[str], together: list[int]) -> int:
    strong = SUBJECT_WEIGHT * (_count(signs.stems, said[0]) + together[0]) + _count(signs.stems, said[1]) + together[1]
    return STRONG * strong + WEAK * len({word for value in said for word in signs.weak.findall(value)})


def _count(pattern: re.Pattern[str], text: str) -> int:
    """Different signs, not repetitions: a word said ten times is one sign."""
    return len(set(pattern.findall(text)))


def _table(data: dict[str, Any], name: str, classes: Classes) -> dict[str, Signs]:
    entries = data.get(name)
    if not isinstance(entries, dict) or not entries:
        raise ValueError(f"topics: no [{name}.…]")
    return {key: _signs(f"[{name}.{key}]", entry, classes) for key, entry in entries.items()}


def _signs(name: str, entry: Any, classes: Classes) -> Signs:
    if not isinstance(entry, dict) or not (entry.get("stems") or entry.get("asked")):
        raise ValueError(f"topics: {name}: no stems")
    stems, weak, asked, mute = (_pattern(name, entry.get(kind, [])) for kind in ("stems", "weak", "asked", "mute"))
    return Signs(stems, weak, asked, mute, float(entry.get("weight", 1)),
                 frozenset(_phrase(name, words, classes) for words in entry.get("phrases", [])))


def _classes(table: dict[str, list[str]], goods: list[str]) -> Classes:
    """The classes of the file; names of goods belong to `goods`."""
    table = table | {"goods": [*table.get("goods", []), *goods]}
    return Classes({name: _pattern(f"[class] {name}", stems) for name, stems in table.items()})


def _phrase(name: str, words: str, classes: Classes) -> Phrase:
    terms = tuple(words.split())
    if not terms or not all(term.removeprefix("!") in classes.patterns for term in terms):
        raise ValueError(f"topics: {name}: phrase {words!r}: unknown class")
    return terms


def _pattern(name: str, stems: list[str]) -> re.Pattern[str]:
    if not stems:
        return NOTHING
    if not all(isinstance(stem, str) and not NESTED.search(stem) for stem in stems):
        raise ValueError(f"topics: {name}: nested quantifiers, or not a text")
    try:
        pattern = re.compile(r"(?<!\w)(" + "|".join(f"(?:{stem})" for stem in stems) + ")")
    except re.error as error:
        raise ValueError(f"topics: {name}: {error}") from None
    if pattern.groups != 1:
        raise ValueError(f"topics: {name}: only groups that do not capture")
    return pattern
