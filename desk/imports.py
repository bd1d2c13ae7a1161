"""Old mail brought in from files: mbox, Maildir and .eml. Dates and threads are kept, nothing is ever sent.

Imported mail is historic: no acknowledgement, no first-reply clock. A mail whose bytes were imported before is passed
over, so an import that was stopped goes on where it was, and a second run changes nothing.
"""

from __future__ import annotations

import hashlib
import mailbox as formats
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import inbox, models
from .blobs import Blobs
from .db import Database
from .settings import Settings

NAME = "import"  # of the mailbox that imported mail belongs to
BATCH = 25
HEAD_BYTES = 64 << 10


class ImportRefused(Exception):
    """A path holds no mail; the text names it and says what is read."""


@dataclass(frozen=True)
class Found:
    """One mail in a file; `key` is its place in an mbox."""

    path: Path
    at: datetime
    key: str | None = None

    def raw(self) -> bytes:
        if self.key is None:
            return self.path.read_bytes()
        box = formats.mbox(self.path, create=False)
        try:
            return box.get_bytes(self.key)
        finally:
            box.close()


def find(paths: Sequence[Path], *, now: datetime) -> list[Found]:
    """Every mail below the paths, the oldest first, so that an answer comes after what it answers."""
    found = [one for path in paths for one in _below(path, now)]
    return sorted(found, key=lambda one: (one.at, str(one.path), str(one.key or 0).zfill(9)))


def run(database: Database, conf: Settings, mails: Sequence[Found], *, now_fn: Callable[[], datetime],
        progress: Callable[[int, int], None]) -> int:
    """Store and process; how many were new. `progress(done, new)` is called after every batch."""
    drain, new = inbox.Drain(database, conf, now_fn=now_fn), 0
    try:
        for start in range(0, len(mails), BATCH):
            batch = [(one, one.raw()) for one in mails[start:start + BATCH]]
            with database.write() as session:
                new += _store(session, conf, batch, now_fn())
            drain.run()
            progress(min(start + BATCH, len(mails)), new)
    finally:
        drain.close()
    return new


def _store(session: Session, conf: Settings, batch: Sequence[tuple[Found, bytes]], now: datetime) -> int:
    box = session.scalar(select(models.Mailbox).where(models.Mailbox.name == NAME).with_for_update())
    if box is None:
        box = models.Mailbox(name=NAME, uidvalidity=1, last_uid=0, error="")
        session.add(box)
        session.flush()
    digests = {hashlib.sha256(raw).hexdigest() for _, raw in batch}
    known = set(session.scalars(select(models.InboundMail.sha256).where(
        models.InboundMail.mailbox_id == box.id, models.InboundMail.sha256.in_(digests))))
    new = 0
    for one, raw in batch:
        digest = hashlib.sha256(raw).hexdigest()
        if digest in known:
            continue
        known.add(digest)
        inbox.accept(session, box, uid=box.last_uid + 1, raw=raw, arrived_at=one.at, size=len(raw), historic=True,
                     truncated=False, blobs=Blobs(conf.blobs_path), now=now)
        new += 1
    return new


def waiting(session: Session) -> int:
    """Imported mail that is not processed yet."""
    return session.scalar(select(func.count()).select_from(models.InboundMail).join(models.Mailbox).where(
        models.Mailbox.name == NAME, models.InboundMail.state == "received")) or 0


# --- reading the formats -----------------------------------------------------------------------


def _below(path: Path, now: datetime) -> Iterator[Found]:
    if path.is_dir():
        yield from _maildir(path, now) if (path / "cur").is_dir() else _folder(path, now)
    elif not path.is_file():
        raise ImportRefused(f"{path}: there is no such file or folder.")
    elif _is_mbox(path):
        yield from _mbox(path, now)
    else:
        yield _file(path, now)


def _maildir(path: Path, now: datetime) -> Iterator[Found]:
    for part in (path / "cur", path / "new"):
        yield from (_file(file, now) for file in sorted(part.glob("*")) if file.is_file())
    for folder in sorted(path.iterdir()):
        if (folder / "cur").is_dir():
            yield from _maildir(folder, now)


def _folder(path: Path, now: datetime) -> Iterator[Found]:
    for file in sorted(path.rglob("*")):
        if file.is_file() and (file.suffix.lower() == ".eml" or _is_mbox(file)):
            yield from _below(file, now)


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From "


def _file(path: Path, now: datetime) -> Found:
    with path.open("rb") as file:
        return Found(path, _dated(file.read(HEAD_BYTES), path, now))


def _mbox(path: Path, now: datetime) -> Iterator[Found]:
    box = formats.mbox(path, create=False)
    try:
        for key in box.keys():  # noqa: SIM118 - a mailbox is no dict
            yield Found(path, _dated(box.get_bytes(key)[:HEAD_BYTES], path, now), key)
    finally:
        box.close()


def _dated(head: bytes, path: Path, now: datetime) -> datetime:
    """What the last server wrote, else what the sender claims, else the file's own date; never after now."""
    message = BytesHeaderParser().parsebytes(head)
    received = [str(line).rpartition(";")[2] for line in message.get_all("Received", [])[:1]]
    for text in (*received, str(message.get("Date", ""))):
        try:
            at = parsedate_to_datetime(text.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        if datetime(1990, 1, 1, tzinfo=UTC) < at <= now:
            return at.astimezone(UTC)
    return min(now, datetime.fromtimestamp(path.stat().st_mtime, UTC))
