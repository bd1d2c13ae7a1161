"""The letters' texts in use: those of templates/letters, and over them the newest version that a lead has saved.

A version is never changed or deleted; a frozen letter says by SHA-256 which one it was written from.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import audit, letters, settings
from .letters import Template, TemplateError
from .models import LetterText, User

LONGEST = 40_000  # characters


@functools.cache
def shipped() -> Mapping[str, Template]:
    return letters.load(settings.resource("templates") / "letters")


def templates(session: Session) -> Mapping[str, Template]:
    """By key; the newest of each."""
    newest = select(func.max(LetterText.id)).group_by(LetterText.key)
    rows = session.execute(select(LetterText.key, LetterText.text).where(LetterText.id.in_(newest)))
    return {**shipped(), **{key: _parsed(key, text) for key, text in rows if key in shipped()}}


def text(session: Session, key: str) -> str:
    """As it is used today; KeyError for a key that is not shipped."""
    row = session.scalar(select(LetterText).where(LetterText.key == key).order_by(LetterText.id.desc()).limit(1))
    return row.text if row is not None else text_of(key)


def versions(session: Session, key: str) -> list[LetterText]:
    """The newest first."""
    return list(session.scalars(select(LetterText).where(LetterText.key == key).order_by(LetterText.id.desc())))


def checked(key: str, text: str) -> Template:
    """The template, or TemplateError: the same places may be named as in the shipped letters, no new ones."""
    if len(text) > LONGEST:
        raise TemplateError(f"{key}: longer than {LONGEST} characters")
    template = letters.parse(key, text)
    known = {place for one in shipped().values() for place in one.places()}
    strange = [place for place in template.places() if place not in known]
    if strange:
        raise TemplateError(f"{key}: nothing is known by the name of {', '.join(strange)}")
    if template.meta.get("rule", "") != shipped()[key].meta.get("rule", ""):
        raise TemplateError(f"{key}: the rule of its deadline is not changed here")
    return template


def save(session: Session, key: str, text: str, *, author: User, now: datetime) -> LetterText:
    """A new version; the same text again is the same version. TemplateError, KeyError."""
    text = text.replace("\r\n", "\n").strip() + "\n"
    template = checked(key, text)
    last = next(iter(versions(session, key)), None)
    if last is not None and last.sha256 == template.sha256:
        return last
    row = LetterText(key=key, version=(last.version if last else 0) + 1, text=text, sha256=template.sha256,
                     author_id=author.id, created_at=now)
    session.add(row)
    session.flush()
    audit.record(session, None, "template.saved", actor=f"user:{author.id}", now=now, template=key, version=row.version,
                 sha256=row.sha256)
    return row


@functools.lru_cache(maxsize=200)
def _parsed(key: str, text: str) -> Template:
    return letters.parse(key, text)


def text_of(key: str) -> str:
    """As it is shipped; KeyError."""
    return (settings.resource("templates") / "letters" / f"{shipped()[key].key}.txt").read_text(encoding="utf-8")
