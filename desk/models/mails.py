"""Mail as it came in and as it goes out, byte for byte."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, new_public_id, one_of

INBOUND_STATES = ("received", "done", "linked", "ignored", "held")
OUTBOX_STATES = ("pending", "sending", "sent", "uncertain", "failed", "cancelled")


class Mailbox(Base):
    """Where a mailbox was read up to; its settings stand in desk.toml under the same name."""

    __tablename__ = "mailbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    uidvalidity: Mapped[int | None] = mapped_column(BigInteger)  # 32 bits unsigned (RFC 9051 2.3.1.1)
    last_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    since: Mapped[date | None]  # mails that arrived before are historic: never acknowledged
    looked_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")
    error_since: Mapped[datetime | None]


class InboundMail(Base):
    """One mail as it lay in the mailbox: unchanged bytes first, understanding later.

    (mailbox, UIDVALIDITY, UID) is the only thing that ever refuses a second row.
    """

    __tablename__ = "inbound_mail"
    __table_args__ = (UniqueConstraint("mailbox_id", "uidvalidity", "uid"), one_of("state", INBOUND_STATES),
                      Index(None, "state", "try_after"))
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"))
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    uid: Mapped[int] = mapped_column(BigInteger)
    arrived_at: Mapped[datetime]  # INTERNALDATE: legal clocks count from it, never from the Date header
    received_at: Mapped[datetime]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    raw: Mapped[bytes | None] = mapped_column(deferred=True)  # up to 1 MiB; larger ones are blobs named by sha256
    message_id: Mapped[str] = mapped_column(String(998), default="", index=True)
    historic: Mapped[bool] = mapped_column(default=False)
    truncated: Mapped[bool] = mapped_column(default=False)  # too large to fetch whole; the rest is on the server
    state: Mapped[str] = mapped_column(String(16), default="received")
    reason: Mapped[str] = mapped_column(default="")  # key for ignored and held, shown in words
    error: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    try_after: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    duplicate_of_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_mail.id"))
    mailbox: Mapped[Mailbox] = relationship()


class Outbox(Base):
    """A letter of ours: exact bytes and Message-ID are stored before the first attempt, retries send the same."""

    __tablename__ = "outbox"
    __table_args__ = (one_of("state", OUTBOX_STATES), Index(None, "state", "try_after"),
                      Index(None, "kind", "created_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    dedup_key: Mapped[str] = mapped_column(String(200), unique=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # reply, ack, alert, digest
    message_id: Mapped[str] = mapped_column(String(998), unique=True)
    envelope_from: Mapped[str] = mapped_column(String(320))
    mime: Mapped[bytes] = mapped_column(deferred=True)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    try_after: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    data_started: Mapped[bool] = mapped_column(default=False)  # committed just before DATA: a cut after it is uncertain
    doubts: Mapped[int] = mapped_column(default=0)  # times a cut behind the final dot left it uncertain
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    recipients: Mapped[list[OutboxRecipient]] = relationship(back_populates="outbox", order_by="OutboxRecipient.id")


class OutboxRecipient(Base):
    __tablename__ = "outbox_recipient"
    __table_args__ = (UniqueConstraint("outbox_id", "address"),
                      one_of("state", ("pending", "accepted", "refused", "bounced")))
    id: Mapped[int] = mapped_column(primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"))
    address: Mapped[str] = mapped_column(String(320), index=True)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    code: Mapped[int | None]
    text: Mapped[str] = mapped_column(default="")
    outbox: Mapped[Outbox] = relationship(back_populates="recipients")
