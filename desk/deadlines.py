"""Deadlines of a ticket: started on an event, counted by the law in force that day, ended by a person.

A proof of another day, a pause or an extension counts it anew; the event keeps the old and the new last day.
Alert rows are made in the transaction that starts or moves the clock; they are cancelled, never deleted.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import alerts, audit
from .law import count
from .law.rules import Rule
from .law.words import Said
from .lawbook import known_rules, production_calendar
from .models import PROOF_CLASSES, Deadline, Ticket, new_public_id
from .settings import Settings

__all__ = ["DeadlineError", "cancel", "extend", "extension", "first_reply_due", "known_rules", "meet", "miss", "pause",
           "production_calendar", "prolonged", "prolonged_words", "promised", "prove", "reassign", "recount", "refresh",
           "reply_sent", "resume", "start"]
FIRST_REPLY = "desk_first_reply_1w"
PROMISE = "promised_by"
LIVE = ("running", "paused")


class DeadlineError(Exception):
    """A clock cannot be started or changed so; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def start(session: Session, conf: Settings, ticket: Ticket, rule_id: str, *, start_on: date, proof: str = "",
          proof_class: str = "", length: int | None = None, actor: str, now: datetime) -> Deadline:
    """Start a clock under the rule as it stood on `start_on`; `length` is for rules that give none. DeadlineError.

    `proof_class`: of PROOF_CLASSES; "other" when there is a proof and nobody says of which kind.
    """
    rule = known_rules().at(rule_id, start_on)
    if rule is None:
        raise DeadlineError("rule_not_in_force")
    if rule.unit == "hour":
        raise DeadlineError("hours_not_counted_yet")
    length = rule.length or length or 0
    counted = _counted(rule, start_on, length)
    deadline = Deadline(
        ticket=ticket, rule=rule.id, rule_version=rule.version, start_on=start_on, start_event=rule.start,
        length=length, proof=proof, proof_class=_class(proof, proof_class), timezone=conf.desk.timezone, created_at=now,
        proven_on=start_on if proof or rule.whose == "desk" else None,  # what starts our own duties we see ourselves
        created_by=actor, public_id=new_public_id(), state="running", alerts=[])
    _take(deadline, rule, counted, counted.explanation_ru, counted.explanation_en)
    session.add(deadline)
    alerts.make(session, conf, deadline, now=now)
    ticket.next_due_at = min(ticket.next_due_at or deadline.due_at, deadline.due_at)
    audit.record(session, ticket, "deadline.started", actor=actor, now=now, rule=rule.id,
                 due=counted.rolled.isoformat())
    return deadline


def promised(session: Session, conf: Settings, ticket: Ticket, *, until: date, promised_on: date, proof: str = "",
             actor: str, now: datetime) -> Deadline:
    """«They promised to answer by …» as a clock; the promised day itself is the last one. DeadlineError."""
    if until <= promised_on:
        raise DeadlineError("promise_is_past")
    return start(session, conf, ticket, PROMISE, start_on=promised_on, length=(until - promised_on).days, proof=proof,
                 actor=actor, now=now)


def _class(proof: str, proof_class: str) -> str:
    _must(proof_class in PROOF_CLASSES, "unknown_proof")
    return (proof_class or "other") if proof.strip() else ""


def _counted(rule: Rule, start_on: date, length: int) -> count.Due:
    if length < 1:
        raise DeadlineError("length_needed")
    try:
        return count.due(start_on, length, rule.unit, rule.day_kind, rule.roll,  # type: ignore[arg-type]  # no hours
                         production_calendar(), event=known_rules().event(rule.start))
    except ValueError as error:
        raise DeadlineError("out_of_calendar") from error


def _take(deadline: Deadline, rule: Rule, counted: count.Due, ru: str, en: str) -> None:
    deadline.raw_due, deadline.due = counted.raw, counted.rolled
    deadline.due_at = count.moment(counted.rolled, deadline.timezone)
    deadline.confirmed = rule.confirmed and counted.confirmed
    deadline.explanation_ru, deadline.explanation_en = ru, en


# --- counted anew ------------------------------------------------------------------------------


