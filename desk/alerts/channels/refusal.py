"""What a channel is given to send, and how it says that the other side did not take it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ...https import HttpsError

Scope = Literal["later", "message", "address", "channel"]


@dataclass(frozen=True)
class Message:
    """`key` is the same at every try. `facts`: one object for each alert that it tells of."""

    key: str
    kind: str
    address: str
    name: str
    email: str
    subject: str
    text: str
    facts: tuple[dict[str, Any], ...]
    created_at: datetime
    now: datetime


class Refused(Exception):
    """Not accepted. `scope`: try again later; or never again this message, this address, this whole channel.

    `after`: seconds the other side wants to be left alone; `doubtful`: it may have taken the message after all.
    """

    def __init__(self, words: str, scope: Scope = "later", *, after: float = 0, doubtful: bool = False) -> None:
        super().__init__(words[:1000])
        self.scope, self.after, self.doubtful = scope, after, doubtful


def no_answer(error: HttpsError) -> Refused:
    return Refused(str(error), "channel" if error.permanent else "later", doubtful=error.sent)
