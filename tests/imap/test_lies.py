"""Servers that lie or fail: every one of imapclient's exception families becomes an ImapError."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from desk import imap
from desk.imap import ImapError, Inbox
from desk.settings import Mailbox

from .toy import CLOSE, Answer, Toy

Start = Callable[..., Mailbox]


@pytest.fixture
def toys() -> Iterator[list[Toy]]:
    made: list[Toy] = []
    yield made
    for toy in made:
        toy.close()


@pytest.fixture
def start(toys: list[Toy]) -> Start:
    def begin(**answers: Answer) -> Mailbox:
        toys.append(Toy(**answers))
        return conf_for(toys[-1].port)
    return begin


def conf_for(port: int, **values: Any) -> Mailbox:
    return Mailbox(**{"name": "main", "address": "a@b", "host": "127.0.0.1", "port": port, "tls": False,
                      "username": "anna", "password": "demo", **values})


def whole(body: bytes) -> Answer:
    return lambda _command: b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n" % (len(body), body)


def parts(body: bytes) -> Answer:
    """Answers BODY.PEEK[]<start.count> honestly."""
    def answer(command: str) -> bytes:
        if "]<" not in command:
            return b"* 1 FETCH (UID 1 BODY[] NIL)\r\n"
        begin, count = map(int, command.partition("]<")[2].partition(">")[0].split("."))
        piece = body[begin:begin + count]
        return b"* 1 FETCH (UID 1 BODY[]<%d> {%d}\r\n%s)\r\n" % (begin, len(piece), piece)
    return answer


@pytest.mark.parametrize("lie", [
    b"* 1 FETCH (UID 1 BODY[] {4000000000}\r\nabc",
    b"* 1 FETCH (UID 1 BODY[] " + b"(" * 20_000 + b")" * 20_000 + b")\r\n",
    b"* 1 FETCH (UID 1 BODY[] \"" + b"x" * 1_200_000 + b"\")\r\n",
    b"* 1 FETCH (UID one BODY[] NIL)\r\n",
    b"* 1 FETCH (UID 1 BODY[]\r\n",
    b"* 1 FETCH 17\r\n",
    b"TAG NO [UNAVAILABLE] UID FETCH Backend error\r\n",
    b"TAG BAD what\r\n",
    b"* BYE going down\r\n" + CLOSE,
    b"* 1 FETCH (UID 1 BODY[] {100}\r\nabc" + CLOSE,
    CLOSE,
], ids=["bomb", "parentheses", "long line", "no number", "uneven", "no list", "unavailable", "bad", "bye",
        "cut in body", "cut"])
def test_a_lie_in_fetch(start: Start, lie: bytes) -> None:
    with Inbox(start(UID_FETCH=lie)) as inbox, pytest.raises(ImapError) as caught:
        inbox.fetch({1: 3})
    assert not caught.value.permanent


@pytest.mark.parametrize("lie", [
    b"", b"* 1 FETCH (UID 1 BODY[] NIL)\r\n", b"* 1 FETCH (UID 1)\r\n", b'* 1 FETCH (UID 1 BODY[] "")\r\n',
    b"* 9 FETCH (UID 9 BODY[] {3}\r\nabc)\r\n", b"* 1 FETCH (FLAGS (\\Seen))\r\n* 2 EXPUNGE\r\n",
    b"* 1 FETCH (UID 1 BODY[] 5)\r\n",
])
def test_a_body_that_is_missing_is_never_an_empty_mail(start: Start, lie: bytes) -> None:
    with Inbox(start(UID_FETCH=lie)) as inbox:
        assert inbox.fetch({1: 3}) == {}
        assert inbox.head(1, 10) is None


def test_a_wrong_size_is_read_again_and_then_taken(start: Start, toys: list[Toy]) -> None:
    def answer(command: str) -> bytes:
        body = parts(b"abcd") if "]<" in command else whole(b"ab")
        assert callable(body)
        return body(command)

    with Inbox(start(UID_FETCH=answer)) as inbox:
        assert inbox.fetch({1: 4}) == {1: b"abcd"}  # the first answer was cut
        assert inbox.fetch({1: 9}) == {1: b"abcd"}  # nobody ever has nine bytes
    assert sum("]<0." in command for command in toys[0].seen) == 3


def test_a_size_that_is_too_small_does_not_cut_the_mail(start: Start) -> None:
    body = bytes(range(256)) * 4096  # a megabyte, and the server says four bytes
    with Inbox(start(UID_FETCH=parts(body))) as inbox:
        assert inbox.whole(1, 1_000_000) == body


@pytest.mark.parametrize("date", [
    b'"yesterday"', b"NIL", b'"01-Jan-9999 00:00:00 -0900"', b'"01-Jan-2026 00:00:00 +9900"',
    b'"99-Jan-2026 00:00:00 +0000"'])
def test_a_date_that_is_none(start: Start, date: bytes) -> None:
    with Inbox(start(UID_FETCH=b"* 1 FETCH (UID 1 RFC822.SIZE 4 INTERNALDATE %s)\r\n" % date)) as inbox:
        size = inbox.sizes([1])[1]
        assert size.bytes == 4
        assert size.arrived_at is None or size.arrived_at.tzinfo is not None


def test_no_size(start: Start) -> None:
    with Inbox(start(UID_FETCH=b"* 1 FETCH (UID 1 RFC822.SIZE NIL)\r\n")) as inbox:
        assert inbox.sizes([1]) == {}


def test_no_uidnext(start: Start) -> None:
    conf = start(EXAMINE=b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n", FETCH=b"* 3 FETCH (UID 42)\r\n")
    with Inbox(conf) as inbox:
        assert inbox.uidnext == 43


def test_no_uidvalidity(start: Start) -> None:
    with pytest.raises(ImapError), Inbox(start(EXAMINE=b"* 3 EXISTS\r\n")):
        pass


def test_a_server_that_drips_is_cut(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "COMMAND_SECONDS", 0.2)

    def drip(_command: str) -> bytes:
        time.sleep(0.6)  # the server's slowness, not a wait for an outcome
        return b""

    with Inbox(start(UID_FETCH=drip)) as inbox:
        started = time.monotonic()
        with pytest.raises(ImapError, match="slower than"):
            inbox.fetch({1: 4})
        assert time.monotonic() - started < 0.5


def test_idle_answers_that_came_together(start: Start) -> None:
    """`+ idling` and EXISTS in one segment: imapclient's idle_check sleeps over it. Uses a private attribute."""
    conf = start(CAPABILITY=b"* CAPABILITY IMAP4rev1 IDLE\r\n", IDLE=b"+ idling\r\n* 4 EXISTS\r\nTAG OK later\r\n")
    with Inbox(conf) as inbox:
        started = time.monotonic()
        assert inbox.wait(5)
        assert time.monotonic() - started < 1


