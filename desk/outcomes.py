"""«Решено?»: the consumer is asked by mail and answers on a page; a link alone decides nothing (scanners open links).

The link carries the question's public id and a MAC over it. Whoever has the letter may answer, and do nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import audit, outbox, tickets
from .models import Outcome, Ticket, User, new_public_id
from .settings import Settings

ANSWERS = ("solved", "not_solved")
QUESTION = """Здравствуйте{name}!

Мы считаем, что ваше обращение № {number} решено. Так ли это? Нажмите одну из ссылок, откроется страница с кнопкой.

Решено: {link}?answer=solved

Не решено: {link}?answer=not_solved

Если ответить не получается, просто напишите в ответ на это письмо.

{author}, {desk}"""


def of(session: Session, ticket: Ticket) -> Outcome | None:
    """The newest question."""
    return session.scalar(select(Outcome).where(Outcome.ticket_id == ticket.id).order_by(Outcome.id.desc()).limit(1))


def ask(session: Session, conf: Settings, ticket: Ticket, *, author: User, now: datetime) -> Outcome:
    """The letter leaves like any reply; OutboxError when there is nobody to write to."""
    row = Outcome(public_id=new_public_id(), ticket_id=ticket.id, asked_at=now, answer="")
    name = f", {ticket.consumer.name}" if ticket.consumer and ticket.consumer.name else ""
    text = QUESTION.format(name=name, number=ticket.number, link=link(conf, row), author=author.name,
                           desk=conf.desk.name)
    row.outbox_id = outbox.write(session, conf, ticket, text=text, author=author, nonce=f"outcome-{row.public_id}",
                                 now=now).id
    session.add(row)
    session.flush()
    audit.record(session, ticket, "outcome.asked", actor=f"user:{author.id}", now=now)
    return row


def decide(session: Session, ticket: Ticket, row: Outcome, *, answer: str, now: datetime) -> None:
    """What the consumer says; «not solved» puts the ticket back among the open ones. A later answer replaces it."""
    if answer not in ANSWERS:
        raise ValueError(answer)
    row.answer, row.answered_at = answer, now
    audit.record(session, ticket, f"outcome.{answer}", actor="consumer", now=now)
    if answer == "not_solved":
        tickets.reopen(session, ticket, actor="consumer", now=now)
        ticket.state = "open"
    ticket.unread = True


def link(conf: Settings, row: Outcome) -> str:
    return f"{conf.desk.base_url}/outcome/{token(conf, row)}"


def token(conf: Settings, row: Outcome) -> str:
    digest = hmac.digest(conf.secret_key(), f"outcome|{row.public_id}".encode(), hashlib.sha256)
    return f"{row.public_id}.{base64.b32encode(digest[:20]).decode().lower()}"


def by_token(session: Session, conf: Settings, given: str) -> Outcome | None:
    """None for a token that is not ours."""
    row = session.scalar(select(Outcome).where(Outcome.public_id == given.partition(".")[0]))
    genuine = row is not None and hmac.compare_digest(token(conf, row).encode(), given.encode())
    return row if genuine else None
