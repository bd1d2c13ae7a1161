"""The index of words: one entry for a ticket, written anew whenever something of it changed.

Triggers note the ticket in `search_due` in the transaction of the change; `catch_up` writes the entries of what is
noted, in batches, wherever there is time: the worker between letters, a search before it looks. `rebuild` does all.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ..db import Database
from ..models import Attachment, Fact, Letter, Message, NameGram, Person, SearchDue, SearchEntry, Step, Ticket
from . import stems

log = logging.getLogger(__name__)
BATCH = 100
LONGEST = 300_000  # characters of one ticket that are read
FULLEST = 600_000  # bytes of tokens: PostgreSQL takes no more than 1 MB of them
MOST_CODES = 500
LOCK = 7215032
NAME_FACTS = ("name", "seller")


@dataclass
class Words:
    """What stands in one ticket, collected from its tables."""

    texts: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)  # the surest first
    names: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)  # tokens as they are


def catch_up(database: Database, *, limit: int = BATCH) -> int:
    """Write the entries of some tickets that changed, the oldest change first; how many."""
    with database.read() as session:
        rows = session.scalars(select(SearchDue.ticket_id).order_by(SearchDue.id).limit(10 * limit))
        ids = list(dict.fromkeys(rows))[:limit]
    try:
        _settle(database, ids)
    except DBAPIError:
        log.warning("%s tickets are indexed one by one", len(ids), exc_info=True)
        for ticket_id in ids:
            _alone(database, ticket_id)
    return len(ids)


def _settle(database: Database, ids: Sequence[int], *, written: bool = True) -> None:
    """What is noted is taken away first: a change that comes after that stays noted for the next time."""
    if not ids:
        return
    with database.write() as session:
        _lock(session)
        session.execute(delete(SearchDue).where(SearchDue.ticket_id.in_(ids)))
        if written:
            write(session, ids)


def _alone(database: Database, ticket_id: int) -> None:
    """One ticket that cannot be indexed must not keep the others from it; `desk search rebuild` tries it again."""
    try:
        _settle(database, [ticket_id])
    except DBAPIError:
        log.exception("ticket %s cannot be indexed", ticket_id)
        _settle(database, [ticket_id], written=False)


def rebuild(database: Database, *, progress: Callable[[int], None] = lambda count: None) -> int:
    """Every entry anew, batch by batch while the desk works on; how many tickets."""
    done = last = 0
    while True:
        with database.write() as session:
            _lock(session)
            if not last:
                _forget(session)
            ids = list(session.scalars(select(Ticket.id).where(Ticket.id > last).order_by(Ticket.id).limit(5 * BATCH)))
            write(session, ids)
        if not ids:
            return done
        done, last = done + len(ids), ids[-1]
        progress(done)


def write(session: Session, ids: Sequence[int]) -> None:
    """The entries of these tickets as they are now."""
    if not ids:
        return
    entries, grams = [], set()
    for ticket_id, words in _collected(session, ids).items():
        entry, names = _entry(ticket_id, words)
        entries.append(entry)
        grams |= {(gram, name) for name in names for gram in stems.name_grams(name)}
    session.execute(delete(SearchEntry).where(SearchEntry.ticket_id.in_(ids)))
    if entries:
        session.execute(insert(SearchEntry), entries)
    _keep_names(session, grams)


def _lock(session: Session) -> None:
    """One writer at a time: an entry read before another change must not replace the one written after it."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))


def _forget(session: Session) -> None:
    for table in (SearchDue, NameGram, SearchEntry):
        session.execute(delete(table))


def _keep_names(session: Session, grams: set[tuple[str, str]]) -> None:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    rows = [{"gram": gram, "word": word} for gram, word in sorted(grams)]
    for at in range(0, len(rows), 5000):
        session.execute(dialect.insert(NameGram).on_conflict_do_nothing(), rows[at:at + 5000])


