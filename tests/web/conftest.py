"""A desk of three people with a few letters in it, and a browserless client for each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from pydantic import SecretStr
from sqlalchemy import select

from desk import db, inbox, people, reading
from desk.blobs import Blobs
from desk.db import Database
from desk.models import Mailbox, User
from desk.settings import Settings
from desk.web import create_app

PASSWORD = "correct horse battery"
TEAM = {"anna": "admin", "lidia": "lead", "boris": "advocate"}
CSRF = re.compile(rb'name="csrf_token" value="([^"]+)"')


class Compiled(BytecodeCache):
    """Each test has an application of its own; their templates are the same."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


@pytest.fixture(autouse=True)
def cheap_hasher(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real one takes 0.1 s a password."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(people, "hasher", lambda: cheap)
    people._nobodys_hash.cache_clear()


@pytest.fixture
def conf(conf: Settings, database: Database) -> Settings:
    url = SecretStr(database.url.render_as_string(hide_password=False))
    return conf.model_copy(update={"database": conf.database.model_copy(update={"url": url})})


@pytest.fixture
def app(conf: Settings, database: Database) -> Iterator[Flask]:
    with database.write() as session:
        for name, role in TEAM.items():
            people.create(session, email=f"{name}@desk.example", name=name.title(), role=role, password=PASSWORD,
                          actor="t", now=db.now())
    out = create_app(conf)
    out.jinja_env.bytecode_cache = COMPILED
    yield out
    out.extensions["desk"].database.dispose()
    if "desk.files" in out.extensions:
        out.extensions["desk.files"].close()


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], FlaskClient]:
    """A client that is signed in as one of the team."""
    def enter(name: str) -> FlaskClient:
        client = app.test_client()
        answer = post(client, "/sign-in", at="/sign-in", email=f"{name}@desk.example", password=PASSWORD)
        assert answer.status_code == 302
        return client
    return enter


@pytest.fixture
def anna(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    return sign_in("anna")


def post(client: FlaskClient, path: str, *, at: str, **form: object):  # type: ignore[no-untyped-def]
    """POST as a browser does: with the key of a form on the page `at`."""
    found = CSRF.search(client.get(at).data)
    assert found, at
    return client.post(path, data={"csrf_token": found[1].decode(), **form})


@pytest.fixture
def deliver(database: Database, conf: Settings, reader: reading.Reader) -> Iterator[Callable[..., None]]:
    """A letter comes in and is processed."""
    drain = inbox.Drain(database, conf, now_fn=db.now)
    drain.reader = reader

    def send(raw: bytes | EmailMessage | None = None, *, text: str = "Заказ 18044876-0131 разбит, верните деньги",
             sender: str = "petr@mail.example", subject: str = "Разбитый телефон", hours_ago: float = 1, **headers: str) -> None:
        if raw is None:
            raw = EmailMessage()
            raw["From"], raw["Subject"], raw["To"] = f"Пётр Кузнецов <{sender}>", subject, "help@desk.example"
            for name, value in headers.items():
                raw[name.replace("_", "-")] = value
            raw.set_content(text)
        data = raw if isinstance(raw, bytes) else raw.as_bytes()
        with database.write() as session:
            box = session.scalar(select(Mailbox)) or Mailbox(name="main", uidvalidity=1, last_uid=0)
            session.add(box)
            session.flush()
            inbox.accept(session, box, uid=box.last_uid + 1, raw=data, arrived_at=db.now() - timedelta(hours=hours_ago),
                         size=len(data), historic=False, truncated=False, blobs=Blobs(conf.blobs_path), now=db.now())
        drain.run()
    yield send
    drain.thread.shutdown()


def user(database: Database, name: str) -> User:
    with database.read() as session:
        found = people.by_email(session, f"{name}@desk.example")
        assert found is not None
        return found
