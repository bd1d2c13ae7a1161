"""Clocks by the law of their day: started, proven, paused, extended, ended; nobody is alerted about a former day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import alerts, deadlines, tickets
from desk.db import Database
from desk.models import Alert, Deadline, Event, Ticket, User
from desk.settings import Settings

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)
Change = Callable[[Session, Deadline], object]


@pytest.fixture
def ticket(database: Database, conf: Settings) -> Ticket:
    with database.write() as session:
        anna = User(email="anna@desk.example", name="Anna", role="advocate", created_at=NOW)
        session.add(anna)
        opened = tickets.open_(session, conf, subject="s", person=None, arrived_at=NOW, historic=True, actor="t", now=NOW)
        tickets.assign(session, conf, opened, anna, actor="t", now=NOW)
        return opened


@pytest.fixture
def clock(database: Database, conf: Settings, ticket: Ticket) -> Callable[..., Deadline]:
    """Start one, change it, and look at what became of it."""
    def run(rule: str, *changes: Change, start_on: date = date(2026, 5, 12), **more: object) -> Deadline:
        with database.write() as session:
            own = session.get_one(Ticket, ticket.id)
            made = deadlines.start(session, conf, own, rule, start_on=start_on, actor="t", now=NOW, **more)  # type: ignore[arg-type]
            session.flush()
            for change in changes:
                change(session, made)
            _ = made.alerts, made.ticket.next_due_at
            return made
    return run


def kinds(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Event.kind).where(Event.kind.startswith("deadline.")).order_by(Event.id)))


def test_a_clock_says_which_event_started_it_and_whether_that_is_proven(clock: Callable[..., Deadline]) -> None:
    guessed, proven = clock("zpp22_money"), clock("zpp22_money", proof="уведомление о вручении")
    assert guessed.explanation_ru.startswith("требование получено 12.05.2026 (вт) → срок с 13.05.2026")
    assert (guessed.proven_on, proven.proven_on, guessed.length) == (None, date(2026, 5, 12), 10)
    assert clock("desk_first_reply_1w").proven_on == date(2026, 5, 12)  # we saw the letter come


def test_a_proof_has_a_kind_and_an_unknown_kind_is_refused(clock: Callable[..., Deadline], conf: Settings) -> None:
    made = clock("zpp22_money", lambda session, deadline: deadlines.prove(
        session, conf, deadline, proven_on=date(2026, 5, 12), proof="РПО 1", proof_class="post", actor="t", now=NOW))
    assert made.proof_class == "post"
    assert (clock("zpp22_money", proof="чек").proof_class, clock("zpp22_money", proof_class="post").proof_class) == ("other", "")
    with pytest.raises(deadlines.DeadlineError, match="unknown_proof"):
        clock("zpp22_money", proof="чек", proof_class="word of honour")


def test_a_rule_is_taken_as_it_stood_on_the_day_or_not_at_all(clock: Callable[..., Deadline]) -> None:
    for rule, more, key in (("fz289_partner_complaint_15", {}, "rule_not_in_force"), ("no_such", {}, "rule_not_in_force"),
                            ("zpp28_service_new_term", {}, "length_needed"),
                            ("fz152_incident_24h", {}, "moment_needed"), ("zpp22_money", {"tz": "Mars/Base"}, "unknown_zone"),
                            ("zpp22_money", {"start_on": date(9999, 12, 30)}, "out_of_calendar")):
        with pytest.raises(deadlines.DeadlineError) as refused:
            clock(rule, **more)
        assert refused.value.key == key, rule


def test_a_promise_is_a_clock_that_ends_on_the_promised_day(database: Database, conf: Settings, ticket: Ticket) -> None:
    with database.write() as session:
        own = session.get_one(Ticket, ticket.id)
        made = deadlines.promised(session, conf, own, until=date(2026, 5, 23), promised_on=date(2026, 5, 12),
                                  actor="t", now=NOW)
        assert (made.rule, made.due, made.raw_due) == ("promised_by", date(2026, 5, 23), date(2026, 5, 23))
        with pytest.raises(deadlines.DeadlineError):
            deadlines.promised(session, conf, own, until=date(2026, 5, 12), promised_on=date(2026, 5, 12), actor="t",
                               now=NOW)


def test_a_proof_of_another_day_counts_anew_and_tells_of_the_new_day(
        clock: Callable[..., Deadline], database: Database, conf: Settings) -> None:
    def told_once(session: Session, deadline: Deadline) -> None:
        first = min(deadline.alerts, key=lambda alert: alert.due_at)
        first.state, first.sent_at = "sent", NOW

    made = clock("zpp22_money", told_once, lambda session, deadline: deadlines.prove(
        session, conf, deadline, proven_on=date(2026, 5, 14), proof="РПО 80080782401239", actor="user:1", now=NOW))
    assert (made.due, made.start_on, made.proof) == (date(2026, 5, 25), date(2026, 5, 14), "РПО 80080782401239")
    assert "14.05.2026" in made.explanation_ru
    assert made.ticket.next_due_at == made.due_at
    former = [a for a in made.alerts if a.threshold.startswith("was1:")]
    assert [(a.state, a.threshold) for a in former] == [("sent", "was1:T-3")]
    waiting = {a.threshold: a.due_at.date() for a in made.alerts if a.state == "pending"}
    assert set(waiting) == {"T-3", "T-1", "T-0", "overdue"}
    assert (waiting["T-0"], waiting["overdue"]) == (date(2026, 5, 22), date(2026, 5, 26))  # 24.05 is a Sunday
    with database.read() as session:
        event = session.scalars(select(Event).where(Event.kind == "deadline.proven")).one()
        assert (event.detail["was"], event.detail["due"]) == ("2026-05-22", "2026-05-25")
        assert alerts.count_unseen(session, session.scalars(select(User)).one()) == 0


def test_a_proof_of_the_same_day_moves_nothing(clock: Callable[..., Deadline], conf: Settings) -> None:
    made = clock("zpp22_money", lambda session, deadline: deadlines.prove(
        session, conf, deadline, proven_on=date(2026, 5, 12), proof="чек", actor="t", now=NOW))
    assert (made.due, made.proven_on, len(made.alerts)) == (date(2026, 5, 22), date(2026, 5, 12), 4)


def test_a_paused_clock_is_silent_and_goes_on_with_the_days_left(
        clock: Callable[..., Deadline], conf: Settings, database: Database) -> None:
    def pause(session: Session, deadline: Deadline) -> None:
        deadlines.pause(session, deadline, paused_on=date(2026, 5, 15), reason="ждём документы", actor="t", now=NOW)
        assert deadline.ticket.next_due_at is None
        assert {a.state for a in deadline.alerts} == {"cancelled"}

    made = clock("zpp22_money", pause, lambda session, deadline: deadlines.resume(
        session, conf, deadline, resumed_on=date(2026, 6, 1), actor="t", now=NOW))
    assert (made.state, made.raw_due, made.due) == ("running", date(2026, 6, 8), date(2026, 6, 8))
    assert "приостановлен с 15.05.2026" in made.explanation_ru
    assert sorted(a.threshold for a in made.alerts if a.state == "pending") == ["T-0", "T-1", "T-3", "overdue"]
    assert kinds(database) == ["deadline.started", "deadline.paused", "deadline.resumed"]


def test_a_pause_needs_a_reason_and_a_day_within_the_term(clock: Callable[..., Deadline]) -> None:
    for on, reason, key in ((date(2026, 5, 15), " ", "reason_needed"), (date(2026, 5, 12), "x", "pause_outside"),
                            (date(2026, 6, 15), "x", "pause_outside")):
        with pytest.raises(deadlines.DeadlineError) as refused:
            clock("zpp22_money", lambda session, deadline, on=on, reason=reason: deadlines.pause(  # type: ignore[misc]
                session, deadline, paused_on=on, reason=reason, actor="t", now=NOW))
        assert refused.value.key == key


def test_hours_run_from_the_moment_day_and_night(clock: Callable[..., Deadline], conf: Settings) -> None:
    found_at = datetime(2026, 5, 15, 19, 40, tzinfo=UTC)  # Friday evening: the weekend does not stop it
    made = clock("fz152_incident_24h", start_on=date(2026, 5, 15), start_at=found_at)
    assert (made.due_at, made.start_at) == (datetime(2026, 5, 16, 19, 40, tzinfo=UTC), found_at)
    assert "15.05.2026 22:40 MSK → 24\N{NO-BREAK SPACE}часа → до 16.05.2026 22:40 MSK" in made.explanation_ru
    assert {a.threshold for a in made.alerts} == {"T-12h", "T-6h", "T-1h", "overdue"}
    assert next(a.due_at for a in made.alerts if a.threshold == "overdue") == made.due_at
    for change in (lambda s, d: deadlines.pause(s, d, paused_on=date(2026, 5, 16), reason="x", actor="t", now=NOW),
                   lambda s, d: deadlines.prove(s, conf, d, proven_on=date(2026, 5, 14), proof="x", actor="t", now=NOW)):
        with pytest.raises(deadlines.DeadlineError, match="hours_run_on"):
            clock("fz152_incident_24h", change, start_on=date(2026, 5, 15), start_at=found_at)
    with pytest.raises(deadlines.DeadlineError, match="moment_needed"):
        clock("fz152_incident_24h", start_on=date(2026, 5, 16), start_at=found_at)


def test_a_day_ends_in_the_zone_of_the_one_who_must_act(clock: Callable[..., Deadline]) -> None:
    moscow, far = clock("zpp22_money"), clock("zpp22_money", tz="Asia/Vladivostok")
    assert moscow.due == far.due
    assert moscow.due_at - far.due_at == timedelta(hours=7)


def test_it_may_be_paused_again_and_proven_of_another_day(clock: Callable[..., Deadline], conf: Settings) -> None:
    def rest(first: date, again: date) -> Change:
        def change(session: Session, deadline: Deadline) -> None:
            deadlines.pause(session, deadline, paused_on=first, reason="экспертиза", actor="t", now=NOW)
            deadlines.resume(session, conf, deadline, resumed_on=again, actor="t", now=NOW)
        return change

    def prove(session: Session, deadline: Deadline) -> None:
        deadlines.prove(session, conf, deadline, proven_on=date(2026, 5, 13), proof="РПО", actor="t", now=NOW)

    twice = (rest(date(2026, 5, 15), date(2026, 5, 20)), rest(date(2026, 5, 22), date(2026, 5, 25)))
    made = clock("zpp22_money", *twice)
    assert (made.raw_due, len(made.changes)) == (date(2026, 5, 30), 2)  # 22.05 + 5 days + 3 days
    assert clock("zpp22_money", *twice, prove).raw_due == date(2026, 5, 31)
    with pytest.raises(deadlines.DeadlineError, match="pause_outside"):
        clock("zpp22_money", twice[0], rest(date(2026, 5, 18), date(2026, 5, 19)))
    with pytest.raises(deadlines.DeadlineError, match="changed_before"):
        clock("zpp22_money", twice[0], lambda session, deadline: deadlines.prove(
            session, conf, deadline, proven_on=date(2026, 4, 1), proof="РПО", actor="t", now=NOW))


def test_a_state_body_may_take_thirty_days_more_once(clock: Callable[..., Deadline], conf: Settings) -> None:
    def extend(session: Session, deadline: Deadline) -> None:
        deadlines.extend(session, conf, deadline, reason="уведомление о продлении", actor="t", now=NOW)

    made = clock("fz59_reply_30", extend)
    assert (made.raw_due, made.extended_by) == (date(2026, 7, 11), "fz59_extend_30")
    assert "продлён (59-ФЗ, ст. 12 ч. 2)" in made.explanation_ru
    for rule, changes in (("fz59_reply_30", (extend, extend)), ("zpp22_money", (extend,))):
        with pytest.raises(deadlines.DeadlineError) as refused:
            clock(rule, *changes)
        assert refused.value.key == "no_extension"


def test_closing_a_ticket_ends_paused_clocks_too(
        clock: Callable[..., Deadline], database: Database, conf: Settings) -> None:
    made = clock("zpp22_money", lambda session, deadline: deadlines.pause(
        session, deadline, paused_on=date(2026, 5, 15), reason="ждём", actor="t", now=NOW))
    with database.write() as session:
        tickets.close(session, conf, session.get_one(Ticket, made.ticket_id), actor="t", now=NOW)
        assert session.get_one(Deadline, made.id).state == "cancelled"
        assert {a.state for a in session.scalars(select(Alert))} == {"cancelled"}
