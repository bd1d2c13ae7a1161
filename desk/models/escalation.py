"""Papers of ours and the acts they went out with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, new_public_id, one_of
from .people import User

STEP_STATES = ("prepared", "sent", "answered", "skipped", "cancelled")


class Letter(Base):
    """A paper of ours, frozen: the facts it was written from, its bytes, their SHA-256. Never changed."""

    __tablename__ = "letter"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    template: Mapped[str] = mapped_column(String(64))
    template_sha256: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(500))
    facts: Mapped[dict[str, Any]]  # name → the words that stand in the letter
    annexes: Mapped[list[Any]] = mapped_column(default=list)  # public ids of attachments, in the order of their numbers
    written_on: Mapped[date]
    text: Mapped[str]
    pdf: Mapped[bytes] = mapped_column(deferred=True)
    docx: Mapped[bytes] = mapped_column(deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))  # of the PDF
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]


class Step(Base):
    """One act of escalation: to whom, by which way, when, with which proof, what came back."""

    __tablename__ = "step"
    __table_args__ = (one_of("state", STEP_STATES),)
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    key: Mapped[str] = mapped_column(String(64))  # of config/escalation.toml
    state: Mapped[str] = mapped_column(String(16), default="prepared")
    addressee: Mapped[str] = mapped_column(String(500), default="")
    channel: Mapped[str] = mapped_column(String(16), default="")
    place: Mapped[str] = mapped_column(default="")  # the address, form or number it was sent to
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"))
    reason: Mapped[str] = mapped_column(default="")  # why it was skipped, or taken out of turn
    number: Mapped[str] = mapped_column(String(100), default="")  # given by the addressee, or of the postal item
    proof: Mapped[str] = mapped_column(default="")
    sent_on: Mapped[date | None]
    proven_on: Mapped[date | None]  # the day from which the addressee's clocks are counted
    answer: Mapped[str] = mapped_column(default="")
    answered_on: Mapped[date | None]
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    letter: Mapped[Letter | None] = relationship()
    author: Mapped[User] = relationship()
