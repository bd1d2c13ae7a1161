"""Handing letters to the mail server (RFC 5321): the only module that knows smtplib.

Its own dialogue, because smtplib hides refused recipients, rewrites strange addresses and fails at QUIT.
A letter is accepted when the server said 250 after the final dot; when the answer to that dot is lost,
nobody knows, and the `SmtpError` says `uncertain`.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import logging
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from . import failpoints, oauth
from .settings import Smtp

log = logging.getLogger(__name__)
# RFC 5321 4.5.3.2: 5 min for a command, 10 min for the answer to the final dot.
CONNECT_SECONDS, COMMAND_SECONDS, BODY_SECONDS, DOT_SECONDS = 30, 300, 600, 600
ADDRESS = re.compile(r"(?=.{3,254}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
                     r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
BAD_ADDRESS = 553
FAILURES = (smtplib.SMTPException, OSError, ValueError)


class SmtpError(Exception):
    """No answer for single recipients. `permanent`: this letter will never be taken; `uncertain`: it may have been."""

    def __init__(self, text: str, *, permanent: bool = False, uncertain: bool = False, code: int = 0) -> None:
        super().__init__(text)
        self.permanent, self.uncertain, self.code = permanent, uncertain, code


@dataclass(frozen=True)
class Result:
    """What the server said about one recipient: 250 accepted, 4xx try again, 5xx never."""

    address: str
    code: int
    text: str
    accepted: bool


def check(conf: Smtp) -> None:
    """Connect and sign in, send nothing; raises SmtpError."""
    with Connection(conf) as connection:
        connection.open()


class Connection:
    """Opened by the first letter, used for the next ones, dropped after any error."""

    def __init__(self, conf: Smtp) -> None:
        self.conf = conf
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, *, sender: str, recipients: Sequence[str], mime: bytes,
             before_data: Callable[[], None]) -> list[Result]:
        """Results in the order of `recipients`; raises SmtpError.

        `sender` may be '' (RFC 5321 4.5.5). `before_data` is called when at least one recipient was taken,
        right before DATA; what it raises goes through, and nothing was sent.
        """
        envelope = _ascii(sender) if sender else ""
        if sender and not envelope:
            raise SmtpError(f"the sender's address cannot be used: {sender!r}", permanent=True, code=BAD_ADDRESS)
        done = False
        try:
            server = self._begin(envelope, mime)
            results = {address: self._recipient(server, address) for address in dict.fromkeys(recipients)}
            failpoints.hit("smtp.rcpt")
            if any(r.accepted for r in results.values()):
                failpoints.hit("smtp.before_data")
                before_data()
                results = self._data(server, mime, results)
            else:
                with _talking("RSET"):
                    server.rset()
            done = True
            return [results[address] for address in recipients]
        finally:
            if not done:
                self._drop()

    def open(self) -> None:
        self._server = self._server or self._connect()

    def close(self) -> None:
        """QUIT; whatever it brings is of no interest, the letters are sent."""
        server, self._server = self._server, None
        failpoints.hit("smtp.before_quit")
        if server is not None:
            with contextlib.suppress(*FAILURES):
                if server.sock is not None:
                    server.sock.settimeout(5)
                server.quit()
            server.close()

    def _drop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    # --- the dialogue ----------------------------------------------------------------------------

    def _begin(self, sender: str, mime: bytes) -> smtplib.SMTP:
        """MAIL FROM, over the open connection when it still lives."""
        if self._server is not None:
            try:
                self._mail(self._server, sender, mime)
                return self._server
            except SmtpError as error:
                if error.permanent:
                    raise
                self._drop()  # servers close after some minutes or letters; nothing was sent yet
        self._server = self._connect()
        failpoints.hit("smtp.connected")
        self._mail(self._server, sender, mime)
        return self._server

    def _mail(self, server: smtplib.SMTP, sender: str, mime: bytes) -> None:
        limit = server.esmtp_features.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(mime):
            raise SmtpError(f"the letter has {len(mime)} bytes, the server takes {limit}", permanent=True, code=552)
        options = [f"SIZE={len(mime)}"] if "size" in server.esmtp_features else []
        if "8bitmime" in server.esmtp_features and not mime.isascii():
            options.append("BODY=8BITMIME")
        with _talking("MAIL FROM"):
            _expect("MAIL FROM", server.docmd("MAIL", " ".join([f"FROM:<{sender}>", *options])), 250)

    def _recipient(self, server: smtplib.SMTP, address: str) -> Result:
        usable = _ascii(address)
        if not usable:
            return Result(address, BAD_ADDRESS, "the address cannot be used", accepted=False)
        with _talking("RCPT TO"):
            code, text = server.docmd("RCPT", f"TO:<{usable}>")
            if code == 421 or not 200 <= code < 600:
                _expect("RCPT TO", (code, text), 250)
        return Result(address, code, _words(text), accepted=code in (250, 251))

    def _data(self, server: smtplib.SMTP, mime: bytes, results: dict[str, Result]) -> dict[str, Result]:
        body = re.sub(rb"(?m)^\.", b"..", normalised(mime))
        assert server.sock is not None
        with _talking("DATA"):
            code, text = server.docmd("DATA")
            if code == 354:
                # Without the dot the server cannot take the letter: a cut in here is no doubt.
                server.sock.settimeout(BODY_SECONDS)
                server.sock.sendall(body)
        if code == 354:
            with _talking("final dot", uncertain=True):
                server.sock.settimeout(DOT_SECONDS)
                server.sock.sendall(b".\r\n")
                failpoints.hit("smtp.after_data")
                code, text = server.getreply()
                if not 200 <= code < 600 or 300 <= code < 400:
                    raise smtplib.SMTPServerDisconnected(f"no answer that can be understood: {code} {_words(text)}")
                server.sock.settimeout(COMMAND_SECONDS)
            failpoints.hit("smtp.accepted")
        if code != 250:
            self._drop()  # the rare case; a new connection has no half-finished transaction
        return {a: Result(a, code, _words(text), accepted=code == 250) if r.accepted else r
                for a, r in results.items()}

    # --- connecting ------------------------------------------------------------------------------

    def _connect(self) -> smtplib.SMTP:
        conf = self.conf
        if conf.security == "none" and not is_loopback(conf.host):
            raise SmtpError(f'security = "none", but {conf.host} is another machine: use "tls" or "starttls"')
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        server: smtplib.SMTP | None = None
        try:
            with _talking("connect"):
                server = self._open(context)
                assert server.sock is not None
                server.sock.settimeout(COMMAND_SECONDS)
                # The final dot is a packet of its own: Nagle would hold it back for 40 ms.
                server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._greet(server, context)
            self._sign_in(server)
        except BaseException:
            if server is not None:
                server.close()
            raise
        return server

    def _open(self, context: ssl.SSLContext) -> smtplib.SMTP:
        # The name Thunderbird gives: getfqdn() would ask the DNS, and slowly.
        me = "[127.0.0.1]"
        if self.conf.security == "tls":
            return smtplib.SMTP_SSL(self.conf.host, self.conf.port, me, timeout=CONNECT_SECONDS, context=context)
        return smtplib.SMTP(self.conf.host, self.conf.port, me, timeout=CONNECT_SECONDS)

    def _greet(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        code, text = server.ehlo()
        if code == 500 or code == 502:
            code, text = server.helo()
        _expect("EHLO", (code, text), 250)
        if self.conf.security == "starttls":
            server.starttls(context=context)
            _expect("EHLO", server.ehlo(), 250)

    def _sign_in(self, server: smtplib.SMTP) -> None:
        """A wrong password is not the letter's fault: never `permanent`, the letter waits."""
        user, secret = self.conf.username, self.conf.password.get_secret_value()
        if not user:
            return
        token = self._access_token() if self.conf.auth == "xoauth2" else ""
        offered = server.esmtp_features.get("auth", "").upper().split()
        with _talking("AUTH"):
            if self.conf.auth == "xoauth2":
                answer = f"user={user}\1auth=Bearer {token}\1\1"
                code, text = server.docmd("AUTH", f"XOAUTH2 {_base64(answer)}")
                if code == 334:  # the error in detail; an empty answer ends the dialogue
                    code, text = server.docmd("")
            elif "PLAIN" in offered:
                code, text = server.docmd("AUTH", f"PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{secret}')}")
            else:
                code, text = server.login(user, secret)
        if code != 235:
            if token:
                oauth.forget(self.conf)
            raise SmtpError(f"sign-in refused: {code} {_words(text)}. {_hint(self.conf)}", code=code)

    def _access_token(self) -> str:
        try:
            return oauth.access_token(self.conf)
        except oauth.OAuthError as error:
            raise SmtpError(f"{error}. {oauth.HINT}") from error


