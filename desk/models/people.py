"""Who there is: the team that signs in, and everybody who writes to it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, one_of

ROLES = ("advocate", "lead", "admin")


class User(Base):
    """Somebody of the team who signs in."""

    __tablename__ = "user_account"
    __table_args__ = (one_of("role", ROLES),)
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16), default="advocate")
    password_hash: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(2), default="")  # '' follows the browser
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)  # how this person likes the queue: sort, density
    created_at: Mapped[datetime]
    on_duty: Mapped[bool] = mapped_column(default=False)  # is told of tickets that nobody has
    absent_from: Mapped[date | None]  # on leave, both days included; alerts of that time go to the deputy
    absent_until: Mapped[date | None]
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    telegram_chat: Mapped[str] = mapped_column(String(64), default="")


class WebSession(Base):
    """A signed-in browser; the cookie's secret is kept only as SHA-256."""

    __tablename__ = "web_session"
    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    revoked_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()


class SignInAttempt(Base):
    """A failed sign-in, for throttling; account is the lower-cased e-mail typed in."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index(None, "account", "at"), Index(None, "address", "at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(320))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class SignInLink(Base):
    """A single-use link that signs a person in (first admin, the demo); kept only as SHA-256."""

    __tablename__ = "sign_in_link"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    reusable: Mapped[bool] = mapped_column(default=False)  # only the demo's
    user: Mapped[User] = relationship()


class Person(Base):
    """Somebody outside the team who writes: a consumer or a company's support."""

    __tablename__ = "person"
    __table_args__ = (one_of("kind", ("consumer", "company")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(320), unique=True)  # lower-case; '' when unreadable
    name: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[str] = mapped_column(String(16), default="consumer")
    created_at: Mapped[datetime]
