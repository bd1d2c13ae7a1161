"""What a complaint is about and what is demanded, by the stems of config/topics.toml. A proposal, best first."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .formats import NESTED

MAX_TEXT = 64 * 1024
SUBJECT_WEIGHT = 2
NONE = {"topic": "other", "demand": "none"}


@dataclass(frozen=True, slots=True)
class Topics:
    """Keys with their signs, in the order of the file."""

    topic: dict[str, re.Pattern[str]]
    demand: dict[str, re.Pattern[str]]


def load_topics(source: Path | str) -> Topics:
    """From a path, or from the text of such a file. Raises ValueError naming the wrong entry."""
    text = source if isinstance(source, str) and "\n" in source else Path(source).read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"topics: {error}") from None
    return Topics(_compiled(data, "topic"), _compiled(data, "demand"))


def topics(subject: str, text: str, known: Topics) -> list[str]:
    """Keys of the topics, best first; `other` when nothing speaks. A sign in the subject counts double."""
    return _best(subject, text, known.topic) or [NONE["topic"]]


def demands(subject: str, text: str, known: Topics) -> list[str]:
    """Keys of what is demanded, best first; `none` when nothing is."""
    return _best(subject, text, known.demand) or [NONE["demand"]]


def _best(subject: str, text: str, table: dict[str, re.Pattern[str]]) -> list[str]:
    subject, text = (value[:MAX_TEXT].lower().replace("ё", "е") for value in (subject, text))
    score = {key: SUBJECT_WEIGHT * _signs(pattern, subject) + _signs(pattern, text) for key, pattern in table.items()}
    return sorted((key for key in score if score[key]), key=lambda key: -score[key])


def _signs(pattern: re.Pattern[str], text: str) -> int:
    """Different signs, not repetitions: a word said ten times is one sign."""
    return len(set(pattern.findall(text)))


def _compiled(data: dict[str, Any], name: str) -> dict[str, re.Pattern[str]]:
    entries = data.get(name)
    if not isinstance(entries, dict) or not entries:
        raise ValueError(f"topics: no [{name}.…]")
    out: dict[str, re.Pattern[str]] = {}
    for key, entry in entries.items():
        stems = entry.get("stems") if isinstance(entry, dict) else None
        if not stems or not all(isinstance(stem, str) and not NESTED.search(stem) for stem in stems):
            raise ValueError(f"topics: [{name}.{key}]: no stems, or nested quantifiers")
        try:
            out[key] = re.compile(r"(?<!\w)(" + "|".join(f"(?:{stem})" for stem in stems) + ")")
        except re.error as error:
            raise ValueError(f"topics: [{name}.{key}]: {error}") from None
        if out[key].groups != 1:
            raise ValueError(f"topics: [{name}.{key}]: only groups that do not capture")
    return out
