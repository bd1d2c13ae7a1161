"""What pymap reads in a mail: nothing at all when the mail is large, deep or crooked.

pymap parses every mail when it arrives, with recursion and without limits. A mail that breaks it would also break
it after every restart, and the desk is tried with such mails. The bytes are handed out unchanged in any case.
"""

from __future__ import annotations

from pymap.backend.dict import mailbox
from pymap.mime import MessageContent
from pymap.threads import ThreadKey

LARGEST, LARGEST_HEAD, MOST_PARTS, MOST_TYPES = 4 << 20, 16 << 10, 200, 50
STAND_IN = b"Subject: (a mail that this server does not look into)\r\n\r\n"


class Content(MessageContent):  # type: ignore[misc]
    """Parsed when that is harmless; always with the exact bytes."""

    @classmethod
    def parse(cls, data: bytes) -> MessageContent:
        content = _parsed(data) if _is_harmless(data) else None
        content = content or MessageContent.parse(STAND_IN)
        content._raw = memoryview(data)
        return content


def install() -> None:
    """Make pymap's mailboxes use it; there is no other way to tell them."""
    mailbox.MessageContent = Content


def _is_harmless(data: bytes) -> bool:
    head = min([at for at in (data.find(b"\r\n\r\n"), data.find(b"\n\n")) if at >= 0], default=len(data))
    return (len(data) <= LARGEST and head <= LARGEST_HEAD and data.count(b"\n--") <= MOST_PARTS
            and data.lower().count(b"content-type:") <= MOST_TYPES)


def _parsed(data: bytes) -> MessageContent | None:
    try:
        content = MessageContent.parse(data)
        ThreadKey.get_all(content.header)
    except Exception:  # noqa: BLE001 - whatever its parser cannot bear
        return None
    return content
