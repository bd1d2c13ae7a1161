"""Document → DOCX, for whoever wants to change a word before printing. The same document gives the same bytes."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, time
from typing import Any

import docx as python_docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from .document import Block, Document


def docx(document: Document) -> bytes:
    paper = python_docx.Document()
    _page(paper)
    stamp = datetime.combine(document.written_on, time(), UTC).replace(tzinfo=None)
    properties = paper.core_properties
    properties.title, properties.created, properties.modified = document.title, stamp, stamp
    properties.author = properties.last_modified_by = ""
    for block in document.blocks:
        _add(paper, block)
    out = io.BytesIO()
    paper.save(out)
    return _without_clock(out.getvalue())


def _page(paper: Any) -> None:
    section = paper.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.top_margin = section.bottom_margin = Mm(20)
    style = paper.styles["Normal"]
    style.font.name, style.font.size = "Times New Roman", Pt(12)
    style.paragraph_format.space_after = Pt(6)


def _add(paper: Any, block: Block) -> None:
    if block.kind == "table":
        _table(paper, block)
        return
    paragraph = paper.add_paragraph()
    for number, line in enumerate(block.lines or (f"—\u00a0{block.text}" if block.kind == "item" else block.text,)):
        run = paragraph.add_run(line)
        run.bold = block.kind in ("title", "heading")
        if number < len(block.lines) - 1:
            run.add_break()
    if block.kind == "title":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    elif block.kind == "head":
        paragraph.paragraph_format.left_indent = Mm(75)
    elif block.kind in ("item", "numbered"):
        paragraph.paragraph_format.left_indent = Mm(6)
    elif block.kind == "paragraph":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY


def _table(paper: Any, block: Block) -> None:
    table = paper.add_table(len(block.rows), len(block.rows[0]), style="Table Grid")
    for place, row in enumerate(block.rows):
        for cell, text in zip(table.rows[place].cells, row, strict=True):
            cell.text = text


def _without_clock(data: bytes) -> bytes:
    """python-docx stamps the files of the archive with the present moment."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), source.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()
