"""The ladder on a ticket: which step may come next, its letter frozen, sent, proven, answered; clocks start on proof.

Only a person moves a ticket forward. What was sent is never changed: a new letter is a new row.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import (
    answers,
    audit,
    authority,
    casework,
    deadlines,
    directory,
    ladder,
    letterbook,
    letters,
    outbox,
    settings,
    tickets,
)
from .facts import cards, checks
from .models import ANSWER_CLASSES, STAGES, Letter, Message, Outbox, Step, Ticket, User
from .settings import Settings

UNDO = timedelta(hours=1)  # a legal letter can be taken back longer than a reply
TAKEN = ("sent", "answered")
STILL_WAITS = ("no_answer", "asks")  # answers after which the step goes on waiting
PROVEN_BY = {"post": "post", "portal": "portal", "form": "portal"}  # channel → kind of proof of the clocks it starts


class EscalationError(Exception):
    """A step cannot be taken; `key` names why, `names` what is missing."""

    def __init__(self, key: str, names: Sequence[str] = ()) -> None:
        super().__init__(key)
        self.key, self.names = key, tuple(names)


@dataclass(frozen=True)
class Offer:
    """A step that may be prepared. `first`: the keys of steps that should come before it and were not taken."""

    step: ladder.Step
    taken: bool
    first: tuple[str, ...]
    serves: bool
    suggested: bool
    near: bool = False  # next when the consumer has asked the marketplace already


@functools.cache
def known_ladder() -> ladder.Ladder:
    return ladder.load(settings.resource("config") / "escalation.toml")


@functools.cache
def known_bodies() -> Mapping[str, directory.Body]:
    return directory.load(settings.resource("config") / "directory.toml")


@functools.cache
def known_answers() -> answers.Book:
    return answers.load(settings.resource("config") / "answers.toml")


# --- what may come next ------------------------------------------------------------------------


def steps(session: Session, ticket: Ticket) -> list[Step]:
    return list(session.scalars(select(Step).where(Step.ticket_id == ticket.id).order_by(Step.id)))


def offers(ticket: Ticket, taken_steps: Sequence[Step], *, now: datetime) -> list[Offer]:
    """Every step of the ladder in its order; the one to suggest is what an overdue clock names, else the next rung."""
    taken = {s.key for s in taken_steps if s.state in TAKEN}
    passed = _passed(ticket, taken_steps)
    wanted = _wanted(ticket, passed, now)
    asked = {s.key for s in known_ladder().steps.values() if s.stage in ("check", "support")}
    near = _wanted(ticket, passed | asked, now)
    return [Offer(step, step.key in taken, _first(step, passed), step.serves(tuple(ticket.topics)),
                  step.key == wanted, step.key == near) for step in known_ladder().steps.values()]


def bodies(step: ladder.Step, ticket: Ticket) -> list[directory.Body]:
    """Who of the directory can receive it: of the ticket's marketplace when that is known."""
    fitting = [b for b in known_bodies().values() if b.kind == step.to]
    return [b for b in fitting if not b.marketplace or not ticket.marketplace or b.marketplace == ticket.marketplace]


def _passed(ticket: Ticket, rows: Sequence[Step]) -> set[str]:
    """Taken, skipped, or of a stage that a person has put behind."""
    here = STAGES.index(ticket.stage)
    behind = {s.key for s in known_ladder().steps.values() if STAGES.index(s.stage) < here}
    return behind | {s.key for s in rows if s.state in (*TAKEN, "skipped")}


def _first(step: ladder.Step, passed: set[str]) -> tuple[str, ...]:
    return () if not step.needs or passed & set(step.needs) else step.needs


def _wanted(ticket: Ticket, passed: set[str], now: datetime) -> str:
    known = known_ladder().steps
    for deadline in ticket.deadlines:
        rule = deadlines.known_rules().get(deadline.rule)
        if rule is not None and rule.next in known and rule.next not in passed and (
                deadline.state == "missed" or (deadline.state == "running" and deadline.due_at < now)):
            return rule.next
    return next((s.key for s in known.values() if s.key not in passed and not s.side
                 and (s.key != "check" or ticket.missing) and s.serves(tuple(ticket.topics))
                 and not _first(s, passed)), "")


# --- preparing ---------------------------------------------------------------------------------


