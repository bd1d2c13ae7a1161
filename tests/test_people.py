"""Accounts, passwords, links and sessions, on both databases; many at once where somebody gains by it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from desk import db, people
from desk.db import Database
from desk.models import SignInAttempt, User, WebSession
from desk.settings import Settings

PASSWORD = "correct horse battery"


class Counting:
    """A cheap hasher that counts what it was asked to verify."""

    def __init__(self) -> None:
        self.cheap, self.verified = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1), 0

    def hash(self, password: str) -> str:
        return self.cheap.hash(password)

    def verify(self, digest: str, password: str) -> bool:
        self.verified += 1
        return self.cheap.verify(digest, password)


@pytest.fixture(autouse=True)
def hasher(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(people, "hasher", lambda: counting)
    people._nobodys_hash.cache_clear()
    return counting


@pytest.fixture
def anna(database: Database) -> User:
    return add(database, "anna@desk.example", role="admin", password=PASSWORD)


def add(database: Database, email: str, *, role: str = "advocate", password: str = "") -> User:
    with database.write() as session:
        return people.create(session, email=email, name="A", role=role, password=password, actor="t", now=db.now())


def at_once(count: int, work: Callable[[], bool]) -> int:
    """How many of so many threads, started together, got True."""
    gate, won = threading.Barrier(count), list[bool]()

    def one() -> None:
        gate.wait(30)
        won.append(work())

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(won) == count
    return sum(won)


def test_thirty_tries_at_once_are_no_more_than_five(database: Database, conf: Settings) -> None:
    def try_it() -> bool:
        with database.write() as session:
            now = db.now()
            if people.is_throttled(session, conf, email="Anna@desk.example ", address="192.0.2.1", now=now):
                return False
            people.note_attempt(session, email="anna@desk.example", address="192.0.2.1", now=now)
            return True

    assert at_once(15, try_it) + at_once(15, try_it) == conf.web.sign_in_account_limit


def test_tries_at_many_accounts_from_one_address_are_limited_too(database: Database, conf: Settings) -> None:
    numbers = iter(range(1000))

    def try_it() -> bool:
        with database.write() as session:
            now, email = db.now(), f"somebody{next(numbers)}@desk.example"
            if people.is_throttled(session, conf, email=email, address="192.0.2.1", now=now):
                return False
            people.note_attempt(session, email=email, address="192.0.2.1", now=now)
            return True

    assert at_once(15, try_it) + at_once(15, try_it) == conf.web.sign_in_address_limit
    with database.write() as session:
        assert not people.is_throttled(session, conf, email="x@desk.example", address="192.0.2.2", now=db.now())


def test_a_success_forgets_the_failures_of_the_account_only(database: Database, conf: Settings, anna: User) -> None:
    with database.write() as session:
        for email in ("anna@desk.example", "boris@desk.example"):
            people.note_attempt(session, email=email, address="192.0.2.1", now=db.now())
        people.forget_attempts(session, anna)
        assert session.scalars(select(SignInAttempt.account)).all() == ["boris@desk.example"]


def test_a_wrong_password_nobody_and_a_switched_off_account_cost_the_same(
        database: Database, anna: User, hasher: Counting) -> None:
    boris = add(database, "boris@desk.example", password=PASSWORD)
    boris.active = False
    linked = add(database, "linked@desk.example")
    people.verified(None, "warm the hash of nobody")
    for user, password in ((anna, "wrong"), (None, PASSWORD), (boris, PASSWORD), (linked, "")):
        before = hasher.verified
        assert not people.verified(user, password)
        assert hasher.verified == before + 1
    assert people.verified(anna, PASSWORD)


def test_the_hash_of_nobody_is_as_dear_as_a_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    people._nobodys_hash.cache_clear()
    parameters = people._nobodys_hash().split("$")[1:4]
    people._nobodys_hash.cache_clear()
    assert parameters == ["argon2id", "v=19", "m=65536,t=3,p=1"]


def test_of_ten_who_use_a_link_at_once_one_gets_in(database: Database, conf: Settings, anna: User) -> None:
    with database.write() as session:
        token = people.sign_in_link(session, conf, anna, now=db.now()).rpartition("/")[2]

    def use() -> bool:
        with database.write() as session:
            return people.use_link(session, token, now=db.now()) is not None

    assert at_once(10, use) == 1


def test_a_link_that_is_old_or_of_a_switched_off_account_opens_nothing(
        database: Database, conf: Settings, anna: User) -> None:
    boris = add(database, "boris@desk.example")
    now = db.now()
    with database.write() as session:
        old = people.sign_in_link(session, conf, anna, hours=1, now=now).rpartition("/")[2]
        off = people.sign_in_link(session, conf, boris, now=now).rpartition("/")[2]
        people.change(session, session.get_one(User, boris.id), name="B", role="advocate", is_active=False, actor="t", now=now)
    with database.write() as session:
        assert people.peek_link(session, old, now=now + timedelta(minutes=59)) is not None
        assert people.use_link(session, old, now=now + timedelta(hours=1)) is None
        assert people.use_link(session, off, now=now) is None
        assert people.use_link(session, "", now=now) is None


def test_the_sixth_browser_ends_the_oldest(database: Database, conf: Settings, anna: User) -> None:
    now = db.now()
    with database.write() as session:
        secrets = [people.start_session(session, anna, address="a", agent="b", now=now + timedelta(seconds=n))
                   for n in range(people.SESSIONS_PER_USER + 1)]
    with database.read() as session:
        live = [people.find_session(session, conf, s, now=now) is not None for s in secrets]
        assert live == [False, *[True] * people.SESSIONS_PER_USER]
        assert not set(secrets) & set(session.scalars(select(WebSession.id_hash)))


@pytest.mark.parametrize(("change", "key"), [
    ({"email": "ANNA@desk.example"}, "email_taken"), ({"email": "no address"}, "email_wrong"),
    ({"email": "a@x.example\r\nBcc: b@x.example"}, "email_wrong"), ({"role": "root"}, "unknown_role"),
    ({"name": " "}, "name_needed"), ({"password": "x" * 11}, "password_length"), ({"password": "x" * 129}, "password_length")])
def test_an_account_that_cannot_be_is_refused(database: Database, anna: User, change: dict[str, str], key: str) -> None:
    wanted = {"email": "new@desk.example", "name": "N", "role": "lead", "password": "", **change}
    with pytest.raises(people.PeopleError) as refused, database.write() as session:
        people.create(session, actor="t", now=db.now(), **wanted)
    assert refused.value.key == key
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 1


def test_the_last_active_admin_stays_one(database: Database, anna: User) -> None:
    other = add(database, "other@desk.example", role="admin")
    with database.write() as session:
        people.change(session, session.get_one(User, other.id), name="O", role="admin", is_active=False, actor="t", now=db.now())
    for role, is_active in (("lead", True), ("admin", False)):
        with pytest.raises(people.PeopleError, match="last_admin"), database.write() as session:
            people.change(session, session.get_one(User, anna.id), name="A", role=role, is_active=is_active, actor="t", now=db.now())
