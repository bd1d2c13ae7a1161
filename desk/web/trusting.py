"""What a reader is told about the sender of a letter: one quiet line, or a warning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from ..models import Message

METHODS = ("dmarc", "dkim", "spf")


@dataclass(frozen=True)
class Line:
    """`bad`: a warning that must be seen before anything in the letter is believed."""

    text: str
    bad: bool


def sender_check(message: Message) -> Line | None:
    """What the mail server says; nothing for letters of ours and those from before it was kept."""
    found = message.trust
    if not found or message.direction != "in":
        return None
    if not any(found[method] for method in METHODS):
        return Line(_("the mail server did not check the sender"), False) if found["trusted"] else None
    said = {"host": found["host"] or _("a mail server"), "results": ", ".join(_results(found))}
    if found["verdict"] == "fail":
        return Line(_("%(host)s: %(results)s. The sender may be forged.", **said), True)
    if not found["trusted"]:
        return Line(_("the letter claims a check by %(host)s: %(results)s", **said), False)
    if found["verdict"] == "none":
        return Line(_("checked by %(host)s: %(results)s, but not for the address shown", **said), False)
    return Line(_("checked by %(host)s: %(results)s", **said), False)


def sender_doubts(message: Message) -> list[str]:
    return [_doubt(doubt) for doubt in (message.trust or {}).get("doubts", [])]


def _results(found: dict[str, Any]) -> list[str]:
    return [f"{method.upper()} {_word(found[method])}" for method in METHODS if found[method]]


def _word(result: str) -> str:
    if result == "pass":
        return _("ok")
    return _("none") if result in ("none", "neutral") else _("failed")


def _doubt(doubt: dict[str, str]) -> str:
    if doubt["kind"] == "looks_like":
        return _("%(domain)s is not %(of)s but looks like it. Do not open its links before you have made sure.",
                 domain=doubt["domain"], of=doubt["of"])
    return _("The domain %(domain)s mixes letters of two alphabets, as deceivers do.", domain=doubt["domain"])
