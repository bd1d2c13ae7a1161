"""New rules and a new calendar: what would move is shown with its reason, and moves only when a person agrees."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, select

from desk import cli, deadlines, lawbook, recounts, terms, tickets
from desk.db import Database
from desk.law import calendar, rules
from desk.models import Alert, Deadline, Event, Ticket, User
from desk.settings import Settings

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def start(database: Database, conf: Settings) -> Callable[..., int]:
    """Start a clock on one ticket; its id."""
    with database.write() as session:
        anna = User(email="anna@desk.example", name="Anna", role="advocate", created_at=NOW)
        session.add(anna)
        opened = tickets.open_(session, conf, subject="s", person=None, arrived_at=NOW, historic=True, actor="t", now=NOW)
        tickets.assign(session, conf, opened, anna, actor="t", now=NOW)
        number = opened.id

    def run(rule: str, **more: object) -> int:
        with database.write() as session:
            made = deadlines.start(session, conf, session.get_one(Ticket, number), rule, start_on=date(2026, 5, 12),
                                   actor="t", now=NOW, **more)  # type: ignore[arg-type]
            session.flush()
            return made.id
    return run


@pytest.fixture
def law(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change values of a rule, or the calendar, as a new file would."""
    shipped = lawbook.known_rules()

    def change(rule_id: str = "", *, days: calendar.ProductionCalendar | None = None, **values: object) -> None:
        new = rules.Rules(tuple(replace(r, version="new", **values) if r.id == rule_id else r for r in shipped.versions),  # type: ignore[arg-type]
                          shipped.events, shipped.meta)
        for module in (deadlines, recounts, terms):
            monkeypatch.setattr(module, "known_rules", lambda: new)
        if days is not None:
            monkeypatch.setattr(terms, "production_calendar", lambda: days)
        monkeypatch.setattr(lawbook, "known_rules", lambda: new)
    return change


def found(database: Database) -> list[recounts.Difference]:
    with database.read() as session:
        return list(recounts.differences(session))


def test_nothing_changes_while_the_law_is_the_same(start: Callable[..., int], database: Database) -> None:
    for rule, more in (("zpp22_money", {}), ("promised_by", {"length": 9}), ("fz59_reply_30", {})):
        start(rule, **more)
    assert found(database) == []


def test_another_term_is_shown_and_taken_with_an_event_and_new_alerts(
        start: Callable[..., int], law: Callable[..., None], database: Database, conf: Settings) -> None:
    start("zpp22_money")
    law("zpp22_money", length=20)
    [difference] = found(database)
    assert (difference.why, difference.moves, difference.counted and difference.counted.rolled) == (
        "rule", True, date(2026, 6, 1))
    with database.write() as session:
        [again] = recounts.differences(session)
        assert recounts.apply(session, conf, again, actor="user:1", now=NOW)
    with database.read() as session:
        made = session.scalars(select(Deadline)).one()
        assert (made.due, made.rule_version, made.ticket.next_due_at) == (date(2026, 6, 1), "new", made.due_at)
        told = session.scalars(select(Event).where(Event.kind == "deadline.recounted")).one()
        assert (told.actor, told.detail["was"], told.detail["due"]) == ("user:1", "2026-05-22", "2026-06-01")
        last = session.scalars(select(Alert).where(Alert.threshold == "T-0", Alert.state == "pending")).one()
        assert last.due_at.date() >= date(2026, 5, 31)
    assert found(database) == []


def test_a_day_off_that_became_known_moves_the_last_day(
        start: Callable[..., int], law: Callable[..., None], database: Database) -> None:
    start("zpp22_money")
    days = lawbook.production_calendar()
    law(days=replace(days, days_off=days.days_off | {date(2026, 5, 22)}))
    [difference] = found(database)
    assert (difference.why, difference.counted and difference.counted.rolled) == ("calendar", date(2026, 5, 25))


def test_a_rule_that_a_lawyer_checked_changes_the_mark_and_no_alert(
        start: Callable[..., int], law: Callable[..., None], database: Database, conf: Settings) -> None:
    start("zpp22_money")
    with database.read() as session:
        before = [(a.id, a.threshold, a.state) for a in session.scalars(select(Alert))]
    law("zpp22_money", checked_by="А. Юрист", checked_on=date(2026, 5, 12))
    with database.write() as session:
        [difference] = recounts.differences(session)
        assert not difference.moves
        recounts.apply(session, conf, difference, actor="t", now=NOW)
    with database.read() as session:
        assert session.scalars(select(Deadline.confirmed)).one()
        assert [(a.id, a.threshold, a.state) for a in session.scalars(select(Alert))] == before
        assert len(session.scalars(select(Event).where(Event.kind == "deadline.recounted")).all()) == 1


