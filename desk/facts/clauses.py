"""Where one statement ends and the next begins, in hard-wrapped letters and in forms with one field a line."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise

STOP = re.compile(r"[.!?;…]+(?=\s|$)|\n+")
SHORT = re.compile(r"(?:^|[\s(\d.])(?:г|гг|р|руб|коп|т|тел|моб|ул|д|кв|стр|ст|п|пп|им|др|тыс|млн|см|зак|арт|шт|обл|№|"
                   r"[А-ЯЁA-Z])$",
                   re.I)
NEW_LINE = re.compile(r"\s*(?:[-–—•*]\s|\d{1,2}[.)]\s|[А-ЯЁA-Z№«\"]|$)")
WRAPPED = 45  # a shorter line was ended by its writer, not by the program
WIDEST = 200  # a longer line is a paragraph: such a letter is not wrapped
PARAGRAPH = re.compile(r"(\n\s*\n)")
FIRST_WORD = re.compile(r"[^\s>|•*–—-]\S{0,60}")
CELLS = re.compile(r"\t|\||\S {2,}\S")


def unwrapped(text: str) -> str:
    """The text, as long as before, where a program's line breaks are spaces: the next word had no room in the line."""
    return "".join(_joined(part) for part in PARAGRAPH.split(text))


def _joined(paragraph: str) -> str:
    lines = paragraph.split("\n")
    width = max(map(len, lines))
    if len(lines) < 2 or not WRAPPED <= width <= WIDEST:
        return paragraph
    breaks = (" " if _no_room(line, after, width) else "\n" for line, after in pairwise(lines))
    return lines[0] + "".join(sign + line for sign, line in zip(breaks, lines[1:], strict=True))


def _no_room(line: str, after: str, width: int) -> bool:
    word = FIRST_WORD.match(after)
    return (word is not None and len(line) >= WRAPPED and len(line) + 1 + len(word.group()) > width
            and line[-1] not in ".!?:;" and not CELLS.search(line))


class Clauses:
    """Bounds of the statements of a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._ends = [stop.end() for stop in STOP.finditer(text) if _ends(text, stop)]

    def around(self, at: int) -> tuple[int, int]:
        place = bisect_right(self._ends, at)
        start = self._ends[place - 1] if place else 0
        return start, self._ends[place] if place < len(self._ends) else len(self.text)

    def all(self) -> list[str]:
        edges = [0, *self._ends, len(self.text)]
        return [self.text[start:end] for start, end in zip(edges, edges[1:], strict=False) if end > start]


def _ends(text: str, stop: re.Match[str]) -> bool:
    at = stop.start()
    if stop.group()[0] == "\n":
        if len(stop.group()) > 1:
            return True
        line_start = text.rfind("\n", max(0, at - 200), at) + 1
        return at - line_start < WRAPPED or NEW_LINE.match(text[at + 1:at + 12]) is not None
    return stop.group() != "." or SHORT.search(text[max(0, at - 6):at]) is None
