"""PGP in the text itself (RFC 9580, 6 and 7): which lines are armour around a signed letter, and what is unreadable."""

from __future__ import annotations

import re

SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
MESSAGE = "-----BEGIN PGP MESSAGE-----"
BLOCK = re.compile(r"-----BEGIN PGP (SIGNATURE|PUBLIC KEY BLOCK)-----$")
HEADER = re.compile(r"(?:hash|charset|comment|version|notdashescaped):", re.I)
HEADERS, BLOCK_LINES = 5, 500


def encrypted(text: str) -> bool:
    return MESSAGE in text and any(line.strip() == MESSAGE for line in text.split("\n"))


def lines(rows: list[str]) -> set[int]:
    """Numbers of the lines that only a program reads: signatures, keys, and the head of a signed letter."""
    found: set[int] = set()
    at = 0
    while at < len(rows):
        end = _end(rows, at)
        found.update(range(at, end))
        at = max(end, at + 1)
    return found


def _end(rows: list[str], at: int) -> int:
    """Where the armour that begins on this line ends; `at` itself when none does."""
    row = rows[at].strip()
    if row == SIGNED:
        end = at + 1
        while end < min(len(rows), at + HEADERS) and HEADER.match(rows[end].strip()):
            end += 1
        return end
    if match := BLOCK.match(row):
        last = f"-----END PGP {match.group(1)}-----"
        within = range(at, min(len(rows), at + BLOCK_LINES))
        return next((place + 1 for place in within if rows[place].strip() == last), at)
    return at
