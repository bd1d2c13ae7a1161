"""Deadlines of a ticket: started on an event, counted by the law in force that day, ended by a person.

A proof of another day, a pause or an extension counts it anew; the event keeps the old and the new last day.
Alert rows are made in the transaction that starts or moves the clock; they are cancelled, never deleted.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import alerts, audit, terms
from .law import count
from .law.rules import Rule
from .law.words import Said
from .lawbook import known_rules, production_calendar
from .models import PROOF_CLASSES, Deadline, Ticket, new_public_id
from .settings import Settings
from .terms import Term

__all__ = ["DeadlineError", "cancel", "extend", "extension", "first_reply_due", "known_rules", "meet", "miss", "pause",
           "production_calendar", "promised", "prove", "reassign", "recount", "refresh", "reply_sent", "resume",
           "revive", "start", "term"]
FIRST_REPLY = "desk_first_reply_1w"
PROMISE = "promised_by"
LIVE = ("running", "paused")


class DeadlineError(Exception):
    """A clock cannot be started or changed so; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def start(session: Session, conf: Settings, ticket: Ticket, rule_id: str, *, start_on: date, proof: str = "",
          proof_class: str = "", length: int | None = None, start_at: datetime | None = None, tz: str = "", actor: str,
          now: datetime) -> Deadline:
    """Start a clock under the rule as it stood on `start_on`; `length` is for rules that give none. DeadlineError.

    `proof_class`: of PROOF_CLASSES; "other" when there is a proof and nobody says of which kind. `start_at`: the exact
    moment, for rules in hours (aware, and on the day `start_on` in the zone). `tz`: where the days end, else the
    desk's zone.
    """
    rule, tz = known_rules().at(rule_id, start_on), tz or conf.desk.timezone
    if rule is None:
        raise DeadlineError("rule_not_in_force")
    length = rule.length or length or 0
    counted = term(rule, start_on, length, tz, start_at)
    deadline = Deadline(
        ticket=ticket, rule=rule.id, rule_version=rule.version, start_on=start_on, start_event=rule.start,
        start_at=start_at if rule.unit == "hour" else None, length=length, proof=proof, timezone=tz, created_at=now,
        proof_class=_class(proof, proof_class), changes=[], alerts=[], state="running",
        proven_on=start_on if proof or rule.whose == "desk" else None,  # what starts our own duties we see ourselves
        created_by=actor, public_id=new_public_id())
    _take(deadline, counted)
    session.add(deadline)
    alerts.make(session, conf, deadline, now=now)
    ticket.next_due_at = min(ticket.next_due_at or deadline.due_at, deadline.due_at)
    audit.record(session, ticket, "deadline.started", actor=actor, now=now, rule=rule.id,
                 due=counted.rolled.isoformat())
    return deadline


def term(rule: Rule, start_on: date, length: int, tz: str, start_at: datetime | None = None) -> Term:
    """What a clock of this rule would give. DeadlineError."""
    _must(length > 0, "length_needed")
    _must(_is_zone(tz), "unknown_zone")
    try:
        if rule.unit != "hour":
            return terms.first(rule, start_on, length, tz)
        if start_at is None or start_at.astimezone(count.zone(tz)).date() != start_on:
            raise DeadlineError("moment_needed")
        return terms.hours(rule, start_at.astimezone(UTC), length, tz)
    except ValueError as error:
        raise DeadlineError("out_of_calendar") from error


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


def _is_zone(tz: str) -> bool:
    try:
        return bool(count.zone(tz))
    except ValueError:
        return False


def _take(deadline: Deadline, counted: Term) -> None:
    deadline.raw_due, deadline.due, deadline.due_at = counted.raw, counted.rolled, counted.due_at
    deadline.confirmed = counted.confirmed
    deadline.explanation_ru, deadline.explanation_en = counted.said


# --- counted anew ------------------------------------------------------------------------------


def prove(session: Session, conf: Settings, deadline: Deadline, *, proven_on: date, proof: str, proof_class: str = "",
          actor: str, now: datetime) -> None:
    """The start is proven, perhaps on another day than was thought: count from there. DeadlineError.

    A promise keeps its day; a clock in hours has its moment, and takes no other day.
    """
    _must(deadline.state == "running", "not_running")
    _must(bool(proof.strip()), "proof_needed")
    same_day = proven_on == deadline.start_on
    _must(same_day or deadline.start_at is None, "hours_run_on")
    counted = None if same_day or deadline.rule == PROMISE else _proven(deadline, proven_on)
    deadline.proof, deadline.proof_class, deadline.proven_on = proof.strip(), _class(proof, proof_class), proven_on
    if counted is None:
        audit.record(session, deadline.ticket, "deadline.proven", actor=actor, now=now, rule=deadline.rule,
                     was=deadline.due.isoformat(), due=deadline.due.isoformat(), reason=deadline.proof)
        return
    deadline.start_on = proven_on
    _moved(session, conf, deadline, counted, "proven", reason=deadline.proof, actor=actor, now=now)


