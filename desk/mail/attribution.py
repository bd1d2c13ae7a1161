"""Lines in which a mail program says who wrote the quote that follows, in a dozen languages.

Gmail, Yandex, Mail.ru, Outlook, Apple Mail, Thunderbird, The Bat!, Rambler, Roundcube and phones. People write
such lines too («12.09.2026 продавец написал:»), so without an address or a program's own form of words
a line only counts when quoted text follows it. Every pattern is anchored and bounded.
"""

from __future__ import annotations

import re

MONTH = (
    r"(?:янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|січ|лют|бер|кві|тра|чер|лип|сер|вер|жов|лис|гру|"
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|jän|mär|mai|okt|dez|fév|avr|juin|juil|aoû|déc|"
    r"ene|abr|ago|dic|gen|mag|giu|lug|set|ott|fev|out|sty|lut|kwi|maj|cze|lip|sie|wrz|paź|lis|gru|mrt|mei)"
    r"[^\W\d_]{0,8}\.?")
DATE = (rf"(?:\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|"
        rf"\d{{1,2}}\.?[\s-]{{1,3}}(?:de\s)?{MONTH}|{MONTH}\s{{1,3}}\d{{1,2}})")
TIME = r"\d{1,2}[:.h]\d{2}"
MAIL = r"[<(\[]{0,2}(?:mailto:)?[^<>()\s]{1,200}@[^<>()\s]{1,200}[>)\]]{1,3}"
WROTE = (r"(?:написал(?:\(а\)|а|и)?|пишет|писал(?:\(а\)|а|и)?|wrote|writes|a\s[ée]crit|escribi[óo]|ha\sscritto|"
         r"escreveu|napisał(?:\(a\)|a)?|napsal(?:\(a\)|a)?|пише|написав(?:\(ла\))?|schrieb|schreef|skrev|kirjoitti)")
INSIDE = r"(?:schrieb|schreef|skrev|napisał|писал|пише|wrote)"
# Each is tried on the line without what stands after the closing colon.
CERTAIN = tuple(re.compile(pattern, re.I) for pattern in (
    rf".{{0,40}}{DATE}.{{0,60}}{TIME}.{{0,160}}{MAIL}\s?(?:{WROTE}\s?)?:$",  # Gmail, Yandex, Rambler, Apple
    rf"\W?{TIME}.{{0,12}}{DATE}.{{0,160}}{MAIL}\s?(?:{WROTE}\s?)?:$",  # Yandex's app
    rf".{{0,40}}{DATE}.{{0,60}}{TIME}.{{0,40}}\b(?:от|пользователь)\s.{{0,160}}{MAIL}.{{0,20}}:$",  # Mail.ru
    rf".{{0,40}}{DATE}.{{0,60}}{INSIDE}\s.{{0,160}}{MAIL}\s?:$",
    rf".{{0,40}}{DATE}.{{0,200}}{MAIL}\s?{WROTE}\s?:$",
    rf"[^:.!?]{{0,120}}{MAIL}\s?{WROTE}\s?:$",
    rf"[^:.!?]{{0,120}}{MAIL}\s{INSIDE}\s(?:am|on|op|den)\s.{{0,40}}{DATE}.{{0,40}}:$",
    rf".{{0,40}}{DATE}.{{0,60}}{TIME}.{{0,160}}написал\(а\)\s?:$",
    rf"on\s(?:\w{{3}},\s.{{0,20}}{DATE}|.{{0,20}}{DATE}.{{0,20}},?\sat\s{TIME}).{{0,160}}wrote\s?:$",
    rf"\w{{2,11}}[,.]{{1,2}}\s{DATE}.{{0,20}}{TIME}\s[+-]\d\d:?\d\d\sот\s.{{1,160}}:$",
))
BEFORE_A_QUOTE = tuple(re.compile(pattern, re.I) for pattern in (
    rf".{{0,40}}{DATE}.{{0,200}}{WROTE}\s?:$",
    rf".{{0,40}}{DATE}.{{0,60}}\b{INSIDE}\s.{{1,120}}:$",
    rf".{{0,40}}{DATE}.{{0,60}}{TIME}.{{0,40}}\bот\s.{{1,200}}:$",
    rf".{{1,120}}\s{INSIDE}\s(?:am\s|on\s|op\s)?.{{0,20}}{DATE}.{{0,40}}:$",
    rf"(?:вы писали|you wrote)\b.{{0,30}}(?:{DATE}.{{0,40}})?:$",
    rf"(?:\w{{2,11}}[,.]{{1,2}}\s)?{DATE}.{{0,20}}{TIME},\s.{{1,60}}:$",
    r"\w{1,30}(?:\s[\w.]{1,30}){0,3}\s(?:wrote|writes|schrieb|a\sécrit)\s?:$",
))
NAMED = re.compile(r"(?:[A-ZА-ЯЁ][\w.-]{0,30}\s){2,4}(?:пишет|написал\(а\)|писал\(а\))\s?:$")
START = re.compile(rf"\W{{0,3}}(?:(?:on|am|le|el|il giorno|em|op|den|w dniu)\s.{{0,20}}?{DATE}"
                   rf"|(?:[^\W\d_]{{1,12}}[,.]{{0,2}}\s{{1,3}})?{DATE}.{{0,30}}?{TIME}|{TIME},\s.{{0,4}}{DATE})", re.I)
DIGIT = re.compile(r"\d")
REST = re.compile(r"(?<=[a-zé]\s:|[a-zó)é]{2}:)\s{2,}\S.*$")
LONGEST = 500


def is_certain(line: str) -> bool:
    """A program's line, whatever follows it."""
    line = _plain(line) if ":" in line or "：" in line else ""
    return _announces(line) and any(pattern.match(line) for pattern in CERTAIN)


def is_likely(line: str) -> bool:
    """A program's or a person's line: it tells of a quote only when a quote follows."""
    line = _plain(line) if ":" in line or "：" in line else ""
    return _announces(line) and (NAMED.match(line) is not None or any(p.match(line) for p in BEFORE_A_QUOTE))


def begins(line: str) -> bool:
    """Whether an announcement that is wrapped onto the next lines can begin so."""
    return DIGIT.search(line) is not None and START.match(_plain(line)) is not None


def _announces(line: str) -> bool:
    return 8 < len(line) <= LONGEST and line.endswith(":")


def _plain(line: str) -> str:
    line = line.strip().lstrip("> ").replace("\xa0", " ").replace("\u202f", " ").replace("：", ":")
    return REST.sub("", line.replace("< ", "<").replace("**", "").strip("*_"))
