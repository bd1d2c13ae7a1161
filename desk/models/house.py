"""What the processes need to get on with each other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base


class Lease(Base):
    """Who may run a loop. `fence` grows with each new owner: work of an old one is refused."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    owner: Mapped[str] = mapped_column(String(100))
    fence: Mapped[int] = mapped_column(default=1)
    until: Mapped[datetime]


class Heartbeat(Base):
    __tablename__ = "heartbeat"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)  # fetch:main, work, clock, web
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Counter(Base):
    __tablename__ = "counter"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int]
