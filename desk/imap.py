"""Reading a mailbox over IMAP (RFC 9051, RFC 3501): the only module that knows imapclient.

Nothing here changes the mailbox except `flag` and `move`: it is opened read-only (EXAMINE) unless one
of them is wanted, and bodies are fetched with BODY.PEEK[]. Whatever goes wrong is an `ImapError`, and
after one the connection is not used again.
"""

from __future__ import annotations

import contextlib
import imaplib
import ipaddress
import logging
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from . import failpoints, oauth
from .imap_words import FAILURES, ImapError, explained, text_of
from .settings import Mailbox

log = logging.getLogger(__name__)
CONNECT_SECONDS, READ_SECONDS, COMMAND_SECONDS = 15, 60, 120
SLOWEST = 65536  # bytes a second; a batch may take COMMAND_SECONDS more than this
SMALL = 1 << 20  # up to here one command fetches many mails; larger ones come in parts
PART = 256 << 10
LARGEST_LITERAL = SMALL + PART  # nothing longer is ever asked for
WIDEST = 50_000  # UIDs named in one answer: imaplib refuses lines above 1,000,000 bytes
POLL_SECONDS = 10  # between looks when the server has no IDLE
KEYWORD = b"$Ingested"


class Size(NamedTuple):
    """RFC822.SIZE in bytes and INTERNALDATE in UTC; None when the server's date is no date."""

    bytes: int
    arrived_at: datetime | None


