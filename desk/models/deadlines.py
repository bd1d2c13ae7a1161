"""Running clocks, their warnings, and the calendars they are read in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, new_public_id, one_of
from .mails import Outbox
from .people import User
from .tickets import Ticket

PROOF_CLASSES = ("", "reply", "post", "portal", "goods", "own", "other")
DEADLINE_STATES = ("running", "paused", "met", "missed", "cancelled")
ALERT_STATES = ("pending", "queued", "sent", "failed", "acknowledged", "cancelled")


class Deadline(Base):
    """A running clock: which rule in which version, from what, until when, and how it was counted."""

    __tablename__ = "deadline"
    __table_args__ = (one_of("state", DEADLINE_STATES), one_of("proof_class", PROOF_CLASSES),
                      Index(None, "state", "due_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    rule: Mapped[str] = mapped_column(String(64))
    rule_version: Mapped[str] = mapped_column(String(64))
    start_on: Mapped[date]
    start_at: Mapped[datetime | None]  # the exact moment, of a rule in hours alone
    start_event: Mapped[str] = mapped_column(String(64))
    length: Mapped[int] = mapped_column(default=0)  # in the rule's unit
    proof: Mapped[str] = mapped_column(default="")
    proof_class: Mapped[str] = mapped_column(String(16), default="")  # what kind of proof; "" when there is none
    proven_on: Mapped[date | None]  # the day that the proof shows; without it the start is an estimate
    timezone: Mapped[str] = mapped_column(String(64))
    raw_due: Mapped[date]
    due: Mapped[date]
    due_at: Mapped[datetime]
    confirmed: Mapped[bool] = mapped_column(default=False)  # rule checked by a lawyer and calendar official
    explanation_ru: Mapped[str]
    explanation_en: Mapped[str]
    state: Mapped[str] = mapped_column(String(16), default="running")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(64), default="")
    end_reason: Mapped[str] = mapped_column(default="")
    paused_on: Mapped[date | None]  # the first day that does not count
    pause_reason: Mapped[str] = mapped_column(default="")
    changes: Mapped[list[Any]] = mapped_column(default=list)  # its pauses and its extension in order, see terms.py
    extended_by: Mapped[str] = mapped_column(String(64), default="")  # the rule of the extension
    watchers: Mapped[str] = mapped_column(default="")  # whose alerts were made: user ids in order, "3,7"
    ticket: Mapped[Ticket] = relationship(back_populates="deadlines")
    alerts: Mapped[list[Alert]] = relationship(back_populates="deadline", order_by="Alert.due_at")


class Alert(Base):
    """One warning to one person about one threshold of one deadline; it can exist only once."""

    __tablename__ = "alert"
    __table_args__ = (UniqueConstraint("deadline_id", "threshold", "user_id"), one_of("state", ALERT_STATES),
                      Index(None, "state", "due_at"), Index(None, "user_id", "state"))
    id: Mapped[int] = mapped_column(primary_key=True)
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"))
    threshold: Mapped[str] = mapped_column(String(32))  # T-5, T-2, T-1, T-0, overdue, overdue-1, …
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default="pending")
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"), index=True)
    sent_at: Mapped[datetime | None]
    late: Mapped[bool] = mapped_column(default=False)
    acknowledged_at: Mapped[datetime | None]
    escalate_at: Mapped[datetime | None] = mapped_column(index=True)  # then the leads are told, unless acknowledged
    escalated_from_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))  # whose silence this lead is told of
    deadline: Mapped[Deadline] = relationship(back_populates="alerts")
    user: Mapped[User] = relationship()
    outbox: Mapped[Outbox | None] = relationship()
    escalated_from: Mapped[Alert | None] = relationship(remote_side=[id])


class CalendarFeed(Base):
    """Deadlines for a calendar program, by a secret link; the secret is kept only as SHA-256."""

    __tablename__ = "calendar_feed"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    whole_team: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()
