"""An alert goes out exactly once, late ones as one digest, and none for what has ended."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session, joinedload

from desk import alerts, deadlines, inbox, tickets
from desk.blobs import Blobs
from desk.db import Database
from desk.models import Alert, Deadline, Event, Mailbox, Outbox, Ticket, User
from desk.settings import Settings
from tests.mails import nasty
from workers import clock

from ..servers import SmtpSink
from .conftest import START

People = Callable[..., User]
Demands = Callable[..., Deadline]


@pytest.fixture
def conf(conf: Settings, smtp_sink: SmtpSink) -> Settings:
    return conf.model_copy(update={"smtp": conf.smtp.model_copy(update={"port": smtp_sink.port}),
                                   "alerts": conf.alerts.model_copy(update={"morning_hour": -1})})


def moscow(day: int, hour: int, minute: int = 0, month: int = 5) -> datetime:
    return datetime(2026, month, day, hour - 3, minute, tzinfo=UTC)


def rows(database: Database, *where: Any) -> list[Alert]:
    with database.read() as session:
        return list(session.scalars(select(Alert).where(*where).order_by(Alert.due_at, Alert.id)))


def letters(sink: SmtpSink) -> list[tuple[str, str, str]]:
    """Recipient, subject and text of what the server took."""
    out = []
    for letter in sink.letters:
        message = email.message_from_bytes(letter.mime, policy=email.policy.default)
        out.append((letter.recipients[0], str(message["Subject"]), message.get_body().get_content()))  # type: ignore[union-attr]
    return out


def states(alerts_: Iterable[Alert]) -> dict[str, str]:
    return {a.threshold: a.state for a in alerts_}


# --- each once -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ticket")
def test_each_threshold_leaves_at_its_moment_once(database: Database, conf: Settings, smtp_sink: SmtpSink) -> None:
    moments = {a.threshold: a.due_at for a in rows(database)}
    assert moments == {"T-3": moscow(19, 9), "T-1": moscow(21, 9), "T-0": moscow(22, 9), "overdue": moscow(23, 9)}
    for number, at in enumerate(sorted(moments.values())):
        clock.look(database, conf, at - timedelta(seconds=1))
        assert len(smtp_sink.letters) == number
        for seconds in (0, 0, 30):
            clock.look(database, conf, at + timedelta(seconds=seconds))
        assert len(smtp_sink.letters) == number + 1
    told = rows(database, Alert.threshold.in_(moments))
    assert [a.state for a in told] == ["sent"] * 4
    assert not any(a.late for a in told)
    assert "Срок 22.05.2026" in letters(smtp_sink)[0][1]
    assert "Срок истёк 22.05.2026" in letters(smtp_sink)[-1][1]


@pytest.mark.usefixtures("ticket")
def test_what_was_due_while_the_clock_stood_goes_out_once_as_one_late_digest(
        database: Database, conf: Settings, smtp_sink: SmtpSink) -> None:
    clock.look(database, conf, moscow(19, 9))
    clock.look(database, conf, moscow(21, 8))
    after = moscow(22, 10)  # 26 hours later
    clock.look(database, conf, after)
    clock.look(database, conf, after + timedelta(minutes=1))
    told = rows(database, Alert.state != "pending")
    assert [(a.threshold, a.state, a.late) for a in told] == [
        ("T-3", "sent", False), ("T-1", "sent", True), ("T-0", "sent", True)]
    assert len(smtp_sink.letters) == 2
    _, subject, words = letters(smtp_sink)[1]
    assert subject == "С опозданием: Срок 22.05.2026 — обращение № 1001"
    assert "должно было уйти 21.05.2026 09:00" in words


def test_many_at_once_are_one_digest(database: Database, conf: Settings, demand: Demands, person: People,
                                     smtp_sink: SmtpSink) -> None:
    anna, boris = person("Anna"), person("Boris")
    for number in range(12):
        demand(anna if number else boris)
    clock.look(database, conf, moscow(19, 9))
    assert sorted((to, subject) for to, subject, _ in letters(smtp_sink)) == [
        ("anna@desk.example", "Сроки: 11"), ("boris@desk.example", "Срок 22.05.2026 — обращение № 1001")]


def test_a_met_deadline_alerts_nobody(database: Database, conf: Settings, ticket: Ticket, smtp_sink: SmtpSink) -> None:
    clock.queue_alerts(database, conf, moscow(19, 9))  # stored, and met before it left
    with database.write() as session:
        row = session.get_one(Ticket, ticket.id)
        deadlines.meet(session, row.deadlines[0], reason="paid", actor="user:1", now=moscow(19, 10))
        assert row.next_due_at is None
    clock.look(database, conf, moscow(22, 10, month=6))
    assert smtp_sink.letters == []
    assert {a.state for a in rows(database)} == {"cancelled"}


@pytest.mark.usefixtures("ticket")
def test_an_alert_is_sent_only_when_the_server_took_it(
        database: Database, conf: Settings, smtp_sink: SmtpSink) -> None:
    smtp_sink.answers["MAIL"] = "451 later"
    clock.look(database, conf, moscow(19, 9))
    assert states(rows(database))["T-3"] == "queued"
    del smtp_sink.answers["MAIL"]
    clock.look(database, conf, moscow(19, 9, 2))
    first = rows(database)[0]
    assert (first.state, first.sent_at, len(smtp_sink.letters)) == ("sent", moscow(19, 9, 2), 1)


# --- until somebody knows --------------------------------------------------------------------------


@pytest.mark.usefixtures("ticket")
def test_overdue_is_repeated_every_day_until_acknowledged(
        database: Database, conf: Settings, smtp_sink: SmtpSink) -> None:
    clock.look(database, conf, moscow(22, 10))
    for day in range(23, 27):
        for hour in (9, 9, 20):
            clock.look(database, conf, moscow(day, hour))
    assert states(rows(database, Alert.threshold.startswith("overdue"))) == {
        "overdue": "sent", "overdue-1": "sent", "overdue-2": "sent", "overdue-3": "sent", "overdue-4": "pending"}
    sent = len(smtp_sink.letters)
    with database.write() as session:
        user = session.scalars(select(User)).one()
        assert alerts.acknowledge(session, alerts.unseen(session, user)[0], user=user, now=moscow(26, 21))
        assert alerts.count_unseen(session, user) == 0
    clock.look(database, conf, moscow(27, 9))
    clock.look(database, conf, moscow(28, 9))
    assert len(smtp_sink.letters) == sent
    assert rows(database)[-1].state == "cancelled"


def test_a_missed_deadline_is_not_repeated(database: Database, conf: Settings, ticket: Ticket,
                                           smtp_sink: SmtpSink) -> None:
    clock.look(database, conf, moscow(23, 9))
    sent = len(smtp_sink.letters)
    with database.write() as session:
        deadline = session.get_one(Ticket, ticket.id).deadlines[0]
        deadlines.miss(session, deadline, reason="they are silent", actor="user:1", now=moscow(23, 10))
    clock.look(database, conf, moscow(24, 9))
    assert len(smtp_sink.letters) == sent


def test_four_working_hours_without_an_answer_and_the_leads_are_told_once(
        database: Database, conf: Settings, demand: Demands, person: People, smtp_sink: SmtpSink) -> None:
    anna, lead, admin = person("Anna"), person("Lead", "lead"), person("Admin", "admin")
    demand(anna)
    clock.look(database, conf, moscow(21, 16))  # T-3 and T-1 in one late letter
    clock.look(database, conf, moscow(22, 8, 59))
    assert {to for to, _, _ in letters(smtp_sink)} == {"anna@desk.example"}
    for minute in (59, 59):
        clock.look(database, conf, moscow(22, 10, minute))
    assert len(letters(smtp_sink)) == 2  # T-0 to Anna at nine
    clock.look(database, conf, moscow(22, 11))
    clock.look(database, conf, moscow(22, 11, 30))
    told = rows(database, Alert.user_id.in_((lead.id, admin.id)))
    assert sorted((a.user_id, a.threshold, a.state) for a in told) == [
        (u.id, t, "sent") for u in (lead, admin) for t in ("T-1", "T-3")]
    subjects = {subject for to, subject, _ in letters(smtp_sink) if to == "lead@desk.example"}
    assert subjects == {"Эскалация: Срок 22.05.2026 — обращение № 1001"}
    words = next(words for to, _, words in letters(smtp_sink) if to == "lead@desk.example")
    assert "нет подтверждения — Anna" in words
    with database.read() as session:
        assert session.scalars(select(Event).where(Event.kind == "alert.escalated")).first() is not None


def test_who_acknowledges_in_time_is_not_reported(database: Database, conf: Settings, demand: Demands, person: People,
                                                  smtp_sink: SmtpSink) -> None:
    anna = person("Anna")
    person("Lead", "lead")
    demand(anna)
    clock.look(database, conf, moscow(19, 9))
    with database.write() as session:
        assert alerts.acknowledge_all(session, session.get_one(User, anna.id), now=moscow(19, 10)) == 1
    clock.look(database, conf, moscow(19, 17))
    assert len(smtp_sink.letters) == 1


def test_a_letter_that_fails_for_good_is_told_to_the_leads_at_once(
        database: Database, conf: Settings, demand: Demands, person: People, smtp_sink: SmtpSink) -> None:
    anna = person("Anna")
    lead = person("Lead", "lead")
    demand(anna)
    smtp_sink.answers["anna@desk.example"] = "550 no such mailbox"
    clock.look(database, conf, moscow(19, 9))
    clock.look(database, conf, moscow(19, 9, 1))
    failed, told = rows(database, Alert.threshold == "T-3")
    assert (failed.state, failed.sent_at, told.user_id, told.state) == ("failed", None, lead.id, "sent")
    assert "оповещение не дошло — Anna" in letters(smtp_sink)[0][2]
    with database.read() as session:
        assert [a.state for a in alerts.unseen(session, anna)] == ["failed"]
        assert alerts.unseen(session, lead)[0].escalated_from is not None


def test_a_letter_that_comes_back_is_told_to_the_leads(
        database: Database, conf: Settings, demand: Demands, person: People, smtp_sink: SmtpSink) -> None:
    anna = person("Anna")
    person("Lead", "lead")
    demand(anna)
    clock.look(database, conf, moscow(19, 9))
    sent = email.message_from_bytes(smtp_sink.letters[0].mime)["Message-ID"]
    status = (b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
              b"Final-Recipient: rfc822; anna@desk.example\r\nAction: failed\r\nStatus: 5.2.2\r\n"
              b"Diagnostic-Code: smtp; 552 mailbox full\r\n")
    report = nasty.parts(nasty.TEXT, status, b"Content-Type: message/rfc822\r\n\r\nMessage-ID: " + sent.encode() +
                         b"\r\n\r\n", kind=b"report; report-type=delivery-status")
    with database.write() as session:
        box = Mailbox(name="main", uidvalidity=1, last_uid=0)
        session.add(box)
        session.flush()
        inbox.accept(session, box, uid=1, raw=report, arrived_at=moscow(19, 10), size=len(report), historic=False,
                     truncated=False, blobs=Blobs(conf.blobs_path), now=moscow(19, 10))
    drain = inbox.Drain(database, conf, now_fn=lambda: moscow(19, 10))
    drain.run()
    drain.close()
    clock.look(database, conf, moscow(19, 10, 1))
    assert [(a.state, a.user.name) for a in with_users(database, "T-3")] == [("failed", "Anna"), ("sent", "Lead")]
    assert "оповещение не дошло — Anna" in letters(smtp_sink)[1][2]


def with_users(database: Database, threshold: str) -> list[Alert]:
    with database.read() as session:
        return list(session.scalars(select(Alert).where(Alert.threshold == threshold).order_by(Alert.id).options(
            joinedload(Alert.user))))


def test_a_person_who_cannot_be_written_to_stops_nobody(database: Database, conf: Settings, demand: Demands,
                                                        person: People, smtp_sink: SmtpSink) -> None:
    anna, boris = person("Anna"), person("Boris")
    demand(anna)
    demand(boris)
    with database.write() as session:
        session.get_one(User, anna.id).email = "a\nBcc: x@evil.example"
    clock.look(database, conf, moscow(19, 9))
    assert [to for to, _, _ in letters(smtp_sink)] == ["boris@desk.example"]
    assert [a.state for a in rows(database, Alert.user_id == anna.id)][0] == "failed"


# --- who is told -----------------------------------------------------------------------------------


def test_a_deadline_from_before_the_first_user_finds_somebody(
        database: Database, conf: Settings, demand: Demands, person: People, smtp_sink: SmtpSink) -> None:
    demand()
    clock.look(database, conf, START)
    assert rows(database) == []
    person("Admin", "admin")
    clock.look(database, conf, moscow(19, 20))  # in the evening: the warning that is past waits for the morning
    assert smtp_sink.letters == []
    assert states(rows(database)) == dict.fromkeys(("T-3", "T-1", "T-0", "overdue"), "pending")
    clock.look(database, conf, moscow(20, 9))
    assert len(smtp_sink.letters) == 1


def test_alerts_follow_who_answers_for_the_ticket(
        database: Database, conf: Settings, demand: Demands, person: People, smtp_sink: SmtpSink) -> None:
    anna = person("Anna")
    lead = person("Lead", "lead")
    demand(anna)
    clock.look(database, conf, moscow(18, 9))
    with database.write() as session:
        session.get_one(User, anna.id).active = False
    clock.look(database, conf, moscow(19, 9))
    assert {a.user_id for a in rows(database, Alert.state == "sent")} == {lead.id}
    assert {a.state for a in rows(database, Alert.user_id == anna.id)} == {"cancelled"}
    second = person("Second", "lead")
    clock.look(database, conf, moscow(19, 10))
    assert states(rows(database, Alert.user_id == second.id)) == {
        "T-3": "sent", "T-1": "pending", "T-0": "pending", "overdue": "pending"}


def test_an_overdue_ticket_given_away_and_back_is_still_repeated(
        database: Database, conf: Settings, demand: Demands, person: People, smtp_sink: SmtpSink) -> None:
    anna, boris = person("Anna"), person("Boris")
    ticket_id = demand(anna).ticket_id
    for day in (23, 24):
        clock.look(database, conf, moscow(day, 9))

    def give(user: User, now: datetime) -> None:
        with database.write() as session:
            tickets.assign(session, conf, session.get_one(Ticket, ticket_id), session.get_one(User, user.id),
                           actor="t", now=now)
    give(boris, moscow(24, 10))
    clock.look(database, conf, moscow(24, 10))
    give(anna, moscow(24, 11))
    for day in (25, 26):
        clock.look(database, conf, moscow(day, 9))
    overdue = rows(database, Alert.threshold.startswith("overdue"), Alert.state == "sent",
                   Alert.escalated_from_id.is_(None))
    assert [(a.user_id, a.threshold) for a in overdue] == [
        (anna.id, "overdue"), (anna.id, "overdue-1"), (boris.id, "overdue"), (anna.id, "overdue-2"),
        (anna.id, "overdue-3")]


# --- seen ------------------------------------------------------------------------------------------


def test_the_list_takes_one_query_and_the_most_urgent_comes_first(
        database: Database, conf: Settings, demand: Demands, person: People) -> None:
    anna = person("Anna")
    demand(anna, START + timedelta(days=1))
    demand(anna)
    clock.look(database, conf, moscow(20, 10))
    with database.read() as session:
        asked: list[str] = []
        event.listen(session.get_bind(), "before_cursor_execute", lambda *a: asked.append(a[2]))
        shown = [(a.deadline.due.day, a.deadline.ticket.number, a.threshold, a.escalated_from)
                 for a in alerts.unseen(session, anna)]
        assert len(asked) == 1
    assert shown == [(22, 1002, "T-3", None), (25, 1001, "T-3", None)]


def test_the_link_in_the_letter_acknowledges_one_persons_alert(
        database: Database, conf: Settings, demand: Demands, person: People, smtp_sink: SmtpSink) -> None:
    anna, boris = person("Anna"), person("Boris")
    demand(anna)
    clock.look(database, conf, moscow(19, 9))
    token = letters(smtp_sink)[0][2].partition(f"{conf.desk.base_url}/alerts/")[2].split()[0]
    with database.write() as session:
        alert = alerts.by_token(session, conf, token)
        assert alert is not None
        assert alert.user.name == "Anna"
        assert not alerts.acknowledge(session, alert, user=session.get_one(User, boris.id), now=moscow(19, 10))
        assert alerts.acknowledge(session, alert, user=alert.user, now=moscow(19, 10))
        assert not alerts.acknowledge(session, alert, user=alert.user, now=moscow(19, 11))
        assert alert.acknowledged_at == moscow(19, 10)
        for forged in ("", ".", f"{alert.id}.", f"{alert.id + 1}.{token.partition('.')[2]}", token[:-1], "1" * 400,
                       "²." + token, f"{alert.id}.\udc80", token + "я"):
            assert alerts.by_token(session, conf, forged) is None


def test_looking_for_due_alerts_uses_the_index(database: Database, conf: Settings, demand: Demands) -> None:
    """Of many running deadlines a few are due."""
    one = demand()
    values = {c.name: getattr(one, c.name) for c in Deadline.__table__.columns if c.name not in ("id", "public_id")}
    with database.write() as session:
        user = User(email="u@desk.example", name="U", created_at=START)
        session.add(user)
        session.flush()
        session.execute(insert(Deadline), [values] * 3000)
        session.execute(insert(Alert), [
            {"deadline_id": i, "threshold": f"T-{n}", "user_id": user.id, "due_at": START + timedelta(days=n, seconds=i)}
            for i in session.scalars(select(Deadline.id)) for n in range(4)])
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    plans = explained(database, lambda session: [
        alerts.due_people(session, now=START + timedelta(seconds=9)),
        alerts.queue_due(session, conf, user.id, lambda *_: Outbox(), now=START + timedelta(seconds=9), limit=0),
        alerts.undelivered(session, before=START + timedelta(seconds=9)),
        alerts.escalate(session, conf, now=START)])
    assert len(plans) == 4
    assert all("ix_alert_state_due_at" in plan for plan in plans[:3]), plans
    assert "ix_alert_escalate_at" in plans[3]
    assert not any("Seq Scan on alert" in plan or "SCAN alert" in plan for plan in plans), plans


def explained(database: Database, ask: Callable[[Session], object]) -> list[str]:
    """The database's plans of the queries about alerts."""
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and "FROM alert" in statement:
            cursor = connection.connection.cursor()
            cursor.execute(("EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN ") + statement, parameters)
            plans.append("\n".join(str(row) for row in cursor.fetchall()))
    event.listen(database.writer, "before_cursor_execute", explain)
    with database.write() as session:
        ask(session)
    return plans
