"""Mails that the server lists but does not give: how often they were tried, and the note kept in their place."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from desk.settings import Mailbox

TRIES, TRIES_WHEN_GONE = 5, 3
WAIT = 1.0  # seconds before the second try, then twice as long each time


class Mail(NamedTuple):
    raw: bytes
    size: int  # what the server said
    arrived_at: datetime
    truncated: bool


@dataclass
class Trouble:
    size: int
    arrived_at: datetime | None
    tries: int = 0
    why: str = ""
    gone: bool = False
    next_try: float = field(default_factory=time.monotonic)

    def again(self, why: str, *, gone: bool) -> None:
        """One more try failed; the next comes after 1, 2, 4, 8 seconds."""
        self.tries, self.why, self.gone = self.tries + 1, why, gone
        self.next_try = time.monotonic() + (0 if self.is_hopeless else WAIT * 2 ** (self.tries - 1))

    @property
    def is_hopeless(self) -> bool:
        return self.tries >= (TRIES_WHEN_GONE if self.gone else TRIES)


def stub(box: Mailbox, uid: int, trouble: Trouble, now: datetime) -> Mail:
    """A note in the mail's place. It has no sender, subject or date: it is held for a person, never answered."""
    words = ("Письмо исчезло с сервера раньше, чем его удалось прочитать / the mail was gone before it could be read."
             if trouble.gone else
             "Письмо лежит на сервере, но прочитать его не удалось / the mail is on the server but cannot be read.")
    text = (f"X-Desk-Note: mail not fetched\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
            f"{box.address}, {box.folder}, UID {uid}, {trouble.size} bytes\r\n{' '.join(trouble.why.split())}\r\n")
    return Mail(text.encode("utf-8", "replace"), trouble.size, trouble.arrived_at or now, truncated=True)