def prove(session: Session, conf: Settings, deadline: Deadline, *, proven_on: date, proof: str, proof_class: str = "",
          actor: str, now: datetime) -> None:
    """The start is proven, perhaps on another day than was thought: count from there. DeadlineError.

    A promise keeps its day. A clock that was paused or extended is not recounted over that.
    """
    _must(deadline.state == "running", "not_running")
    _must(bool(proof.strip()), "proof_needed")
    same_day = proven_on == deadline.start_on
    _must(same_day or not (deadline.extended_by or deadline.resumed_on), "changed_before")
    deadline.proof, deadline.proof_class, deadline.proven_on = proof.strip(), _class(proof, proof_class), proven_on
    if same_day or deadline.rule == PROMISE:
        audit.record(session, deadline.ticket, "deadline.proven", actor=actor, now=now, rule=deadline.rule,
                     was=deadline.due.isoformat(), due=deadline.due.isoformat(), reason=deadline.proof)
        return
    rule = known_rules().at(deadline.rule, proven_on)
    if rule is None:
        raise DeadlineError("rule_not_in_force")
    counted = _counted(rule, proven_on, rule.length or deadline.length)
    deadline.start_on, deadline.start_event, deadline.rule_version = proven_on, rule.start, rule.version
    said = Said(counted.explanation_ru, counted.explanation_en)
    _moved(session, conf, deadline, rule, counted, said, "proven", reason=deadline.proof, actor=actor, now=now)


def extension(deadline: Deadline) -> Rule | None:
    """The rule by which this clock may be prolonged: it begins when this one is over. None: the law gives none."""
    return next((rule for rule in known_rules().in_force(deadline.start_on)
                 if rule.start == f"{deadline.rule}_due"), None)


def extend(session: Session, conf: Settings, deadline: Deadline, *, reason: str, actor: str, now: datetime) -> None:
    """Prolong once, as the law allows (59-ФЗ: 30 days more), counted from the raw end. DeadlineError."""
    rule = extension(deadline)
    _must(deadline.state == "running", "not_running")
    _must(bool(reason.strip()), "reason_needed")
    if rule is None or rule.unit == "hour" or deadline.extended_by:
        raise DeadlineError("no_extension")
    counted = prolonged(deadline.raw_due, rule)
    deadline.extended_by = rule.id
    said = prolonged_words(Said(deadline.explanation_ru, deadline.explanation_en), rule, counted)
    _moved(session, conf, deadline, rule, counted, said, "extended", reason=reason.strip(), actor=actor, now=now)


def prolonged(raw_due: date, rule: Rule) -> count.Due:
    """The last day after an extension by this rule, counted from the raw end; the rule is not in hours."""
    return count.extended(raw_due, rule.length, rule.unit, rule.day_kind, rule.roll,  # type: ignore[arg-type]
                          production_calendar())


def prolonged_words(said: Said, rule: Rule, counted: count.Due) -> Said:
    return Said(f"{said.ru}; продлён ({rule.law}, {rule.article}): {counted.explanation_ru}",
                f"{said.en}; extended ({rule.law}, {rule.article}): {counted.explanation_en}")


def pause(session: Session, deadline: Deadline, *, paused_on: date, reason: str, actor: str, now: datetime) -> None:
    """Stop counting: `paused_on` is the first day that does not count. Nobody is alerted meanwhile. DeadlineError."""
    _must(deadline.state == "running", "not_running")
    _must(bool(reason.strip()), "reason_needed")
    _must(deadline.start_on < paused_on <= deadline.raw_due, "pause_outside")
    deadline.state, deadline.paused_on, deadline.pause_reason = "paused", paused_on, reason.strip()
    alerts.end(session, deadline)
    refresh(session, deadline.ticket)
    audit.record(session, deadline.ticket, "deadline.paused", actor=actor, now=now, rule=deadline.rule,
                 on=paused_on.isoformat(), due=deadline.due.isoformat(), reason=deadline.pause_reason)


def resume(session: Session, conf: Settings, deadline: Deadline, *, resumed_on: date, actor: str,
           now: datetime) -> None:
    """Count on: the days that were left begin with `resumed_on`. DeadlineError."""
    paused_on = deadline.paused_on
    if deadline.state != "paused" or paused_on is None:
        raise DeadlineError("not_paused")
    _must(resumed_on >= paused_on, "resumed_too_early")
    rule = _rule(deadline)
    counted = count.resumed(deadline.raw_due, paused_on, resumed_on, rule.day_kind, rule.roll, production_calendar())
    deadline.state, deadline.resumed_on, deadline.paused_on = "running", resumed_on, None
    said = Said(f"{deadline.explanation_ru}; {counted.explanation_ru}",
                f"{deadline.explanation_en}; {counted.explanation_en}")
    _moved(session, conf, deadline, rule, counted, said, "resumed", reason=deadline.pause_reason, actor=actor, now=now)


