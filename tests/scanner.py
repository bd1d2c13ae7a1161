"""A virus scanner on loopback that speaks clamd's INSTREAM and knows one virus: the EICAR test file."""

from __future__ import annotations

import socketserver
import struct
import threading

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LARGEST = 1 << 20


class Scanner:
    """`address` as in [files] clamd; `seen` counts what was scanned."""

    def __init__(self) -> None:
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.address = f"tcp:127.0.0.1:{self.server.server_address[1]}"
        self.seen = 0
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def _handler(scanner: Scanner) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            command = b""
            while not command.endswith(b"\0"):
                command += self.rfile.read(1)
            if command == b"zPING\0":
                self.wfile.write(b"PONG\0")
            elif command == b"zINSTREAM\0":
                self.wfile.write(self._verdict())

        def _verdict(self) -> bytes:
            data = b""
            while size := struct.unpack(">I", self.rfile.read(4))[0]:
                data += self.rfile.read(size)
                if len(data) > LARGEST:
                    return b"INSTREAM size limit exceeded. ERROR\0"
            scanner.seen += 1
            return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0"
    return Handler
