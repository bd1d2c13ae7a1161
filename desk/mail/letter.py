"""What a mail says, as values: `Letter` and its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Address:
    """`address` has a lower-case domain and is '' when it cannot be read."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One addressee who was not reached, and why."""

    recipient: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report (RFC 3464, or a vendor's plain one). Only `failed` means that a letter did not arrive.

    The first fields speak of one addressee, the first that failed; `failures` of all who failed, him included.
    """

    recipient: str
    status: str
    reason: str
    original_message_id: str
    action: str = "failed"  # or `delayed`: a warning, the server goes on trying
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Head of the letter that was forwarded, as its text shows it."""

    from_: str
    date: str
    subject: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file: `content_type` as declared unless its bytes prove otherwise, `declared_type` as the mail says."""

    filename: str
    content_type: str
    declared_type: str
    size: int
    sha256: str
    inline: bool
    content_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Check:
    """One Authentication-Results header: results in RFC 8601's words, '' where it says nothing.

    `aligned`: an SPF or DKIM pass is about the domain that the From line shows.
    """

    host: str
    spf: str
    dkim: str
    dmarc: str
    aligned: bool


@dataclass(frozen=True, slots=True)
class Trust:
    """How sure the sender is. `trusted`: the mailbox's own server says so, not just some header.

    `verdict` is pass, fail, or none when nothing was checked or the results say nothing.
    """

    host: str
    trusted: bool
    spf: str
    dkim: str
    dmarc: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail read. Texts hold no NUL and no lone surrogate; Message-IDs keep their angle brackets."""

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]  # first 5 and last 20
    date: datetime | None  # aware UTC; what the sender claims
    subject: str
    from_: Address
    sender_ambiguous: bool  # the From header does not name exactly one mailbox beyond doubt
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    kind: str  # mail, auto_reply, bounce, list, receipt
    auto_submitted: str
    bounce: Bounce | None
    text: str
    html: str  # as received; only for clean_html
    folds: tuple[tuple[int, int], ...]  # spans of `text` that quote earlier letters
    reply_text: str
    forwarded: Forwarded | None
    attachments: tuple[Attachment, ...]
    warnings: tuple[str, ...]
    checks: tuple[Check, ...] = ()  # newest first; whom to believe is a setting, see `trust`

    def as_dict(self) -> dict[str, Any]:
        """JSON values of everything but the attachments' bytes."""
        light = replace(self, attachments=tuple(replace(a, data=b"") for a in self.attachments))
        values = asdict(light)
        values["date"] = self.date.isoformat() if self.date else None
        for attachment in values["attachments"]:
            del attachment["data"]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any], datas: Sequence[bytes] = ()) -> Letter:
        """The reverse; `datas` are the attachments' bytes in their order, or nothing."""
        out = dict(values)
        out["date"] = datetime.fromisoformat(values["date"]) if values["date"] else None
        out["from_"] = Address(**values["from_"])
        for key in ("reply_to", "to", "cc"):
            out[key] = tuple(Address(**a) for a in values[key])
        out["bounce"] = _bounce(values["bounce"]) if values["bounce"] else None
        out["forwarded"] = Forwarded(**values["forwarded"]) if values["forwarded"] else None
        out["checks"] = tuple(Check(**check) for check in values["checks"])
        out["references"], out["warnings"] = tuple(values["references"]), tuple(values["warnings"])
        out["folds"] = tuple((start, end) for start, end in values["folds"])
        out["attachments"] = tuple(Attachment(**a, data=datas[i] if datas else b"")
                                   for i, a in enumerate(values["attachments"]))
        return cls(**out)


def _bounce(values: dict[str, Any]) -> Bounce:
    return Bounce(**{**values, "failures": tuple(Failure(**one) for one in values["failures"])})
