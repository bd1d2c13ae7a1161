"""Ready answers from config/replies: filled from what a person confirmed; what is not known stays visible in the text.

An unknown value stands as ``[[its name]]``: whoever writes sees it, and a letter with one left is not sent.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from . import casework, deadlines, facts, settings
from .letters import numerals
from .models import Message, Ticket, User
from .settings import Settings

PLACE = re.compile(r"\{\{(\w+)\}\}")
GAP = re.compile(r"\[\[([^\[\]\n]{1,80})\]\]")
ALWAYS = ("greeting", "number", "advocate", "desk")
# From casework: the words of a letter there are the words of an answer here.
FROM_CASE = ("order_number", "order_date", "price", "product", "delivered_on", "promised_on", "seller_name",
             "claim_sent_on")
TOLD_BY = {"order_number": ("order_number",), "order_date": ("order_date", "receipt"), "phone": ("phone",),
           "name": ("name",), "product": ("product", "article", "product_url")}
PATRONYMIC = re.compile(r"[А-ЯЁ][а-яё]+(?:вич|вна|чна|ьич|ична)$")
MISSING = "missing"  # the key of the request for the rest, which is made and not read


class RepliesError(Exception):
    """A file of config/replies is wrong; the sentence names the file and the entry."""


@dataclass(frozen=True)
class Reply:
    """A ready answer; `topics` empty: for every case."""

    key: str
    title_ru: str
    title_en: str
    topics: tuple[str, ...]
    text: str


@functools.cache
def known() -> tuple[Reply, ...]:
    """All ready answers in the order of their files."""
    return load(settings.resource("config") / "replies")


def load(folder: Path) -> tuple[Reply, ...]:
    """Raises RepliesError."""
    out: dict[str, Reply] = {}
    for path in sorted(folder.glob("*.toml")):
        for entry in _read(path).get("reply", []):
            reply = _reply(path, entry)
            if reply.key in out or reply.key == MISSING:
                raise RepliesError(f"{path.name}: two ready answers are called {reply.key}.")
            out[reply.key] = reply
    return tuple(out.values())


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RepliesError(f"{path.name} cannot be read: {error}") from None


def _reply(path: Path, entry: Mapping[str, Any]) -> Reply:
    try:
        reply = Reply(entry["key"], entry["title"], entry["title_en"], tuple(entry.get("topics", ())),
                      entry["text"].strip())
    except KeyError as error:
        raise RepliesError(f"{path.name}: the ready answer {entry.get('key', '?')} has no {error.args[0]}.") from None
    unknown = set(PLACE.findall(reply.text)) - set(ALWAYS) - set(names())
    if unknown:
        raise RepliesError(f"{path.name}: {reply.key} asks for {', '.join(sorted(unknown))}, which nobody can fill.")
    return reply


@functools.cache
def names() -> dict[str, str]:
    """What each value is called in a letter while it is not known."""
    found: dict[str, str] = _read(settings.resource("config") / "replies" / "names.toml")["names"]
    return found


def fitting(ticket: Ticket) -> list[Reply]:
    """All of them: first those for the topics of this case."""
    topics = set(ticket.topics)
    return sorted(known(), key=lambda reply: not topics & set(reply.topics))


# --- filling -----------------------------------------------------------------------------------


def text(session: Session, conf: Settings, ticket: Ticket, key: str, *, marketplace: str, author: User,
         now: datetime) -> str:
    """The answer `key` for this case, with gaps for what is not known; KeyError when there is none.

    `marketplace`: its name as people write it, '' when none is known. The key `missing` is the request for the rest.
    """
    values = _values(session, conf, ticket, marketplace=marketplace, author=author, now=now)
    if key == MISSING:
        return f"{values['greeting']}\n\n{request(ticket)}\n\n{author.name}, {conf.desk.name}"
    reply = {reply.key: reply for reply in known()}[key]
    return PLACE.sub(lambda place: values.get(place[1]) or f"[[{names()[place[1]]}]]", reply.text)


def gaps(written: str) -> list[str]:
    """What still has to be filled or taken out before this may be sent."""
    return list(dict.fromkeys(name.strip() for name in GAP.findall(written)))


def _values(session: Session, conf: Settings, ticket: Ticket, *, marketplace: str, author: User,
            now: datetime) -> dict[str, str]:
    case = casework.known(session, conf, ticket, body=None, marketplace=marketplace, author=author, now=now)
    sure = {name: case[name].words for name in FROM_CASE if name in case and case[name].sure}
    theirs = [d for d in ticket.deadlines if d.state == "running" and _is_theirs(d.rule)]
    due = min(theirs, key=lambda d: d.due_at, default=None)
    return {
        "greeting": greeting(ticket), "number": str(ticket.number), "advocate": author.name, "desk": conf.desk.name,
        "marketplace": marketplace, "missing": _list(ticket), **sure,
        "their_due": numerals.day(due.due) if due is not None else ""}


def _is_theirs(rule_id: str) -> bool:
    rule = deadlines.known_rules().get(rule_id)
    return rule is not None and rule.whose == "them"


def greeting(ticket: Ticket) -> str:
    """«Здравствуйте, Пётр Иванович!»; without a name when the mail gives none that can be used."""
    if language(ticket) == "en":
        return "Hello!"
    name = _called(ticket.consumer.name if ticket.consumer else "")
    return f"Здравствуйте, {name}!" if name else "Здравствуйте!"


def _called(name: str) -> str:
    """Name and patronymic where they can be told from the surname, else the name as the mail gives it."""
    words = [word for word in name.split() if re.fullmatch(r"[А-ЯЁ][а-яё-]+(?:[А-ЯЁ][а-яё]+)?", word)]
    if len(words) != len(name.split()) or not 1 <= len(words) <= 3:
        return ""
    last = next((n for n, word in enumerate(words) if n and PATRONYMIC.match(word)), None)
    return f"{words[last - 1]} {words[last]}" if last is not None else " ".join(words)


# --- what is missing ---------------------------------------------------------------------------


def missing(ticket: Ticket) -> list[str]:
    """Keys of what the consumer has not told and nobody has found or written down since."""
    known_kinds = {fact.kind for fact in ticket.facts if fact.state != "rejected"}
    has_files = any(not file.inline for message in ticket.messages if _is_theirs_to_us(message)
                    for file in message.attachments)
    return [*(key for key in ticket.missing if not known_kinds & set(TOLD_BY.get(key, ()))),
            *facts.needed_later(ticket.stage, known_kinds, demands=ticket.demands, has_files=has_files)]


def request(ticket: Ticket) -> str:
    """The request for what is missing, in the consumer's language; only the lead's gap when nothing is."""
    return f"{_words(language(ticket))['lead']}\n{_list(ticket) or '[[' + names()['missing'] + ']]'}"


def _list(ticket: Ticket) -> str:
    asked, words = missing(ticket), _words(language(ticket))
    return "\n".join(f"— {words[key]}" for key in words if key in asked)


def language(ticket: Ticket) -> str:
    """`en` when the consumer's letters are in Latin letters, else `ru`."""
    letters = "".join(m.text[:2000] for m in ticket.messages if _is_theirs_to_us(m))
    cyrillic, latin = len(re.findall("[а-яё]", letters, re.I)), len(re.findall("[a-z]", letters, re.I))
    return "en" if latin > 40 and latin > 10 * cyrillic else "ru"


def _is_theirs_to_us(message: Message) -> bool:
    return message.direction == "in" and not message.unconfirmed


@functools.cache
def _words(code: str) -> dict[str, str]:
    return {key: str(words) for key, words in _read(
        settings.resource("config") / "replies" / f"missing.{code}.toml").items()}
