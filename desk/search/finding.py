"""A question as a condition on tickets: FTS5 on SQLite, tsvector on PostgreSQL, the same hits on both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, bindparam, cast, func, literal, not_, or_, select, text, true, union_all
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from ..models import NameGram, SearchEntry, Ticket, User
from . import stems
from .question import Question, Word

MOST_NAMES = 60  # names that one part may stand in
CANDIDATES = 300  # names looked at for a slip
WEEK = timedelta(days=7)
Names = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Asking:
    """Who asks and when: «мои», «просрочен», the days of the desk's time zone."""

    user: User
    now: datetime
    zone: ZoneInfo

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, clock_time(), tzinfo=self.zone).astimezone(UTC)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


def condition(session: Session, question: Question, asking: Asking, names: Names) -> ColumnElement[bool]:
    """`names`: for each word the names of the index it may be a part of, or a slip of (`parts`, `similar`)."""
    wanted = [_expression(word, names) for word in question.words if not word.without]
    conditions = [*_fields(question, asking)]
    if wanted:
        conditions.append(_in_index(session, _all(wanted)))
    for word in question.words:
        if word.kind == "code" and not word.without:
            conditions.append(Ticket.id.in_(select(SearchEntry.ticket_id).where(
                _holds(session, word.text), _entry_matches(session, _expression(word, names)))))
        elif word.without:
            conditions.append(not_(_in_index(session, _expression(word, names))))
    if question.number is not None:
        conditions.append(Ticket.number == question.number)
    return and_(*conditions) if conditions else true()


# --- names -------------------------------------------------------------------------------------


def parts(session: Session, question: Question) -> dict[str, list[str]]:
    """For each word, names that hold it: «шестак» → шестаков, шестакова. One query."""
    asked = [w.text for w in question.words if _may_be_name(w) and len(w.text) >= stems.PART]
    if not asked:
        return {}
    selects = []
    for number, word in enumerate(dict.fromkeys(asked)):
        grams = sorted(stems.grams(word))
        selects.append(select(literal(number).label("asked"), NameGram.word).where(NameGram.gram.in_(grams)).group_by(
            NameGram.word).having(func.count() == len(grams)).subquery())
    rows = session.execute(union_all(*(select(part.c.asked, part.c.word) for part in selects))).all()
    found: dict[str, list[str]] = {}
    for number, word in enumerate(dict.fromkeys(asked)):
        holding = sorted((row.word for row in rows if row.asked == number and word in row.word), key=_nearest)
        found[word] = holding[:MOST_NAMES]
    return found


def similar(session: Session, question: Question) -> dict[str, list[str]]:
    """For each word of four letters and more, names that it may be a slip of. One query for each word."""
    return {word.text: _similar(session, word.text) for word in question.words
            if _may_be_name(word) and not word.without and len(word.text) >= 4}


def _may_be_name(word: Word) -> bool:
    return word.kind in ("word", "name") and word.text.isalpha()


def _similar(session: Session, word: str) -> list[str]:
    shared = func.count()
    rows = session.scalars(select(NameGram.word).where(
        NameGram.gram.in_(sorted(stems.name_grams(word))), func.length(NameGram.word).between(
            len(word) - 2, len(word) + 2)).group_by(NameGram.word).having(shared >= 2).order_by(
        shared.desc(), NameGram.word).limit(CANDIDATES))
    return sorted((name for name in rows if stems.close(word, name)), key=_nearest)[:MOST_NAMES]


def _nearest(name: str) -> tuple[int, str]:
    return len(name), name


# --- the index ---------------------------------------------------------------------------------

_MARKS = {"topic": stems.TOPIC, "has": stems.HAS}
Expression = tuple[str, tuple[Any, ...]]  # ("and" | "or", expressions) or ("token" | "start", (token,))


def _expression(word: Word, names: Names) -> Expression:
    if word.kind == "code":
        return _all([("token", (stems.NUMBER + gram,)) for gram in sorted(stems.grams(word.text))])
    if word.kind == "start":
        return "start", (word.text,)
    if word.kind == "address":
        local, _, domain = word.text.rpartition("@")
        return ("start", (stems.NAME + stems.squeezed(word.text),)) if local else \
            ("start", (stems.DOMAIN + stems.squeezed(domain),))
    if word.kind in _MARKS:
        return "token", (_MARKS[word.kind] + stems.squeezed(word.text),)
    found = [stems.NAME + name for name in names.get(word.text, ())]
    found.insert(0, stems.stem(word.text) if word.kind == "word" else stems.NAME + stems.squeezed(word.text))
    return "or", tuple(("token", (token,)) for token in found)