def _proven(deadline: Deadline, proven_on: date) -> Term:
    """From the proven day, by the rule of that day, with the pauses and the extension there were."""
    rule = known_rules().at(deadline.rule, proven_on)
    if rule is None:
        raise DeadlineError("rule_not_in_force")
    counted = term(rule, proven_on, rule.length or deadline.length, deadline.timezone)
    try:
        counted = terms.through(counted, deadline.changes, proven_on, deadline.timezone, known_rules())
    except ValueError as error:
        raise DeadlineError("changed_before") from error
    deadline.start_event, deadline.rule_version = rule.start, rule.version
    return counted


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
    counted = terms.extended(_now(deadline), rule, deadline.timezone)
    deadline.extended_by, deadline.changes = rule.id, [*deadline.changes, [terms.EXTENSION, rule.id]]
    _moved(session, conf, deadline, counted, "extended", reason=reason.strip(), actor=actor, now=now)


def pause(session: Session, deadline: Deadline, *, paused_on: date, reason: str, actor: str, now: datetime) -> None:
    """Stop counting: `paused_on` is the first day that does not count. Nobody is alerted meanwhile. DeadlineError."""
    _must(deadline.state == "running", "not_running")
    _must(bool(reason.strip()), "reason_needed")
    _must(deadline.start_at is None, "hours_run_on")
    _must(deadline.start_on < paused_on <= deadline.raw_due, "pause_outside")
    _must(all(day <= paused_on.isoformat() for day in _resumed(deadline)), "pause_outside")
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
    counted = terms.resumed(_now(deadline), paused_on, resumed_on, deadline.timezone)
    deadline.state, deadline.paused_on = "running", None
    deadline.changes = [*deadline.changes, [terms.PAUSE, paused_on.isoformat(), resumed_on.isoformat()]]
    _moved(session, conf, deadline, counted, "resumed", reason=deadline.pause_reason, actor=actor, now=now)


def recount(session: Session, conf: Settings, deadline: Deadline, counted: Term, *, version: str, reason: str,
            actor: str, now: datetime) -> None:
    """Take what today's rules and calendar give (recounts.py finds it); alerts follow only another last day."""
    deadline.rule_version = version
    if (counted.raw, counted.due_at) != (deadline.raw_due, deadline.due_at):
        _moved(session, conf, deadline, counted, "recounted", reason=reason, actor=actor, now=now)
        return
    _take(deadline, counted)
    audit.record(session, deadline.ticket, "deadline.recounted", actor=actor, now=now, rule=deadline.rule,
                 was=deadline.due.isoformat(), due=deadline.due.isoformat(), reason=reason)


def _now(deadline: Deadline) -> Term:
    """The term as it stands, by the rule that gave its last day."""
    rule = known_rules().at(deadline.extended_by or deadline.rule, deadline.start_on)
    if rule is None:
        raise DeadlineError("rule_not_in_force")
    said = Said(deadline.explanation_ru, deadline.explanation_en)
    return Term(rule, deadline.raw_due, deadline.due, deadline.due_at, deadline.confirmed, said)


def _resumed(deadline: Deadline) -> list[str]:
    """The days, as text, on which it went on after its pauses."""
    return [change[2] for change in deadline.changes if change[0] == terms.PAUSE]


def _must(right: bool, key: str) -> None:
    if not right:
        raise DeadlineError(key)


def _moved(session: Session, conf: Settings, deadline: Deadline, counted: Term, what: str, *, reason: str, actor: str,
           now: datetime) -> None:
    was = deadline.due
    _take(deadline, counted)
    if deadline.state == "running":
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


def revive(session: Session, conf: Settings, deadline: Deadline, *, state: str, actor: str, now: datetime) -> None:
    """Take its end back: `state` is what it was in before, and its last day stays as it was counted."""
    if deadline.state in LIVE or state not in LIVE:
        return
    deadline.state, deadline.ended_at, deadline.ended_by, deadline.end_reason = state, None, "", ""
    if state == "running":
        alerts.make(session, conf, deadline, now=now)
    refresh(session, deadline.ticket)
    audit.record(session, deadline.ticket, "deadline.revived", actor=actor, now=now, rule=deadline.rule,
                 due=deadline.due.isoformat())


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
