"""Clocks of the desk on a machine whose wall clock can be set, by libfaketime; the time since its start goes on.

Run as a script it forks: each line on stdin is the machine's boot id, the answer is the pid of a new clock.
"""

from __future__ import annotations

import glob
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

from desk import lawbook, machine_time
from desk.settings import Settings
from workers import clock

PLACES = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime")


class Server:
    """The machine: `set(seconds)` says how far its wall clock is off."""

    def __init__(self, conf: Settings, folder: Path) -> None:
        found = [p for place in PLACES for p in glob.glob(f"{place}/libfaketimeMT.so.1")]
        assert found, "install libfaketime (bin/test does it)"
        self._offset, settings = folder / "faketime", folder / "conf.pickle"
        settings.write_bytes(pickle.dumps(conf))
        self.boot = 1
        self.set(0)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.faketime", settings], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=os.environ | {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": str(self._offset),
                                         "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"})

    def set(self, seconds: float) -> None:
        draft = self._offset.with_suffix(".new")
        draft.write_text(f"{seconds:+.3f}\n")
        draft.replace(self._offset)

    def start(self) -> int:
        """A new clock; its pid."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{self.boot}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def main(settings: str) -> None:
    conf = pickle.loads(Path(settings).read_bytes())
    lawbook.known_rules()
    lawbook.production_calendar()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _clock(conf, f"boot {line.strip()}")
        print(pid, flush=True)


def _clock(conf: Settings, boot: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    machine_time._boot = lambda: boot
    clock.main(conf)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
