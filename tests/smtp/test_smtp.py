"""Sending against a real server: refusals at every step, doubt, and addresses that attack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from desk import smtp
from desk.settings import Smtp
from desk.smtp import SmtpError

from ..servers import SmtpSink, free_port, make_certificate

MAIL = b"From: desk@desk.example\r\nTo: anna@mail.example\r\nMessage-ID: <1@desk.example>\r\n\r\nHello\r\n"
TO = ["anna@mail.example"]


def conf_for(port: int, **values: Any) -> Smtp:
    return Smtp(**{"host": "127.0.0.1", "port": port, "security": "none", "username": "", "password": "",
                   "auth": "password", "address": "", "undo_seconds": 0, **values})


class Flag:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1


@pytest.fixture
def conf(smtp_sink: SmtpSink) -> Smtp:
    return conf_for(smtp_sink.port)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timeouts of a third of a second."""
    for name in ("CONNECT_SECONDS", "COMMAND_SECONDS", "BODY_SECONDS", "DOT_SECONDS"):
        monkeypatch.setattr(smtp, name, 0.3)


def send(conf: Smtp, to: list[str] | None = None, mime: bytes = MAIL, sender: str = "desk@desk.example",
         before: Any = lambda: None) -> list[smtp.Result]:
    with smtp.Connection(conf) as connection:
        return connection.send(sender=sender, recipients=to or TO, mime=mime, before_data=before)


def failing(conf: Smtp, **kwargs: Any) -> SmtpError:
    with pytest.raises(SmtpError) as caught:
        send(conf, **kwargs)
    return caught.value


def test_a_letter_is_taken_with_its_bytes(conf: Smtp, smtp_sink: SmtpSink) -> None:
    flag = Flag()
    assert send(conf, before=flag) == [smtp.Result(TO[0], 250, "2.0.0 taken", accepted=True)]
    assert flag.calls == 1
    (letter,) = smtp_sink.letters
    assert (letter.sender, letter.recipients, letter.mime) == ("desk@desk.example", TO, MAIL)


def test_an_acknowledgement_has_the_null_sender(conf: Smtp, smtp_sink: SmtpSink) -> None:
    send(conf, sender="")
    assert smtp_sink.letters[0].sender in ("", "<>")


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL"])
@pytest.mark.parametrize(("answer", "permanent"), [("451 4.3.0 later", False), ("554 5.7.1 never", True)])
def test_a_refusal_before_the_recipients(conf: Smtp, smtp_sink: SmtpSink, step: str, answer: str,
                                         permanent: bool) -> None:
    smtp_sink.answers[step] = answer
    flag = Flag()
    error = failing(conf, before=flag)
    assert (error.permanent, error.uncertain, flag.calls) == (permanent, False, 0)
    assert error.code == int(answer[:3])
    assert answer[4:] in str(error)


def test_each_recipient_has_a_result_of_its_own(conf: Smtp, smtp_sink: SmtpSink) -> None:
    smtp_sink.answers.update({"gone@mail.example": "550 5.1.1 no such user", "full@mail.example": "452 4.2.2 full"})
    results = send(conf, ["gone@mail.example", *TO, "full@mail.example"])
    assert [(r.code, r.accepted) for r in results] == [(550, False), (250, True), (452, False)]
    assert results[0].text == "5.1.1 no such user"
    assert smtp_sink.letters[0].recipients == TO


def test_nobody_taken_means_no_data(conf: Smtp, smtp_sink: SmtpSink) -> None:
    smtp_sink.answers["RCPT"] = "550 no"
    flag = Flag()
    assert [r.code for r in send(conf, before=flag)] == [550]
    assert flag.calls == 0
    assert smtp_sink.letters == []


@pytest.mark.parametrize("answer", ["451 4.3.0 later", "552 5.3.4 too big", "421 4.3.2 going down"])
def test_a_refusal_after_the_dot_counts_for_those_who_were_taken(conf: Smtp, smtp_sink: SmtpSink, answer: str) -> None:
    smtp_sink.answers.update({"DATA": answer, "gone@mail.example": "550 no such user"})
    results = send(conf, [*TO, "gone@mail.example"])
    assert [(r.code, r.accepted) for r in results] == [(int(answer[:3]), False), (550, False)]


@pytest.mark.parametrize("answer", ["close", "stall"])
@pytest.mark.usefixtures("short")
def test_a_lost_answer_to_the_final_dot_is_doubt(conf: Smtp, smtp_sink: SmtpSink, answer: str) -> None:
    smtp_sink.answers["DATA"] = answer
    error = failing(conf)
    assert (error.uncertain, error.permanent) == (True, False)
    assert len(smtp_sink.letters) == 1  # it was there all the time


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT"])
@pytest.mark.parametrize("answer", ["close", "stall"])
@pytest.mark.usefixtures("short")
def test_a_cut_before_data_is_no_doubt(conf: Smtp, smtp_sink: SmtpSink, step: str, answer: str) -> None:
    smtp_sink.answers[step] = answer
    error = failing(conf)
    assert (error.uncertain, error.permanent) == (False, False)