def is_loopback(host: str) -> bool:
    """Does the name mean this machine? Only there a connection may be unprotected."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def normalised(mime: bytes) -> bytes:
    """Only CRLF line ends, also at the end: a bare CR or LF before a dot would smuggle a second letter."""
    out = re.sub(rb"\r\n|\r|\n", b"\r\n", mime)
    return out if out.endswith(b"\r\n") else out + b"\r\n"


def _ascii(address: str) -> str:
    """The address as it goes on the wire, a Cyrillic domain in IDNA; '' when it cannot be used."""
    local, at, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    usable = f"{local}{at}{domain}"
    return usable if ADDRESS.match(usable) else ""


@contextlib.contextmanager
def _talking(doing: str, *, uncertain: bool = False) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        code, text = error.smtp_code, _words(error.smtp_error)
        raise SmtpError(f"sign-in refused: {code} {text}", code=code) from error
    except smtplib.SMTPResponseException as error:
        permanent = 500 <= error.smtp_code < 600 and not uncertain
        raise SmtpError(f"{doing}: {error.smtp_code} {_words(error.smtp_error)}", permanent=permanent,
                        uncertain=uncertain, code=error.smtp_code) from error
    except ssl.SSLCertVerificationError as error:
        raise SmtpError(f"{doing}: the server's certificate was not accepted: {error.verify_message}. Сертификат "
                        "сервера не подтверждён: проверьте host и часы / check host and the clock") from error
    except FAILURES as error:
        raise SmtpError(f"{doing}: {str(error) or type(error).__name__}", uncertain=uncertain) from error


def _expect(doing: str, answer: tuple[int, bytes], wanted: int) -> None:
    code, text = answer
    if code != wanted:
        raise SmtpError(f"{doing}: {code} {_words(text)}", permanent=500 <= code < 600, code=code)


def _words(text: bytes | str) -> str:
    return " ".join((text.decode("utf-8", "replace") if isinstance(text, bytes) else text).split())[:500]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _hint(conf: Smtp) -> str:
    if conf.auth == "xoauth2":
        return "Токен истёк или неверен / the access token has expired or is wrong"
    return ("Яндекс, Mail.ru и Gmail требуют пароль приложения, а не обычный пароль / "
            "Yandex, Mail.ru and Gmail want an app password, not the main one")
