"""The consumer's papers by which the desk may act: consent to use personal data (152-ФЗ), power of attorney.

Each has a scope (steps of the ladder, all when none is named), a day until which it holds, and the file of the paper
or where it lies. A step that needs one says which is lacking.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import audit
from .facts import cards
from .ladder import Step as Rung
from .models import PAPERS, Attachment, Authority, Message, Ticket, User


class AuthorityError(Exception):
    """A paper cannot be recorded; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def of(session: Session, ticket: Ticket) -> list[Authority]:
    return list(session.scalars(select(Authority).where(Authority.ticket_id == ticket.id).order_by(Authority.id)))


def holds(paper: Authority, step: str, on: date) -> bool:
    """Does it cover this step on that day? The day it expires is the last one."""
    in_time = paper.given_on <= on and (paper.expires_on is None or on <= paper.expires_on)
    return in_time and paper.revoked_on is None and (not paper.scope or step in paper.scope)


def lacking(papers: Sequence[Authority], step: Rung, on: date) -> tuple[str, ...]:
    """The kinds of paper that the step needs and nobody has given."""
    there = {paper.kind for paper in papers if holds(paper, step.key, on)}
    return tuple(kind for kind in step.authority if kind not in there)


def record(session: Session, ticket: Ticket, *, kinds: Sequence[str], scope: Sequence[str], given_on: date,
           expires_on: date | None, file: str, note: str, author: User, now: datetime) -> list[Authority]:
    """One paper may be both; `file` is the public id of a file of the ticket. AuthorityError."""
    if not kinds or not set(kinds) <= set(PAPERS):
        raise AuthorityError("paper_kind")
    if expires_on is not None and expires_on < given_on:
        raise AuthorityError("expires_before")
    attachment = _file(session, ticket, file) if file else None
    if attachment is None and not note.strip():
        raise AuthorityError("paper_place")
    rows = [Authority(ticket_id=ticket.id, kind=kind, scope=list(scope), given_on=given_on, expires_on=expires_on,
                      attachment_id=attachment.id if attachment else None, note=cards.mask(note.strip()),
                      author_id=author.id, created_at=now) for kind in dict.fromkeys(kinds)]
    session.add_all(rows)
    session.flush()
    audit.record(session, ticket, "authority.recorded", actor=f"user:{author.id}", now=now, kinds=list(kinds),
                 until=expires_on.isoformat() if expires_on else "")
    return rows


def revoke(session: Session, ticket: Ticket, paper: Authority, *, on: date, actor: str, now: datetime) -> None:
    """The consumer took it back: from that day on it covers nothing."""
    if paper.ticket_id != ticket.id:
        raise AuthorityError("paper_kind")
    paper.revoked_on = on
    audit.record(session, ticket, "authority.revoked", actor=actor, now=now, kind_of_paper=paper.kind)


def _file(session: Session, ticket: Ticket, public_id: str) -> Attachment:
    found = session.scalar(select(Attachment).join(Message, Attachment.message_id == Message.id).where(
        Message.ticket_id == ticket.id, Attachment.public_id == public_id))
    if found is None:
        raise AuthorityError("paper_place")
    return found