def test_an_extended_clock_is_counted_with_its_extension(
        start: Callable[..., int], law: Callable[..., None], database: Database, conf: Settings) -> None:
    number = start("fz59_reply_30")
    with database.write() as session:
        deadlines.extend(session, conf, session.get_one(Deadline, number), reason="уведомили", actor="t", now=NOW)
    assert found(database) == []
    law("fz59_reply_30", length=31)
    [difference] = found(database)
    assert difference.counted is not None
    assert difference.counted.raw == date(2026, 7, 12)
    assert "продлён (59-ФЗ" in difference.counted.said.ru


def test_a_clock_that_was_paused_once_is_counted_again_with_its_pause(
        start: Callable[..., int], law: Callable[..., None], database: Database, conf: Settings) -> None:
    number = start("fz59_reply_30")
    with database.write() as session:
        made = session.get_one(Deadline, number)
        deadlines.pause(session, made, paused_on=date(2026, 5, 20), reason="ждём", actor="t", now=NOW)
        deadlines.resume(session, conf, made, resumed_on=date(2026, 5, 25), actor="t", now=NOW)
        deadlines.extend(session, conf, made, reason="уведомили", actor="t", now=NOW)
        assert made.raw_due == date(2026, 7, 16)  # 30 days, 5 of a pause, 30 more
    assert found(database) == []
    law("fz59_reply_30", length=33)
    [difference] = found(database)
    assert difference.counted is not None
    assert (difference.why, difference.counted.raw) == ("rule", date(2026, 7, 19))
    assert "приостановлен с 20.05.2026" in difference.counted.said.ru
    with database.write() as session:
        [again] = recounts.differences(session)
        recounts.apply(session, conf, again, actor="t", now=NOW)
    assert found(database) == []


def test_a_clock_that_is_paused_now_takes_its_new_term_in_silence(
        start: Callable[..., int], law: Callable[..., None], database: Database, conf: Settings) -> None:
    number = start("zpp22_money")
    with database.write() as session:
        deadlines.pause(session, session.get_one(Deadline, number), paused_on=date(2026, 5, 15), reason="ждём", actor="t",
                        now=NOW)
    law("zpp22_money", length=20)
    with database.write() as session:
        [difference] = recounts.differences(session)
        assert recounts.apply(session, conf, difference, actor="t", now=NOW)
        made = session.get_one(Deadline, number)
        assert (made.state, made.raw_due, made.ticket.next_due_at) == ("paused", date(2026, 6, 1), None)
        assert {a.state for a in made.alerts} == {"cancelled"}
        deadlines.resume(session, conf, made, resumed_on=date(2026, 5, 18), actor="t", now=NOW)
        assert made.raw_due == date(2026, 6, 4)


@SQLITE
def test_what_cannot_be_counted_again_is_told_and_stays(
        start: Callable[..., int], law: Callable[..., None], database: Database, conf: Settings) -> None:
    number = start("zpp22_money")
    with database.write() as session:
        deadlines.pause(session, session.get_one(Deadline, number), paused_on=date(2026, 5, 20), reason="ждём", actor="t",
                        now=NOW)
    law("zpp22_money", length=3)  # it would have been over before the pause
    [paused] = found(database)
    law("zpp22_money", enabled=False)
    [gone] = found(database)
    assert (paused.why, gone.why) == ("by_hand", "gone")
    with database.write() as session:
        assert not recounts.apply(session, conf, next(iter(recounts.differences(session))), actor="t", now=NOW)


@SQLITE
def test_any_number_of_clocks_costs_the_same_queries(
        start: Callable[..., int], law: Callable[..., None], database: Database) -> None:
    seen: list[str] = []
    event.listen(database.reader, "before_cursor_execute", lambda *args: seen.append(args[2]))
    counted = []
    for round_ in (1, 2, 3):
        start("zpp22_money")
        start("zpp22_money")
        law("zpp22_money", length=20 + round_)
        before = len(seen)
        assert len(found(database)) == 2 * round_
        counted.append(len(seen) - before)
    assert counted[0] == counted[2]


@SQLITE
def test_the_command_shows_asks_and_moves_only_what_was_agreed(
        start: Callable[..., int], law: Callable[..., None], database: Database, conf: Settings,
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DESK_HOME", str(conf.home))
    assert cli.main(["deadlines", "recalc"]) == 0
    assert capsys.readouterr().out == "Ничего не меняется.\n"
    start("zpp22_money")
    law("zpp22_money", length=20)
    for answer, moved in (("", False), ("нет\n", False), ("да\n", True)):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        assert cli.main(["deadlines", "recalc"]) == 0
        told = capsys.readouterr().out
        assert "22.05.2026 (пт) → 01.06.2026 (пн): правило изменилось" in told
        assert ("Пересчитано: 1" in told) is moved
    law("zpp22_money", length=10)
    assert cli.main(["deadlines", "recalc", "--yes"]) == 0
    with database.read() as session:
        assert session.scalars(select(Deadline.due)).one() == date(2026, 5, 12) + timedelta(days=10)
