"""What a company's answer says, by the phrases of config/answers.toml: a suggestion for a person, never a decision.

Pure: text in, suggestion out. `load` checks every row and names the line of a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .law import fields, rows
from .law.source import read

# What is read first wins: a refusal in polite words must not stop a clock.
ORDER = ("refused", "partial", "met", "asks", "no_answer")


@dataclass(frozen=True)
class Phrase:
    means: str
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A paragraph to put into the next letter."""

    key: str
    title: str
    words: tuple[str, ...]
    text: str
    law: str
    source: str
    checked_by: str = ""
    checked_on: date | None = None


@dataclass(frozen=True)
class Book:
    phrases: Sequence[Phrase]
    counters: Sequence[Counter]
    offers: Sequence[str]


@dataclass(frozen=True)
class Suggestion:
    """`means` of ORDER, '' when no phrase is known; the phrase stands at [start, end) of the text."""

    means: str
    start: int
    end: int
    counters: Sequence[Counter]
    offers: Sequence[str]  # as they stand in the text: «500 баллов»


def load(source: str | Path) -> Book:
    """Raises LawDataError with file, line and key."""
    file = read(source, "answers.toml")
    data = file.tables("phrase", "counter", "offer")
    phrases = [Phrase(**row) for row in rows.checked(file, data, "phrase", _PHRASE, ("means", "words"))]
    counters = [Counter(**row) for row in rows.checked(
        file, data, "counter", _COUNTER, ("key", "title", "words", "text", "law", "source"))]
    offers = [word for row in rows.checked(file, data, "offer", {"words": fields.listed(fields.words)}, ("words",))
              for word in row["words"]]
    return Book(phrases, counters, offers)


def suggest(text: str, book: Book) -> Suggestion:
    """The most serious class of which a phrase stands in the text."""
    means, start, end = next(_found(text, book), ("", 0, 0))
    counters = [c for c in book.counters if any(pattern(words).search(text) for words in c.words)]
    offers = [match.group() for words in book.offers for match in _offer(words).finditer(text)]
    return Suggestion(means, start, end, counters, list(dict.fromkeys(offers)))


def _found(text: str, book: Book) -> Iterator[tuple[str, int, int]]:
    for means in ORDER:
        hits = [match.span() for phrase in book.phrases if phrase.means == means
                for words in phrase.words if (match := pattern(words).search(text))]
        if hits:
            yield means, *min(hits)


def pattern(words: str) -> re.Pattern[str]:
    """The words in any case, with any white space between; a star is the rest of a word."""
    parts = (re.escape(word.rstrip("*")) + (r"\w{0,20}" if word.endswith("*") else r"(?!\w)") for word in words.split())
    return re.compile(r"(?<!\w)" + r"\s+".join(parts), re.I)


def _offer(words: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)\d[\d \u00a0]{0,9}\s*" + pattern(words).pattern.removeprefix(r"(?<!\w)"), re.I)


_PHRASE: dict[str, fields.Reader] = {"means": fields.choice(*ORDER), "words": fields.listed(fields.words)}
_COUNTER: dict[str, fields.Reader] = {
    "key": fields.name, "title": fields.words, "words": fields.listed(fields.words), "text": fields.words,
    "law": fields.words, "source": fields.words, "checked_by": fields.text, "checked_on": fields.day_or_none}
