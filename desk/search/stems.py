"""Words as they are kept and asked for: a stem for every form, pieces of numbers, pieces of names. Pure.

Every token is letters and digits only. A stem stands as it is; what could never be a Russian word begins with a hard
or a soft sign: `ъ349` three signs of a number, `ьшестаков` a name as written, `ьь` the domain of an address,
`ъъ` a topic, `ъъъ` what the ticket has.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import Stemmer

from .. import settings
from ..facts import cards

WORD = re.compile(r"[^\W_]+")
CODE = re.compile(r"[^\W_]+(?:[-–/][^\W_]+)*")
PHONE = re.compile(r"(?<![\w+])(?:\+?7|8)[\s\xa0(-]{0,2}(\d{3})[\s\xa0)-]{0,2}(\d{3})[\s\xa0-]?(\d{2})[\s\xa0-]?(\d{2})"
                   r"(?!\d)")
STARRED = re.compile(r"\d{4}[ \xa0-]?\*[*\d \xa0-]*")  # what is left of a card's number is no number to look for
ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
FLEETING = re.compile(r"(?<=[бвгджзклмнпрстфхцчшщ])[ое]([кц])$")
LONGEST_WORD = 40
PART = 3  # letters or digits that a part must have
NAME, DOMAIN, NUMBER, TOPIC, HAS = "ь", "ьь", "ъ", "ъъ", "ъъъ"


@dataclass(frozen=True)
class Meanings:
    """Of config/search.toml: stem → the first stem of its list; words that are left out."""

    same: dict[str, str]
    ignored: frozenset[str]


def plain(text: str) -> str:
    return text.lower().replace("ё", "е")


@functools.lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The token of a word in whatever form, '' when it is not kept."""
    word = plain(word)[:LONGEST_WORD]
    if len(word) < 2 or word in _meanings().ignored:
        return ""
    found = bare_stem(word)
    return _meanings().same.get(found, found)


def bare_stem(word: str) -> str:
    """By Snowball, Latin words by its English rules; and without the vowel that comes and goes: участок, участка."""
    if word.isascii():
        return str(_english().stemWord(word))
    found = str(_russian().stemWord(word))
    return FLEETING.sub(r"\1", found) if len(found) > 4 else found


def others(token: str) -> list[str]:
    """Stems that stand for the same token, itself among them: what a text is marked by."""
    return [token, *(one for one, first in _meanings().same.items() if first == token and one != token)]


def words(text: str) -> list[str]:
    return WORD.findall(text)


def without_cards(text: str) -> str:
    return STARRED.sub(" ", cards.mask(text))


def tokens(text: str) -> set[str]:
    """Stems of all words; numbers of three signs and more are left to `codes`."""
    return {stem(word) for word in set(words(text)) if not is_code(word)} - {""}


def codes(text: str) -> list[str]:
    """Numbers of all kinds without separators, in their order: «34939917-3352» → 349399173352, phones as ten digits."""
    found = ["".join(match.groups()) for match in PHONE.finditer(text)]
    found += [squeezed(code) for code in CODE.findall(PHONE.sub(" ", text)) if is_code(code)]
    return list(dict.fromkeys(found))


def is_code(word: str) -> bool:
    return any(sign.isdigit() for sign in word) and len(squeezed(word)) >= PART


def squeezed(text: str) -> str:
    return "".join(WORD.findall(plain(text)))[:LONGEST_WORD]


def grams(code: str) -> set[str]:
    """Every three signs that follow each other."""
    return {code[at:at + PART] for at in range(len(code) - PART + 1)}


def name_grams(word: str) -> set[str]:
    """The same with the word's edges, so that a short name with one wrong letter still shares some."""
    return grams(f" {word} ")


def names(text: str) -> set[str]:
    """The words of a name, or of the part of an address before @, without digits."""
    found = {plain(word)[:LONGEST_WORD] for word in words(text)}
    return {word for word in found if len(word) >= PART and word.isalpha()}


def address_tokens(address: str) -> set[str]:
    """An address as a whole and its domain: found by their beginnings."""
    local, _, domain = address.rpartition("@")
    return {NAME + squeezed(address), DOMAIN + squeezed(domain)} if local and domain else set()


def close(one: str, other: str) -> bool:
    """Is it the same name with a slip: one letter wrong, missing, doubled or exchanged; two in a long name?"""
    allowed = 1 if min(len(one), len(other)) < 7 else 2
    return abs(len(one) - len(other)) <= allowed and _distance(one, other) <= allowed


def _distance(one: str, other: str) -> int:
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, sign in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, letter in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (sign != letter))
            if i > 1 and j > 1 and sign == other[j - 2] and one[i - 2] == letter:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]


def joined(found: Iterable[str]) -> str:
    return " ".join(found)


@functools.cache
def _meanings() -> Meanings:
    path = settings.resource("config") / "search.toml"
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    same: dict[str, str] = {}
    for group in data.get("same", []):
        first = bare_stem(plain(group[0]))
        for word in group:
            same.setdefault(bare_stem(plain(word)), first)
    return Meanings(same, frozenset(plain(word) for word in data.get("ignored", [])))


@functools.cache
def _russian() -> Any:
    return Stemmer.Stemmer("russian")


@functools.cache
def _english() -> Any:
    return Stemmer.Stemmer("english")
