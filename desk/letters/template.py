"""The text of a letter with places for facts, as the lead writes it in templates/letters/*.txt.

A file begins with TOML between two lines ``+++``: title, stage, to (addressees), rule (the clock it starts), …
Then blocks parted by blank lines:

    Кому: {{addressee_name}}          «head»: lines before the first «# …», set at the right
    # ПРЕТЕНЗИЯ                       the title
    ## Прошу:                         a heading
    text with {{facts}}               a paragraph
    - one line                        an item; `1. one line` a numbered one
    [? seller_inn] ИНН {{seller_inn}} a block that is there only when the fact is
    [! seller_inn] ИНН не указан      … only when the fact is not there
    {{penalty_table}}                 alone in a block, a table of that name
    ~ {{date}}                        a line of the signature

A fact that is missing stops the letter with its name; nothing is ever left blank.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from . import typography
from .document import Block, Document, Kind

PLACE = re.compile(r"\{\{(\w+)\}\}")
CONDITION = re.compile(r"\[([?!]) (\w+)\]\s*")
NUMBERED = re.compile(r"\d{1,2}\. ")
META = {"title", "stage", "to", "rule", "topics", "demands", "note", "law", "checked_by", "checked_on"}
NEEDED = ("title", "stage", "to")
LONGEST_VALUE = 20_000  # characters
Tables = Mapping[str, Sequence[Sequence[str]]]


class TemplateError(Exception):
    """A template cannot be used. The text names the line and what to do."""


class Missing(Exception):
    """Facts that the letter needs are not there; `names` in the order of the text."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)


@dataclass(frozen=True)
class Line:
    """A block as written: `needs`/`unless` name the fact it hangs on, '' when none."""

    kind: Kind
    texts: tuple[str, ...]
    needs: str = ""
    unless: str = ""


@dataclass(frozen=True)
class Template:
    key: str
    meta: Mapping[str, Any]
    lines: tuple[Line, ...]
    sha256: str  # of the file: a frozen letter says which version it was written from

    def places(self) -> tuple[str, ...]:
        """Every fact and table that the text names, in order."""
        return tuple(dict.fromkeys(name for line in self.lines for text in line.texts for name in PLACE.findall(text)))

    def missing(self, facts: Mapping[str, str], tables: Tables | None = None) -> tuple[str, ...]:
        """What must still be found out before this letter can be written."""
        known = {k for k, v in facts.items() if v.strip()} | set(tables or {})
        return tuple(dict.fromkeys(
            name for line in self._used(known) for text in line.texts for name in PLACE.findall(text)
            if name not in known))

    def fill(self, facts: Mapping[str, str], *, written_on: date, tables: Tables | None = None) -> Document:
        """The document with the facts in their places; raises Missing."""
        tables = tables or {}
        if missing := self.missing(facts, tables):
            raise Missing(missing)
        known = {k for k, v in facts.items() if v.strip()} | set(tables)
        blocks = tuple(_block(line, facts, tables) for line in self._used(known))
        return Document(str(self.meta["title"]), written_on, blocks)

    def _used(self, known: set[str]) -> Iterator[Line]:
        for line in self.lines:
            if (not line.needs or line.needs in known) and (not line.unless or line.unless not in known):
                yield line


def load(folder: Path) -> dict[str, Template]:
    """All templates of a folder by key (the file's name); raises TemplateError."""
    return {path.stem: parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.txt"))}


def parse(key: str, text: str) -> Template:
    """Read one template; raises TemplateError with the number of the line."""
    match = re.match(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", text.replace("\r\n", "\n"), re.S)
    if match is None:
        raise TemplateError(f"{key}: line 1: begin with a line +++, then title, stage and to, then +++ again")
    try:
        meta = tomllib.loads(match[1])
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"{key}: the lines between +++: {error}") from None
    if wrong := [k for k in NEEDED if k not in meta] + [k for k in meta if k not in META]:
        raise TemplateError(f"{key}: the lines between +++ lack or do not know: {', '.join(wrong)}")
    lines = tuple(_lines(key, match[2], match[1].count("\n") + 4))
    return Template(key, meta, lines, hashlib.sha256(text.encode()).hexdigest())


def _lines(key: str, body: str, number: int) -> Iterator[Line]:
    before_title = True
    for block in re.split(r"(\n(?:[ \t]*\n)+)", body.strip("\n")):
        if block.strip():
            line = _line(key, block, before_title, number)
            before_title = before_title and line.kind != "title"
            yield line
        number += block.count("\n")


def _line(key: str, block: str, before_title: bool, number: int) -> Line:
    needs = unless = ""
    if condition := CONDITION.match(block):
        needs, unless = (condition[2], "") if condition[1] == "?" else ("", condition[2])
        block = block[condition.end():]
    stray = re.sub(PLACE, "", block)
    if "{{" in stray or "}}" in stray:
        raise TemplateError(f"{key}: line {number}: a place is written {{{{name}}}}, letters, digits and _ only")
    kind, texts = _kind(block, before_title)
    return Line(kind, texts, needs, unless)


def _kind(block: str, before_title: bool) -> tuple[Kind, tuple[str, ...]]:
    for mark, kind in (("## ", "heading"), ("# ", "title"), ("- ", "item")):
        if block.startswith(mark):
            return kind, (_joined(block.removeprefix(mark)),)  # type: ignore[return-value]
    if NUMBERED.match(block):
        return "numbered", (_joined(block),)
    if block.startswith("~ "):
        return "signature", tuple(line.removeprefix("~").strip() for line in block.split("\n"))
    if re.fullmatch(r"\s*\{\{\w+_table\}\}\s*", block):
        return "table", (block.strip(),)
    if before_title:
        return "head", tuple(line.strip() for line in block.split("\n"))
    return "paragraph", (_joined(block),)


def _joined(block: str) -> str:
    return " ".join(line.strip() for line in block.split("\n"))


def _block(line: Line, facts: Mapping[str, str], tables: Tables) -> Block:
    if line.kind == "table":
        rows = tables[PLACE.findall(line.texts[0])[0]]
        return Block("table", rows=tuple(tuple(typography.set_text(cell) for cell in row) for row in rows))
    texts = [_filled(text, facts) for text in line.texts]
    if line.kind in ("head", "signature"):
        return Block(line.kind, lines=tuple(texts))
    return Block(line.kind, text=texts[0])


def _filled(text: str, facts: Mapping[str, str]) -> str:
    """Our own words get their typography; a fact is put in as it is, only unfit characters are taken out."""
    out = ""
    for place, part in enumerate(PLACE.split(text)):  # words, name, words, name, …
        if place % 2:
            out += typography.fit(facts[part][:LONGEST_VALUE])
        else:
            ends_twice = place and part.startswith(".") and out.endswith(".")  # «3 мая 2026 г.» ends its sentence
            out += typography.set_text(part[1:] if ends_twice else part)
    return out