def prepare(session: Session, ticket: Ticket, key: str, *, addressee: str, channel: str, place: str, reason: str,
            by_consumer: bool = False, on: date, author: User, now: datetime) -> Step:
    """A new step; out of turn only with a reason, in the consumer's place only with the papers that allow it.

    `by_consumer`: the consumer signs and sends it. `on`: today where the desk is.
    """
    step = known_ladder().steps.get(key)
    if step is None:
        raise EscalationError("unknown_step")
    if channel not in step.channels:
        raise EscalationError("channel_closed")
    if not addressee.strip():
        raise EscalationError("addressee_needed")
    passed = _passed(ticket, steps(session, ticket))
    if _first(step, passed) and not reason.strip():
        raise EscalationError("out_of_turn", _first(step, passed))
    if not by_consumer and (papers := authority.lacking(authority.of(session, ticket), step, on)):
        raise EscalationError("authority_needed", papers)
    row = Step(ticket_id=ticket.id, key=key, by_consumer=by_consumer, addressee=addressee.strip()[:500],
               channel=channel, place=place.strip(), reason=cards.mask(reason.strip()), author=author,
               created_at=now)
    session.add(row)
    session.flush()
    audit.record(session, ticket, "step.prepared", actor=f"user:{author.id}", now=now, step=key,
                 addressee=row.addressee, reason=row.reason)
    return row


def write(session: Session, ticket: Ticket, row: Step, template_key: str, *, facts: Mapping[str, str],
          tables: letters.template.Tables, annexes: Sequence[str], written_on: date, author: User,
          now: datetime) -> Letter:
    """The step's letter, frozen with its SHA-256; raises EscalationError naming the facts that are missing."""
    template = letterbook.templates(session).get(template_key)
    if template is None or template_key not in known_ladder().steps[row.key].letters:
        raise EscalationError("unknown_letter")
    if row.state != "prepared":
        raise EscalationError("already_sent")
    values = casework.with_words(cards.mask_all(dict(facts)))
    try:
        document = template.fill(values, written_on=written_on, tables=tables)
    except letters.Missing as missing:
        raise EscalationError("facts_missing", missing.names) from None
    pdf = letters.pdf(document)
    row.letter = Letter(
        ticket_id=ticket.id, template=template_key, template_sha256=template.sha256, title=document.title,
        facts={k: v for k, v in values.items() if v and k in template.places()}, annexes=list(annexes),
        written_on=written_on, text=document.plain_text(), pdf=pdf, docx=letters.docx(document),
        sha256=hashlib.sha256(pdf).hexdigest(), author_id=author.id, created_at=now)
    session.flush()
    audit.record(session, ticket, "letter.frozen", actor=f"user:{author.id}", now=now, title=document.title,
                 sha256=row.letter.sha256)
    return row.letter


def skip(session: Session, ticket: Ticket, key: str, *, reason: str, author: User, now: datetime) -> Step:
    if key not in known_ladder().steps:
        raise EscalationError("unknown_step")
    if not reason.strip():
        raise EscalationError("reason_needed")
    row = Step(ticket_id=ticket.id, key=key, state="skipped", reason=cards.mask(reason.strip()), author=author,
               created_at=now)
    session.add(row)
    audit.record(session, ticket, "step.skipped", actor=f"user:{author.id}", now=now, step=key, reason=row.reason)
    return row


# --- sending and proving -----------------------------------------------------------------------


def mail(session: Session, conf: Settings, ticket: Ticket, row: Step, *, to: str, text: str, author: User,
         files: Sequence[tuple[str, str, bytes]], now: datetime) -> Outbox:
    """Send the frozen letter and its annexes by e-mail, leaving after an hour in which it can be taken back."""
    if row.letter is None or row.channel != "email":
        raise EscalationError("not_by_mail")
    before = session.get(Outbox, row.outbox_id or 0)
    if row.state != "prepared" or is_leaving(row, before):
        raise EscalationError("already_sent")
    name, attempt = f"{row.letter.title}.pdf", f":{before.id}" if before else ""
    try:
        out = outbox.put(
            session, conf, dedup_key=f"step:{row.public_id}{attempt}", kind="letter", to=[to.strip()],
            subject=_subject(row.letter),
            text=text or row.letter.text, ticket=ticket, try_after=now + UNDO, now=now,
            attachments=[(name, "application/pdf", row.letter.pdf), *files])
    except ValueError:
        raise EscalationError("address_wrong") from None
    row.outbox_id, row.place = out.id, to.strip()
    session.add(Message(ticket=ticket, outbox=out, direction="out", kind="letter", author=author, created_at=now,
                        text=cards.mask(text or row.letter.text), subject=row.letter.title, message_id=out.message_id,
                        sender_name=conf.desk.name, sender_address=conf.sender_address))
    audit.record(session, ticket, "step.mailed", actor=f"user:{author.id}", now=now, step=row.key, to=to.strip())
    return out


