"""The Date header: what the sender claims, read also where it is written wrongly (RFC 5322, 3.3 and 4.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from . import words

MONTHS = {name: at for at, names in enumerate((
    "jan янв ene gen", "feb фев fév", "mar мар mär", "apr апр avr abr", "may мая май mai mag", "jun июн jui giu",
    "jul июл lug", "aug авг aoû ago", "sep сен set", "oct окт okt ott", "nov ноя", "dec дек dez déc dic"), 1)
    for name in names.split()}
ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0, "west": 60, "bst": 60, "cet": 60, "met": 60, "cest": 120,
    "mest": 120, "mesz": 120, "mez": 60, "eet": 120, "eest": 180, "msk": 180, "msd": 240, "samt": 240, "yekt": 300,
    "omst": 360, "novt": 420, "krat": 420, "irkt": 480, "yakt": 540, "vlat": 600, "ist": 330, "hkt": 480, "sgt": 480,
    "jst": 540, "kst": 540, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780, "ast": -240, "adt": -180, "est": -300,
    "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "akst": -540,
    "hst": -600, "brt": -180,
}
COMMENT = re.compile(r"\([^()]{0,100}\)")
DAY_FIRST = re.compile(r"\b(\d{1,2})[\s.-]{0,3}([^\W\d_]{3,10})[\s.,-]{0,3}(\d{2,4})\b")
MONTH_FIRST = re.compile(r"\b([^\W\d_]{3,10})\.?\s{1,3}(\d{1,2}),?\s(?:.{0,30}?[\s,])?(\d{4})\b")
NUMBERS = re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)|\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
TIME = re.compile(r"(?<![\d+-])(\d{1,2})(?::(\d{1,2})|\.(\d{2}))(?:[:.](\d{1,2}))?(?:[.,]\d{1,9})?\s?([ap]m\b)?", re.I)
ZONE = re.compile(r"\s{0,3}(?:(?:gmt|utc|ut)?\s?([+-]|(?=(?:0\d|1[0-4])[0-5]\d\b))(\d{1,2})(?::?(\d{2}))?\b|"
                  r"\"?([a-z]{1,4})\b)", re.I)
FIRST, LAST = 1970, 2100


def read(value: str) -> datetime | None:
    """Aware, in UTC; without a zone it is taken for UTC; nothing for dates that cannot be."""
    text = value[:200] if value.isascii() and "=?" not in value else words.decode(value[:200])
    text = COMMENT.sub(" ", text)
    day = _day(text)
    if day is None:
        return None
    try:
        return _made(day, TIME.search(text, day.end()) or TIME.search(text), text)
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> re.Match[str] | None:
    for pattern in (DAY_FIRST, MONTH_FIRST, NUMBERS):
        for match in pattern.finditer(text):
            if pattern is NUMBERS or _month(match.group(2 if pattern is DAY_FIRST else 1)):
                return match
    return None


def _month(name: str) -> int:
    return MONTHS.get(name[:3].lower(), 0)


def _made(day: re.Match[str], clock: re.Match[str] | None, text: str) -> datetime | None:
    year, month, date = _numbers(day)
    hour, minute, second = _clock(clock)
    found = datetime(year, month, date, hour, minute, min(second, 59), tzinfo=_zone(text, clock)).astimezone(UTC)
    return found if FIRST <= found.year <= LAST else None


def _numbers(day: re.Match[str]) -> tuple[int, int, int]:
    if day.re is DAY_FIRST:
        return _year(day.group(3)), _month(day.group(2)), int(day.group(1))
    if day.re is MONTH_FIRST:
        return int(day.group(3)), _month(day.group(1)), int(day.group(2))
    year, month, date = (day.group(1), day.group(2), day.group(3)) if day.group(1) else (
        day.group(6), day.group(5), day.group(4))
    return int(year), int(month), int(date)


def _year(digits: str) -> int:
    """RFC 5322, 4.3: two digits below 50 are of this century, three count from 1900."""
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if len(digits) == 2 and year < 50 else 1900)


def _clock(clock: re.Match[str] | None) -> tuple[int, int, int]:
    if clock is None:
        return 0, 0, 0
    hour, minute, second = int(clock.group(1)), int(clock.group(2) or clock.group(3)), int(clock.group(4) or 0)
    half = (clock.group(5) or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour, minute, second


def _zone(text: str, clock: re.Match[str] | None) -> timezone:
    match = ZONE.match(text, clock.end()) if clock else None
    if match is None:
        return UTC
    if match.group(2):
        minutes = int(match.group(2)) * 60 + int(match.group(3) or 0)
        return timezone(timedelta(minutes=-minutes if match.group(1) == "-" else minutes))
    return timezone(timedelta(minutes=ZONES.get(match.group(4).lower(), 0)))
