"""The rules that set deadlines: rows of config/deadlines.toml, each with its law, its source and who checked it.

One id may have several versions, one after another in time: the day of the event chooses.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass
from dataclasses import fields as fields_of
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from desk.law import fields, rows, versions
from desk.law.source import LawDataError, Source, Table, read, refuse
from desk.law.words import EVENT, Said

__all__ = ["LawDataError", "Rule", "Rules", "load"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One clock. The fields are explained at the top of config/deadlines.toml.

    `version` changes with any value of the row: a running deadline keeps it.
    """

    id: str
    title_ru: str
    title_en: str
    length: int
    unit: Literal["day", "week", "month", "year", "hour"]
    day_kind: Literal["calendar", "working"]
    roll: Literal["next_working", "none"]
    whose: Literal["them", "us", "desk"]
    start: str
    ends: str
    actor: str
    law: str
    article: str
    confidence: Literal["high", "medium", "low"]
    basis: Literal["text", "pages", "general", "practice", "policy"]
    sources: tuple[str, ...]
    consequence_ru: str = ""
    consequence_en: str = ""
    penalty: str = ""
    warn_before: tuple[int, ...] = ()
    next: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    assumed_after: int = 0
    enabled: bool = True
    checked_by: str = ""
    checked_on: date | None = None
    notes_ru: str = ""
    notes_en: str = ""
    version: str = ""

    @property
    def confirmed(self) -> bool:
        """Did a lawyer check this rule?"""
        return bool(self.checked_by and self.checked_on)

    @property
    def needs_length(self) -> bool:
        """Must a person give the length for each case?"""
        return self.length == 0

    def in_force(self, on: date) -> bool:
        """Is it enabled and valid on this day? Both ends of the validity belong to it."""
        return self.enabled and versions.covers(self, on)


@dataclass(frozen=True)
class Rules(Mapping[str, Rule]):
    """The newest version of each rule by id, in the order of the file, disabled ones too.

    `versions` are all of them, `events` the words for start and ends, `meta` the file's [meta] table.
    """

    versions: tuple[Rule, ...]
    events: Mapping[str, Said]
    meta: Mapping[str, Any]

    def at(self, rule_id: str, on: date) -> Rule | None:
        """The version of a rule enabled and valid on this day; None when there is none."""
        return versions.on(filter(lambda rule: rule.enabled, self.history(rule_id)), on)

    def history(self, rule_id: str) -> list[Rule]:
        """All versions of a rule, the oldest first; empty for an unknown id."""
        return sorted((rule for rule in self.versions if rule.id == rule_id), key=_since)

    def event(self, key: str) -> Said:
        """How the words of a count call a start; <id>_due: that the other clock ran out."""
        if key in self.events:
            return self.events[key]
        return Said("прежний срок истёк", "earlier term over") if key.endswith("_due") else EVENT

    def in_force(self, on: date) -> list[Rule]:
        """The rules enabled and valid on this day, in the order of the file."""
        return [rule for rule in self.versions if rule.in_force(on)]

    def __getitem__(self, rule_id: str) -> Rule:
        if not (known := self.history(rule_id)):
            raise KeyError(rule_id)
        return known[-1]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(rule.id for rule in self.versions))

    def __len__(self) -> int:
        return len(set(self))


def load(source: str | Path, penalties: Collection[str] | None = None) -> Rules:
    """The rules of a file (a Path, or a one-line string ending in .toml) or of TOML text.

    LawDataError, with file, line and key, for each unknown or missing key, bad value, event without its words,
    versions of one id for the same days, or a penalty that is not among `penalties` (None: not compared).
    """
    file = read(source, "deadlines.toml")
    data = file.tables("meta", "clock", "event")
    found = rows.checked(file, data, "clock", _READERS, _REQUIRED)
    versions.check(file, "clock", found)
    events = _events(file, data)
    ids = {row["id"] for row in found}
    known = {*events, *(f"{each}_due" for each in ids)}
    refuse(mistake for number, row in enumerate(found) for mistake in (
        *_mistakes(file, number, row), *_unknown_names(file, number, row, known, penalties)))
    return Rules(tuple(Rule(**row, version=_version(row)) for row in found), events, data.get("meta", {}))


def _events(file: Source, data: Table) -> dict[str, Said]:
    events: dict[str, Said] = {}
    for number, row in enumerate(rows.checked(file, data, "event", _EVENT, _EVENT)):
        if row["id"] in events:
            raise file.error("event", number, "id", f"{row['id']!r} is there twice; remove one of the rows")
        events[row["id"]] = Said(row["title_ru"], row["title_en"])
    return events


def _mistakes(file: Source, number: int, row: Table) -> Iterator[LawDataError]:
    if row["day_kind"] == "working" and row["unit"] != "day":
        yield file.error("clock", number, "day_kind", 'only days can be "working"; write "calendar"')
    if row["unit"] == "hour" and row["roll"] != "none":
        yield file.error("clock", number, "roll", 'hours do not move to another day; write "none"')
    if row["whose"] == "us" and not (row.get("consequence_ru") and row.get("consequence_en")):
        yield file.error("clock", number, "whose", "say in consequence_ru and consequence_en what the consumer loses")
    if bool(row.get("checked_by")) != bool(row.get("checked_on")):
        key = "checked_by" if "checked_by" in row else "checked_on"
        yield file.error("clock", number, key, "fill in both checked_by and checked_on, or neither")


def _unknown_names(
    file: Source, number: int, row: Table, events: Collection[str], penalties: Collection[str] | None
) -> Iterator[LawDataError]:  # fmt: skip
    for key in ("start", "ends"):
        if row[key] not in events:
            yield file.error("clock", number, key, f"{row[key]!r} has no words; add it as an [[event]]")
    if penalties is not None and row.get("penalty") and row["penalty"] not in penalties:
        problem = f"{row['penalty']!r} is not in penalties.toml; write one of {', '.join(penalties)}"
        yield file.error("clock", number, "penalty", problem)


def _since(rule: Rule) -> date:
    return rule.valid_from or date.min


def _version(row: Table) -> str:
    # Empty values are left out, so that writing a default down does not make a new version.
    content = {key: value for key, value in row.items() if value not in ("", None, ())}
    if row.get("enabled") is True:
        del content["enabled"]
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


_READERS: dict[str, fields.Reader] = {
    "id": fields.name,
    "title_ru": fields.words,
    "title_en": fields.words,
    "length": fields.whole,
    "unit": fields.choice("day", "week", "month", "year", "hour"),
    "day_kind": fields.choice("calendar", "working"),
    "roll": fields.choice("next_working", "none"),
    "whose": fields.choice("them", "us", "desk"),
    "start": fields.name,
    "ends": fields.name,
    "actor": fields.words,
    "law": fields.words,
    "article": fields.words,
    "confidence": fields.choice("high", "medium", "low"),
    "basis": fields.choice("text", "pages", "general", "practice", "policy"),
    "sources": fields.listed(fields.words),
    "consequence_ru": fields.text,
    "consequence_en": fields.text,
    "penalty": fields.text,
    "warn_before": fields.listed(fields.whole),
    "next": fields.text,
    "valid_from": fields.day_or_none,
    "valid_to": fields.day_or_none,
    "assumed_after": fields.whole,
    "enabled": fields.flag,
    "checked_by": fields.text,
    "checked_on": fields.day_or_none,
    "notes_ru": fields.text,
    "notes_en": fields.text,
}
_REQUIRED = tuple(field.name for field in fields_of(Rule) if field.default is MISSING)
_EVENT = {"id": fields.name, "title_ru": fields.words, "title_en": fields.words}
