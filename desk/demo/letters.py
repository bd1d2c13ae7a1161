"""The sample complaints: desk/sample/*.toml → the mails as those people's programs would send them.

In a text `{{day -12}}` is the date twelve days ago, `{{words -12}}` the same in words; `{{number KEY}}` is the
ticket of the sample KEY, `{{reply KEY}}` the Message-ID of our reply on it, `{{address KEY}}` its reply address.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from .. import settings
from . import drawn

MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
          "декабря")
PLACE = re.compile(r"\{\{(\w+) ([\w-]+)\}\}")
POLICY = SMTP.clone(max_line_length=200)


@dataclass(frozen=True)
class Sample:
    """One mail: who, when, what; `desk` is what the team did about it."""

    key: str
    sender: str
    subject: str
    text: str = ""
    days_ago: int = 0
    hours_ago: float = 1
    html: str = ""
    raw: str = ""  # the whole mail, for those that no mail program writes
    charset: str = "utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    continues: str = ""  # an earlier sample of the same thread
    files: tuple[Mapping[str, Any], ...] = ()
    later: bool = False  # names something that the desk did, so it comes after that
    desk: Mapping[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.sender.rpartition("<")[2].rstrip(">")

    @property
    def message_id(self) -> str:
        return f"<{self.key}.{self.days_ago}@{self.address.rpartition('@')[2]}>"

    def arrived_at(self, now: datetime, zone: str) -> datetime:
        """By day and office hours of the zone; today's by hours ago."""
        if not self.days_ago:
            return now - timedelta(hours=self.hours_ago)
        day = now.astimezone(ZoneInfo(zone)).date() - timedelta(days=self.days_ago)
        return datetime.combine(day, time(9 + len(self.key) % 11, len(self.text) % 60), ZoneInfo(zone))


class Known:
    """What stands for the places in a text; grows while the samples come in."""

    def __init__(self, now: datetime, zone: str) -> None:
        self.today = now.astimezone(ZoneInfo(zone)).date()
        self.values: dict[tuple[str, str], str] = {}

    def fill(self, text: str) -> str:
        return PLACE.sub(lambda found: self._value(found[1], found[2]), text)

    def _value(self, what: str, which: str) -> str:
        if what not in ("day", "words"):
            return self.values[what, which]
        day = self.today + timedelta(days=int(which))
        return f"{day:%d.%m.%Y}" if what == "day" else f"{day.day} {MONTHS[day.month - 1]}"


def everything() -> list[Sample]:
    """In the order in which they arrived."""
    out = []
    for path in sorted((settings.HERE / "sample").glob("*.toml")):
        for key, values in tomllib.loads(path.read_text(encoding="utf-8")).items():
            out.append(Sample(key, **{**values, "files": tuple(values.get("files", ()))}))
    return sorted(out, key=lambda sample: (-sample.days_ago, -sample.hours_ago))


def mail(sample: Sample, to: str, known: Known, at: datetime) -> bytes:
    """The bytes with CRLF."""
    known.values["date", sample.key] = format_datetime(at)
    if sample.raw:
        return known.fill(sample.raw).encode(sample.charset).replace(b"\n", b"\r\n")
    if sample.charset != "utf-8":
        return _old(sample, to, known, at)
    message = EmailMessage(policy=POLICY)
    for name, value in _head(sample, to, known, at).items():
        message[name] = value
    message.set_content(known.fill(sample.text), cte="base64")
    if sample.html:
        message.add_alternative(known.fill(sample.html), subtype="html", cte="quoted-printable")
    for wanted in sample.files:
        name, kind, data = drawn.draw({k: known.fill(str(v)) for k, v in wanted.items()})
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def _head(sample: Sample, to: str, known: Known, at: datetime) -> dict[str, str]:
    head = {"From": sample.sender, "To": to, "Subject": known.fill(sample.subject), "Date": format_datetime(at),
            "Message-ID": sample.message_id}
    if sample.continues:
        head["In-Reply-To"] = head["References"] = known.values["id", sample.continues]
    return head | {name: known.fill(value) for name, value in sample.headers.items()}


def _old(sample: Sample, to: str, known: Known, at: datetime) -> bytes:
    """As the programs of 2003 wrote it: 8-bit header lines without any charset."""
    head = "".join(f"{name}: {value}\r\n" for name, value in _head(sample, to, known, at).items())
    text = known.fill(sample.text).replace("\n", "\r\n")
    return (f"{head}MIME-Version: 1.0\r\nContent-Type: text/plain; charset={sample.charset}\r\n"
            f"Content-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n").encode(sample.charset)
