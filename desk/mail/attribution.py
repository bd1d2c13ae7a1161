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
ELSEWHERE = (r"(?:님이\s작성|작성|写道|寫道|のメール|(?:şunu\s)?yazdı|έγραψε|כתב(?:/ה)?|đã\sviết|menulis|"
             r"napísal(?:\(a\)|a)?|napsal(?:\(a\)|a)?|napisala?|kirjutas|rakstīja|rašė|va\sescriure|a\sscris|написа|"
             r"(?:ezt\s)?írta|kirjoitti|деп\sжазды|wrote)")
INSIDE = r"(?:schrieb|schreef|skrev|napisał|писал(?:\(а\))?|пише|wrote)"
WEEKDAY = (
    r"(?:пн|вт|ср|чт|пт|сб|вс|нд|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|понеділок|вівторок|середа|"
    r"четвер|п.ятниця|субота|неділя|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}|(?:mo|di|mi|do|fr|sa|so)|"
    r"(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)|(?:lun|mar|mer|mié|jeu|jue|ven|vie|sam|sáb|dim|dom|"
    r"gio|sab|seg|ter|qua|qui|sex)[^\W\d_]{0,6}|(?:pon|wt|śr|czw|pt|sob|niedz)|(?:ma|wo|vr|za|zo)|"
    r"(?:mån|tis|ons|tors|fre|lör|sön|man|tirs|lør|søn)|(?:po|út|st|čt|pá|ne|ti|ke|to|pe|la|su))")
LEAD = r"(?:on|at|am|le|el|em|il giorno|op|den|w dniu|dne|a|в|во|в письме от|у)"
BEGIN = rf"\W{{0,3}}(?:{LEAD}\s|[在于於]\s?)?(?:{WEEKDAY}[.,]{{0,2}}\s{{1,3}})?"
# An announcement is known by how it begins and by how it ends: two cheap looks instead of one costly.
DATED = re.compile(rf"{BEGIN}{DATE}", re.I)
TIMED = re.compile(rf"{BEGIN}(?:{DATE}.{{0,60}}?{TIME}|{TIME}.{{0,12}}{DATE})", re.I)
LOOSE = re.compile(rf".{{0,40}}?{DATE}", re.I)
YEARED = re.compile(r".{0,60}?\d{4}")
SAID = re.compile(r"[^:!?]{1,160}")
MACHINE = re.compile(rf"on\s(?:\w{{3}},\s.{{0,20}}?{DATE}|.{{0,20}}?{DATE}.{{0,20}}?,?\sat\s{TIME})|"
                     rf"\w{{2,11}}[,.]{{1,2}}\s{DATE}.{{0,20}}{TIME}\s[+-]\d\d:?\d\d\sот\s", re.I)
BARE = re.compile(rf"{BEGIN}{DATE}.{{0,12}}{TIME}(?::\d\d)?,?\s(?:от\s)?"
                  rf"[^\s@<>]{{1,64}}@[^\s@<>]{{1,200}}(?:\s{WROTE})?\s?:$", re.I)
