"""The team: accounts, passwords, signing in, sessions, single-use links.

Secrets (session cookie, sign-in link) are 256 random bits, kept only as SHA-256. A wrong e-mail, a wrong
password and a switched-off account cannot be told apart, neither by the words nor by the time taken.
"""

from __future__ import annotations

import functools
import hashlib
import re
import secrets
from datetime import date, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from . import audit
from .models import ROLES, SignInAttempt, SignInLink, User, WebSession
from .settings import Settings

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
THROTTLE_MINUTES = 15
SIGN_IN_LOCK = 0x7369676E  # any number that nothing else locks in PostgreSQL
SESSIONS_PER_USER = 5
CHAT = re.compile(r"(-?\d{1,20}|@[A-Za-z]\w{4,31})?", re.ASCII)  # a number, or the name of a channel
ADDRESS = re.compile(r"[^@\s<>,;\"']{1,64}@[^@\s<>,;\"']{1,255}")


class PeopleError(Exception):
    """An account cannot be made, changed or signed in to; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


# --- accounts ----------------------------------------------------------------------------------


def create(session: Session, *, email: str, name: str, role: str = "advocate", password: str = "",
           actor: str, now: datetime) -> User:
    """A new account; without a password it is entered by a sign-in link only."""
    email = _known_address(email)
    if by_email(session, email) is not None:
        raise PeopleError("email_taken")
    if role not in ROLES:
        raise PeopleError("unknown_role")
    if not name.strip():
        raise PeopleError("name_needed")
    user = User(email=email, name=name.strip()[:200], role=role, created_at=now)
    if password:
        user.password_hash = _hash(password)
    session.add(user)
    session.flush()
    audit.record(session, None, "user.created", actor=actor, now=now, user=user.id, email=email, role=role)
    return user


def by_email(session: Session, email: str) -> User | None:
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def everybody(session: Session) -> list[User]:
    return list(session.scalars(select(User).order_by(User.active.desc(), User.name, User.id)))


def active(session: Session) -> list[User]:
    """Those a ticket can be given to."""
    return list(session.scalars(select(User).where(User.active).order_by(User.name, User.id)))


def change(session: Session, user: User, *, name: str, role: str, is_active: bool, actor: str, now: datetime) -> None:
    """Name, role and whether the account may sign in; the last active admin stays one."""
    if role not in ROLES:
        raise PeopleError("unknown_role")
    if not name.strip():
        raise PeopleError("name_needed")
    loses_admin = user.role == "admin" and user.active and (role != "admin" or not is_active)
    if loses_admin and not _other_admin(session, user):
        raise PeopleError("last_admin")
    if user.role != role or (user.active and not is_active):
        end_sessions(session, user, now=now)
    user.name, user.role, user.active = name.strip()[:200], role, is_active
    audit.record(session, None, "user.changed", actor=actor, now=now, user=user.id, role=role, active=is_active)


def set_password(session: Session, user: User, password: str, *, actor: str, now: datetime) -> None:
    """A new password ends every session of the account."""
    user.password_hash = _hash(password)
    end_sessions(session, user, now=now)
    audit.record(session, None, "user.password_set", actor=actor, now=now, user=user.id)


def set_duty(session: Session, user: User, on_duty: bool, *, actor: str, now: datetime) -> None:
    """Is the person told of tickets that nobody has?"""
    if user.on_duty != on_duty:
        user.on_duty = on_duty
        audit.record(session, None, "user.duty", actor=actor, now=now, user=user.id, on=on_duty)


def set_leave(session: Session, user: User, *, begins: date | None, ends: date | None, deputy: User | None, actor: str,
              now: datetime) -> None:
    """On leave on these days, both included, `ends` None: until further notice; `begins` None: not at all.

    The alerts of that time go to the deputy; without one to whoever is on duty.
    """
    if begins is None and (ends is not None or deputy is not None):
        raise PeopleError("leave_begins")
    if begins is not None and ends is not None and ends < begins:
        raise PeopleError("leave_order")
    if deputy is not None and (deputy.id == user.id or not deputy.active):
        raise PeopleError("no_deputy")
    user.absent_from, user.absent_until, user.deputy_id = begins, ends, deputy.id if deputy else None
    audit.record(session, None, "user.leave", actor=actor, now=now, user=user.id, deputy=user.deputy_id,
                 begins=begins.isoformat() if begins else "", ends=ends.isoformat() if ends else "")


def set_telegram(session: Session, user: User, chat: str, *, actor: str, now: datetime) -> None:
    """The chat in which the team's bot writes to this person; '' for none."""
    if not CHAT.fullmatch(chat.strip()):
        raise PeopleError("not_a_chat")
    user.telegram_chat = chat.strip()
    audit.record(session, None, "user.telegram", actor=actor, now=now, user=user.id, on=bool(user.telegram_chat))


def _known_address(email: str) -> str:
    email = email.strip().lower()
    if len(email) > 320 or not ADDRESS.fullmatch(email):
        raise PeopleError("email_wrong")
    return email


def _other_admin(session: Session, user: User) -> bool:
    return bool(session.scalar(select(func.count()).select_from(User).where(
        User.role == "admin", User.active, User.id != user.id)))


def _hash(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise PeopleError("password_length")
    return hasher().hash(password)


@functools.cache
def hasher() -> PasswordHasher:
    """argon2id, t=3, m=64 MiB, p=1; tests put a cheap one here."""
    return PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)


@functools.cache
def _nobodys_hash() -> str:
    return hasher().hash(secrets.token_hex(16))


