"""Is it a letter by a person, or automatic mail? By headers first (RFC 3834), then by sender and subject.

The kind only decides whether the desk answers by itself; every kind is stored and shown.
"""

from __future__ import annotations

import re

from . import words
from .headers import Headers
from .structure import Part

ROBOT = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|mdaemon)@", re.I)
BOUNCED = re.compile(r"(?:недоставленное сообщение|письмо не доставлено|сообщение не доставлено|не удалось доставить|"
                     r"mail failure|undeliver(?:ed|able)|delivery status notification|mail delivery (?:failed|failure)|"
                     r"failure notice|returned mail)", re.I)
AUTOMATIC = re.compile(r"(?:автоответ|автоматический ответ|auto(?:matic)?[ -]?reply|out of office|"
                       r"отсутствую на рабочем месте|вне офиса)", re.I)
READ = re.compile(r"(?:прочитано|прочтено|read|уведомление о прочтении)\s?:", re.I)


def of(part: Part, sender: str, subject: str) -> str:
    """`bounce`, `receipt`, `auto_reply`, `list` or `mail`."""
    types = {leaf.type for leaf in part.leaves()}
    headers = part.headers
    if _bounced(part, types, sender, subject):
        return "bounce"
    if "message/disposition-notification" in types or _report(part) == "disposition-notification":
        return "receipt"
    if _answered_by_itself(headers, subject):
        return "auto_reply"
    precedence = headers.get("precedence").strip().lower()
    if headers.get("list-id") or headers.get("list-unsubscribe") or precedence in ("bulk", "junk", "list"):
        return "list"
    return "mail"


def auto_submitted(headers: Headers) -> str:
    """The keyword of Auto-Submitted in lower case, '' without one."""
    return words.tidy(words.decode(headers.get("auto-submitted").split(";")[0].split("(")[0])).lower()[:60]


def _report(part: Part) -> str:
    return part.params.get("report-type", "").lower() if part.type == "multipart/report" else ""


def _bounced(part: Part, types: set[str], sender: str, subject: str) -> bool:
    if "message/delivery-status" in types or _report(part) == "delivery-status":
        return True
    if part.headers.get("x-failed-recipients"):
        return True
    empty_path = part.headers.get("return-path").strip() == "<>"
    return bool(ROBOT.match(sender)) or (empty_path and bool(BOUNCED.search(subject)))


def _answered_by_itself(headers: Headers, subject: str) -> bool:
    if auto_submitted(headers) not in ("", "no"):
        return True
    if any(headers.get(name).strip().lower() not in ("", "no") for name in ("x-autoreply", "x-autorespond")):
        return True
    if headers.get("precedence").strip().lower() in ("auto_reply", "auto-reply"):
        return True
    return headers.get("return-path").strip() == "<>" or bool(AUTOMATIC.match(subject)) or (
        bool(READ.match(subject)) and bool(headers.get("x-ms-exchange-generated-message-source")))
