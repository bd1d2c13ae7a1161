"""Where the demo listens: the usual ports, or the next free ones, or those that were asked for."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from ..settings import SettingsError

USUAL = {"web": 8080, "smtp": 2525, "imap": 1143}
HOST = "127.0.0.1"
TRIED = 200


def choose(environ: Mapping[str, str]) -> dict[str, int]:
    """Ports by name. Raises SettingsError for one that was asked for and cannot be had."""
    asked = {name: _asked(environ, f"DESK_{name.upper()}_PORT") for name in USUAL}
    chosen = {name: port for name, port in asked.items() if port}
    for name, first in USUAL.items():
        if name not in chosen:
            chosen[name] = next(port for port in range(first, first + TRIED)
                                if port not in chosen.values() and _is_free(port))
    return chosen


def _asked(environ: Mapping[str, str], variable: str) -> int:
    text = environ.get(variable, "")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise SettingsError(f"{variable} must be a port number, not {text!r}.")
    if not _is_free(int(text)):
        raise SettingsError(f"{variable}: the port {text} is taken on {HOST} (or this user may not have it).")
    return int(text)


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
        return True
