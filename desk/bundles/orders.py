"""Asking for a bundle, and having it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from .. import audit
from ..blobs import Blobs
from ..models import Attachment, Bundle, Message, Ticket, User, new_public_id
from ..settings import Settings

SCALE = 1000  # places on a page are thousandths of its width and height
MOST_BOXES = 50


class BundleError(Exception):
    """It cannot be asked for so; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def order(session: Session, ticket: Ticket, *, hidden: Mapping[str, Any], as_of: date, author: User,
          now: datetime) -> Bundle:
    """A bundle for the worker to make; `hidden` as in models.Bundle. BundleError."""
    total = session.scalar(select(func.count(Attachment.id)).join(Message, Attachment.message_id == Message.id).where(
        Message.ticket_id == ticket.id)) or 0
    row = Bundle(public_id=new_public_id(), ticket_id=ticket.id, as_of=as_of, total=total, author_id=author.id,
                 created_at=now, hidden={key: checked(value) for key, value in sorted(hidden.items())})
    session.add(row)
    session.flush()
    audit.record(session, ticket, "bundle.ordered", actor=f"user:{author.id}", now=now, bundle=row.public_id,
                 covered=len(row.hidden))
    return row


def checked(value: Any) -> dict[str, Any]:
    """`{"out": True}`, or `{"boxes": …}` with every box inside its page; BundleError."""
    if value == {"out": True}:
        return {"out": True}
    boxes = value.get("boxes") if isinstance(value, dict) else None
    if not isinstance(boxes, list) or not 0 < len(boxes) <= MOST_BOXES:
        raise BundleError("boxes_wrong")
    return {"boxes": sorted(_box(box) for box in boxes)}


def _box(box: Any) -> list[int]:
    if not isinstance(box, list) or len(box) != 5 or not all(type(n) is int for n in box):
        raise BundleError("boxes_wrong")
    page, x, y, width, height = box
    inside = 0 <= x < x + width <= SCALE and 0 <= y < y + height <= SCALE
    if not (1 <= page <= 1000 and inside):
        raise BundleError("boxes_wrong")
    return [page, x, y, width, height]


def of(session: Session, ticket: Ticket) -> list[Bundle]:
    """The newest first."""
    return list(session.scalars(select(Bundle).where(Bundle.ticket_id == ticket.id).order_by(
        Bundle.id.desc()).options(joinedload(Bundle.author))))


def by_public_id(session: Session, public_id: str) -> Bundle | None:
    return session.scalar(select(Bundle).where(Bundle.public_id == public_id))


def data(conf: Settings, bundle: Bundle, kind: str) -> bytes:
    """The bytes of the `pdf` or the `zip`, checked by SHA-256; BlobError."""
    return Blobs(conf.blobs_path).get(bundle.pdf_sha256 if kind == "pdf" else bundle.sha256)