def _all(expressions: Iterable[Expression]) -> Expression:
    return "and", tuple(expressions)


def _in_index(session: Session, expression: Expression) -> ColumnElement[bool]:
    if session.get_bind().dialect.name == "sqlite":
        match = text("SELECT rowid FROM search_index WHERE search_index MATCH :match").bindparams(
            bindparam("match", _fts5(expression), unique=True))
        return Ticket.id.in_(match)
    return Ticket.id.in_(select(SearchEntry.ticket_id).where(_vector_matches(expression)))


def _entry_matches(session: Session, expression: Expression) -> ColumnElement[bool]:
    """The same on the table of entries itself."""
    if session.get_bind().dialect.name == "sqlite":
        match = text("SELECT rowid FROM search_index WHERE search_index MATCH :match").bindparams(
            bindparam("match", _fts5(expression), unique=True))
        return SearchEntry.ticket_id.in_(match)
    return _vector_matches(expression)


def _vector_matches(expression: Expression) -> ColumnElement[bool]:
    return SearchEntry.tokens.bool_op("@@")(cast(literal(_tsquery(expression)), TSQUERY))


def _holds(session: Session, part: str) -> ColumnElement[bool]:
    """The number itself, not only its pieces here and there."""
    place = func.instr if session.get_bind().dialect.name == "sqlite" else func.strpos
    return place(SearchEntry.numbers, part) > 0


def _fts5(expression: Expression) -> str:
    kind, inside = expression
    if kind in ("token", "start"):
        return f'"{inside[0]}"' + ("*" if kind == "start" else "")
    return "(" + f" {kind.upper()} ".join(map(_fts5, inside)) + ")"


def _tsquery(expression: Expression) -> str:
    kind, inside = expression
    if kind in ("token", "start"):
        return f"'{inside[0]}'" + (":*" if kind == "start" else "")
    return "(" + (" & " if kind == "and" else " | ").join(map(_tsquery, inside)) + ")"


# --- fields ------------------------------------------------------------------------------------


def _fields(question: Question, asking: Asking) -> Iterable[ColumnElement[bool]]:
    for name, value in question.fields:
        yield _FIELDS[name](value, asking)


def _due(value: str, asking: Asking) -> ColumnElement[bool]:
    if value == "none":
        return and_(Ticket.state != "closed", Ticket.next_due_at.is_(None))
    if value == "overdue":
        return and_(Ticket.state != "closed", Ticket.next_due_at <= asking.now)
    until = asking.midnight(asking.today + timedelta(days=1)) if value == "today" else asking.now + WEEK
    return and_(Ticket.state != "closed", Ticket.next_due_at > asking.now, Ticket.next_due_at <= until)


def _who(value: str, asking: Asking) -> ColumnElement[bool]:
    if value == "me":
        return Ticket.assignee_id == asking.user.id
    if value == "nobody":
        return Ticket.assignee_id.is_(None)
    return Ticket.assignee_id.in_(select(User.id).where(or_(
        func.replace(func.lower(User.name), "ё", "е").contains(value, autoescape=True),
        User.email.startswith(value, autoescape=True))))


def _since(value: str, asking: Asking) -> ColumnElement[bool]:
    return Ticket.created_at >= asking.midnight(date.fromisoformat(value))


def _until(value: str, asking: Asking) -> ColumnElement[bool]:
    """That day still counts."""
    return Ticket.created_at < asking.midnight(date.fromisoformat(value) + timedelta(days=1))


def _state(value: str, _asking: Asking) -> ColumnElement[bool]:
    return Ticket.unread.is_(True) if value == "unread" else Ticket.state == value


_FIELDS: dict[str, Callable[[str, Asking], ColumnElement[bool]]] = {
    "due": _due, "who": _who, "since": _since, "until": _until, "state": _state,
    "stage": lambda value, _asking: Ticket.stage == value,
    "marketplace": lambda value, _asking: Ticket.marketplace == value,
}
