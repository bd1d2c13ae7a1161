"""Forwarded letters: the forwarded part is the complaint's evidence, so it is read and never folded."""

from __future__ import annotations

import re

from . import words
from .letter import Forwarded

MARKER = re.compile(
    r"(?:-{4,20}\s?(?:forwarded message|пересылаемое сообщение|пересланное сообщение|переадресованное сообщение|"
    r"перенаправленное сообщение|пересылаемое письмо)\s?-{4,20}"
    r"|начало (?:переадресованного|пересылаемого) (?:сообщения|письма):|begin forwarded message:)$", re.I)
END = re.compile(r"-{4,20}\s?(?:конец пересылаемого сообщения|end of forwarded message)\s?-{4,20}$", re.I)
SUBJECT = re.compile(r"(?:(?:re|отв|ответ|на)\s?(?:\[\d+\])?\s?[:：]\s?)?"
                     r"(?:fwd?|пересл|пер|перенапр|wg|tr)\s?(?:\[\d+\])?\s?[:：]",
                     re.I)
HEADER = re.compile(r"\*?(от|from|отправитель|дата|date|отправлено|sent|тема|subject|кому|to|копия|cc)"
                    r"\*?\s?[:：]\*?\s?(.*)$",
                    re.I)
INLINE = re.compile(r"(\d{1,2}\.\d{1,2}\.\d{4},? (?:в )?\d{1,2}:\d{2}(?::\d{2})?),? (.{1,300}@[^\s>]{1,200}>?):$")
KEYS = {"от": "from", "from": "from", "отправитель": "from", "дата": "date", "date": "date", "отправлено": "date",
        "sent": "date", "тема": "subject", "subject": "subject", "кому": "to", "to": "to", "копия": "cc", "cc": "cc"}
HEADING_LINES = 12


def is_forward_subject(subject: str) -> bool:
    return SUBJECT.match(subject.strip()) is not None


def read(text: str, subject: str) -> Forwarded | None:
    """The forwarded letter's head as the text shows it, or nothing."""
    lines = text[:65536].split("\n")[:2000]
    start = _start(lines, subject, len(lines))
    if start is None:
        return None
    found: dict[str, str] = {}
    for line in lines[start:start + HEADING_LINES + 4]:
        line = _bare(line)
        if match := HEADER.match(line):
            found.setdefault(KEYS[match.group(1).lower()], match.group(2).strip())
        elif match := INLINE.match(line):
            found.setdefault("date", match.group(1))
            found.setdefault("from", match.group(2))
            break
        elif line and found:
            break
    if not found.get("from") and not found.get("subject"):
        return None
    return Forwarded(*(words.tidy(found.get(key, ""))[:500] for key in ("from", "date", "subject")))


def shown_lines(lines: list[str], subject: str, first_announcement: int) -> tuple[int, int]:
    """The lines of a forward, which stay shown; an empty range when there is none."""
    start = _start(lines, subject, first_announcement)
    if start is None:
        return (len(lines), len(lines))
    end = next((at + 1 for at in range(start, len(lines)) if END.match(_bare(lines[at]))), len(lines))
    return (start, end)


def is_heading(lines: list[str], at: int) -> bool:
    """Three or more header lines in a row, the first of them naming a sender."""
    first = HEADER.match(_bare(lines[at]))
    if not first or KEYS[first.group(1).lower()] != "from":
        return False
    kinds = {KEYS[m.group(1).lower()] for line in lines[at:at + header_lines(lines, at)]
             if (m := HEADER.match(_bare(line)))}
    return len(kinds) >= 3 and bool(kinds & {"subject", "date"})


def header_lines(lines: list[str], at: int) -> int:
    """How many lines the block takes; single blank lines between headers are HTML's."""
    end = at
    for place in range(at, min(at + 2 * HEADING_LINES, len(lines))):
        line = _bare(lines[place])
        if HEADER.match(line):
            end = place + 1
        elif line and not lines[place].startswith((" ", "\t")) and place > end:
            break
    return end - at


def _start(lines: list[str], subject: str, first_announcement: int) -> int | None:
    """A forward named after an announced quote belongs to the quoted history."""
    for at, line in enumerate(lines[:first_announcement + 1]):
        if MARKER.match(_bare(line)):
            return at
    if is_forward_subject(subject):
        return next((at for at in range(len(lines)) if is_heading(lines, at)), None)
    return None


def _bare(line: str) -> str:
    return line.strip().lstrip("> ").replace("\xa0", " ").replace("\u202f", " ").strip()
