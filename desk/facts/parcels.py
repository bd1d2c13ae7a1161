"""Tracking numbers: by their check digits, or named as such."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import checks, fact
from .fact import Fact, Source

POSTAL = re.compile(r"(?<![\w-])(?:\d{14}|\d{6} \d\d \d{5} \d)(?![\w-])")
S10 = re.compile(r"(?<!\w)[a-z]{2} ?\d{9} ?[a-z]{2}(?!\w)")
CDEK = re.compile(r"(?:сдэк|cdek)[а-яё]{0,3}(?:[^\d\n+]{0,30}[\s№#:(-])?(\d{10,11})(?![\d-])")
LABEL = (r"(?<!\w)(?:трек(?:инг)?(?:[- ]?(?:номер|код))?[а-яё]{0,3}|tracking(?: (?:number|no|code|id))?|шпи|рпо|"
         r"(?:почтов[а-яё]{2,3} )?идентификатор[а-яё]{0,2}|(?:номер[а-яё]{0,2} )?накладн[а-яё]{2,3}|"
         r"(?:номер[а-яё]{0,2} )?посылк[а-яё]|"
         r"номер[а-яё]{0,2} (?:для )?отслеживани[а-яё]{1,2}|отправлени[а-яё]{1,2}(?: почты(?: россии)?)?)")
NAMED = re.compile(LABEL + r"(?:[^\d\n№#.!?]{0,25}[№#:—-]|[\s:(—-]{0,3}(?:номер|с номером|№|#)?)[\s:]{0,3}"
                   r"([a-z]{0,4}\d{9,20}[a-z]{0,2}|\d{3,6}-\d{4,10})(?![\w-])")
NEAR = re.compile(LABEL + r"[^\d\n]{0,40}$")


def find(source: Source) -> Iterator[Fact]:
    """Facts of kind tracking_number; a named one is taken even when its check digit fails, with less confidence."""
    text = source.text
    for pattern, check, sure in ((POSTAL, checks.is_postal, 0.85), (S10, checks.is_s10, 0.95)):
        for match in pattern.finditer(text):
            value = match.group().replace(" ", "").upper()
            if check(value):
                yield fact.of(source, "tracking_number", value, *match.span(), sure)
            elif NEAR.search(text, max(0, match.start() - 80), match.start()):
                yield fact.of(source, "tracking_number", value, *match.span(), 0.6)
    for pattern, sure in ((CDEK, 0.8), (NAMED, 0.7)):
        for match in pattern.finditer(text):
            if sum(c.isdigit() for c in match.group(1)) >= 8:
                yield fact.of(source, "tracking_number", match.group(1).upper(), *match.span(1), sure)
