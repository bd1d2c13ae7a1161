"""The PDF by typst: its text is data, and in its folder there is nothing to read but the pictures of the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import typst

from .dossier import Dossier

LONG_WORD = re.compile(r"(\S{30})(?=\S{10})")
LAYOUT = r"""
#let data = json("data.json")
#set document(title: data.title, date: auto)
#set page(paper: "a4", margin: (left: 25mm, right: 15mm, y: 18mm),
  footer: context align(center, text(9pt, [#counter(page).display("1 / 1", both: true)])))
#set text(font: "Libertinus Serif", size: 11pt, lang: "ru", hyphenate: false)
#set par(leading: 0.6em, spacing: 0.7em)
#let mono(it) = text(8pt, font: "DejaVu Sans Mono", it)
#let chapter(it) = pad(top: 0.8em, bottom: 0.4em, text(14pt, weight: "bold", it))
#let pairs(rows) = grid(columns: (38mm, 1fr), row-gutter: 0.5em, column-gutter: 3mm,
  ..rows.map(r => (text(fill: luma(90), r.at(0)), text(r.at(1)))).flatten())
#align(center, text(16pt, weight: "bold", data.title))
#pad(y: 0.6em, pairs(data.facts))
#chapter("1. Хронология")
#table(columns: (27mm, 1fr, 45mm), stroke: 0.4pt, inset: 4pt,
  ..(("Когда", "Что", "Чем подтверждено"),).map(r => r.map(c => text(weight: "bold", c))).flatten(),
  ..data.chronology.map(r => (text(9pt, r.at(0)), text(9pt, r.at(1)), text(8pt, r.at(2)))).flatten())
#chapter("2. Переписка")
#for mail in data.mails {
  pad(top: 0.6em, text(weight: "bold", "Письмо № " + str(mail.number)))
  pairs(mail.head)
  pad(y: 0.4em, if mail.out { text(style: "italic", "Текст письма изъят из подборки.") } else {
    for line in mail.text { par(text(line)) } })
  if mail.files.len() > 0 { text(9pt, "Файлы: " + mail.files.join(", ")) }
  line(length: 100%, stroke: 0.3pt + luma(180))
}
#if data.papers.len() > 0 [#chapter("3. Наши письма")]
#for paper in data.papers {
  pad(top: 0.6em, text(weight: "bold", str(paper.number) + ". " + paper.title))
  for line in paper.text { par(text(line)) }
  mono("SHA-256 " + paper.sha256)
  line(length: 100%, stroke: 0.3pt + luma(180))
}
#if data.sheets.len() > 0 [#chapter("4. Расчёт неустойки")]
#for rows in data.sheets {
  table(columns: 2, stroke: 0.4pt, inset: 4pt, ..rows.map(r => (text(r.at(0)), text(r.at(1)))).flatten())
}
#chapter("5. Опись")
#table(columns: (8mm, 1fr, 20mm, 62mm), stroke: 0.4pt, inset: 3pt,
  ..("№", "Файл", "Из письма", "SHA-256").map(c => text(9pt, weight: "bold", c)),
  ..data.inventory.map(r => (text(9pt, r.at(0)), text(9pt, r.at(1)), text(9pt, r.at(2)),
    mono(r.at(3).slice(0, 32) + linebreak() + r.at(3).slice(32)))).flatten())
#for file in data.pages {
  for (number, picture) in file.pictures.enumerate(start: 1) {
    pagebreak()
    text(9pt, file.title + if file.pictures.len() > 1 { ", страница " + str(number) } else { "" })
    align(center, image(picture, width: 100%, height: 245mm, fit: "contain"))
  }
}
"""


@dataclass(frozen=True)
class Shown:
    """A file as pages: `pictures` are names in the folder."""

    title: str
    pictures: Sequence[str]


def compose(dossier: Dossier, inventory: Sequence[Sequence[str]], shown: Sequence[Shown], folder: Path) -> bytes:
    """The same values and pictures give the same bytes. `folder` holds the pictures and nothing else."""
    values = json.dumps(_data(dossier, inventory, shown), ensure_ascii=False)
    (folder / "data.json").write_text(values, encoding="utf-8")
    (folder / "main.typ").write_text(LAYOUT, encoding="utf-8")
    stamp = datetime.combine(dossier.as_of, time(), UTC)
    out = typst.compile(str(folder / "main.typ"), root=str(folder), format="pdf", ignore_system_fonts=True,
                        timestamp=int(stamp.timestamp()))
    assert isinstance(out, bytes)
    return out


def _data(dossier: Dossier, inventory: Sequence[Sequence[str]], shown: Sequence[Shown]) -> Mapping[str, Any]:
    return {
        "title": dossier.title, "facts": _rows(dossier.facts), "chronology": _rows(dossier.chronology),
        "sheets": dossier.sheets,
        "mails": [{"number": m.number, "head": _rows(m.head), "out": m.out, "text": _lines(m.text),
                   "files": [_breakable(f"{f.number}. {f.name}") for f in m.files]} for m in dossier.mails],
        "papers": [{"number": p.number, "title": p.title, "text": _lines(p.text), "sha256": p.sha256}
                   for p in dossier.papers],
        "inventory": [[*_rows([row[:3]])[0], row[3]] for row in inventory], "pages": [asdict(file) for file in shown]}


def _rows(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[_breakable(cell) for cell in row] for row in rows]


def _lines(text: str) -> list[str]:
    return [_breakable(line) for line in text.split("\n") if line.strip()]


def _breakable(text: str) -> str:
    """A word longer than a line would run out of the page."""
    return LONG_WORD.sub("\\1\u200b", text)
