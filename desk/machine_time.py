"""Has somebody set the machine's clock? Then no alert leaves until it is plain what the time is.

The wall clock is compared with the time since the machine's start, which nobody can set, and which goes on while a
process is stopped or the machine sleeps. How far apart they are is kept in the database, so that a process that has
just begun knows it too. After a restart of the machine only the last heartbeat is left to compare with.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import leases
from .db import now
from .models import Heartbeat, MachineTime
from .settings import Settings

LARGEST_STEP_BACK = timedelta(minutes=1)
NOTED = 500  # milliseconds: a smaller drift is not written down
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def _running() -> float:
    """Seconds since the machine's start, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _boot() -> str:
    """Another one after each start of the machine; where it has no name, after each start of the process."""
    return BOOT_ID.read_text().strip() if BOOT_ID.exists() else uuid.uuid4().hex


@dataclass(frozen=True)
class Machine:
    """Its wall clock, and what nobody can set: seconds since its start, and the name of that start."""

    wall: Callable[[], datetime]
    running: Callable[[], float]
    boot: str
    host: str


def this_machine() -> Machine:
    return Machine(now, _running, _boot(), leases.HOST)


@dataclass(frozen=True)
class Belief:
    """`now`: the time that is believed. `step_seconds`: how far the wall clock jumped away from it, 0: not at all."""

    now: datetime
    step_seconds: int = 0
    frozen_since: datetime | None = None
    resumed: bool = False


def look(session: Session, conf: Settings, machine: Machine) -> Belief:
    """Compare once; frozen until both agree again, an admin confirms the wall clock, or nobody did for hours."""
    row = session.get(MachineTime, machine.host, with_for_update=True)
    # Read behind the lock: what was read before may be from before another clock's look.
    wall, ticks = machine.wall(), timedelta(seconds=machine.running())
    if row is None or row.boot != machine.boot:
        row = session.merge(_begun(session, conf, machine, row, wall, ticks))
    believed = _moment(row.offset_ms) + ticks
    step = wall - believed
    was = row.frozen_since
    if row.confirmed or _is_small(conf, step) or _was_held_long(conf, row, believed):
        row.frozen_since, row.step_seconds, row.confirmed = None, 0, False
        if abs(step) > timedelta(milliseconds=NOTED):
            row.offset_ms = _offset(wall, ticks)
        return Belief(wall, resumed=was is not None)
    row.frozen_since, row.step_seconds = was or believed, round(step.total_seconds())
    return Belief(believed, row.step_seconds, row.frozen_since)


def frozen(session: Session) -> list[MachineTime]:
    """The machines whose time is not believed."""
    return list(session.scalars(select(MachineTime).where(
        MachineTime.frozen_since.is_not(None), MachineTime.confirmed.is_(False)).order_by(MachineTime.host)))


def confirm(session: Session) -> list[str]:
    """Somebody says that the wall clocks are right; the hosts that they are of."""
    rows = frozen(session)
    for row in rows:
        row.confirmed = True
    return [row.host for row in rows]


def _begun(session: Session, conf: Settings, machine: Machine, known: MachineTime | None, wall: datetime,
           ticks: timedelta) -> MachineTime:
    """A machine that just started is believed, unless the desk was at work later than it thinks it is."""
    beat = session.get(Heartbeat, "clock")
    is_behind = beat is not None and beat.at - wall > timedelta(minutes=conf.alerts.jump_minutes)
    start = beat.at if beat is not None and is_behind else wall
    return MachineTime(host=machine.host, boot=machine.boot, offset_ms=_offset(start, ticks), frozen_since=None,
                       step_seconds=0, confirmed=known is not None and known.confirmed)


def _is_small(conf: Settings, step: timedelta) -> bool:
    return -LARGEST_STEP_BACK <= step <= timedelta(minutes=conf.alerts.jump_minutes)


def _was_held_long(conf: Settings, row: MachineTime, believed: datetime) -> bool:
    hold = timedelta(hours=conf.alerts.jump_hold_hours)
    return row.frozen_since is not None and believed - row.frozen_since >= hold


def _offset(wall: datetime, ticks: timedelta) -> int:
    return round((wall.timestamp() - ticks.total_seconds()) * 1000)


def _moment(offset_ms: int) -> datetime:
    return datetime.fromtimestamp(offset_ms / 1000, UTC)