@pytest.mark.parametrize("answer", ["500 what", "close", "451 later"])
def test_an_error_in_quit_is_nothing(conf: Smtp, smtp_sink: SmtpSink, answer: str) -> None:
    smtp_sink.answers["QUIT"] = answer
    assert send(conf)[0].accepted


def test_421_at_a_recipient_ends_the_try(conf: Smtp, smtp_sink: SmtpSink) -> None:
    smtp_sink.answers["RCPT"] = "421 4.3.2 going down"
    assert not failing(conf).permanent


def test_nobody_listens() -> None:
    error = failing(conf_for(free_port()))
    assert (error.permanent, error.uncertain) == (False, False)


def test_a_letter_above_the_servers_limit_is_not_even_begun(conf: Smtp, smtp_sink: SmtpSink) -> None:
    smtp_sink.size_limit = 1000
    error = failing(conf, mime=MAIL + b"x" * 2000)
    assert (error.permanent, error.code) == (True, 552)


def test_what_before_data_raises_goes_through(conf: Smtp, smtp_sink: SmtpSink) -> None:
    def fenced() -> None:
        raise KeyError("somebody else has it")

    with pytest.raises(KeyError):
        send(conf, before=fenced)
    assert smtp_sink.letters == []


def test_a_password(smtp_sink: SmtpSink) -> None:
    smtp_sink.password = "пароль"
    assert send(conf_for(smtp_sink.port, username="desk", password="пароль"))[0].accepted
    error = failing(conf_for(smtp_sink.port, username="desk", password="wrong"))
    assert error.code == 535
    assert not error.permanent  # the letter is not to blame, it waits for the right password
    assert "пароль приложения" in str(error)


def test_tls_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_certificate(tmp_path / "cert.pem")
    sink = SmtpSink(certificate=tmp_path / "cert.pem")
    try:
        assert "certificate" in str(failing(conf_for(sink.port, security="tls", host="localhost")))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert send(conf_for(sink.port, security="tls", host="localhost"))[0].accepted
    finally:
        sink.close()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_no_tls_no_letter(conf: Smtp, smtp_sink: SmtpSink, security: str) -> None:
    assert not failing(conf_for(smtp_sink.port, security=security)).permanent
    assert smtp_sink.letters == []


def test_unprotected_only_on_this_machine() -> None:
    with pytest.raises(SmtpError, match="another machine"):
        send(conf_for(25, host="mail.example"))


@pytest.mark.parametrize("address", [
    "a@ex.ru>\r\nRCPT TO:<evil@x.ru", "a@ex.ru\nDATA", "a@ex.ru ", "<a@ex.ru>", "a b@ex.ru", "a@ex..ru", "@ex.ru", "a@",
    "a", "a@ex.ru\x00", "a@-ex.ru", '"a\r\n"@ex.ru', "a@ex.ru>", "а@ex.ru", "a@" + "x" * 300])
def test_an_address_that_attacks_never_reaches_the_server(conf: Smtp, smtp_sink: SmtpSink, address: str) -> None:
    results = send(conf, [address, *TO])
    assert [(r.address, r.code, r.accepted) for r in results] == [(address, 553, False), (TO[0], 250, True)]
    assert smtp_sink.letters[0].recipients == TO
    assert failing(conf, sender=address).permanent


def test_a_cyrillic_domain_goes_as_idna(conf: Smtp, smtp_sink: SmtpSink) -> None:
    assert send(conf, ["anna@почта.рф"])[0].accepted
    assert smtp_sink.letters[0].recipients == ["anna@xn--80a1acny.xn--p1ai"]


@pytest.mark.parametrize("trick", [
    b"\n.\r\nMAIL FROM:<x@y>\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r\n", b"\n.\n", b"\r.\n"])
def test_no_second_letter_is_smuggled_in_a_body(conf: Smtp, smtp_sink: SmtpSink, trick: bytes) -> None:
    send(conf, mime=MAIL + b"before" + trick + b"after\r\n")
    (letter,) = smtp_sink.letters
    assert b"after" in letter.mime
    assert not letter.mime.replace(b"\r\n", b"").count(b"\r")
    assert not letter.mime.replace(b"\r\n", b"").count(b"\n")


def test_one_connection_sends_several_and_survives_a_cut(conf: Smtp, smtp_sink: SmtpSink) -> None:
    def one(connection: smtp.Connection) -> list[smtp.Result]:
        return connection.send(sender="", recipients=TO, mime=MAIL, before_data=lambda: None)

    with smtp.Connection(conf) as connection:
        assert one(connection)[0].accepted
        smtp_sink.answers["RCPT"] = "550 no"
        assert not one(connection)[0].accepted
        smtp_sink.answers.clear()
        assert one(connection)[0].accepted
        assert smtp_sink.sessions == 1
        smtp_sink.answers["MAIL"] = "close"
        with pytest.raises(SmtpError):
            one(connection)
        smtp_sink.answers.clear()
        assert one(connection)[0].accepted
    assert len(smtp_sink.letters) == 3
