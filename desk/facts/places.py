"""A letter's text by who speaks: the sender, the sender's signature, a forwarded letter, an earlier letter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .fact import Source

SIGNATURE = re.compile(r"(?:--|—|__)\s*$|(?:отправлено (?:с |из |от )|sent from |с уважением)", re.I)
QUOTED = re.compile(r"\s*[A-ZА-ЯЁ]{0,3}>")
MARKER = re.compile(r"[>\s]*(?:-{2,20}\s?[^\n]{0,40}(?:forward|пересыл|переслан|переадрес|перенаправ)[^\n]{0,40}$"
                    r"|(?:begin forwarded|начало (?:переадрес|пересыл))[^\n]{0,40}$)", re.I)
HEADER = re.compile(r"[>\s]*\*?(?:от|from|отправитель|тема|subject)\*?\s?:", re.I)
# When a letter was posted, and to whom, is no fact of the case.
POSTED = re.compile(r"^[>\s]{0,4}\*?(?:дата|date|sent|отправлено|кому|to|копия|cc)\*?\s?:[^\n]*", re.I | re.M)
HREF = re.compile(r"<a\s[^<>]{0,500}?href\s?=\s?[\"']?([^\"'\s<>]{10,600})", re.I)
MAX_LINKS = 200
ORDER = ("body", "signature", "forward", "quote")


def split(text: str, folds: Iterable[tuple[int, int]], *, forwarded: bool) -> list[Source]:
    """Sources of the same length as the text: what others say is blanked to newlines, so spans stay true."""
    zones = [(start, end, place) for fold in folds for start, end, place in _of_fold(text, *fold)]
    if forwarded and (start := _forward(text)) is not None:
        zones.extend(_gaps(start, len(text), zones, "forward"))
    rest = list(_gaps(0, len(text), zones, "body"))
    places = {place: [zone for zone in (*rest, *zones) if zone[2] == place] for place in ORDER}
    texts = {place: _only(text, spans) for place, spans in places.items() if spans}
    if "forward" in texts:
        texts["forward"] = POSTED.sub(lambda line: " " * len(line.group()), texts["forward"])
    return [Source(place, said) for place, said in texts.items()]


def links(html: str) -> Source | None:
    """The addresses behind an HTML letter's words, one a line."""
    found: list[str] = []
    for match in HREF.finditer(html):
        found.append(match[1].replace("&amp;", "&"))
        if len(found) >= MAX_LINKS:
            break
    return Source("link", "\n".join(found)) if found else None


def _of_fold(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """A fold is a quote, a signature, or a quote of marked lines with the signature under it."""
    at, place, marked = start, "", False
    for line in text[start:end].splitlines(keepends=True):
        if QUOTED.match(line):
            now, marked = "quote", True
        elif SIGNATURE.match(line) and (not place or marked):
            now = "signature"
        else:
            now = place or "quote"
        if now != place and place:
            yield start, at, place
            start = at
        place, at = now, at + len(line)
    if place:
        yield start, end, place


def _forward(text: str) -> int | None:
    """Where the forwarded letter begins: its marker, else its first header line."""
    at, header = 0, None
    for line in text[:65536].splitlines(keepends=True):
        if MARKER.match(line.rstrip()):
            return at
        if header is None and HEADER.match(line):
            header = at
        at += len(line)
    return header


def _gaps(start: int, end: int, zones: list[tuple[int, int, str]], place: str) -> Iterator[tuple[int, int, str]]:
    for left, right, _ in sorted(zones):
        if start < left:
            yield start, min(left, end), place
        start = max(start, right)
    if start < end:
        yield start, end, place


def _only(text: str, spans: list[tuple[int, int, str]]) -> str:
    out, at = [], 0
    for start, end, _ in sorted(spans):
        out += ["\n" * (start - at), text[start:end]]
        at = end
    return "".join(out) + "\n" * (len(text) - at)
