"""Tables for a spreadsheet program, as CSV: text stays text, also what comes from outside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # a program would run a cell that begins so


def table(rows: Iterable[Sequence[str]]) -> str:
    """With semicolons and a byte-order mark, which Excel in Russian needs; every cell went through `cell`."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([cell(text) for text in row] for row in rows)
    return "\ufeff" + out.getvalue()


def cell(text: str) -> str:
    """An apostrophe in front of what would be a formula, also behind blanks."""
    return f"'{text}" if text.lstrip().startswith(FORMULA) or text.startswith(FORMULA) else text
