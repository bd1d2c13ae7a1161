"""What a view has at hand: settings, the clock, a session to read, a transaction to write, who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from flask import current_app, g
from flask import request as flask_request
from sqlalchemy.orm import Session

from ..db import Database
from ..models import User
from ..settings import Settings


@dataclass(frozen=True)
class State:
    """One for each process."""

    conf: Settings
    database: Database
    now_fn: Callable[[], datetime]


def state() -> State:
    found: State = current_app.extensions["desk"]
    return found


def conf() -> Settings:
    return state().conf


def now() -> datetime:
    return state().now_fn()


def reading() -> Session:
    """The request's session for reading; closed when the response is done."""
    if "session" not in g:
        g.session = Session(state().database.reader, expire_on_commit=False)
    session: Session = g.session
    return session


@contextmanager
def writing() -> Iterator[Session]:
    """One transaction: committed at the end of the block. What the reading session saw is forgotten."""
    with state().database.write() as session:
        yield session
    if "session" in g:
        g.session.rollback()
        g.session.expire_all()


def close_reading(_error: BaseException | None = None) -> None:
    if (session := g.pop("session", None)) is not None:
        session.close()


def user() -> User:
    """Who is signed in; only in views that are not public."""
    found: User = g.user
    return found


def actor() -> str:
    return f"user:{user().id}"


def address() -> str:
    return flask_request.remote_addr or ""
