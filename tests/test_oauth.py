"""Access tokens are renewed against a real HTTP server, shared, and asked for again when a mail server refuses one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from desk import oauth
from desk.imap import ImapError, Inbox
from desk.settings import Mailbox, SettingsError, Smtp, load
from desk.smtp import Connection, SmtpError

from .imap.toy import Toy
from .servers import SmtpSink


class TokenServer(ThreadingHTTPServer):
    """Answers with what `answers` holds, the last one again and again; `asked` keeps the forms."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.answers: list[tuple[int, dict[str, Any]]] = [(200, {"access_token": "first", "expires_in": 3600})]
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/token"


class Handler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append({key: values[0] for key, values in form.items()})
        status, answer = self.server.answers[0]
        if len(self.server.answers) > 1:
            self.server.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer() as out:
        yield out
        out.shutdown()


@pytest.fixture
def box(server: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    monkeypatch.setenv("DESK_HOME", str(tmp_path))
    return Mailbox(name="main", address="a@b", host="127.0.0.1", tls=False, username="anna", password=SecretStr(""), auth="xoauth2",
                   token_url=server.url, client_id="desk", client_secret=SecretStr("s3"), refresh_token=SecretStr("r1"))


def test_a_token_is_asked_for_once_and_kept_unreadable_for_others(server: TokenServer, box: Mailbox, tmp_path: Path) -> None:
    assert [oauth.access_token(box), oauth.access_token(box)] == ["first", "first"]
    assert server.asked == [{"grant_type": "refresh_token", "refresh_token": "r1", "client_id": "desk", "client_secret": "s3"}]
    assert {p.stat().st_mode & 0o077 for p in (tmp_path / "oauth").glob("*.json")} == {0}


def test_many_at_once_ask_once(server: TokenServer, box: Mailbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: oauth.access_token(box), range(8))) == {"first"}
    assert len(server.asked) == 1


def test_one_about_to_expire_is_renewed_and_a_new_refresh_token_takes_the_place_of_the_old(server: TokenServer, box: Mailbox) -> None:
    server.answers[:] = [(200, {"access_token": "short", "expires_in": 60, "refresh_token": "r2"}),
                         (200, {"access_token": "second", "expires_in": 60}), (200, {"access_token": "third"})]
    assert [oauth.access_token(box) for _ in range(4)] == ["short", "second", "third", "third"]
    assert [form["refresh_token"] for form in server.asked] == ["r1", "r2", "r2"]


@pytest.mark.parametrize(("status", "answer", "permanent"), [
    (400, {"error": "invalid_grant"}, True), (401, {"error": "invalid_client"}, True), (500, {}, False), (200, {}, False)])
def test_a_refusal_is_told_apart_from_trouble(server: TokenServer, box: Mailbox, status: int, answer: dict[str, Any],
                                              permanent: bool) -> None:
    server.answers[:] = [(status, answer)]
    with pytest.raises(oauth.OAuthError) as caught:
        oauth.access_token(box)
    assert caught.value.permanent is permanent
    assert answer.get("error", "") in str(caught.value)
    assert "r1" not in str(caught.value)


def test_no_answer_is_trouble(server: TokenServer, box: Mailbox) -> None:
    with pytest.raises(oauth.OAuthError) as caught:
        oauth.access_token(box.model_copy(update={"token_url": "http://127.0.0.1:1/token"}))
    assert not caught.value.permanent


def test_without_a_refresh_token_the_password_is_the_token(box: Mailbox) -> None:
    assert oauth.access_token(box.model_copy(update={"refresh_token": SecretStr(""), "password": SecretStr("given")})) == "given"


def test_a_mailbox_that_refuses_the_token_gets_another_one(server: TokenServer, box: Mailbox) -> None:
    server.answers[:] = [(200, {"access_token": "bad", "expires_in": 3600}), (200, {"access_token": "good", "expires_in": 3600})]
    toy = Toy(AUTHENTICATE=b"TAG NO [AUTHENTICATIONFAILED] no\r\n", CAPABILITY=b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n")
    with pytest.raises(ImapError) as caught, Inbox(box.model_copy(update={"port": toy.port})):
        pass
    toy.close()
    assert caught.value.permanent
    assert oauth.access_token(box) == "good"


def test_a_mailbox_says_when_there_is_no_token(server: TokenServer, box: Mailbox) -> None:
    server.answers[:] = [(400, {"error": "invalid_grant"})]
    toy = Toy()
    with pytest.raises(ImapError, match=r"invalid_grant.*refresh_token отозван") as caught, Inbox(
            box.model_copy(update={"port": toy.port})):
        pass
    toy.close()
    assert caught.value.permanent


def test_a_letter_waits_until_there_is_a_token(server: TokenServer, box: Mailbox, smtp_sink: SmtpSink) -> None:
    server.answers[:] = [(400, {"error": "invalid_grant"}), (200, {"access_token": "bad"}), (200, {"access_token": "good"})]
    conf = Smtp(host="127.0.0.1", port=smtp_sink.port, security="none", address="", undo_seconds=0,
                **box.model_dump(include={"username", "password", "auth", "token_url", "client_id", "client_secret", "refresh_token"}))
    for expected in ("invalid_grant", "sign-in refused"):  # the second: this server knows no XOAUTH2
        with pytest.raises(SmtpError, match=expected) as caught, Connection(conf) as connection:
            connection.open()
        assert not caught.value.permanent
    assert oauth.access_token(box) == "good"


def test_half_a_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="refresh_token needs token_url and client_id"):
        load({"DESK_HOME": str(tmp_path), "DESK_SMTP_REFRESH_TOKEN": "r"})
