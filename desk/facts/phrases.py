"""Words of classes that stand together: «заказ … не пришёл», «не могу вернуть деньги», in any order and form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .clauses import Clauses

WORD = re.compile(r"[^\W\d_]+")
REACH = 7  # words between the first and the last of a phrase
BEFORE, AFTER = 3, 3  # words that «не» looks forward over, and «нет» back
ABSENT = frozenset({"нет", "нету", "отсутствует", "отсутствуют"})
NOT = ABSENT | {"не", "ни", "без", "нельзя", "невозможно", "никак", "никакой", "никакого", "никаких"}
NOT_ONLY = frozenset({"только", "раз", "просто", "менее", "меньше", "более"})
IF = "если"
PAUSE = re.compile(r"[,;:()\"«»—–]|\s-\s")
REMEMBERED = 50_000  # words whose classes are kept


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes of words by the stems they begin with."""

    patterns: Mapping[str, re.Pattern[str]]
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, word: str) -> tuple[str, ...]:
        known = self._known.get(word)
        if known is None:
            known = tuple(name for name, pattern in self.patterns.items() if pattern.match(word))
            if len(self._known) < REMEMBERED:
                self._known[word] = known
        return known


Phrase = tuple[str, ...]  # terms: a class, or `!class` for its word denied


def find(text: str, classes: Classes, phrases: Iterable[Phrase]) -> set[Phrase]:
    """The phrases whose terms all stand within REACH words of one statement, each on a word of its own."""
    by_term: dict[str, list[Phrase]] = {}
    for phrase in phrases:
        for term in phrase:
            by_term.setdefault(term, []).append(phrase)
    found: set[Phrase] = set()
    for statement in Clauses(text).all():
        _in_statement(statement, classes, by_term, found)
    return found


def _in_statement(statement: str, classes: Classes, by_term: dict[str, list[Phrase]], found: set[Phrase]) -> None:
    last: dict[str, int] = {}
    for at, terms in _terms(statement, classes):
        known = [term for term in terms if term in by_term]
        for term in known:
            found.update(phrase for phrase in by_term[term]
                         if all(at - last.get(other, -REACH - 1) <= REACH for other in phrase if other != term))
        last.update(dict.fromkeys(known, at))


def _terms(statement: str, classes: Classes) -> Iterator[tuple[int, list[str]]]:
    """Each word that has classes: its number, and its classes as said or denied. What follows «если» is not said."""
    words = list(WORD.finditer(statement))
    for start, end in _parts(statement, words):
        part = [word.group() for word in words[start:end]]
        if part and part[0] == IF:
            continue
        for place, word in enumerate(part):
            if names := classes.of(word):
                sign = "!" if _denied(part, place) else ""
                yield start + place, [sign + name for name in names]


def _parts(statement: str, words: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    """Runs of words between commas, brackets and dashes."""
    start = 0
    for place in range(1, len(words)):
        if PAUSE.search(statement, words[place - 1].end(), words[place].start()):
            yield start, place
            start = place
    yield start, len(words)


def _denied(part: list[str], place: int) -> bool:
    for before in range(max(0, place - BEFORE), place):
        if part[before] in NOT and part[before + 1] not in NOT_ONLY:
            return True
    return any(word in ABSENT for word in part[place + 1:place + 1 + AFTER])
