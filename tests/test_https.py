"""Requests outside: only to whom an admin named, only as long as they may take, and never into the house."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk import https

from .alerts.receiver import Receiver
from .servers import make_certificate


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.mark.parametrize(("url", "words"), [
    ("http://hooks.example/x", "only https"), ("ftp://hooks.example", "https://"), ("https:///x", "https://"),
    ("https://user:secret@hooks.example/", "https://"), ("file:///etc/passwd", "https://"), ("hooks.example", "https://"),
    ("https://hooks.example:port/", "not an address"), ("https://[::1/", "not an address"),
    ("https://hooks.example/a b", "Latin"), ("https://hooks.example/ж", "Latin"), ("http://127.0.0.1.example/", "only https"),
    ("http://192.168.0.1/", "only https"), ("http://0.0.0.0/", "only https")])
def test_an_address_of_another_kind_is_refused_for_good(url: str, words: str) -> None:
    assert words in https.fault(url)
    with pytest.raises(https.HttpsError, match=words) as refused:
        https.ask("POST", url, seconds=1)
    assert refused.value.permanent
    assert not refused.value.sent


@pytest.mark.parametrize("url", ["https://hooks.example/x?y=1", "http://127.0.0.1:8080/", "http://localhost/", "http://[::1]/"])
def test_https_and_this_very_machine_are_allowed(url: str) -> None:
    assert https.fault(url) == ""


PRIVATE = ["10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.1", "0.0.0.0", "100.64.0.1", "224.0.0.1",
           "::1", "fe80::1%1", "fd00::1", "::ffff:10.0.0.1", "2002:0a00:0001::", "64:ff9b::10.0.0.1"]


@pytest.mark.parametrize("found", PRIVATE)
def test_a_name_that_leads_into_the_house_is_refused(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(monkeypatch, "8.8.8.8", found)
    with pytest.raises(https.HttpsError, match="private network") as refused:
        https.ask("GET", "https://hooks.example/", seconds=1)
    assert refused.value.permanent


def test_a_private_network_can_be_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """…and then the certificate is looked at all the same."""
    certificate = tmp_path / "server.pem"
    make_certificate(certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        resolves_to(monkeypatch, "127.0.0.1")
        threading.Thread(target=serve_once, args=(listener, context), daemon=True).start()
        with pytest.raises(https.HttpsError, match="CERTIFICATE_VERIFY_FAILED") as refused:
            https.ask("GET", f"https://hooks.example:{port}/", seconds=10, allow_private=True)
    assert not refused.value.permanent
    assert not refused.value.sent


def serve_once(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        context.wrap_socket(connection, server_side=True).close()


def resolves_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    real = socket.getaddrinfo

    def found(host: str, port: int, *more: Any, **named: Any) -> list[Any]:
        if host != "hooks.example":
            return real(host, port, *more, **named)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]
    monkeypatch.setattr(https.socket, "getaddrinfo", found)


def test_what_is_sent_and_what_comes_back(receiver: Receiver) -> None:
    receiver.answer = lambda _: (202, b"x" * 100_000, {})
    answer = https.ask("POST", f"{receiver.url}/a?b=c", body="тело".encode(), headers={"X-One": "1"}, seconds=10)
    assert (answer.status, len(answer.body)) == (202, https.LONGEST_ANSWER)
    request, = receiver.requests
    assert (request.method, request.path, request.body) == ("POST", "/a?b=c", "тело".encode())
    assert request.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["X-One"] == "1"


def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver) -> None:
    receiver.answer = lambda _: (307, {}, {"Location": f"{receiver.url}/elsewhere"})
    assert https.ask("POST", receiver.url, seconds=10).status == 307
    assert len(receiver.requests) == 1


def test_no_answer_is_doubtful_and_nobody_there_is_not(receiver: Receiver) -> None:
    receiver.answer = lambda _: None
    with pytest.raises(https.HttpsError) as cut:
        https.ask("POST", f"{receiver.url}/secret-token", seconds=10)
    assert cut.value.sent
    assert "secret-token" not in str(cut.value)
    receiver.close()
    with pytest.raises(https.HttpsError) as nobody:
        https.ask("POST", receiver.url, seconds=10)
    assert not nobody.value.sent
    assert not nobody.value.permanent


def test_a_server_that_drips_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()
        thread = threading.Thread(target=drip, args=(listener, over))
        thread.start()
        with pytest.raises(https.HttpsError):
            https.ask("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/", seconds=0.5)
        over.set()
        thread.join(10)


def drip(listener: socket.socket, over: threading.Event) -> None:
    """A header line that never ends, a byte at a time."""
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not over.wait(0.1):
            connection.sendall(b"x")
