"""How a letter's text is shown: quotes folded but never cut, facts marked where they were found, links as links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from ..models import Fact, Message

URL = re.compile(r"https?://[^\s<>\"«»]{1,2000}")
TRAILING = ".,;:!?)]}'"
IN_TEXT = ("body", "signature", "forward", "quote")


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
    """Where facts stand; one inside an address covers the whole address."""

    facts: tuple[int, ...]
    start: int
    end: int


def _marks(text: str, facts: Iterable[Fact]) -> list[Mark]:
    """In their order, none inside another: facts that overlap share one."""
    urls = [match.span() for match in URL.finditer(text)]
    out: list[Mark] = []
    for start, end, fact_id in sorted((*span, f.id) for f in facts if (span := _span(text, f))):
        start, end = next(((a, b) for a, b in urls if a <= start < b), (start, end))
        if out and start < out[-1].end:
            out[-1] = Mark((*out[-1].facts, fact_id), out[-1].start, max(end, out[-1].end))
        else:
            out.append(Mark((fact_id,), start, end))
    return out


def _span(text: str, fact: Fact) -> tuple[int, int] | None:
    """Where the fact's words stand in the body; where they really are, if the text was cleaned since."""
    if fact.kind == "marketplace" or fact.place not in IN_TEXT or fact.state == "rejected":
        return None
    start, end = fact.start, fact.end
    if fact.quote and text[start:end][:len(fact.quote)] != fact.quote:
        start = text.find(fact.quote)
        end = start + len(fact.quote)
    return (start, end) if 0 <= start < end <= len(text) else None


def _marked(text: str, start: int, end: int, marks: list[Mark]) -> Markup:
    html, position = Markup(""), start
    for mark in marks:
        first, last = max(mark.start, position), min(mark.end, end)
        if first >= last:
            continue
        html += linked(text[position:first])
        html += Markup('<mark class="fact" data-fact="{}">{}</mark>').format(
            " ".join(map(str, mark.facts)), linked(text[first:last]))
        position = last
    return html + linked(text[position:end])


def in_line(line: str, facts: Iterable[Fact]) -> Markup:
    """A subject with the facts that were found in it marked: looked for by their words, our tag is gone from it."""
    shown = [f for f in facts if f.place == "subject" and f.state != "rejected" and f.kind != "marketplace" and f.quote]
    found, quotes = {f.id: line.find(f.quote) for f in shown}, {f.id: f.quote for f in shown}
    marks = [Mark((i,), at, at + len(quotes[i])) for i, at in sorted(found.items(), key=lambda x: x[1]) if at >= 0]
    return _marked(line, 0, len(line), marks)


def linked(text: str) -> Markup:
    """Escaped, with addresses of the web as links that tell the other side nothing about us."""
    html, position = Markup(""), 0
    for match in URL.finditer(text):
        address = match.group().rstrip(TRAILING)
        html += escape(text[position:match.start()])
        html += Markup('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>').format(address)
        position = match.start() + len(address)
    return html + escape(text[position:])
