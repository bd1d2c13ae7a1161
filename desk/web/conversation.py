"""How a letter's text is shown: quotes folded but never cut, facts marked where they were found, links as links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from ..models import Fact, Message

URL = re.compile(r"https?://[^\s<>\"«»]{1,2000}")
TRAILING = ".,;:!?)]}'"


@dataclass(frozen=True)
class Piece:
    """A stretch of the text; a quote is shown folded."""

    quote: bool
    html: Markup


def pieces(message: Message, facts: Iterable[Fact] = ()) -> list[Piece]:
    """The whole text in order. Facts of this message that stand in its body are marked."""
    text, marks = message.text, _marks(message.text, facts)
    out: list[Piece] = []
    for start, end, quote in _spans(text, message.folds):
        stretch = text[start:end]
        if quote or stretch.strip():
            out.append(Piece(quote, _marked(text, start, end, marks)))
    if out and all(piece.quote for piece in out):
        return [Piece(False, piece.html) for piece in out]  # a letter that is only a quote is shown whole
    return out


def _spans(text: str, folds: Iterable[Iterable[int]]) -> Iterator[tuple[int, int, bool]]:
    position = 0
    for start, end in sorted((int(s), int(e)) for s, e in folds):
        if start < position or end > len(text):
            continue
        yield position, start, False
        yield start, end, True
        position = end
    yield position, len(text), False


@dataclass(frozen=True)
class Mark:
    """Where a fact stands; one inside an address covers the whole address."""

    fact_id: int
    start: int
    end: int


def _marks(text: str, facts: Iterable[Fact]) -> list[Mark]:
    """In their order, none inside another."""
    urls = [match.span() for match in URL.finditer(text)]
    out: list[Mark] = []
    for fact in sorted((f for f in facts if _is_shown(f)), key=lambda f: (f.start, -f.end)):
        start, end = next(((a, b) for a, b in urls if a <= fact.start < b), (fact.start, fact.end))
        if not out or start >= out[-1].end:
            out.append(Mark(fact.id, start, end))
    return out


def _is_shown(fact: Fact) -> bool:
    return fact.kind != "marketplace" and fact.place in ("body", "forward", "quote") and fact.state != "rejected" \
        and fact.start < fact.end


def _marked(text: str, start: int, end: int, marks: list[Mark]) -> Markup:
    html, position = Markup(""), start
    for mark in marks:
        if mark.start < position or mark.end > end:
            continue
        html += linked(text[position:mark.start])
        html += Markup('<mark class="fact" data-fact="{}">{}</mark>').format(
            mark.fact_id, linked(text[mark.start:mark.end]))
        position = mark.end
    return html + linked(text[position:end])


def linked(text: str) -> Markup:
    """Escaped, with addresses of the web as links that tell the other side nothing about us."""
    html, position = Markup(""), 0
    for match in URL.finditer(text):
        address = match.group().rstrip(TRAILING)
        html += escape(text[position:match.start()])
        html += Markup('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>').format(address)
        position = match.start() + len(address)
    return html + escape(text[position:])
