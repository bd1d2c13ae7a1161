"""A desk kept elsewhere, and brought back: the database at one moment, the blobs it names, the key and the settings.

`make` stops nothing. What it leaves in a folder: ``blobs/``, shared by all backups there because a blob never changes,
and one ``desk-YYYYMMDD-HHMMSS/`` each, whose ``manifest.sha256`` is what ``sha256sum -c`` reads. A backup that was
interrupted keeps the name of a draft and is never taken for a whole one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, inspect, select, text
from sqlalchemy.orm import Session

from . import audit, migrate, settings
from .blobs import Blobs
from .db import Database
from .models import Event, Outbox
from .settings import Settings

MANIFEST = "manifest.sha256"
SQLITE, POSTGRES = "desk.db", "desk.pgdump"
KEPT = ("secret.key", "desk.toml", "oauth/*.json")  # a refresh token that a provider replaced is nowhere else
MADE = "backup.made"
DOUBT = "the desk was restored from a backup; this letter may have been sent after it was made"


class BackupError(Exception):
    """One sentence for the person at the keyboard."""

    permanent = True


def make(database: Database, conf: Settings, folder: Path, *, now: datetime, keep: int = 0) -> Path:
    """A new backup in `folder`; with `keep`, older ones beyond that number go. Raises BackupError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"desk-{now:%Y%m%d-%H%M%S}"
    draft = folder / f".draft-{place.name}"
    draft.mkdir(mode=0o700)
    try:
        _dump(database, draft)
        # After the database: a blob is durable before the row that names it is committed.
        Blobs(conf.blobs_path).copy_to(Blobs(folder / "blobs"))
        _copy_kept(conf.home, draft)
        files = sorted(path for path in draft.rglob("*") if path.is_file())
        (draft / MANIFEST).write_text("".join(f"{_sha256(path)}  {path.relative_to(draft)}\n" for path in files))
        draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    with database.write() as session:
        audit.record(session, None, MADE, actor="command", now=now, folder=str(place))
    for old in _whole(folder)[:-keep] if keep else []:
        shutil.rmtree(old)
    return place


def restore(database: Database, conf: Settings, place: Path, *, now: datetime) -> None:
    """Bring back a backup into a desk that is still empty. Raises BackupError; then nothing was changed.

    Letters that waited are not sent by themselves: each may have left after the backup was made, so a person decides.
    """
    verify(place)
    source = place / (SQLITE if database.is_sqlite else POSTGRES)
    if not source.exists():
        raise BackupError(f"{place} holds no {source.name}: it is a backup of the other kind of database.")
    _refuse_unless_empty(database, conf, place)
    conf.home.mkdir(parents=True, exist_ok=True)
    Blobs(place.parent / "blobs").copy_to(Blobs(conf.blobs_path))
    _copy_kept(place, conf.home)
    _load(database, source)
    migrate.upgrade(database)
    with database.write() as session:
        _doubt_letters(session)
        audit.record(session, None, "backup.restored", actor="command", now=now, folder=str(place))


def _copy_kept(source: Path, target: Path) -> None:
    """What is there and not here yet."""
    for path in (path for pattern in KEPT for path in source.glob(pattern)):
        copy = target / path.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copy2(path, copy)


def verify(place: Path) -> None:
    """Raises BackupError unless every file is there, unchanged."""
    try:
        lines = (place / MANIFEST).read_text().splitlines()
    except OSError:
        raise BackupError(f"{place} is no whole backup: it has no {MANIFEST}. Name a folder desk-….") from None
    for line in lines:
        sha256, _, name = line.partition("  ")
        if not (place / name).exists() or _sha256(place / name) != sha256:
            raise BackupError(f"{place / name} is missing or was changed: take another backup.")


def last_made(session: Session) -> datetime | None:
    return session.scalar(select(Event.at).where(Event.kind == MADE).order_by(Event.id.desc()).limit(1))


def _dump(database: Database, draft: Path) -> None:
    if not database.is_sqlite:
        _postgres("pg_dump", "--format=custom", "--no-owner", f"--file={draft / POSTGRES}", url=database.url)
        return
    with database.reader.connect() as connection:
        connection.execute(text("VACUUM INTO :path"), {"path": str(draft / SQLITE)})
    _sync(draft / SQLITE)


def _load(database: Database, source: Path) -> None:
    if not database.is_sqlite:
        _postgres("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction",
                  f"--dbname={database.url.database}", str(source), url=database.url)
        return
    target = Path(str(database.url.database))
    database.dispose()
    draft = target.with_name(f".{target.name}.restored")
    shutil.copyfile(source, draft)
    _sync(draft)
    for left in ("-wal", "-shm"):  # of an empty database: they must not be laid over the restored one
        target.with_name(target.name + left).unlink(missing_ok=True)
    draft.rename(target)


def _postgres(program: str, *words: str, url: URL) -> None:
    """The password goes through the environment: anybody on the machine may read a command line."""
    places = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password,
              "PGDATABASE": url.database}
    query = {f"PG{name.upper()}": value for name, value in url.query.items() if isinstance(value, str)}
    env = settings.environment() | query | {k: str(v) for k, v in places.items() if v}
    try:
        subprocess.run([program, *words], env=env, check=True, capture_output=True, text=True)  # noqa: S603 - our words
    except FileNotFoundError:
        raise BackupError(f"{program} is not installed: install PostgreSQL's client programs.") from None
    except subprocess.CalledProcessError as error:
        raise BackupError(" ".join(error.stderr.split())[:500] or f"{program} failed") from None


def _refuse_unless_empty(database: Database, conf: Settings, place: Path) -> None:
    for name in ("secret.key",):
        own, kept = conf.home / name, place / name
        if own.exists() and kept.exists() and own.read_bytes() != kept.read_bytes():
            raise BackupError(f"{own} is another key than the backup's: restore into an empty DESK_HOME.")
    if database.is_sqlite and not Path(str(database.url.database)).exists():
        return
    with database.reader.connect() as connection:
        if inspect(connection).get_table_names():
            raise BackupError(f"There is a desk already at {database.url.render_as_string()}: "
                              "restore into an empty DESK_HOME and an empty database.")


def _doubt_letters(session: Session) -> None:
    """Warnings of deadlines go out all the same: rather twice than never."""
    for row in session.scalars(select(Outbox).where(
            Outbox.state.in_(("pending", "sending")), Outbox.kind.not_in(("alert", "digest")))):
        row.state, row.error, row.doubts = "uncertain", DOUBT, 2  # twice in doubt: not tried again by itself
        row.lease_token = row.lease_until = None


def _whole(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("desk-????????-??????") if (p / MANIFEST).exists())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
