"""The demo's days can be skipped, a real desk's never; nobody is signed out by it and no part looks silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from desk import cli, db, demo_time, leases, people
from desk.db import Database
from desk.models import Heartbeat
from desk.settings import Settings


@pytest.fixture(autouse=True)
def own_time() -> Iterator[None]:
    yield
    db.run_ahead(timedelta)


@pytest.fixture
def demo(conf: Settings) -> Settings:
    toml = conf.home / "desk.toml"
    toml.write_text(f"{demo_time.MARK}\n{toml.read_text()}")
    demo_time.follow(conf.home)
    return conf


@pytest.mark.parametrize(("text", "by"), [
    ("+11d", timedelta(days=11)), ("+6h", timedelta(hours=6)), ("-1d", None), ("11d", None), ("+0d", None), ("+9999d", None),
    ("+1w", None), ("", None)])
def test_how_far_is_written(text: str, by: timedelta | None) -> None:
    assert demo_time.read(text) == by


def test_eleven_days_pass_for_everybody_at_once(database: Database, demo: Settings) -> None:
    with database.write() as session:
        anna = people.create(session, email="a@desk.example", name="Анна", actor="t", now=db.now())
        secret = people.start_session(session, anna, address="", agent="", now=db.now())
        leases.beat(session, "clock", now=db.now())
    before = datetime.now(UTC)
    assert demo_time.move(database, demo, timedelta(days=11)) - before > timedelta(days=10, hours=23)
    demo_time.move(database, demo, timedelta(hours=5))
    assert timedelta(days=11, hours=5) <= db.now() - before < timedelta(days=11, hours=6)
    with database.read() as session:
        assert people.find_session(session, demo, secret, now=db.now()) is not None
        assert leases.stale(session, db.now()) == []
        beat = session.get(Heartbeat, "clock")
        assert beat is not None
        assert timedelta() <= db.now() - beat.at < timedelta(minutes=1)
    assert db.ahead() == timedelta(days=11, hours=5)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_moves_a_demo_and_refuses_a_real_desk(
        database: Database, conf: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DESK_HOME", str(conf.home))
    assert cli.main(["demo-time", "+11d"]) == 2
    assert "real desk" in capsys.readouterr().err
    assert db.ahead() == timedelta()
    (conf.home / "desk.toml").write_text(f"{demo_time.MARK}\n")
    assert cli.main(["demo-time", "+11d"]) == 0
    assert db.ahead() == timedelta(days=11)
    assert cli.main(["demo-time", "yesterday"]) == 2


def test_a_folder_that_stops_being_a_demo_lives_in_the_machines_time(demo: Settings) -> None:
    (demo.home / demo_time.FILE).write_text("86400")
    demo_time.follow(demo.home)
    assert db.ahead() == timedelta(days=1)
    (demo.home / "desk.toml").write_text("[desk]\n")
    demo_time.follow(demo.home)
    assert db.ahead() == timedelta()
