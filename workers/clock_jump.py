"""Has somebody set the machine's clock? Then no alert leaves until it is plain what the time is.

The wall clock is compared with monotonic time, which nobody can set and which goes on while the process is stopped:
a stop of 26 hours is no jump.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LARGEST_STEP = 600  # seconds
AGREEMENT, AGREEMENT_AFTER = 5, 60  # two looks so far apart in seconds agree so well


@dataclass
class Steadiness:
    """`frozen` while the time cannot be believed."""

    monotonic: Callable[[], float] = time.monotonic
    frozen: dict[str, Any] | None = None
    _wall: datetime | None = None
    _ticks: float = 0.0

    @property
    def began(self) -> bool:
        return self._wall is not None

    def look(self, wall: datetime, *, last_beat: datetime | None = None) -> None:
        """One look at the wall clock. `last_beat`: what it showed before this process began."""
        ticks = self.monotonic()
        if self._wall is None:
            behind = (wall - last_beat).total_seconds() if last_beat else 0.0
            step, passed = min(behind, 0.0), 0.0
        else:
            passed = ticks - self._ticks
            step = (wall - self._wall).total_seconds() - passed
        if abs(step) > LARGEST_STEP:
            self.frozen = {"step_seconds": round(step), "since": wall.isoformat(timespec="seconds")}
        elif self.frozen and abs(step) <= AGREEMENT:
            if passed < AGREEMENT_AFTER:
                return  # too early to agree: the first look stays the one to compare with
            self.frozen = None
        self._wall, self._ticks = wall, ticks
