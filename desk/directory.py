"""Who letters go to: config/directory.toml. Every contact keeps its source, its day of checking and what others say.

Pure data: `load` checks every row and names the line of a mistake. Nothing is chosen silently where sources differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from dataclasses import fields as fields_of
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from .facts import checks
from .ladder import CHANNELS
from .law import fields, rows
from .law.source import Source, Table, read

CHECK_AGAIN = timedelta(days=90)
STATUSES = ("unconfirmed", "confirmed", "disputed", "dead")


@dataclass(frozen=True, kw_only=True)
class Contact:
    body: str
    channel: str
    value: str
    source: str
    checked_on: date
    status: str
    note_ru: str = ""

    def is_old(self, on: date) -> bool:
        """Nobody has looked for 90 days whether it still holds."""
        return on - self.checked_on > CHECK_AGAIN


@dataclass(frozen=True, kw_only=True)
class Body:
    """A company, a line or a state body, with its contacts in the order of the file."""

    key: str
    kind: str
    title_ru: str
    title_en: str
    marketplace: str = ""
    entity: str = ""
    inn: str = ""
    ogrn: str = ""
    address: str = ""
    note_ru: str = ""
    text_limit: int = 0  # characters that its form takes; 0: no limit is known
    file_limit_mb: int = 0
    file_types: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()

    def by_channel(self, channel: str) -> tuple[Contact, ...]:
        return tuple(c for c in self.contacts if c.channel == channel and c.status != "dead")


def load(source: str | Path) -> Mapping[str, Body]:
    """Bodies by key; raises LawDataError with file, line and key."""
    file = read(source, "directory.toml")
    data = file.tables("body", "contact")
    found: dict[str, Table] = {}
    for number, row in enumerate(rows.checked(file, data, "body", _BODY, _required(Body))):
        _check(file, number, row, found)
        found[row["key"]] = row
    contacts: dict[str, list[Contact]] = {}
    for number, row in enumerate(rows.checked(file, data, "contact", _CONTACT, _required(Contact))):
        if row["body"] not in found:
            raise file.error("contact", number, "body", f"there is no [[body]] {row['body']!r}")
        contacts.setdefault(row["body"], []).append(Contact(**row))
    return {key: Body(**row, contacts=tuple(contacts.get(key, ()))) for key, row in found.items()}


def _check(file: Source, number: int, row: Table, known: Mapping[str, Table]) -> None:
    if row["key"] in known:
        raise file.error("body", number, "key", f"{row['key']!r} is used twice; choose another key")
    for key, right in (("inn", checks.is_inn), ("ogrn", checks.is_ogrn)):
        if row.get(key) and not right(row[key]):
            raise file.error("body", number, key, "its check digits are wrong; compare with the source")


def _required(kind: type[Any]) -> tuple[str, ...]:
    return tuple(f.name for f in fields_of(kind) if f.default is MISSING and f.name != "contacts")


_BODY: dict[str, fields.Reader] = {
    "key": fields.name, "kind": fields.name, "title_ru": fields.words, "title_en": fields.words,
    "marketplace": fields.text, "entity": fields.text, "inn": fields.text, "ogrn": fields.text,
    "address": fields.text, "note_ru": fields.text, "text_limit": fields.whole, "file_limit_mb": fields.whole,
    "file_types": fields.listed(fields.name),
}
_CONTACT: dict[str, fields.Reader] = {
    "body": fields.name, "channel": fields.choice(*CHANNELS), "value": fields.words, "source": fields.words,
    "checked_on": fields.day, "status": fields.choice(*STATUSES), "note_ru": fields.text,
}