def recount(session: Session, conf: Settings, deadline: Deadline, rule: Rule, counted: count.Due, said: Said, *,
            version: str, reason: str, actor: str, now: datetime) -> None:
    """Take what today's rules and calendar give (recounts.py finds it); alerts follow only another last day."""
    deadline.rule_version = version
    if (counted.raw, counted.rolled) != (deadline.raw_due, deadline.due):
        _moved(session, conf, deadline, rule, counted, said, "recounted", reason=reason, actor=actor, now=now)
        return
    _take(deadline, rule, counted, said.ru, said.en)
    audit.record(session, deadline.ticket, "deadline.recounted", actor=actor, now=now, rule=deadline.rule,
                 was=deadline.due.isoformat(), due=deadline.due.isoformat(), reason=reason)


def _rule(deadline: Deadline) -> Rule:
    rule = known_rules().at(deadline.rule, deadline.start_on)
    if rule is None:
        raise DeadlineError("rule_not_in_force")
    return rule


def _must(right: bool, key: str) -> None:
    if not right:
        raise DeadlineError(key)


def _moved(session: Session, conf: Settings, deadline: Deadline, rule: Rule, counted: count.Due, said: Said,
           what: str, *, reason: str, actor: str, now: datetime) -> None:
    was = deadline.due
    _take(deadline, rule, counted, said.ru, said.en)
    alerts.moved(session, conf, deadline, now=now)
    refresh(session, deadline.ticket)
    audit.record(session, deadline.ticket, f"deadline.{what}", actor=actor, now=now, rule=deadline.rule,
                 was=was.isoformat(), due=deadline.due.isoformat(), reason=reason)


# --- over --------------------------------------------------------------------------------------


def meet(session: Session, deadline: Deadline, *, reason: str, actor: str, now: datetime) -> None:
    _end(session, deadline, "met", reason=reason, actor=actor, now=now)


def miss(session: Session, deadline: Deadline, *, reason: str, actor: str, now: datetime) -> None:
    _end(session, deadline, "missed", reason=reason, actor=actor, now=now)


def cancel(session: Session, deadline: Deadline, *, reason: str, actor: str, now: datetime) -> None:
    _end(session, deadline, "cancelled", reason=reason, actor=actor, now=now)


def first_reply_due(session: Session, conf: Settings, ticket: Ticket, *, now: datetime) -> Deadline:
    """The desk's own promise: a first reply, counted from the day the letter arrived."""
    arrived = ticket.created_at.astimezone(ZoneInfo(conf.desk.timezone)).date()
    return start(session, conf, ticket, FIRST_REPLY, start_on=arrived, actor="mail", now=now)


def reply_sent(session: Session, ticket: Ticket, *, actor: str, now: datetime) -> None:
    for deadline in ticket.deadlines:
        if deadline.rule == FIRST_REPLY and deadline.state == "running":
            meet(session, deadline, reason="reply_sent", actor=actor, now=now)


def reassign(session: Session, conf: Settings, ticket: Ticket, *, now: datetime) -> None:
    """Alerts that wait go to whoever answers for the ticket now."""
    for deadline in ticket.deadlines:
        if deadline.state == "running":
            alerts.make(session, conf, deadline, now=now)


def refresh(session: Session, ticket: Ticket) -> None:
    """Keep the end of the nearest running clock on the ticket: the queue is sorted by it."""
    session.flush()
    ticket.next_due_at = session.scalar(select(Deadline.due_at).where(
        Deadline.ticket_id == ticket.id, Deadline.state == "running").order_by(Deadline.due_at).limit(1))


def _end(session: Session, deadline: Deadline, state: str, *, reason: str, actor: str, now: datetime) -> None:
    if deadline.state not in LIVE:
        return
    deadline.state, deadline.ended_at, deadline.ended_by, deadline.end_reason = state, now, actor, reason
    alerts.end(session, deadline)
    refresh(session, deadline.ticket)
    audit.record(session, deadline.ticket, f"deadline.{state}", actor=actor, now=now, rule=deadline.rule, reason=reason)
