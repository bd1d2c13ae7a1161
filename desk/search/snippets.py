"""Why a ticket was found: a piece of what stands in it, with the words that were asked for marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..models import Attachment, Message
from . import stems
from .finding import Names
from .question import Question

READ = 8_000  # characters of each letter and file that a mark is looked for in
BEFORE, AFTER = 25, 160  # characters around the first mark
SEPARATED = r"[ \xa0()/–-]{0,2}"


@dataclass(frozen=True)
class Snippet:
    """Pieces of one line: (text, is it marked). `where`: letter, note, ours or the name of a file."""

    pieces: tuple[tuple[str, bool], ...]
    where: str = "letter"


def snippets(session: Session, ids: Sequence[int], question: Question, names: Names) -> dict[int, Snippet]:
    """For each of these tickets the place that holds most of the words; two queries."""
    looked = _Looked(question, names)
    best: dict[int, tuple[int, Snippet]] = {}
    for ticket_id, where, text in _texts(session, ids) if looked.pattern else ():
        count, snippet = looked.find(text, where)
        if count > best.get(ticket_id, (0, None))[0]:
            best[ticket_id] = count, snippet
    return {ticket_id: snippet for ticket_id, (_, snippet) in best.items()}


def marked(text: str, question: Question, names: Names) -> tuple[tuple[str, bool], ...]:
    """The whole of a short text with its marks: a subject, a name."""
    looked = _Looked(question, names)
    return tuple(looked.pieces(text)) if looked.pattern else ((text, False),)


class _Looked:
    """What was asked for as one pattern, its finds checked by stem."""

    def __init__(self, question: Question, names: Names) -> None:
        self.stems: set[str] = set()
        self.starts: list[str] = []
        parts: list[str] = []
        for word in question.words:
            if word.without or word.kind in ("topic", "has"):
                continue
            if word.kind == "code":
                parts.append(SEPARATED.join(map(re.escape, word.text)))
            elif word.kind == "word":
                parts += self._word(word.text)
            if word.kind in ("start", "name", "word", "address"):
                self.starts += [stems.plain(word.text), *names.get(word.text, ())]
        parts += [_loose(start) + r"\w*" for start in self.starts]
        self.pattern = re.compile("|".join(f"(?:{part})" for part in parts), re.I) if parts else None

    def _word(self, word: str) -> list[str]:
        token = stems.stem(word)
        self.stems.add(token)
        return [rf"\b{_loose(stem[:-1] if len(stem) > stems.PART else stem)}\w*" for stem in stems.others(token)]

    def find(self, text: str, where: str) -> tuple[int, Snippet]:
        """How many different things were found, and the piece around the first."""
        found = list(self._finds(text))
        if not found:
            return 0, Snippet(())
        start = max(0, found[0].start() - BEFORE)
        start = text.find(" ", start, found[0].start()) + 1 if start else 0  # not in the middle of a word
        end = min(len(text), found[0].end() + AFTER)
        line = " ".join(text[start:end].split())
        line = ("…" if start else "") + line + ("…" if end < len(text) else "")
        return len({stems.stem(match[0]) for match in found}), Snippet(tuple(self.pieces(line)), where)

    def pieces(self, text: str) -> list[tuple[str, bool]]:
        out, position = [], 0
        for match in self._finds(text):
            out += [(text[position:match.start()], False), (match[0], True)]
            position = match.end()
        return [piece for piece in [*out, (text[position:], False)] if piece[0]]

    def _finds(self, text: str) -> list[re.Match[str]]:
        assert self.pattern is not None
        return [match for match in self.pattern.finditer(text) if self._right(match[0])]

    def _right(self, found: str) -> bool:
        if not found.isalpha() or stems.stem(found) in self.stems:
            return True
        plain = stems.plain(found)
        return any(start in plain for start in self.starts)


def _loose(word: str) -> str:
    """ё in a text is written е in a stem."""
    return re.escape(word).replace("е", "[её]")


def _texts(session: Session, ids: Sequence[int]) -> list[tuple[int, str, str]]:
    where = {"in": "letter", "out": "ours", "note": "note"}
    letters = session.execute(select(
        Message.ticket_id, Message.direction, func.substr(Message.text, 1, READ)).where(
        Message.ticket_id.in_(ids), Message.kind != "ack").order_by(Message.id)).all()
    files = session.execute(select(
        Message.ticket_id, Attachment.filename, func.substr(Attachment.text, 1, READ)).join(
        Attachment, Attachment.message_id == Message.id).where(
        Message.ticket_id.in_(ids), Attachment.text != "").order_by(Attachment.id)).all()
    return [(ticket_id, where[direction], text) for ticket_id, direction, text in letters] + \
        [(ticket_id, name, text) for ticket_id, name, text in files]
