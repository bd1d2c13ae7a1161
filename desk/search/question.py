"""What somebody typed into the search box, understood: words, numbers, names, and fields like `срок:просрочен`. Pure.

Each field has a Russian and an English name, and so have its values; what is not understood is said, never dropped.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from .. import settings
from ..facts.formats import Formats, load_formats
from ..models import STAGES
from . import stems

MOST_WORDS = 8
PIECE = re.compile(r'(?P<minus>-?)(?:(?P<field>[^\W\d_]+):)?(?:"(?P<quoted>[^"]*)"|«(?P<kept>[^»]*)»|(?P<bare>\S+))')
NUMBER = re.compile(r"[#№]\s*(\d{1,9})")
DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4})")
FIELDS = {
    "маркетплейс": "marketplace", "площадка": "marketplace", "marketplace": "marketplace",
    "срок": "due", "due": "due", "этап": "stage", "stage": "stage", "состояние": "state", "state": "state",
    "кто": "who", "ответственный": "who", "who": "who", "assignee": "who",
    "от": "from", "from": "from", "после": "since", "since": "since", "after": "since", "до": "until",
    "until": "until", "before": "until", "тема": "topic", "topic": "topic", "есть": "has", "has": "has",
}
DUE = {"просрочен": "overdue", "просрочено": "overdue", "overdue": "overdue", "сегодня": "today", "today": "today",
       "неделя": "week", "week": "week", "нет": "none", "none": "none"}
STATE = {"открыто": "open", "открыт": "open", "open": "open", "ждет": "waiting", "ждём": "waiting",
         "ждем": "waiting", "waiting": "waiting", "закрыто": "closed", "закрыт": "closed", "closed": "closed",
         "новое": "unread", "unread": "unread"}
STAGE = {"проверка": "check", "поддержка": "support", "претензия": "claim", "банк": "payment", "bank": "payment",
         "регулятор": "regulator", "жалоба": "regulator", "суд": "court"} | {key: key for key in STAGES}
WHO = {"я": "me", "мои": "me", "me": "me", "никто": "nobody", "nobody": "nobody"}
HAS = {"файл": "file", "файлы": "file", "file": "file", "files": "file", "заметка": "note", "note": "note"}


KEPT_AS_WORDS = {"from": "name", "topic": "topic", "has": "has"}  # fields that the index of words answers


@dataclass(frozen=True)
class Word:
    """One thing that must stand in the ticket, or with `without` must not.

    `kind`: word (a stem; also a part of a name), name (only that), code (a part of a number), address (the beginning of
    one), start (`возвр*`), topic, has (file or note).
    """

    kind: str
    text: str
    without: bool = False


@dataclass(frozen=True)
class Question:
    words: tuple[Word, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()  # (name, value in the desk's own keys)
    number: int | None = None  # of a ticket
    faults: tuple[str, ...] = ()  # as typed
    typed: str = ""

    def __bool__(self) -> bool:
        return bool(self.words or self.fields or self.number is not None)


def read(text: str) -> Question:
    """Understand what was typed; at most MOST_WORDS words count."""
    typed, number = text, NUMBER.search(text)
    text = NUMBER.sub(" ", text)
    found: list[Word] = []
    fields: list[tuple[str, str]] = []
    faults: list[str] = []
    for match in PIECE.finditer(_with_phones_joined(text)):
        value = next(part for part in (match["quoted"], match["kept"], match["bare"]) if part is not None)
        name = FIELDS.get(stems.plain(match["field"] or ""))
        if name is None:
            whole = f"{match['field']} {value}" if match["field"] else value
            found += _words(whole, without=bool(match["minus"]))
        elif (meant := VALUES[name](value)) is None:
            faults.append(match[0])
        elif name in KEPT_AS_WORDS:
            kind = "address" if "@" in meant else KEPT_AS_WORDS[name]
            found.append(Word(kind, meant, without=bool(match["minus"])))
        else:
            fields.append((name, meant))
    return Question(tuple(found[:MOST_WORDS]), tuple(fields), int(number[1]) if number else None, tuple(faults), typed)


def _with_phones_joined(text: str) -> str:
    return stems.PHONE.sub(lambda match: "".join(match.groups()), text)


def _words(text: str, *, without: bool) -> list[Word]:
    if "@" in text:
        return [Word("address", text, without)]
    if text.endswith("*") and len(stems.squeezed(text)) >= stems.PART:
        return [Word("start", stems.squeezed(text), without)]
    return [word for code in stems.CODE.findall(text) for word in _word(code, without)]


def _word(code: str, without: bool) -> list[Word]:
    if stems.is_code(code):
        return [Word("code", stems.squeezed(code), without)]
    return [Word("word", stems.plain(part), without) for part in stems.words(code) if stems.stem(part)]


# --- values of the fields ----------------------------------------------------------------------


def _marketplace(value: str) -> str | None:
    value = stems.plain(value)
    known = formats()
    if value in known.words or value == "other":
        return value
    return known.of_domain(value) or next(
        (key for key, pattern in known.words.items() if pattern.fullmatch(value)), None)


def _day(value: str) -> str | None:
    match = DAY.fullmatch(value)
    if match is None:
        return None
    year, month, day = (match[1], match[2], match[3]) if match[1] else (match[6], match[5], match[4])
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _one_of(table: dict[str, str]) -> Callable[[str], str | None]:
    return lambda value: table.get(stems.plain(value)) or table.get(value.lower())


def _who(value: str) -> str | None:
    return WHO.get(stems.plain(value), stems.plain(value) or None)


VALUES: dict[str, Callable[[str], str | None]] = {
    "marketplace": _marketplace, "due": _one_of(DUE), "stage": _one_of(STAGE), "state": _one_of(STATE), "who": _who,
    "from": lambda value: stems.plain(value) or None, "since": _day, "until": _day,
    "topic": lambda value: stems.plain(value) or None, "has": _one_of(HAS),
}


@functools.cache
def formats() -> Formats:
    return load_formats(settings.resource("config") / "marketplaces.toml")
