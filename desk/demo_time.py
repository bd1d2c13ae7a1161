"""The demo's days can be skipped: `desk demo-time +11d` moves `db.now()` of every process of that desk, never back.

How far is one number in DESK_HOME/ahead.seconds. Only a folder that `desk up --demo` made has a time of its own.
"""

from __future__ import annotations

import functools
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from . import db
from .db import Database
from .models import Heartbeat, Lease, MachineTime, SignInLink, WebSession
from .settings import Settings

MARK = "# Written anew by `desk up --demo` at every start."
LONGEST = timedelta(days=366)
FILE = "ahead.seconds"


def is_demo(home: Path) -> bool:
    toml = home / "desk.toml"
    return toml.exists() and toml.read_text(encoding="utf-8", errors="replace").startswith(MARK)


def follow(home: Path) -> None:
    """This process lives in the time of the demo in that folder; a real desk lives in the machine's."""
    db.run_ahead(functools.partial(_ahead, home / FILE, {}) if is_demo(home) else timedelta)


def read(text: str) -> timedelta | None:
    """«+11d» or «+6h», up to a year; None for anything else."""
    found = re.fullmatch(r"\+(\d{1,4})([dh])", text.strip())
    if found is None:
        return None
    by = timedelta(days=int(found[1])) if found[2] == "d" else timedelta(hours=int(found[1]))
    return by if timedelta() < by <= LONGEST else None


def move(database: Database, conf: Settings, by: timedelta) -> datetime:
    """Skip so much time; the new now. Who is signed in stays so, and no part looks as if it had been silent."""
    path = conf.home / FILE
    with database.write() as session:
        for table, columns in MOVED:
            for row in session.scalars(select(table)):
                for column in columns:
                    setattr(row, column, getattr(row, column) + by)
        for machine in session.scalars(select(MachineTime)):
            machine.offset_ms += round(by.total_seconds() * 1000)  # else it would be a jump of the machine's clock
        draft = path.with_suffix(".draft")
        draft.write_text(str(_seconds(path) + by.total_seconds()))
        draft.replace(path)
    return db.now()


MOVED: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (Heartbeat, ("at",)), (Lease, ("until",)), (WebSession, ("created_at", "seen_at")), (SignInLink, ("expires_at",)))


def _ahead(path: Path, kept: dict[int, timedelta]) -> timedelta:
    """Read again only when the file was written anew."""
    try:
        stamp = path.stat().st_mtime_ns
    except FileNotFoundError:
        return timedelta()
    if stamp not in kept:
        kept.clear()
        kept[stamp] = timedelta(seconds=_seconds(path))
    return kept[stamp]


def _seconds(path: Path) -> float:
    return float(path.read_text()) if path.exists() else 0.0
