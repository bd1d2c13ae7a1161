"""The penalties by law: rows of config/penalties.toml, one id with several rows when the law changed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass
from dataclasses import fields as fields_of
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from desk.law import fields, rows, versions
from desk.law.source import LawDataError, Source, read

__all__ = ["LawDataError", "Rate", "Rates", "load"]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """One row. The fields are explained at the top of config/penalties.toml."""

    id: str
    title_ru: str
    title_en: str
    percent: Decimal
    base: Literal["price", "paid"]
    base_ru: str
    base_en: str
    cap: Literal["none", "price", "paid"]
    law: str
    article: str
    confidence: Literal["high", "medium", "low"]
    basis: Literal["text", "pages", "general", "practice", "policy"]
    sources: tuple[str, ...]
    cap_ru: str = ""
    cap_en: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    checked_by: str = ""
    checked_on: date | None = None
    earlier_delays: Literal["capped", "kept", "former"] = "capped"
    notes_ru: str = ""
    notes_en: str = ""

    @property
    def confirmed(self) -> bool:
        """Did a lawyer check this row?"""
        return bool(self.checked_by and self.checked_on)


@dataclass(frozen=True)
class Rates(Mapping[str, tuple[Rate, ...]]):
    """The rows of each id, in the order of the file."""

    by_id: Mapping[str, tuple[Rate, ...]]

    def at(self, rate_id: str, on: date) -> Rate:
        """The row for a calculation of that day. ValueError for an unknown id or a day without a row."""
        if rate_id not in self.by_id:
            raise ValueError(f"rule must be one of {', '.join(self.by_id)}, not {rate_id!r}")
        if (found := versions.on(self.by_id[rate_id], on)) is None:
            raise ValueError(f"{rate_id} is not in force on {on}")
        return found

    def __getitem__(self, rate_id: str) -> tuple[Rate, ...]:
        return self.by_id[rate_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_id)

    def __len__(self) -> int:
        return len(self.by_id)


def load(source: str | Path) -> Rates:
    """The penalties of a file (a Path, or a one-line string ending in .toml) or of TOML text.

    LawDataError, with file, line and key, for an unknown or missing key, a bad value or rows that overlap in time.
    """
    file = read(source, "penalties.toml")
    found = rows.checked(file, file.tables("penalty"), "penalty", _READERS, _REQUIRED)
    versions.check(file, "penalty", found)
    by_id: dict[str, tuple[Rate, ...]] = {}
    for number, row in enumerate(found):
        rate = Rate(**row)
        _check(file, number, rate)
        by_id[rate.id] = (*by_id.get(rate.id, ()), rate)
    return Rates(by_id)


def _check(file: Source, number: int, rate: Rate) -> None:
    if rate.cap != "none" and not (rate.cap_ru and rate.cap_en):
        raise file.error("penalty", number, "cap", "name the cap in cap_ru and cap_en")
    if bool(rate.checked_by) != bool(rate.checked_on):
        raise file.error("penalty", number, None, "fill in both checked_by and checked_on, or neither")


def _rate_id(value: Any) -> str:
    if not re.fullmatch(r"[a-z0-9_.]+", fields.text(value)):
        raise ValueError(f"{value!r} is not a key; write small Latin letters, digits, _ and . only")
    return fields.text(value)


_READERS: dict[str, fields.Reader] = {
    "id": _rate_id,
    "title_ru": fields.words,
    "title_en": fields.words,
    "percent": fields.percent,
    "base": fields.choice("price", "paid"),
    "base_ru": fields.words,
    "base_en": fields.words,
    "cap": fields.choice("none", "price", "paid"),
    "cap_ru": fields.text,
    "cap_en": fields.text,
    "law": fields.words,
    "article": fields.words,
    "confidence": fields.choice("high", "medium", "low"),
    "basis": fields.choice("text", "pages", "general", "practice", "policy"),
    "sources": fields.listed(fields.words),
    "valid_from": fields.day_or_none,
    "valid_to": fields.day_or_none,
    "checked_by": fields.text,
    "checked_on": fields.day_or_none,
    "earlier_delays": fields.choice("capped", "kept", "former"),
    "notes_ru": fields.text,
    "notes_en": fields.text,
}
_REQUIRED = tuple(field.name for field in fields_of(Rate) if field.default is MISSING)
