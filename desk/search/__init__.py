"""Finding tickets by what was typed: words in every form, parts of numbers and names, fields.

`ask` understands the words and gives a condition on tickets, the same on both databases; `index` keeps what it looks
in.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ..models import Ticket
from . import finding
from .finding import Asking, Names
from .index import catch_up, rebuild
from .question import Question, read
from .related import Related, related
from .snippets import Snippet, marked, snippets

__all__ = ["Asking", "Found", "Names", "Question", "Related", "Snippet", "ask", "catch_up", "marked", "read",
           "rebuild", "related", "snippets"]


@dataclass(frozen=True)
class Found:
    """What was understood, and the condition that tickets meet.

    `slips`: nothing stands exactly so; the names that were taken instead.
    """

    question: Question
    names: Names
    condition: ColumnElement[bool]
    slips: tuple[str, ...] = ()


def ask(session: Session, text: str, asking: Asking) -> Found:
    """Exactly what was typed, or, when no ticket has that, with names that differ by a slip of the finger."""
    question = read(text)
    names = finding.parts(session, question)
    exact = Found(question, names, finding.condition(session, question, asking, names))
    if not question.words or _any(session, exact.condition):
        return exact
    similar = finding.similar(session, question)
    slips = tuple(dict.fromkeys(name for found in similar.values() for name in found))
    if not slips:
        return exact
    wider = {word: [*names.get(word, ()), *similar.get(word, ())] for word in {*names, *similar}}
    condition = finding.condition(session, question, asking, wider)
    return Found(question, wider, condition, slips) if _any(session, condition) else exact


def _any(session: Session, condition: ColumnElement[bool]) -> bool:
    return session.scalar(select(Ticket.id).where(condition).order_by(Ticket.id.desc()).limit(1)) is not None
