"""Requests to addresses that an admin configured: a webhook, Telegram, a dead man's switch.

Only https, plain http to this very machine excepted; certificates are checked; no redirect is followed, no proxy asked,
no cookie kept. A name is resolved once, refused when it leads into a private network, and exactly that address is
connected to. What is thrown never holds the address itself: tokens stand in it.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

LONGEST_ANSWER = 64 << 10
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HttpsError(Exception):
    """No answer. `permanent`: the address itself is not allowed; `sent`: the other side may have got the request."""

    def __init__(self, words: str, *, permanent: bool = False, sent: bool = False) -> None:
        super().__init__(words)
        self.permanent, self.sent = permanent, sent


@dataclass(frozen=True)
class Answer:
    """`body`: its first 64 KiB."""

    status: int
    body: bytes


def ask(method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None, seconds: float,
        allow_private: bool = False) -> Answer:
    """One request and its answer, whatever its status, in `seconds` for each step and three times that in all."""
    parts = _parts(url)
    sock = _connect(parts, seconds, allow_private)
    connection = http.client.HTTPConnection(parts.hostname or "", timeout=seconds)
    connection.sock = sock
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    sent = {"Host": parts.netloc, "User-Agent": "zastupnik", **(headers or {})}
    with contextlib.closing(connection), _at_most(sock, 3 * seconds) as over:
        try:
            connection.request(method, target, body, sent)
            answer = connection.getresponse()
            out = Answer(answer.status, answer.read(LONGEST_ANSWER))
        except (OSError, http.client.HTTPException) as error:
            raise HttpsError(f"{parts.hostname}: {_words(error)}", sent=True) from None
    if over.is_set():
        raise HttpsError(f"{parts.hostname}: no whole answer in {3 * seconds:g} s", sent=True)
    return out


def fault(url: str) -> str:
    """Why this address cannot be used, '' when it can; asks no name server."""
    try:
        _parts(url)
    except HttpsError as error:
        return str(error)
    return ""


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise HttpsError("this is not an address", permanent=True) from None
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username is not None:
        raise HttpsError("an address begins with https:// and a name of a host", permanent=True)
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise HttpsError("only https is allowed, http only to this machine", permanent=True)
    if not (parts.path + parts.query + parts.netloc).isascii() or " " in parts.path + parts.query:
        raise HttpsError("an address has only Latin letters and no spaces", permanent=True)
    return parts


def _is_here(host: str) -> bool:
    """Does the address say by itself that it is this machine? A name that only leads here does not count."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _connect(parts: SplitResult, seconds: float, allow_private: bool) -> socket.socket:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = [row[4][0] for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise HttpsError(f"{host}: {_words(error)}") from None
    if not allow_private and not _is_here(host) and any(_is_private(str(one)) for one in found):
        raise HttpsError(f"{host} leads into a private network", permanent=True)
    last: OSError = OSError("no address")
    for one in dict.fromkeys(found):  # IPv6 first often, also where it leads nowhere
        try:
            sock = socket.create_connection((str(one), port), timeout=seconds)
            return _secured(sock, host) if parts.scheme == "https" else sock
        except OSError as failed:
            last = failed
    raise HttpsError(f"{host}: {_words(last)}") from None


def _secured(sock: socket.socket, host: str) -> socket.socket:
    try:
        return ssl.create_default_context().wrap_socket(sock, server_hostname=host)
    except OSError:
        sock.close()
        raise


def _is_private(text: str) -> bool:
    """Anything that is not a public address of the Internet, also when it is wrapped into one of IPv6."""
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = [address, *_wrapped(address)]
    return any(not one.is_global or one.is_multicast for one in inner)


def _wrapped(address: Address) -> list[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in ipaddress.ip_network("64:ff9b::/96"):  # NAT64
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


@contextlib.contextmanager
def _at_most(sock: socket.socket, seconds: float) -> Iterator[threading.Event]:
    """Cut the connection then, and set the event: a server that sends a byte now and then runs into no timeout."""
    over = threading.Event()
    timer = threading.Timer(seconds, _cut, [sock, over])
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()


def _cut(sock: socket.socket, over: threading.Event) -> None:
    over.set()
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]
