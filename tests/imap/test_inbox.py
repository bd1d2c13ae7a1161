"""Reading a real Dovecot."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk import imap
from desk.imap import ImapError, Inbox, Size
from desk.settings import Mailbox

from ..servers import Dovecot, free_port, wait_until

MAIL = b"From: anna@mail.example\r\nSubject: hello\r\n\r\nbody\r\n"


def conf_for(dovecot: Dovecot, user: str, **values: Any) -> Mailbox:
    return Mailbox(**{"name": "main", "address": "help@desk.example", "host": "127.0.0.1", "port": dovecot.port,
                      "tls": False, "username": user, "password": "demo", **values})


def failing(conf: Mailbox) -> ImapError:
    with pytest.raises(ImapError) as caught, Inbox(conf):
        pass
    return caught.value


def mail(size: int) -> bytes:
    line = b"x" * 74 + b"\r\n"
    return MAIL + (line * (size // 76 + 1))[:size - 2] + b"\r\n"


def all_of(inbox: Inbox) -> dict[int, int]:
    return {uid: size.bytes for uid, size in inbox.sizes(inbox.uids_above(0)).items()}


def test_whole_mails_byte_for_byte_and_nothing_changed(dovecot: Dovecot) -> None:
    mails = [MAIL, mail(140_000), mail(3_000_000), "Тема: письмо\r\n\r\nтекст\r\n".encode("cp1251")]
    dovecot.load("bytes", mails)
    with Inbox(conf_for(dovecot, "bytes")) as inbox:
        assert inbox.exists == 4
        assert list(inbox.fetch(all_of(inbox)).values()) == mails
    assert not any("S" in flags for flags in dovecot.flags("bytes"))


def test_moment_of_arrival(dovecot: Dovecot) -> None:
    at = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
    dovecot.deliver("moment", MAIL, at)
    with Inbox(conf_for(dovecot, "moment")) as inbox:
        assert inbox.sizes([1]) == {1: Size(len(MAIL), at)}
        assert inbox.sizes([1, 99]).keys() == {1}


def test_uids_come_in_windows_and_only_above(dovecot: Dovecot) -> None:
    dovecot.load("windows", [MAIL] * 12)
    with Inbox(conf_for(dovecot, "windows")) as inbox:
        assert inbox.uids_above(0, window=5) == [1, 2, 3, 4, 5]
        assert inbox.uids_above(10, window=5) == [11, 12]
        assert inbox.uids_above(12) == []  # `13:*` names 12 once more
        assert inbox.uids_above(500) == []


def test_holes_and_a_mailbox_that_begins_far_from_one(dovecot: Dovecot) -> None:
    dovecot.number("far", 77, 3_000_000_000)
    dovecot.load("far", [MAIL] * 3)
    with Inbox(conf_for(dovecot, "far")) as inbox:
        assert inbox.uidvalidity == 77
        assert inbox.uids_above(0) == [3_000_000_000, 3_000_000_001, 3_000_000_002]


def test_first_since(dovecot: Dovecot) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(10):
        dovecot.deliver("since", MAIL, start + timedelta(days=day))
    with Inbox(conf_for(dovecot, "since")) as inbox:
        for window in (3, 500):
            assert inbox.first_since(start + timedelta(days=4), window) == (4, 4)
            assert inbox.first_since(start - timedelta(days=4), window) == (0, 0)
            assert inbox.first_since(start + timedelta(days=40), window) == (10, 10)


def test_the_head_of_a_large_mail(dovecot: Dovecot) -> None:
    large = mail(2_000_000)
    dovecot.deliver("large", large)
    with Inbox(conf_for(dovecot, "large")) as inbox:
        assert inbox.head(1, 1 << 20) == large[:1 << 20]
        assert inbox.head(2, 1000) is None


@pytest.mark.parametrize("tls", [False, True])
def test_idle_wakes_for_a_new_mail(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, tls: bool) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.certificate))
    user = "idle-tls" if tls else "idle"
    conf = conf_for(dovecot, user, tls=tls, port=dovecot.tls_port if tls else dovecot.port, tls_strict=False)
    with Inbox(conf) as inbox:
        assert inbox.uids_above(0) == []
        threading.Timer(0.1, dovecot.deliver, (user, MAIL)).start()
        started = time.monotonic()
        assert inbox.wait(20)
        assert time.monotonic() - started < 2
        assert inbox.uids_above(0) == [1]


def test_a_mail_that_arrives_during_a_search_needs_no_idle(dovecot: Dovecot) -> None:
    with Inbox(conf_for(dovecot, "during")) as inbox:
        inbox.uids_above(0)
        dovecot.deliver("during", MAIL)
        wait_until(lambda: (inbox._client.noop(), "EXISTS" in inbox._client._imap.untagged_responses)[1])
        started = time.monotonic()
        assert inbox.wait(20)
        assert time.monotonic() - started < 1


def test_wait_ends_when_woken_and_when_the_time_is_up(dovecot: Dovecot) -> None:
    import os

    reader, writer = os.pipe()
    with Inbox(conf_for(dovecot, "woken")) as inbox:
        inbox.uids_above(0)
        assert not inbox.wait(0.1)
        os.write(writer, b"x")
        started = time.monotonic()
        assert not inbox.wait(20, reader)
        assert time.monotonic() - started < 1
    os.close(reader)
    os.close(writer)


def test_without_idle_it_polls(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "POLL_SECONDS", 0.01)
    with Inbox(conf_for(dovecot, "noidle")) as inbox:
        monkeypatch.setattr(inbox._client, "has_capability", lambda _: False)
        assert inbox.wait(20)


def test_flag_and_move(dovecot: Dovecot) -> None:
    dovecot.load("marks", [MAIL] * 3)
    with Inbox(conf_for(dovecot, "marks", after="flag")) as inbox:
        assert inbox.flag([1])
    assert dovecot.flags("marks") == ["", "", "a"]
    with Inbox(conf_for(dovecot, "marks", after="move", move_to="Handled")) as inbox:
        inbox.move([2], "Handled")
        assert inbox.uids_above(0) == [1, 3]
    assert dovecot.count("marks", "Handled") == 1
    nowhere = conf_for(dovecot, "marks", after="move", move_to="Nowhere")
    with Inbox(nowhere) as inbox, pytest.raises(ImapError, match="move_to") as caught:
        inbox.move([1], "Nowhere")
    assert caught.value.permanent


def test_a_wrong_password_says_what_to_do(dovecot: Dovecot) -> None:
    error = failing(conf_for(dovecot, "anna", password="wrong"))
    assert error.permanent
    assert "Неверный логин или пароль" in error.hint
    assert "wrong" not in str(error).replace("wrong user", "")  # the password is in no message
    assert failing(conf_for(dovecot, "anna", password="пароль")).permanent


def test_a_folder_that_is_not_there(dovecot: Dovecot) -> None:
    error = failing(conf_for(dovecot, "anna", folder="Жалобы"))
    assert error.permanent
    assert "Жалобы" in str(error)


def test_nobody_listens() -> None:
    conf = Mailbox(name="main", address="a@b", host="127.0.0.1", port=free_port(), tls=False, username="a",
                   password="b")
    error = failing(conf)
    assert not error.permanent
    assert "проверьте host и port" in str(error)


def test_a_certificate_that_nobody_signed(dovecot: Dovecot) -> None:
    error = failing(conf_for(dovecot, "anna", tls=True, port=dovecot.tls_port))
    assert error.permanent
    assert "Сертификат" in str(error)


def test_unprotected_only_on_this_machine(dovecot: Dovecot) -> None:
    error = failing(conf_for(dovecot, "anna", host="imap.yandex.ru"))
    assert error.permanent
    assert "tls = true" in str(error)


def test_the_server_goes_away_while_waiting() -> None:
    server = Dovecot()
    try:
        with Inbox(conf_for(server, "away")) as inbox:
            inbox.uids_above(0)
            stopping = threading.Timer(0.1, server.stop)
            stopping.start()

            def look() -> None:
                inbox.wait(20)  # a server may say goodbye first: a wake-up like any other
                stopping.join()
                inbox.uids_above(0)

            with pytest.raises(ImapError) as caught:
                look()
            assert not caught.value.permanent
            stopping.join()
    finally:
        server.close()
