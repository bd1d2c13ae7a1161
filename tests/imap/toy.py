"""An IMAP server that lies: the answers are bytes that the test writes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

Answer = bytes | Callable[[str], bytes]
CLOSE = b"\0close"


class Toy:
    """`answers` maps the beginning of a command (after its tag) to untagged lines; the tagged OK follows by itself,
    unless they hold a line that begins with `TAG `. CLOSE cuts the connection."""

    def __init__(self, **answers: Answer) -> None:
        self.answers: dict[str, Answer] = {
            "CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n",
            "EXAMINE": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4] ok\r\n",
            "UID SEARCH": b"* SEARCH 1 2 3\r\n", **{k.replace("_", " "): v for k, v in answers.items()}}
        self.seen: list[str] = []
        self.connections: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self.connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._server.accept()[0]
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.sendall(b"* OK toy\r\n")
            with connection.makefile("rb") as lines:
                for line in lines:
                    tag, _, command = line.decode().strip().partition(" ")
                    self.seen.append(command)
                    if not self._answer(connection, tag, command):
                        connection.shutdown(socket.SHUT_RDWR)
                        return
        except OSError:
            return

    def _answer(self, connection: socket.socket, tag: str, command: str) -> bool:
        keys = sorted(self.answers, key=len, reverse=True)
        found = next((self.answers[k] for k in keys if command.startswith(k)), b"")
        text = found(command) if callable(found) else found
        body, _, rest = text.partition(CLOSE)
        body = body.replace(b"TAG ", tag.encode() + b" ")
        if tag.encode() + b" " not in body and CLOSE not in text:
            body += f"{tag} OK done\r\n".encode()
        connection.sendall(body)
        return CLOSE not in text
