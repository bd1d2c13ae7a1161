"""`desk up`: starts the parts, starts them again when they end, and leaves none behind.

Promises: a part that ends is started again after 0.5, 1, 2 … 30 s; SIGTERM and SIGINT stop the parts in
reverse order; no part, and no child of a part, outlives the supervisor, not even when that is killed
with -9 (on Linux). Which parts there are stands in up.py.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FIRST_WAIT, LONGEST_WAIT, LIVED_WELL = 0.5, 30.0, 30.0  # seconds; who lived well begins again with the first wait
READY_SECONDS, STOP_SECONDS = 20.0, 10.0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
Sink = Callable[[str, str], None]  # (name of the part, line)


@dataclass
class Part:
    """One child process. `ready` says when the next group may start; one that runs `once` is ready when it ended."""

    name: str
    command: Sequence[str | Path]
    env: Mapping[str, str]
    ready: Callable[[], bool] = lambda: True
    once: bool = False
    process: subprocess.Popen[bytes] | None = None
    done: bool = False
    was_ready: bool = False
    started: float = 0.0
    failures: int = 0
    next_start: float = 0.0
    rest: bytes = field(default=b"", repr=False)

    @property
    def settled(self) -> bool:
        """Not asked again once it was ready: a probe may cost the part a connection each time."""
        if self.once:
            return self.done
        self.was_ready = self.process is not None and (self.was_ready or self.ready())
        return self.was_ready


class Supervisor:
    """`groups` start one after another, each when the one before is ready; then `announce` is called.

    `ended` hears of every process that ended, with its pid, before it is started again.
    """

    def __init__(self, groups: Sequence[Sequence[Part]], *, sink: Sink, announce: Callable[[], None] = lambda: None,
                 ended: Callable[[int], None] = lambda _: None) -> None:
        self.waiting = [list(group) for group in groups]
        self.parts: list[Part] = []
        self.sink, self.announce, self.ended = sink, announce, ended
        self.selector = selectors.DefaultSelector()
        self.asked = 0  # how often we were asked to stop
        self._announced = False
        self._group_started = 0.0

    def run(self) -> None:
        """Until SIGTERM, SIGINT or SIGHUP; then every part is stopped. A second signal kills at once."""
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only wakes the loop
        self.selector.register(reader, selectors.EVENT_READ)
        try:
            while not self.asked:
                self._step()
                self._listen(0.5 if self._announced else 0.02)
        finally:
            for part in reversed(self.parts):
                self._stop(part)

    def _ask(self, *_: object) -> None:
        self.asked += 1

    # --- starting ------------------------------------------------------------------------------

    def _step(self) -> None:
        for part in self.parts:
            if part.process is not None and part.process.poll() is not None:
                self._bury(part, part.process)
            if part.process is None and not part.done and time.monotonic() >= part.next_start:
                self._start(part)
        if not self._announced and self._settled():
            self._next_group()

    def _next_group(self) -> None:
        if not self.waiting:
            self._announced = True
            self.announce()
            return
        self._group_started = time.monotonic()
        group = self.waiting.pop(0)
        self.parts.extend(group)
        for part in group:
            self._start(part)

    def _settled(self) -> bool:
        """Is what was started ready? After a while the others do not wait for it any more."""
        late = time.monotonic() - self._group_started > READY_SECONDS
        return all(part.settled or (late and not part.once) for part in self.parts)

    def _start(self, part: Part) -> None:
        part.started, part.was_ready = time.monotonic(), False
        try:
            part.process = subprocess.Popen(  # noqa: S603 - our own commands
                part.command, env=dict(part.env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, start_new_session=True,
                # Safe here: this process has one thread.
                preexec_fn=functools.partial(die_with_parent, os.getpid()))
        except OSError as error:
            self._later(part, str(error))
            return
        assert part.process.stdout is not None
        os.set_blocking(part.process.stdout.fileno(), False)
        self.selector.register(part.process.stdout, selectors.EVENT_READ, part)

    # --- ending --------------------------------------------------------------------------------

    def _bury(self, part: Part, process: subprocess.Popen[bytes]) -> None:
        """What it left behind (workers that hold its port, say) goes with it."""
        _kill_group(process.pid)
        self._close(part, process)
        self.ended(process.pid)
        if part.once:
            part.done = True
            if process.returncode:
                self.sink(part.name, f"ERROR: ended with {_reason(process.returncode)}")
            return
        self._later(part, f"ended with {_reason(process.returncode)}")

    def _later(self, part: Part, why: str) -> None:
        lived = time.monotonic() - part.started
        part.failures = 1 if lived > LIVED_WELL else part.failures + 1
        wait = min(FIRST_WAIT * 2 ** (part.failures - 1), LONGEST_WAIT)
        part.next_start = time.monotonic() + wait
        self.sink(part.name, f"ERROR: {why}; started again in {wait:g} s")

    def _stop(self, part: Part) -> None:
        process = part.process
        if process is None:
            return
        limit = time.monotonic() + STOP_SECONDS
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        while process.poll() is None and time.monotonic() < limit and self.asked < 2:
            self._listen(0.05)
        _kill_group(process.pid)
        process.wait()
        self._close(part, process)
        self.ended(process.pid)

    def _close(self, part: Part, process: subprocess.Popen[bytes]) -> None:
        part.process = None
        assert process.stdout is not None
        self._read(part, process.stdout.fileno())
        with contextlib.suppress(KeyError):
            self.selector.unregister(process.stdout)
        process.stdout.close()

    # --- listening -----------------------------------------------------------------------------

    def _listen(self, seconds: float) -> None:
        """Wait for a line, a signal or the end of a part."""
        for key, _ in self.selector.select(seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 4096)
            elif not self._read(key.data, key.fd):
                self.selector.unregister(key.fileobj)

    def _read(self, part: Part, handle: int) -> bool:
        """Pass on what the part said; False when it closed its output."""
        try:
            data = os.read(handle, 1 << 16)
        except BlockingIOError:
            return True
        *lines, part.rest = (part.rest + data).split(b"\n")
        if not data and part.rest or len(part.rest) > 1 << 16:
            lines, part.rest = [*lines, part.rest], b""
        for line in lines:
            self.sink(part.name, line.decode("utf-8", "replace").rstrip())
        return bool(data)


def die_with_parent(parent: int = 0) -> None:
    """In a child: the kernel kills it when its parent ends, however that ended. Nothing happens outside Linux.

    Not inherited by this process' own children: they have to call it too.
    """
    with contextlib.suppress(AttributeError):
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:
        os._exit(1)  # it ended before we asked


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _reason(code: int) -> str:
    if code >= 0:
        return f"code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
