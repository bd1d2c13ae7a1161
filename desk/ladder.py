"""The ladder of config/escalation.toml: what may be done next, to whom, by which channel, with which papers.

Pure data: `load` checks every row and names the line of a mistake; nothing here knows a ticket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from dataclasses import fields as fields_of
from datetime import date
from pathlib import Path

from .law import fields, rows
from .law.source import Source, Table, read
from .models import PAPERS, STAGES

CHANNELS = ("chat", "form", "email", "phone", "post", "portal", "visit", "web")
# 547-ФЗ of 28.12.2024: since 2025-03-30 state bodies consider nothing that comes by plain e-mail.
STATE_BODIES = ("rospotrebnadzor", "fas", "cbr", "prosecutor", "court")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One rung; the fields are explained at the top of config/escalation.toml."""

    key: str
    stage: str
    title_ru: str
    title_en: str
    to: str
    channels: tuple[str, ...]
    must: str
    source: str
    letters: tuple[str, ...] = ()
    attach: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    ends: str = ""
    needs: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    together: str = ""
    side: bool = False
    warn_ru: str = ""
    checked_by: str = ""
    checked_on: date | None = None

    @property
    def confirmed(self) -> bool:
        return bool(self.checked_by and self.checked_on)

    def serves(self, topics: tuple[str, ...]) -> bool:
        """Does it serve at least one of these topics? With no topic known it may."""
        return not topics or any(topic not in self.not_for for topic in topics)


@dataclass(frozen=True)
class Ladder:
    """Steps in the order of the file; `attachments` says in words what each key of `attach` is."""

    steps: Mapping[str, Step]
    attachments: Mapping[str, str]


def load(source: str | Path) -> Ladder:
    """The ladder of a file or of TOML text; raises LawDataError with file, line and key."""
    file = read(source, "escalation.toml")
    data = file.tables("attachments", "step")
    words = {key: str(value) for key, value in data.get("attachments", {}).items()}
    steps: dict[str, Step] = {}
    for number, row in enumerate(rows.checked(file, data, "step", _READERS, _REQUIRED)):
        _check(file, number, row, steps, words)
        steps[row["key"]] = Step(**row)
    return Ladder(steps, words)


def _check(file: Source, number: int, row: Table, known: Mapping[str, Step], words: Mapping[str, str]) -> None:
    if row["key"] in known:
        raise file.error("step", number, "key", f"{row['key']!r} is used twice; choose another key")
    for key in row.get("needs", ()):
        if key not in known:
            raise file.error("step", number, "needs", f"there is no step {key!r} above this one")
    for key in row.get("attach", ()):
        if key not in words:
            raise file.error("step", number, "attach", f"{key!r} is not in [attachments]; add it there")
    if row["to"] in STATE_BODIES and "email" in row["channels"]:
        raise file.error("step", number, "channels", "a state body considers no e-mail (547-ФЗ); remove it")


_READERS: dict[str, fields.Reader] = {
    "key": fields.name, "stage": fields.choice(*STAGES), "title_ru": fields.words, "title_en": fields.words,
    "to": fields.name, "channels": fields.listed(fields.choice(*CHANNELS)), "must": fields.words,
    "source": fields.words, "letters": fields.listed(fields.name), "attach": fields.listed(fields.name),
    "clocks": fields.listed(fields.name), "always": fields.listed(fields.name), "ends": fields.text,
    "needs": fields.listed(fields.name),
    "not_for": fields.listed(fields.name), "authority": fields.listed(fields.choice(*PAPERS)),
    "together": fields.text, "side": fields.flag, "warn_ru": fields.text,
    "checked_by": fields.text, "checked_on": fields.day_or_none,
}
_REQUIRED = tuple(field.name for field in fields_of(Step) if field.default is MISSING)
