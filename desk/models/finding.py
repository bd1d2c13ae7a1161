"""What the desk keeps to find and to arrange tickets: the index of their words, saved views, what was done to many."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql import expression
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator

from .base import Base, new_public_id
from .people import User


class Lexemes(expression.ColumnElement[str]):
    """A text of words as it is stored: as it stands, on PostgreSQL as its lexemes, untouched by any parser."""

    inherit_cache = True
    _traverse_internals = [("text", InternalTraversal.dp_clauseelement)]

    def __init__(self, text: Any) -> None:
        self.text = text


@compiles(Lexemes)
def _as_text(element: Lexemes, compiler: Any, **more: Any) -> str:
    return str(compiler.process(element.text, **more))


@compiles(Lexemes, "postgresql")
def _as_vector(element: Lexemes, compiler: Any, **more: Any) -> str:
    return f"array_to_tsvector(string_to_array({compiler.process(element.text, **more)}, ' '))"


class Tokens(TypeDecorator[str]):
    """Words with one space between them, each once: text for SQLite's FTS5, on PostgreSQL exactly these lexemes."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def bind_expression(self, bindvalue: Any) -> ColumnElement[Any]:
        return Lexemes(bindvalue)


class SearchEntry(Base):
    """What a ticket is found by. Kept by desk/search/index.py, made anew whenever the ticket's words change."""

    __tablename__ = "search_entry"
    __table_args__ = (Index("ix_search_entry_tokens", "tokens", postgresql_using="gin").ddl_if(dialect="postgresql"),)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True, autoincrement=False)
    tokens: Mapped[str] = mapped_column(Tokens)
    numbers: Mapped[str]  # order numbers, phones and the like without separators, one space between them


class SearchDue(Base):
    """A ticket whose words changed; written by triggers in the transaction of the change, whoever makes it."""

    __tablename__ = "search_due"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int]


class NameGram(Base):
    """Three letters of a name that stands in the index: finds parts of names and mistyped ones."""

    __tablename__ = "name_gram"
    gram: Mapped[str] = mapped_column(String(3), primary_key=True)
    word: Mapped[str] = mapped_column(String(40), primary_key=True)


class SavedView(Base):
    """A search with a name in the list of views; of one person, or of everybody."""

    __tablename__ = "saved_view"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    shared: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(String(60))
    words: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    owner: Mapped[User] = relationship()


class BulkChange(Base):
    """What was done to many tickets at once, and how each was before, so that all of it can be taken back."""

    __tablename__ = "bulk_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    verb: Mapped[str] = mapped_column(String(16))  # assign, stage, close
    before: Mapped[list[Any]] = mapped_column(default=list)  # [{"ticket": 7, "was": …, "is": …}, …]
    created_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
