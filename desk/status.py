"""What the consumer is told after each step, in plain Russian: what we did, what we wait for, until when.

Every date in it is the last day of a clock that runs on the ticket; without such a clock no date is promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import deadlines, escalation, lawbook, outbox
from .letters import numerals
from .models import Outbox, Step, Ticket, User
from .settings import Settings


def settle(session: Session, conf: Settings, *, now: datetime) -> int:
    """Steps whose letters have left are sent, and their consumers are told. How many."""
    rows = escalation.settle(session, conf, now=now)
    for row in rows:
        tell(session, conf, session.get_one(Ticket, row.ticket_id), row, author=row.author, now=now)
    return len(rows)


def tell(session: Session, conf: Settings, ticket: Ticket, row: Step, *, author: User, now: datetime) -> Outbox | None:
    """One letter for the steps that were prepared together, when all of them are sent; None while one waits, or
    when there is nobody to write to. Told once, however often it is asked for."""
    together = session.scalars(select(Step).where(
        Step.ticket_id == ticket.id, Step.created_at == row.created_at).order_by(Step.id)).all()
    if any(step.state == "prepared" for step in together):
        return None
    sent = [step for step in together if step.state in escalation.TAKEN]
    try:
        return outbox.write(session, conf, ticket, text=words(session, conf, ticket, sent, author), author=author,
                            nonce=f"status-{sent[0].public_id}", now=now)
    except outbox.OutboxError:
        return None


def words(session: Session, conf: Settings, ticket: Ticket, steps: Sequence[Step], author: User) -> str:
    name = f", {ticket.consumer.name}" if ticket.consumer and ticket.consumer.name else ""
    rungs = [escalation.known_ladder().steps[step.key] for step in steps]
    ends = "; ".join(dict.fromkeys(rung.ends for rung in rungs if rung.ends)) or "придёт ответ"
    return "\n\n".join([
        f"Здравствуйте{name}!",
        "Что сделано:\n" + "\n".join(_done(step) for step in steps),
        f"Чего ждём: ответа. Этот шаг закончится, когда: {ends}.", _until(session, ticket, steps),
        "Что нужно от вас: если ответ придёт вам, перешлите его нам ответом на это письмо. Переписку, чеки и сам товар "
        "сохраните.", f"Обращение № {ticket.number}. {author.name}, {conf.desk.name}"])


def _done(step: Step) -> str:
    title = escalation.known_ladder().steps[step.key].title_ru
    day = f", {numerals.day(step.sent_on)}" if step.sent_on else ""
    return f"— {title}: {step.addressee}{day}{f', № {step.number}' if step.number else ''}"


def _until(session: Session, ticket: Ticket, steps: Sequence[Step]) -> str:
    begun = {(rule, step.proven_on or step.sent_on) for step in steps for rule in escalation.clocks(session, step)}
    live = (d for d in ticket.deadlines if (d.rule, d.start_on) in begun and d.state in deadlines.LIVE)
    running = sorted(live, key=lambda deadline: deadline.due)
    if not running:
        return "Срока для ответа мы назвать не можем. Как только что-то изменится, напишем."
    lines = []
    for deadline in running:
        rule = lawbook.known_rules().get(deadline.rule)
        estimate = "" if deadline.proof else " (примерно: доставка ещё не подтверждена)"
        lines.append(f"— {rule.title_ru if rule else deadline.rule}: до {numerals.day(deadline.due)}{estimate}")
    until = "\n".join(dict.fromkeys(lines))
    return f"До какого числа:\n{until}\nЕсли ответа не будет, мы сделаем следующий шаг и напишем вам."