def _entry(ticket_id: int, words: Words) -> tuple[dict[str, Any], set[str]]:
    whole = stems.without_cards("\n".join(words.texts)[:LONGEST])
    codes = list(dict.fromkeys([*words.codes, *stems.codes(whole)]))[:MOST_CODES]
    names = {name for text_ in words.names for name in stems.names(text_)}
    tokens = {stems.NAME + name for name in names} | set(words.marks)
    for address in words.addresses:
        tokens |= stems.address_tokens(address)
    tokens |= {stems.NUMBER + gram for code in codes for gram in stems.grams(code)} | stems.tokens(whole)
    return {"ticket_id": ticket_id, "tokens": _fitting(tokens), "numbers": stems.joined(codes)}, names


def _fitting(tokens: set[str]) -> str:
    found = stems.joined(sorted(tokens))
    return found if len(found) < FULLEST // 2 else found.encode()[:FULLEST].decode("utf-8", "ignore").rpartition(" ")[0]


def _collected(session: Session, ids: Sequence[int]) -> dict[int, Words]:
    """A fixed number of queries for all of them."""
    found: dict[int, Words] = defaultdict(Words)
    for part in (_tickets, _messages, _files, _facts, _letters, _steps):
        for ticket_id, words in part(session, ids):
            mine = found[ticket_id]
            mine.texts += words.texts
            mine.codes += words.codes
            mine.names += words.names
            mine.addresses += words.addresses
            mine.marks += words.marks
    return found


def _tickets(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, Words]]:
    for row in session.execute(select(
            Ticket.id, Ticket.number, Ticket.subject, Ticket.company_case, Ticket.topics, Person.name,
            Person.address).outerjoin(Person, Ticket.consumer_id == Person.id).where(Ticket.id.in_(ids))):
        yield row.id, Words([row.subject, row.name or ""], [str(row.number), *stems.codes(row.company_case)],
                            [row.name or "", (row.address or "").partition("@")[0]], [row.address or ""],
                            [stems.TOPIC + stems.squeezed(topic) for topic in row.topics])


def _messages(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, Words]]:
    for row in session.execute(select(
            Message.ticket_id, Message.subject, func.substr(Message.text, 1, LONGEST).label("text"),
            Message.sender_name, Message.sender_address, Message.direction).where(
            Message.ticket_id.in_(ids), Message.kind != "ack").order_by(Message.id)):  # says the same on every ticket
        theirs = row.direction == "in"
        yield row.ticket_id, Words([row.subject, row.text, row.sender_name if theirs else ""], [],
                                   [row.sender_name] if theirs else [], [row.sender_address] if theirs else [],
                                   [stems.HAS + "note"] if row.direction == "note" else [])


def _files(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, Words]]:
    for row in session.execute(select(
            Message.ticket_id, Attachment.filename, func.substr(Attachment.text, 1, LONGEST).label("text")).join(
            Attachment, Attachment.message_id == Message.id).where(Message.ticket_id.in_(ids)).order_by(
            Attachment.id)):
        yield row.ticket_id, Words([row.filename, row.text], marks=[stems.HAS + "file"])


def _facts(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, Words]]:
    for row in session.execute(select(Fact.ticket_id, Fact.kind, Fact.value).where(
            Fact.ticket_id.in_(ids), Fact.state != "rejected").order_by(Fact.id)):
        if row.kind == "phone":
            yield row.ticket_id, Words(codes=[row.value[-10:]])
        elif row.kind not in ("receipt", "marketplace"):
            yield row.ticket_id, Words([row.value], stems.codes(row.value),
                                       [row.value] if row.kind in NAME_FACTS else [])


def _letters(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, Words]]:
    for row in session.execute(select(Letter.ticket_id, Letter.title, Letter.text).where(Letter.ticket_id.in_(ids))):
        yield row.ticket_id, Words([row.title, row.text])


def _steps(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, Words]]:
    for row in session.execute(select(Step.ticket_id, Step.number, Step.addressee, Step.answer).where(
            Step.ticket_id.in_(ids))):
        yield row.ticket_id, Words([row.number, row.addressee, row.answer], stems.codes(row.number), [row.addressee])
