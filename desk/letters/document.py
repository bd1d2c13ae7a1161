"""A letter ready to be set: blocks of plain text. What stands in them is text, whatever characters it holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

Kind = Literal["head", "title", "heading", "paragraph", "item", "numbered", "table", "signature"]


@dataclass(frozen=True)
class Block:
    """`rows` only for a table, its first row is the heading; `lines` for head and signature."""

    kind: Kind
    text: str = ""
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Document:
    title: str
    written_on: date  # becomes the file's date too, so that the same letter is the same bytes
    blocks: tuple[Block, ...] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        return {"title": self.title, "blocks": [asdict(block) for block in self.blocks]}

    def plain_text(self) -> str:
        """The text as a mail or a portal's field takes it: a blank line between blocks."""
        return "\n\n".join(_plain(block) for block in self.blocks)


def _plain(block: Block) -> str:
    if block.kind == "table":
        return "\n".join(" | ".join(row) for row in block.rows)
    if block.lines:
        return "\n".join(block.lines)
    return f"— {block.text}" if block.kind == "item" else block.text
