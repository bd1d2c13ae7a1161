"""The rules that set deadlines: rows of config/deadlines.toml, each with its law, its source and who checked it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass
from dataclasses import fields as fields_of
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from desk.law import fields, rows
from desk.law.source import LawDataError, Source, Table, read

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
    unit: Literal["day", "month", "year", "hour"]
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
    penalty_pct_day: Decimal | None = None
    penalty_base: str = ""
    penalty_cap: str = ""
    warn_before: tuple[int, ...] = ()
    next: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    enabled: bool = True
    checked_by: str = ""
    checked_on: date | None = None
    notes: str = ""
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
        return self.enabled and (self.valid_from or date.min) <= on <= (self.valid_to or date.max)


@dataclass(frozen=True)
class Rules(Mapping[str, Rule]):
    """Rules by id, in the order of the file, disabled ones too; `meta` is the file's [meta] table."""

    by_id: Mapping[str, Rule]
    meta: Mapping[str, Any]

    def in_force(self, on: date) -> list[Rule]:
        """The rules enabled and valid on this day, in the order of the file."""
        return [rule for rule in self.by_id.values() if rule.in_force(on)]

    def __getitem__(self, rule_id: str) -> Rule:
        return self.by_id[rule_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_id)

    def __len__(self) -> int:
        return len(self.by_id)


def load(source: str | Path) -> Rules:
    """The rules of a file (a Path, or a one-line string ending in .toml) or of TOML text.

    LawDataError, with file, line and key, for an unknown or missing key, a bad value or an id used twice.
    """
    file = read(source, "deadlines.toml")
    data = file.tables("meta", "clock")
    by_id: dict[str, Rule] = {}
    for number, row in enumerate(rows.checked(file, data, "clock", _READERS, _REQUIRED)):
        _check(file, number, row, by_id)
        by_id[row["id"]] = Rule(**row, version=_version(row))
    return Rules(by_id, data.get("meta", {}))


def _check(file: Source, number: int, row: Table, known: Mapping[str, Rule]) -> None:
    if row["id"] in known:
        raise file.error("clock", number, "id", f"{row['id']!r} is used twice; choose another id")
    if row["day_kind"] == "working" and row["unit"] != "day":
        raise file.error("clock", number, "day_kind", 'only days can be "working"; write "calendar"')
    if row["unit"] == "hour" and row["roll"] != "none":
        raise file.error("clock", number, "roll", 'hours do not move to another day; write "none"')
    if (row.get("valid_from") or date.min) > (row.get("valid_to") or date.max):
        raise file.error("clock", number, "valid_to", "is before valid_from; correct one of the two")
    if bool(row.get("checked_by")) != bool(row.get("checked_on")):
        key = "checked_by" if "checked_by" in row else "checked_on"
        raise file.error("clock", number, key, "fill in both checked_by and checked_on, or neither")


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
    "unit": fields.choice("day", "month", "year", "hour"),
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
    "penalty_pct_day": fields.percent,
    "penalty_base": fields.text,
    "penalty_cap": fields.text,
    "warn_before": fields.listed(fields.whole),
    "next": fields.text,
    "valid_from": fields.day_or_none,
    "valid_to": fields.day_or_none,
    "enabled": fields.flag,
    "checked_by": fields.text,
    "checked_on": fields.day_or_none,
    "notes": fields.text,
}
_REQUIRED = tuple(field.name for field in fields_of(Rule) if field.default is MISSING)