class Inbox:
    """One folder, opened on entering the `with` block; raises ImapError from every method."""

    uidvalidity: int
    exists: int
    uidnext: int

    def __init__(self, conf: Mailbox) -> None:
        self.conf = conf
        self._client: Any = None

    def __enter__(self) -> Inbox:
        try:
            with self._told("connect"):
                self._connect()
            with self._told("sign in"):
                self._sign_in()
            failpoints.hit("fetch.connected")
            with self._told("open the folder"):
                self._select()
        except ImapError:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    # --- looking -----------------------------------------------------------------------------

    def uids_above(self, last: int, window: int = 500) -> list[int]:
        """The next UIDs above `last`, ascending, about `window` of them; [] when there is nothing new.

        Walks windows of UIDs: an answer that lists 160,000 UIDs at once breaks imaplib.
        """
        with self._told("search"):
            self._client._imap.untagged_responses.pop("EXISTS", None)  # announced before this search: it finds them
            start = last + 1
            if self.uidnext - start > window:
                start = max(start, self._lowest())
            while start < self.uidnext:
                end = min(start + window, self.uidnext) - 1
                if found := self._search(f"{start}:{end}", start, end):
                    return found
                start, window = end + 1, min(window * 2, WIDEST)
            # `n:*` always names the last mail, also when it is older than n (RFC 9051 6.4.9).
            found = self._search(f"{start}:*", start, 1 << 32)
            self.uidnext = max(self.uidnext, found[-1] + 1) if found else self.uidnext
            return found

    def first_since(self, moment: datetime, window: int = 500) -> tuple[int, int]:
        """(cursor, skipped): the UID just below the first mail that arrived at or after `moment`, and
        how many mails lie at or below it. Looks from the newest backwards until a whole window is older."""
        with self._told("look for the first mail"):
            cursor, skipped, end = self.uidnext - 1, self.exists, self.exists
            while end > 0:
                start = max(1, end - window + 1)
                rows = self._by_number(range(start, end + 1), ["UID", "INTERNALDATE"])
                recent = [n for n, row in rows.items() if (at := _utc(row.get(b"INTERNALDATE"))) and at >= moment]
                if not recent:
                    break
                cursor, skipped = rows[min(recent)][b"UID"] - 1, min(recent) - 1
                end = start - 1
            return cursor, skipped

    def sizes(self, uids: Iterable[int]) -> dict[int, Size]:
        """Size and moment of arrival; a UID that is gone is missing."""
        with self._told("read sizes"):
            rows = self._client.fetch(list(uids), ["RFC822.SIZE", "INTERNALDATE"])
            return {uid: Size(row[b"RFC822.SIZE"], _utc(row.get(b"INTERNALDATE")))
                    for uid, row in rows.items() if isinstance(row.get(b"RFC822.SIZE"), int)}

    def wait(self, seconds: float, wake: int | None = None) -> bool:
        """Until something happens in the mailbox, `wake` (a file descriptor) is readable, or the time is up.

        True when the server said something. Without IDLE it returns after at most POLL_SECONDS.
        """
        with self._told("wait", seconds + COMMAND_SECONDS):
            # Announced inside the answer to the search before: servers do not repeat it in IDLE.
            if self._client._imap.untagged_responses.pop("EXISTS", None):
                return True
            if not self._client.has_capability("IDLE"):
                _poll(None, wake, min(seconds, POLL_SECONDS))
                self._client.noop()
                return True
            return self._idle(seconds, wake)

    # --- fetching ----------------------------------------------------------------------------

    def fetch(self, sizes: Mapping[int, int]) -> dict[int, bytes]:
        """Whole mails by UID, given their RFC822.SIZE. A UID without a body is missing: never an empty mail.

        A mail whose length differs is read three times and then taken as it is.
        """
        small = [uid for uid, size in sizes.items() if size <= SMALL]
        out: dict[int, bytes] = {}
        if small:
            with self._told("fetch", COMMAND_SECONDS + sum(sizes[uid] for uid in small) / SLOWEST):
                rows = self._client.fetch(small, ["BODY.PEEK[]"])
                out = {uid: row[b"BODY[]"] for uid, row in rows.items() if _is_body(row.get(b"BODY[]"), sizes[uid])}
        for uid, size in sizes.items():
            right = uid in out and len(out[uid]) == size
            if not right and (raw := self.whole(uid, size, out.pop(uid, None))) is not None:
                out[uid] = raw
        return {uid: out[uid] for uid in sizes if uid in out}

    def whole(self, uid: int, size: int, first: bytes | None = None) -> bytes | None:
        """One mail in parts of 256 KiB; None when it is gone. `first`: an earlier try, with a wrong length."""
        raw = first
        for _ in range(3 if first is None else 2):
            raw = self.head(uid, 2 * size + PART)  # a server may understate the size; the mail ends by itself
            if not raw and size:
                return None
            if raw is not None and len(raw) == size:
                return raw
        log.warning("mailbox %s, UID %s: %s bytes announced, %s came", self.conf.name, uid, size, len(raw or b""))
        return raw

    def head(self, uid: int, count: int) -> bytes | None:
        """The first `count` bytes of a mail that is too large; None when it is gone."""
        parts: list[bytes] = []
        got = 0
        while got < count:
            part = self._part(uid, got, min(PART, count - got))
            if part is None:
                return None
            parts.append(part)
            got += len(part)
            if len(part) < PART:
                break
        return b"".join(parts)

    def _part(self, uid: int, start: int, count: int) -> bytes | None:
        with self._told("fetch"):
            row = self._client.fetch([uid], [f"BODY.PEEK[]<{start}.{count}>"]).get(uid, {})
            part = row.get(b"BODY[]<%d>" % start)
            return part if isinstance(part, bytes) and len(part) <= count else None

    # --- changing the mailbox: after the commit only ---------------------------------------------

    def flag(self, uids: Iterable[int]) -> bool:
        """Mark with the keyword $Ingested; False when the server does not keep keywords."""
        with self._told("flag"):
            try:
                self._client.add_flags(list(uids), [KEYWORD], silent=True)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                log.info("mailbox %s keeps no keyword: %s", self.conf.name, error)
                return False
        return True

    def move(self, uids: Iterable[int], folder: str) -> None:
        """Move to another folder, never delete: MOVE (RFC 6851), else COPY and UID EXPUNGE (RFC 4315)."""
        which = list(uids)
        with self._told("move"):
            if self._client.has_capability("MOVE"):
                self._client.move(which, folder)
            elif self._client.has_capability("UIDPLUS"):
                self._client.copy(which, folder)
                self._client.delete_messages(which, silent=True)
                self._client.uid_expunge(which)
            else:
                raise ImapError("the server can neither MOVE nor UIDPLUS", permanent=True,
                                hint='Сервер не умеет переносить письма: after = "flag" / use after = "flag"')

    # --- the connection ------------------------------------------------------------------------

    def _connect(self) -> None:
        conf = self.conf
        if not conf.tls and not is_loopback(conf.host):
            raise ImapError(f"mailbox {conf.name}: tls = false, but {conf.host} is another machine", permanent=True,
                            hint="Пароль ушёл бы открыто: tls = true / the password would travel unprotected")
        context = None
        if conf.tls:
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if not conf.tls_strict:
                context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self._client = IMAPClient(conf.host, conf.port, ssl=conf.tls, ssl_context=context,
                                  timeout=SocketTimeout(CONNECT_SECONDS, READ_SECONDS))
        self._client.normalise_times = False  # INTERNALDATE with its zone
        inner = self._client._imap
        inner.debug = 0  # imapclient sets 5: the password and the repr of every body are formatted for the log
        inner.read = _bounded(inner.read)
        self._client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def _sign_in(self) -> None:
        conf, secret = self.conf, self.conf.password.get_secret_value()
        if conf.auth == "xoauth2":
            self._sign_in_with_token()
        elif (conf.username + secret).isascii():
            self._client.login(conf.username, secret)
        else:  # LOGIN cannot carry other letters, AUTHENTICATE PLAIN is UTF-8 (RFC 4616)
            self._client.plain_login(conf.username, secret)

    def _sign_in_with_token(self) -> None:
        try:
            token = oauth.access_token(self.conf)
        except oauth.OAuthError as error:
            raise ImapError(f"mailbox {self.conf.name}: {error}", permanent=error.permanent, hint=oauth.HINT) from error
        try:
            self._client.oauth2_login(self.conf.username, token)
        except LoginError:
            oauth.forget(self.conf)
            raise

    def _select(self) -> None:
        answer = self._client.select_folder(self.conf.folder, readonly=self.conf.after == "nothing")
        self.exists, self.uidvalidity = answer[b"EXISTS"], answer[b"UIDVALIDITY"]
        last = self._by_number([self.exists], ["UID"]) if self.exists and b"UIDNEXT" not in answer else {}
        self.uidnext = answer.get(b"UIDNEXT") or last.get(self.exists, {}).get(b"UID", 0) + 1
        self._client._imap.untagged_responses.pop("EXISTS", None)

    def _search(self, uids: str, low: int, high: int) -> list[int]:
        return sorted(uid for uid in self._client.search(["UID", uids]) if low <= uid <= high)

    def _lowest(self) -> int:
        """The first mail's UID: old mailboxes begin far from 1."""
        uid: int = self._by_number([1], ["UID"]).get(1, {}).get(b"UID", 1) if self.exists else self.uidnext
        return uid

    def _by_number(self, numbers: Iterable[int], items: list[str]) -> dict[int, dict[bytes, Any]]:
        """FETCH by sequence numbers, which have no holes. Only right after SELECT: EXPUNGE shifts them."""
        self._client.use_uid = False
        try:
            rows: dict[int, dict[bytes, Any]] = self._client.fetch(list(numbers), items)
            return {n: row for n, row in rows.items() if isinstance(row.get(b"UID"), int)}
        finally:
            self._client.use_uid = True

    def _idle(self, seconds: float, wake: int | None) -> bool:
        """imapclient's own idle_check spins at EOF, and misses what came together with `+ idling`."""
        client = self._client
        client.idle()
        sock = client.socket()
        sock.setblocking(False)
        try:
            ready = _is_buffered(client._imap)
        except (BlockingIOError, ssl.SSLWantReadError):
            ready = False
        finally:
            sock.settimeout(READ_SECONDS)
        if not ready:
            _poll(sock.fileno(), wake, seconds)
        return bool(client.idle_done()[1])  # raises on a dead socket

    @contextlib.contextmanager
    def _told(self, doing: str, seconds: float = COMMAND_SECONDS) -> Iterator[None]:
        """Turn every failure into an ImapError, and cut a server that drips: a read timeout never ends that."""
        late = threading.Event()
        timer = threading.Timer(seconds, self._cut, [late])
        timer.daemon = True
        timer.start()
        try:
            yield
        except FAILURES as error:
            text = f"slower than {seconds:.0f} s" if late.is_set() else text_of(error)
            raise explained(self.conf, doing, text, error) from error
        finally:
            timer.cancel()

    def _cut(self, late: threading.Event) -> None:
        late.set()
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.socket().shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        with contextlib.suppress(*FAILURES):
            client.socket().settimeout(2)  # a courtesy, not worth waiting for
            client.logout()
        with contextlib.suppress(*FAILURES):
            client.shutdown()


def is_loopback(host: str) -> bool:
    """Does the name mean this machine? Only there a connection may be unprotected."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _utc(moment: object) -> datetime | None:
    try:
        return moment.astimezone(UTC) if isinstance(moment, datetime) and moment.tzinfo else None
    except (ValueError, OverflowError):  # "+9900", year 9999
        return None


def _is_body(value: object, size: int) -> bool:
    return isinstance(value, bytes) and (bool(value) or size == 0)


def _bounded(read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    def bounded(size: int) -> bytes:
        if size > LARGEST_LITERAL:  # {4000000000}: imaplib would allocate it
            raise imaplib.IMAP4.abort(f"the server announced {size} bytes that nobody asked for")
        return read(size)
    return bounded


def _is_buffered(inner: Any) -> bool:
    if hasattr(inner, "_readbuf"):  # Python 3.14 has its own buffer
        return bool(inner._readbuf)
    return bool(inner.file.peek(1))


def _poll(sock: int | None, wake: int | None, seconds: float) -> None:
    poll = select.poll()
    for handle in (sock, wake):
        if handle is not None:
            poll.register(handle, select.POLLIN)
    poll.poll(seconds * 1000)


__all__ = ["ImapError", "Inbox", "Size", "is_loopback"]
