"""The demo's mail server: the desk's mailbox and every consumer's post office, in one process.

Any address has a mailbox, made when the first mail comes for it or when somebody opens it: the IMAP user is
the address, the password is PASSWORD. `help+anything@` is `help@`. Nothing leaves this machine.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
from argparse import Namespace
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from pymap.backend.dict import Config, DictBackend, Identity, Login
from pymap.exceptions import InvalidAuth
from pymap.imap import IMAPService
from pymap.parsing.message import AppendMessage
from pymap.user import UserMetadata
from pysasl import SASLAuth
from pysasl.hashing import Cleartext

from .. import db
from ..settings import Settings
from . import opaque
from .spool import Kept, Spool

log = logging.getLogger(__name__)
PASSWORD = "demo"  # noqa: S105 - printed on the screen
LARGEST_MAIL = 64 << 20
# The samples arrived on other days than today; a mail server is the only one who can say so.
ARRIVED = re.compile(rb"\AX-Demo-Arrived: ([0-9T:+.-]+)\r\n")
_running: set[asyncio.Task[Any]] = set()


def main(conf: Settings) -> None:
    """Serve until SIGTERM."""
    asyncio.run(_serve(conf))


async def _serve(conf: Settings) -> None:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(_keep)  # type: ignore[arg-type]  # its stub knows no plain function
    box = conf.mailbox[0]
    async with AsyncExitStack() as stack:
        office = await Office.open(stack, Spool(conf.home / "post"), desk=box.address, imap_port=box.port)
        server = await loop.create_server(lambda: Server(Counter(office), **Server.OPTIONS), conf.smtp.host,
                                          conf.smtp.port)
        async with server:
            await server.serve_forever()


def _keep(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **more: Any) -> asyncio.Task[Any]:
    """pymap holds no reference to its connections' tasks, and Python 3.13 collects what nobody holds."""
    task = asyncio.Task(coroutine, loop=loop, **more)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


class QuickConfig(Config):  # type: ignore[misc]  # pymap has no types
    """pymap looks through all installed packages for sign-in mechanisms, twice for each connection."""

    @property
    def tls_auth(self) -> SASLAuth:
        return _mechanisms()


@functools.cache
def _mechanisms() -> SASLAuth:
    return SASLAuth.defaults()


class Office:
    """The mailboxes. A mail is on disk before it is in them, and in them before its sender hears 250."""

    def __init__(self, backend: DictBackend, spool: Spool, desk: str) -> None:
        self.backend, self.spool, self.desk = backend, spool, desk
        self.last = 0
        self.lock = asyncio.Lock()

    @classmethod
    async def open(cls, stack: AsyncExitStack, spool: Spool, *, desk: str, imap_port: int) -> Office:
        """With what the spool holds; serves IMAP as long as the stack is open."""
        arguments = Namespace(host=["127.0.0.1"], port=str(imap_port), cert=None, key=None, tls=False, debug=False,
                              proxy_protocol=None, inherited_sockets=None, passlib_cfg=None, skip_services=[],
                              demo_data=False, demo_user=desk, demo_password=PASSWORD)
        config = QuickConfig.from_args(arguments, hash_context=Cleartext())
        config.apply_context()
        opaque.install()
        backend = DictBackend(Doors(config, desk, spool.uidvalidity), config)
        office = cls(backend, spool, desk)
        for mail in spool:
            await office._put(mail)
        await backend.start(stack)
        await IMAPService(backend, config).start(stack)
        return office

    async def deliver(self, raw: bytes, recipients: Sequence[str], at: datetime) -> None:
        owners = sorted({self.owner(address) for address in recipients})
        async with self.lock:
            mail = Kept(await self._next(owners), owners, at, raw)
            self.spool.keep(mail)
            await self._put(mail)

    def owner(self, address: str) -> str:
        local, _, domain = address.lower().rpartition("@")
        plain = f"{local.partition('+')[0]}@{domain}"
        return plain if plain == self.desk else address.lower()

    async def _next(self, owners: Sequence[str]) -> int:
        """Above what every mailbox holds: a mail program may have put something there by itself."""
        known = [(await self.backend.login.inbox(owner))._max_uid for owner in owners]
        return 1 + int(max([self.last, *known]))

    async def _put(self, mail: Kept) -> None:
        self.last = max(self.last, mail.number)
        for owner in mail.owners:
            inbox = await self.backend.login.inbox(owner)
            inbox._max_uid = mail.number - 1
            await inbox.append(AppendMessage(mail.raw, mail.at), recent=True)


class Doors(Login):  # type: ignore[misc]
    """One password opens every mailbox, also one that does not exist yet."""

    def __init__(self, config: Config, desk: str, uidvalidity: int) -> None:
        super().__init__(config)
        self.domain, self.uidvalidity = desk.rpartition("@")[2], uidvalidity

    async def authenticate(self, credentials: Any) -> Identity:
        known = UserMetadata(self.config, credentials.authcid, password=PASSWORD)
        if not credentials.verify(known):
            raise InvalidAuth
        await self.inbox(credentials.authcid)
        return self.identity(credentials.authcid)

    async def authorize(self, authenticated: Identity, _authzid: str) -> Identity:
        return authenticated

    async def inbox(self, name: str) -> Any:
        """Its UIDVALIDITY is the spool's from the first look on: a new one would have everything read again."""
        async with self.identity(name).new_session() as session:
            inbox = await session.mailbox_set.get_mailbox("INBOX")
        inbox._uid_validity = self.uidvalidity
        return inbox

    def identity(self, name: str) -> Identity:
        name = name.strip().lower()
        name = name if "@" in name else f"{name}@{self.domain}"
        self.users_dict.setdefault(name, UserMetadata(self.config, name, password=PASSWORD))
        return Identity(name, self, None, frozenset())


class Server(SMTP):  # type: ignore[misc]
    OPTIONS = {"enable_SMTPUTF8": True, "data_size_limit": LARGEST_MAIL, "ident": "demo post office",
               "auth_require_tls": False, "authenticator": lambda *_: AuthResult(success=True)}
    line_length_limit = LARGEST_MAIL  # a mail with bare LF is one line


class Counter:
    """Where mail is handed in over SMTP."""

    def __init__(self, office: Office) -> None:
        self.office = office

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:
        raw = envelope.original_content
        at = db.now()
        if found := ARRIVED.match(raw):
            raw, at = raw[found.end():], datetime.fromisoformat(found[1].decode())
        try:
            await self.office.deliver(raw, envelope.rcpt_tos, at)
        except OSError as error:
            log.exception("a mail could not be kept")
            return f"451 4.3.0 {error.strerror}"
        return "250 2.0.0 delivered"