CERTAIN = (
    (TIMED, re.compile(rf"{MAIL},?\s?(?:{WROTE}\s?)?:$", re.I)),  # Gmail, Yandex, Rambler, Apple
    (TIMED, re.compile(rf"\b(?:от|пользователь)\s.{{0,160}}{MAIL}.{{0,20}}:$|написал\(а\)\s?:$", re.I)),  # Mail.ru
    (DATED, re.compile(rf"\b{INSIDE}\s.{{0,160}}{MAIL}\s?:$|{MAIL}\s?{WROTE}\s?:$", re.I)),
    (YEARED, re.compile(rf"{MAIL}\s?{ELSEWHERE}\s?:$", re.I)),
    (re.compile(r"\d{4}\s?(?:[年년]|\.\s\d)"), re.compile(rf"{MAIL}\s?:$")),
    (BARE, re.compile(":$")),
    (MACHINE, re.compile(r"(?:wrote\s?|от\s.{1,160}):$", re.I)),
)
BEFORE_A_QUOTE = (
    (LOOSE, re.compile(rf"{WROTE}\s?:$|\b{INSIDE}\s.{{1,120}}:$|{MAIL}\s?:$|{TIME}.{{0,40}}\bот\s.{{1,200}}:$", re.I)),
    (SAID, re.compile(rf"\s{INSIDE}\s(?:am\s|on\s|op\s|den\s)?.{{0,20}}{DATE}.{{0,40}}:$|{MAIL}\s?{WROTE}\s?:$", re.I)),
    (re.compile(r"(?:вы писали|you wrote|quoting|цитирую|цитата|zitat von|citando|citando a)\b", re.I),
     re.compile(r".{0,80}:$")),
    (DATED, re.compile(rf"{TIME},\s[^:]{{1,60}}:$", re.I)),
    (YEARED, re.compile(rf"{TIME}.{{0,160}}{MAIL}.{{0,20}}:$")),  # languages unknown to us
    (re.compile(rf".{{0,80}}?{MAIL}"), re.compile(rf"\d{{4}}.{{0,30}}{TIME}.{{0,40}}:$")),  # the name first
    (re.compile(r"in (?:message|article|reply to)\s", re.I), re.compile(rf"{WROTE}\s?:$", re.I)),
    (re.compile(r"\w{1,30}(?:\s[\w.]{1,30}){0,3}\s(?:wrote|writes|schrieb|a\sécrit)\s?:$", re.I), re.compile(":$")),
)
AN_ADDRESS = re.compile(r"\S{1,200}@\S{1,200}")
# Words of a person who tells what happened; no program puts them between a date and a name.
TOLD = re.compile(r"\b(?:мне|нам|меня|нас|(?:я|мы)\s\w+л[аи]?|письмо|сообщение|ответ|получил\w*|пришл\w+|"
                  r"приш[её]л|прислал\w*|отправил\w*|позвонил\w*|ответил\w*|received|replied|answered|sent)\b", re.I)
COLONLESS = re.compile(rf"{BEGIN}{DATE}.{{1,120}}(?:{MAIL}|\swrote)$", re.I)
NAMED = re.compile(r"(?:[A-ZА-ЯЁ][\w.-]{0,30}\s){1,4}(?:пишет|написал\(а\)|писал\(а\))\s?:$")
START = re.compile(rf"{BEGIN}(?:{DATE}.{{0,30}}?{TIME}|{TIME},\s.{{0,4}}{DATE})"
                   rf"|\W{{0,3}}(?:on|am|le|el|il giorno|em|op|den|w dniu)\s.{{0,20}}?{DATE}", re.I)
DIGIT = re.compile(r"\d")
REST = re.compile(r"(?<=[a-zé]\s:|[a-zó)é]{2}:)\s{2,}\S.*$")
LONGEST = 320


def is_certain(line: str) -> bool:
    """A program's line, whatever follows it."""
    line = _plain(line)
    return _announces(line) and _matches(line, CERTAIN) and not TOLD.search(AN_ADDRESS.sub("", line))


def is_likely(line: str) -> bool:
    """A program's or a person's line: it tells of a quote only when a quote follows."""
    if line.rstrip().endswith((">", "wrote")):
        return COLONLESS.match(line.strip()) is not None
    line = _plain(line)
    return _announces(line) and (NAMED.match(line) is not None or _matches(line, BEFORE_A_QUOTE))


def begins(line: str) -> bool:
    """Whether an announcement that is wrapped onto the next lines can begin so."""
    return DIGIT.search(line) is not None and START.match(line.strip().lstrip("> ")) is not None


def _announces(line: str) -> bool:
    return 8 < len(line) <= LONGEST and line.endswith(":")


def _matches(line: str, forms: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]) -> bool:
    return any(begin.match(line) and end.search(line) for begin, end in forms)


def _plain(line: str) -> str:
    """Without quote marks, emphasis and what stands behind the announcement; '' when it cannot be one."""
    if ":" not in line and "：" not in line:
        return ""
    line = line.strip().lstrip("> ").replace("\xa0", " ").replace("\u202f", " ").replace("：", ":")
    return REST.sub("", line.replace("< ", "<").replace("**", "").strip("*_"))