def settle(session: Session, conf: Settings, *, now: datetime) -> list[Step]:
    """Steps whose letters have left since: they are sent, from the day they left."""
    left = session.execute(select(Step, Outbox, Ticket).join(Outbox, Step.outbox_id == Outbox.id).join(
        Ticket, Step.ticket_id == Ticket.id).where(Step.state == "prepared", Outbox.state == "sent")).all()
    for row, out, ticket in left:
        day = (out.sent_at or now).astimezone(ZoneInfo(conf.desk.timezone)).date()
        sent(session, conf, ticket, row, sent_on=day, proven_on=None, number="", proof="", actor="mail", now=now)
    return [row for row, _, _ in left]


def is_leaving(row: Step, out: Outbox | None) -> bool:
    """It waits in the outbox, or left; a letter taken back or failed may be sent again."""
    return out is not None and row.state == "prepared" and out.state not in ("cancelled", "failed")


def _subject(letter: Letter) -> str:
    order = letter.facts.get("order_number", "")
    return f"{letter.title} (заказ № {order})" if order else letter.title


def sent(session: Session, conf: Settings, ticket: Ticket, row: Step, *, sent_on: date, proven_on: date | None,
         number: str, proof: str, actor: str, now: datetime) -> list[str]:
    """It went out: the stage moves, the addressee's clocks start from the proven day, else from the day it was sent.

    Returns the rules whose clocks started.
    """
    if row.state != "prepared":
        raise EscalationError("already_sent")
    if row.channel == "post" and number.strip() and not _is_tracking(number):
        raise EscalationError("tracking_wrong")
    row.state, row.sent_on, row.proven_on = "sent", sent_on, proven_on
    row.number, row.proof = number.strip()[:100], cards.mask(proof.strip())
    step = known_ladder().steps[row.key]
    if STAGES.index(step.stage) > STAGES.index(ticket.stage):
        tickets.change_stage(session, ticket, step.stage, actor=actor, now=now)
    words = ", ".join(part for part in (row.addressee, row.number and f"№ {row.number}", row.proof) if part)
    started = [rule for rule in clocks(session, row) if _starts(session, conf, ticket, rule, row, words, actor, now)]
    audit.record(session, ticket, "step.sent", actor=actor, now=now, step=row.key, addressee=row.addressee,
                 channel=row.channel, number=row.number)
    return started


def _is_tracking(number: str) -> bool:
    plain = number.replace(" ", "").upper()
    return checks.is_postal(plain) or checks.is_s10(plain)


def clocks(session: Session, row: Step) -> tuple[str, ...]:
    """The rules a step starts: the one its letter names, else all of the step; some beside any letter."""
    template = letterbook.templates(session).get(row.letter.template) if row.letter else None
    named = str(template.meta.get("rule", "")) if template else ""
    step = known_ladder().steps[row.key]
    return ((named,) if named else step.clocks) + step.always


def _starts(session: Session, conf: Settings, ticket: Ticket, rule: str, row: Step, words: str, actor: str,
            now: datetime) -> bool:
    """Some clocks cannot start by themselves (not in force, or a person must give their length).

    That a body has the letter proves no registration: such a clock is an estimate until its day is known.
    """
    day = row.proven_on or row.sent_on
    assert day is not None
    known = deadlines.known_rules().at(rule, day)
    later = known.assumed_after if known else 0
    try:
        deadlines.start(session, conf, ticket, rule, start_on=day + timedelta(days=later),
                        proof=words if row.proven_on and not later else "",
                        proof_class=PROVEN_BY.get(row.channel, ""), actor=actor, now=now)
    except deadlines.DeadlineError:
        return False
    return True


def answered(session: Session, ticket: Ticket, row: Step, *, answer: str, answered_on: date, means: str = "",
             message: Message | None = None, actor: str, now: datetime) -> None:
    """What came back, in the class that a person confirmed: only «met» ends the step's clocks.

    A robot's «принято» and a question are written down, but the step still waits for its answer.
    """
    if not answer.strip():
        raise EscalationError("empty_text")
    if means not in ANSWER_CLASSES or row.state not in TAKEN:
        raise EscalationError("unknown_answer")
    row.answer, row.answered_on, row.answer_class = cards.mask(answer.strip()), answered_on, means
    row.answer_message_id = message.id if message else None
    if means not in STILL_WAITS:
        row.state = "answered"
    audit.record(session, ticket, "step.answered", actor=actor, now=now, step=row.key, means=means)
    if means == "met":
        for deadline in [d for d in ticket.deadlines if d.rule in clocks(session, row) and d.state in deadlines.LIVE]:
            deadlines.meet(session, deadline, reason="answered", actor=actor, now=now)
