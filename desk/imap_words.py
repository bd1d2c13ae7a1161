"""What went wrong with a mailbox, in words for the person who has to act (Russian / English)."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl

from .settings import Mailbox

# What imapclient and imaplib let through when a server is gone or lies: six unrelated families.
FAILURES = (imaplib.IMAP4.error, OSError, ValueError, TypeError, LookupError, AttributeError, AssertionError,
            ArithmeticError, MemoryError, RecursionError, EOFError)


class ImapError(Exception):
    """The mailbox cannot be read. `permanent`: only a person can help; `hint`: what that person does."""

    def __init__(self, text: str, *, permanent: bool = False, hint: str = "") -> None:
        super().__init__(f"{text}. {hint}" if hint else text)
        self.permanent = permanent
        self.hint = hint


def text_of(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return re.sub(r"""b'([^']*)'|b"([^"]*)\"""", r"\1\2", text)[:500]


def explained(conf: Mailbox, doing: str, text: str, error: BaseException) -> ImapError:
    lost = isinstance(error, (imaplib.IMAP4.abort, OSError)) or isinstance(error.__context__, imaplib.IMAP4.abort)
    hint, permanent = "", False
    if isinstance(error, ssl.SSLCertVerificationError):
        hint, permanent = _CERTIFICATE, True
    elif isinstance(error, socket.gaierror):
        hint = "Такого имени сервера нет или не работает DNS / no such host name, or DNS is down"
    elif isinstance(error, ConnectionRefusedError):
        hint = "Сервер не принимает соединения: проверьте host и port / check host and port"
    elif isinstance(error, ssl.SSLError):
        hint = "Сервер не говорит на TLS 1.2+: проверьте port и tls / check port and tls"
    elif doing == "sign in" and not lost and not re.search(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", text):
        hint, permanent = _password_hint(conf.host, conf.auth), True
    elif doing == "open the folder" and not lost:
        hint, permanent = f"Проверьте имя папки: {conf.folder} / check the folder's name", True
    elif doing == "move" and not lost:
        hint, permanent = f"Проверьте move_to: {conf.move_to} / check the folder's name in move_to", True
    return ImapError(f"mailbox {conf.name} ({conf.host}:{conf.port}), {doing}: {text}", permanent=permanent, hint=hint)


_CERTIFICATE = ("Сертификат сервера не подтверждён (чужое имя, срок или неизвестный издатель): проверьте host и часы / "
                "the server's certificate was not accepted: check host and the clock")
_PASSWORDS = {
    "yandex": "Яндекс: включите IMAP (Настройки → Почтовые программы → «С сервера imap.yandex.ru по протоколу IMAP») "
              "и создайте пароль приложения «Почта» (id.yandex.ru → Безопасность → Пароли приложений) / "
              "Yandex: switch IMAP on and use an app password",
    "mail.ru": "Mail.ru: обычный пароль не подходит, создайте «Пароль для внешнего приложения» "
               "(Настройки → Безопасность) / Mail.ru: the main password never works, make one for an external app",
    "gmail": "Gmail: нужен пароль приложения из 16 букв (myaccount.google.com/apppasswords, при двухэтапной "
             "аутентификации) или xoauth2 / Gmail: use a 16-letter app password or xoauth2",
}


def _password_hint(host: str, auth: str) -> str:
    if auth == "xoauth2":
        return "Неверный логин или токен истёк: получите новый / wrong user name, or the access token has expired"
    for key, words in _PASSWORDS.items():
        if key in host:
            return words
    return "Неверный логин или пароль / wrong user name or password"