def test_idle_at_a_closed_connection(start: Start) -> None:
    conf = start(CAPABILITY=b"* CAPABILITY IMAP4rev1 IDLE\r\n", IDLE=b"+ idling\r\n" + CLOSE)
    with Inbox(conf) as inbox, pytest.raises(ImapError):
        inbox.wait(5)


@pytest.mark.parametrize(("host", "answer", "words"), [
    ("imap.yandex.ru", b"TAG NO [AUTHENTICATIONFAILED] LOGIN Invalid credentials or IMAP is disabled",
     "пароль приложения"),
    ("imap.mail.ru", b"TAG NO [AUTHENTICATIONFAILED] Application password is REQUIRED",
     "Пароль для внешнего приложения"),
    ("imap.gmail.com", b"TAG NO [ALERT] Application-specific password required", "apppasswords"),
    ("mail.example", b"TAG NO no", "Неверный логин"),
])
def test_what_providers_say_is_explained(start: Start, monkeypatch: pytest.MonkeyPatch, host: str, answer: bytes,
                                         words: str) -> None:
    conf = start(LOGIN=answer + b"\r\n")
    monkeypatch.setattr(imap, "is_loopback", lambda _: True)
    real = imap.IMAPClient
    monkeypatch.setattr(imap, "IMAPClient", lambda _host, *a, **k: real("127.0.0.1", *a, **k))
    with pytest.raises(ImapError) as caught, Inbox(conf.model_copy(update={"host": host})):
        pass
    assert caught.value.permanent
    assert words in str(caught.value)
    assert answer.decode().removeprefix("TAG NO ") in str(caught.value)


@pytest.mark.parametrize("answer", [b"TAG NO [UNAVAILABLE] backend\r\n", b"* BYE too many\r\n" + CLOSE, CLOSE])
def test_trouble_at_sign_in_is_not_a_wrong_password(start: Start, answer: bytes) -> None:
    with pytest.raises(ImapError) as caught, Inbox(start(LOGIN=answer)):
        pass
    assert not caught.value.permanent


def test_an_access_token(start: Start, toys: list[Toy]) -> None:
    conf = start(AUTHENTICATE=b"+ \r\n", CAPABILITY=b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n")
    with pytest.raises(ImapError), Inbox(conf.model_copy(update={"auth": "xoauth2"})):
        pass
    assert "AUTHENTICATE XOAUTH2" in toys[0].seen