# --- signing in --------------------------------------------------------------------------------


def is_throttled(session: Session, conf: Settings, *, email: str, address: str, now: datetime) -> bool:
    """Too many failures of this account or from this address in the last quarter of an hour.

    One at a time until the transaction ends: of a hundred tries at once no more are let through than of a hundred
    one after another.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(select(func.pg_advisory_xact_lock(SIGN_IN_LOCK)))
    account = email.strip().lower()[:320]
    since = now - timedelta(minutes=THROTTLE_MINUTES)
    by_account, by_address = session.execute(select(
        func.count().filter(SignInAttempt.account == account),
        func.count().filter(SignInAttempt.address == address)).where(
        SignInAttempt.at > since, or_(SignInAttempt.account == account, SignInAttempt.address == address))).one()
    return bool(by_account >= conf.web.sign_in_account_limit or by_address >= conf.web.sign_in_address_limit)


def note_attempt(session: Session, *, email: str, address: str, now: datetime) -> None:
    """Count a try before the password is checked, so that tries in parallel count too; forgotten on success."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - timedelta(days=1)))
    session.add(SignInAttempt(account=email.strip().lower()[:320], address=address[:64], at=now))


def forget_attempts(session: Session, user: User) -> None:
    session.execute(delete(SignInAttempt).where(SignInAttempt.account == user.email))


def verified(user: User | None, password: str) -> bool:
    """Is this the user's password? Takes the same time for nobody and for a wrong one. Needs no transaction."""
    known = user.password_hash if user is not None and user.active else ""
    try:
        hasher().verify(known or _nobodys_hash(), password[:LONGEST_PASSWORD + 1])
    except VerificationError:
        return False
    return bool(known)


# --- links that sign in ------------------------------------------------------------------------


def sign_in_link(session: Session, conf: Settings, user: User, *, hours: float = 72, reusable: bool = False,
                 now: datetime) -> str:
    """The address of a link that signs the user in, once (`reusable`: the demo's, any number of times)."""
    token = secrets.token_urlsafe(32)
    session.add(SignInLink(token_hash=_digest(token), user_id=user.id, expires_at=now + timedelta(hours=hours),
                           reusable=reusable))
    session.flush()
    return f"{conf.desk.base_url}/sign-in/{token}"


def peek_link(session: Session, token: str, *, now: datetime) -> User | None:
    """Whose link this is; None when it is unknown, used or too old."""
    link = session.get(SignInLink, _digest(token), options=[joinedload(SignInLink.user)])
    if link is None or link.expires_at <= now or (link.used_at is not None and not link.reusable):
        return None
    return link.user if link.user.active else None


def is_reusable(session: Session, token: str) -> bool:
    link = session.get(SignInLink, _digest(token))
    return link is not None and link.reusable


def use_link(session: Session, token: str, *, now: datetime) -> User | None:
    """Use it up; of two at once one wins."""
    if peek_link(session, token, now=now) is None:
        return None
    used = session.scalar(update(SignInLink).where(
        SignInLink.token_hash == _digest(token), or_(SignInLink.used_at.is_(None), SignInLink.reusable)).values(
        used_at=now).returning(SignInLink.user_id))
    return session.get(User, used) if used is not None else None


# --- sessions ----------------------------------------------------------------------------------


def start_session(session: Session, user: User, *, address: str, agent: str, now: datetime) -> str:
    """A new session; its secret goes into the cookie and nowhere else."""
    secret = secrets.token_urlsafe(32)
    session.add(WebSession(id_hash=_digest(secret), user_id=user.id, created_at=now, seen_at=now,
                           address=address[:64], agent=agent[:200]))
    session.flush()
    kept = select(WebSession.id_hash).where(WebSession.user_id == user.id, WebSession.revoked_at.is_(None)).order_by(
        WebSession.created_at.desc(), WebSession.id_hash).limit(SESSIONS_PER_USER)
    session.execute(update(WebSession).where(
        WebSession.user_id == user.id, WebSession.revoked_at.is_(None),
        WebSession.id_hash.not_in(list(session.scalars(kept)))).values(revoked_at=now))
    audit.record(session, None, "user.signed_in", actor=f"user:{user.id}", now=now, address=address[:64])
    return secret


def find_session(session: Session, conf: Settings, secret: str, *, now: datetime) -> WebSession | None:
    """The live session of a cookie: not revoked, not idle for too long, not too old, of an active account."""
    row = session.get(WebSession, _digest(secret), options=[joinedload(WebSession.user)])
    if row is None or row.revoked_at is not None or not row.user.active:
        return None
    return row if is_live(conf, row, now=now) else None


def is_live(conf: Settings, row: WebSession, *, now: datetime) -> bool:
    """Neither idle for too long nor too old."""
    idle = now - row.seen_at > timedelta(minutes=conf.web.session_idle_minutes)
    return not idle and now - row.created_at <= timedelta(hours=conf.web.session_hours)


def touch_session(session: Session, row: WebSession, *, now: datetime) -> None:
    session.execute(update(WebSession).where(WebSession.id_hash == row.id_hash).values(seen_at=now))


def end_session(session: Session, secret: str, *, now: datetime) -> None:
    session.execute(update(WebSession).where(
        WebSession.id_hash == _digest(secret), WebSession.revoked_at.is_(None)).values(revoked_at=now))


def end_sessions(session: Session, user: User, *, now: datetime) -> None:
    session.execute(update(WebSession).where(
        WebSession.user_id == user.id, WebSession.revoked_at.is_(None)).values(revoked_at=now))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
