"""Document → PDF by typst. The text is data (JSON), never code; no file and no package can be read."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path

import typst

from .document import Document

LAYOUT = r"""
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, date: auto)
#set page(paper: "a4", margin: (left: 30mm, right: 15mm, top: 20mm, bottom: 20mm),
  footer: context align(center, text(9pt, [#counter(page).display("1 / 1", both: true)])))
#set text(font: "Libertinus Serif", size: 12pt, lang: "ru", hyphenate: false)
#set par(justify: true, leading: 0.65em, spacing: 0.8em)
#let lines(it) = it.join(linebreak())
#for block in data.blocks {
  if block.kind == "head" { pad(left: 45%, bottom: 0.6em, { set par(justify: false); lines(block.lines.map(text)) }) }
  else if block.kind == "title" { align(center, pad(y: 0.8em, text(14pt, weight: "bold", block.text))) }
  else if block.kind == "heading" { pad(top: 0.4em, text(weight: "bold", block.text)) }
  else if block.kind == "item" { pad(left: 6mm, grid(columns: (4mm, 1fr), [—], text(block.text))) }
  else if block.kind == "numbered" { pad(left: 6mm, text(block.text)) }
  else if block.kind == "table" {
    let cells = block.rows.flatten().map(text)
    pad(y: 0.4em, table(columns: block.rows.first().len(), stroke: 0.4pt, inset: 4pt, ..cells))
  }
  else if block.kind == "signature" { pad(top: 0.6em, { set par(justify: false); lines(block.lines.map(text)) }) }
  else { par(text(block.text)) }
}
"""


def pdf(document: Document) -> bytes:
    """The same document gives the same bytes."""
    stamp = datetime.combine(document.written_on, time(), UTC)
    data = json.dumps(document.as_dict(), ensure_ascii=False)
    out = typst.compile(  # type: ignore[call-overload]  # its stub wants input and root of one type
        LAYOUT.encode(), root=str(_nowhere()), format="pdf", sys_inputs={"data": data},
        ignore_system_fonts=True, timestamp=int(stamp.timestamp()))
    assert isinstance(out, bytes)
    return out


@cache
def _nowhere() -> Path:
    """An empty folder as typst's root: there is nothing in it to read."""
    return Path(tempfile.mkdtemp(prefix="desk-letters-"))
