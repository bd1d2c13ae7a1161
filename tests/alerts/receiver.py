"""A web server that keeps every request: what a webhook, Telegram or the ping outside would have got."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """`answer` is asked for (status, body, headers) for each request; None cuts the connection without an answer."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], tuple[int, Any, dict[str, str]] | None] = lambda _: (200, {"ok": True}, {})
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, dict(self.headers), body)
                receiver.requests.append(request)
                answer = receiver.answer(request)
                if answer is None:
                    self.close_connection = True
                    return
                status, said, headers = answer
                raw = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(raw)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def refuse(self, status: int, description: str = "", **more: Any) -> None:
        self.answer = lambda _: (status, {"ok": False, "error_code": status, "description": description, **more}, {})

    def accept(self) -> None:
        self.answer = lambda _: (200, {"ok": True}, {})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
