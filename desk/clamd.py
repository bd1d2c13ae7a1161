"""The virus scanner clamd (ClamAV), asked over its socket: PING and INSTREAM. Bytes go in, a verdict comes back."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 60.0
PIECE = 1 << 17
LONGEST_ANSWER = 4096


class ClamdError(Exception):
    """No verdict. `permanent`: asking again about these bytes cannot help."""

    def __init__(self, words: str, *, permanent: bool = False) -> None:
        super().__init__(words)
        self.permanent = permanent


def ping(address: str) -> None:
    """Raises ClamdError when nobody answers at `unix:/path` or `tcp:host:port`."""
    with _connected(address) as connection:
        connection.sendall(b"zPING\0")
        if _answer(connection) != "PONG":
            raise ClamdError(f"what listens at {address} is no clamd")


def scan(address: str, data: bytes) -> tuple[str, str]:
    """`clean`, or `infected` and the name of what was found; raises ClamdError."""
    with _connected(address) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # clamd says why before it hangs up
            connection.sendall(b"zINSTREAM\0")
            for start in range(0, len(data), PIECE):
                piece = data[start:start + PIECE]
                connection.sendall(struct.pack(">I", len(piece)) + piece)
            connection.sendall(struct.pack(">I", 0))
        return _verdict(_answer(connection))


def _verdict(answer: str) -> tuple[str, str]:
    if answer.endswith("OK"):
        return "clean", ""
    if answer.endswith("FOUND"):
        return "infected", answer.removeprefix("stream: ").removesuffix("FOUND").strip()
    raise ClamdError(f"clamd: {answer or 'no answer'}", permanent="size limit exceeded" in answer)


@contextmanager
def _connected(address: str) -> Iterator[socket.socket]:
    try:
        with _connect(address) as connection:
            connection.settimeout(ANSWER_SECONDS)
            yield connection
    except OSError as error:
        raise ClamdError(f"clamd at {address} does not answer: {error}") from error


def _connect(address: str) -> socket.socket:
    kind, _, place = address.partition(":")
    if kind == "tcp":
        host, _, port = place.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(CONNECT_SECONDS)
    try:
        connection.connect(place)
    except OSError:
        connection.close()
        raise
    return connection


def _answer(connection: socket.socket) -> str:
    said = b""
    while b"\0" not in said and len(said) < LONGEST_ANSWER and (piece := connection.recv(1024)):
        said += piece
    return said.partition(b"\0")[0].decode("utf-8", "replace").strip()
