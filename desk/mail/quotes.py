"""Which lines of a letter quote earlier mail or sign it. Only a view: nothing is ever cut from the text.

Line by line, every pattern anchored and bounded, so the time is linear in the text.
Attribution lines of Gmail, Yandex, Mail.ru, Outlook, Apple Mail, Thunderbird, The Bat! and Rambler.
"""

from __future__ import annotations

import re

from . import forwards, limits

MONTH = (r"(?:янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
         r"[а-яa-z]{0,6}\.?")
DATE = (rf"(?:\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}|\d{{4}}-\d{{2}}-\d{{2}}|"
        rf"\d{{1,2}}\s{{1,3}}{MONTH}|{MONTH}\s{{1,3}}\d{{1,2}})")
TIME = r"\d{1,2}:\d{2}"
WROTE = r"(?:написал(?:\(а\)|а|и)?|пишет|писал(?:\(а\)|а|и)?|wrote|writes)"
ATTRIBUTION = tuple(re.compile(pattern, re.I) for pattern in (
    rf".{{0,40}}{DATE}.{{0,60}}{TIME}.{{0,200}}{WROTE}\s?:$",
    rf".{{0,40}}{DATE}.{{0,60}}{TIME}.{{0,160}}<[^<>\s]{{1,200}}@[^<>\s]{{1,200}}>\s?:$",
    rf".{{0,40}}{DATE}.{{0,60}}{TIME}.{{0,40}}\bот\s.{{1,200}}:$",
    rf"вы писали\s.{{0,20}}{DATE}.{{0,40}}:$",
    rf".{{0,200}}<[^<>\s]{{1,200}}@[^<>\s]{{1,200}}>\s{WROTE}\s?:$",
    rf"(?:on|в)\s.{{0,40}}{DATE}.{{0,200}}{WROTE}\s?:$",
))
BANNER = re.compile(r"-{2,20}\s?(?:исходное сообщение|original message|первоначальное сообщение)\s?-{2,20}$", re.I)
QUOTE = re.compile(r"[A-ZА-ЯЁ]{0,3}>")
SIGNED = re.compile(r"(?:отправлено (?:с |из |от )|sent from |get outlook for |"
                    r"(?:получить|скачать) outlook для )", re.I)
SIGNATURE_LINES = 15


def is_attribution(line: str) -> bool:
    line = line.strip().lstrip("> ").replace("\xa0", " ").replace("\u202f", " ")
    return 8 < len(line) <= 500 and line.endswith(":") and any(p.match(line) for p in ATTRIBUTION)


def ends_with_attribution(text: str) -> bool:
    """Whether the last one to three lines announce a quote: mail programs wrap the announcement."""
    lines = [line.strip() for line in text.strip().split("\n")][-3:]
    return any(is_attribution(" ".join(lines[start:])) for start in range(len(lines)))


def folds(text: str, subject: str = "") -> tuple[tuple[int, int], ...]:
    """Spans of earlier mail and signatures; empty when nothing would stay, or when the text is too long to judge."""
    if len(text) > limits.QUOTES or text.count("\n") > limits.QUOTE_LINES:
        return ()
    lines = text.split("\n")
    hidden = _hidden(lines, subject)
    if not any(line.strip() and not hide for line, hide in zip(lines, hidden, strict=True)):
        return ()
    return _spans(lines, hidden)


def remaining(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    """The text without the spans, stripped."""
    out, at = [], 0
    for start, end in spans:
        out.append(text[at:start])
        at = end
    return ("".join(out) + text[at:]).strip()


def _hidden(lines: list[str], subject: str) -> list[bool]:
    hidden = [False] * len(lines)
    shown = forwards.shown_lines(lines, subject, _first_announcement(lines))
    at = 0
    while at < len(lines):
        if shown[0] <= at < shown[1]:
            at = shown[1]
            continue
        end = _fold_end(lines, at, shown)
        for place in range(at, end):
            hidden[place] = True
        at = max(end, at + 1)
    return hidden


def _fold_end(lines: list[str], at: int, shown: tuple[int, int]) -> int:
    """Where the fold that begins on this line ends; `at` itself when none begins here."""
    line = lines[at].strip()
    limit = shown[0] if shown[0] > at else len(lines)
    if QUOTE.match(line):
        return min(_quote_end(lines, at), limit)
    if (size := _announcement(lines, at)) or (size := _heading(lines, at)):
        after = _skip_blank(lines, at + size)
        quoted = after < len(lines) and QUOTE.match(lines[after].strip())
        return min(_quote_end(lines, after) if quoted else len(lines), limit)
    if lines[at].rstrip("\r") in ("-- ", "--") or SIGNED.match(line):
        return _signature_end(lines, at, limit)
    return at


def _announcement(lines: list[str], at: int) -> int:
    """How many lines announce a quote here: programs wrap the announcement onto a second or third line."""
    if not lines[at].strip() or QUOTE.match(lines[at].strip()):
        return 0
    for size in (1, 2, 3):
        window = [line.strip() for line in lines[at:at + size]]
        if len(window) == size and all(window) and is_attribution(" ".join(window)):
            return size if size == 1 or DATE_START.match(window[0]) else 0
    return 0


DATE_START = re.compile(rf"(?:\w{{1,12}}[,.]{{0,2}}\s{{1,3}})?(?:on\s)?.{{0,20}}{DATE}", re.I)


def _heading(lines: list[str], at: int) -> int:
    """An Outlook block: a banner, or at least three header lines of which one names the sender."""
    if BANNER.match(lines[at].strip()):
        return 1
    return forwards.header_lines(lines, at) if forwards.is_heading(lines, at) else 0


def _first_announcement(lines: list[str]) -> int:
    return next((at for at in range(len(lines)) if _announcement(lines, at) or BANNER.match(lines[at].strip())),
                len(lines))


def _quote_end(lines: list[str], at: int) -> int:
    end = at
    while at < len(lines):
        line = lines[at].strip()
        if QUOTE.match(line):
            end = at + 1
        elif line:
            break
        at += 1
    return end


def _signature_end(lines: list[str], at: int, limit: int) -> int:
    """Up to the next quote; a long tail after `--` is no signature, a device's line stands alone."""
    if SIGNED.match(lines[at].strip()):
        return at + 1
    end = at + 1
    while end < limit and not QUOTE.match(lines[end].strip()) and not _announcement(lines, end):
        end += 1
    return end if end - at <= SIGNATURE_LINES else at


def _skip_blank(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _spans(lines: list[str], hidden: list[bool]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    at = 0
    for line, hide in zip(lines, hidden, strict=True):
        end = at + len(line) + 1
        if hide:
            if spans and spans[-1][1] == at:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((at, end))
        at = end
    total = at - 1
    return tuple((start, min(end, total)) for start, end in spans if start < total)
