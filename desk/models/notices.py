"""What goes out beside mail, what is switched off meanwhile, and how far the time of each machine is believed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, new_public_id, one_of
from .people import User

NOTICE_STATES = ("pending", "sending", "sent", "failed", "cancelled")


class Notice(Base):
    """One message to one address of a channel; what it says is stored, so that a second try says the same."""

    __tablename__ = "notice"
    __table_args__ = (one_of("state", NOTICE_STATES), UniqueConstraint("channel", "dedup_key"),
                      Index(None, "state", "try_after"))
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    channel: Mapped[str] = mapped_column(String(32))
    dedup_key: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))  # alert, digest, morning, paused, report
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    address: Mapped[str] = mapped_column(String(500))  # where it goes in that channel
    subject: Mapped[str]
    text: Mapped[str]
    facts: Mapped[list[Any]] = mapped_column(default=list)  # one object for each alert that it tells of
    state: Mapped[str] = mapped_column(String(16), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    doubts: Mapped[int] = mapped_column(default=0)  # the process died while it was handed over
    try_after: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()


class AlertNotice(Base):
    """By which notice an alert went through a channel: once through each."""

    __tablename__ = "alert_notice"
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), index=True)
    notice: Mapped[Notice] = relationship()


class Outage(Base):
    """A channel that is switched off until an admin switches it on again: for all, or for one person."""

    __tablename__ = "outage"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)  # "webhook", "telegram", "telegram:7"
    error: Mapped[str]
    since: Mapped[datetime]


class MachineTime(Base):
    """How the wall clock of a machine ran beside the time since its start, when it was last believed."""

    __tablename__ = "machine_time"
    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    boot: Mapped[str] = mapped_column(String(64))
    offset_ms: Mapped[int] = mapped_column(BigInteger)  # wall clock minus time since the start of the machine
    frozen_since: Mapped[datetime | None]  # by the time that was believed before the jump
    step_seconds: Mapped[int] = mapped_column(default=0)
    confirmed: Mapped[bool] = mapped_column(default=False)  # an admin says that the wall clock is right
