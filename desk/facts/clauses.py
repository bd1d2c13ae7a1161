"""Where one statement ends and the next begins, in hard-wrapped letters and in forms with one field a line."""

from __future__ import annotations

import re
from bisect import bisect_right

STOP = re.compile(r"[.!?;…]+(?=\s|$)|\n+")
SHORT = re.compile(r"(?:^|[\s(\d.])(?:г|гг|р|руб|коп|т|тел|моб|ул|д|кв|стр|ст|п|пп|им|др|тыс|млн|см|зак|арт|шт|обл|№|"
                   r"[А-ЯЁA-Z])$",
                   re.I)
NEW_LINE = re.compile(r"\s*(?:[-–—•*]\s|\d{1,2}[.)]\s|[А-ЯЁA-Z№«\"]|$)")
WRAPPED = 45  # a shorter line was ended by its writer, not by the program


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
