"""Letters out: claimed, handed over, recorded; fenced, retried, doubted, refused in part."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from desk import outbox, smtp
from desk.db import Database
from desk.models import Outbox
from desk.settings import Settings

from ..servers import SmtpSink

NOON = datetime(2026, 5, 12, 9, tzinfo=UTC)
Put = Callable[..., Outbox]


@pytest.fixture
def conf(conf: Settings, smtp_sink: SmtpSink) -> Settings:
    return conf.model_copy(update={"smtp": conf.smtp.model_copy(update={"port": smtp_sink.port})})


@pytest.fixture
def put(database: Database, conf: Settings) -> Put:
    def put_one(key: str = "k", to: tuple[str, ...] = ("a@mail.example",)) -> Outbox:
        with database.write() as session:
            return outbox.put(session, conf, dedup_key=key, kind="alert", to=to, subject="s", text="t", now=NOON)
    return put_one


def drain(database: Database, conf: Settings, minutes: float = 0) -> int:
    return outbox.drain(database, conf, now_fn=lambda: NOON + timedelta(minutes=minutes))


def letter(database: Database, number: int = 1) -> Outbox:
    with database.read() as session:
        return session.get_one(Outbox, number)


def test_many_letters_take_one_connection(database: Database, conf: Settings, put: Put, smtp_sink: SmtpSink) -> None:
    for key in "abc":
        assert put(key).id == put(key).id
    assert drain(database, conf) == 3
    assert (len(smtp_sink.letters), smtp_sink.sessions) == (3, 1)
    with database.read() as session:
        assert set(session.scalars(select(Outbox.state))) == {"sent"}


def test_a_sender_that_stood_still_is_fenced(database: Database, conf: Settings, put: Put, smtp_sink: SmtpSink) -> None:
    """Its lease ran out and another took the letter: the first hands nothing over and writes nothing."""
    put()
    late = outbox._claim(database, conf, NOON)
    after = NOON + timedelta(seconds=conf.work.outbox_lease_seconds + 1)
    taken = outbox._claim(database, conf, after)
    assert late is not None
    assert taken is not None
    with smtp.Connection(conf.smtp) as connection:
        outbox._send(database, conf, connection, late, lambda: after)
        assert smtp_sink.letters == []
        outbox._send(database, conf, connection, taken, lambda: after)
        outbox._send(database, conf, connection, late, lambda: after)
    assert (len(smtp_sink.letters), letter(database).state, letter(database).attempts) == (1, "sent", 2)


def test_a_cut_behind_the_dot_is_doubted_and_sent_once_more(database: Database, conf: Settings, put: Put,
                                                           smtp_sink: SmtpSink) -> None:
    put()
    smtp_sink.answers["DATA"] = "close"
    drain(database, conf)
    assert (letter(database).state, letter(database).doubts) == ("uncertain", 1)
    assert drain(database, conf, 14) == 0
    drain(database, conf, 16)
    assert (letter(database).state, letter(database).doubts) == ("uncertain", 2)
    del smtp_sink.answers["DATA"]
    assert drain(database, conf, 600) == 0  # a person decides now
    assert len({sent.mime for sent in smtp_sink.letters}) == 1
    assert len(smtp_sink.letters) == 2


def test_a_refused_letter_comes_again_and_one_that_is_never_taken_fails(
        database: Database, conf: Settings, put: Put, smtp_sink: SmtpSink) -> None:
    put("later")
    smtp_sink.answers["RCPT"] = "451 greylisted"
    drain(database, conf)
    assert (letter(database).state, letter(database).try_after) == ("pending", NOON + timedelta(minutes=1))
    del smtp_sink.answers["RCPT"]
    drain(database, conf, 1)
    assert letter(database).state == "sent"
    put("never")
    smtp_sink.answers["MAIL"] = "550 no"
    drain(database, conf)
    assert (letter(database, 2).state, len(smtp_sink.letters)) == ("failed", 1)


def test_each_recipient_has_its_own_answer(database: Database, conf: Settings, put: Put, smtp_sink: SmtpSink) -> None:
    put(to=("good@mail.example", "late@mail.example", "bad@mail.example"))
    smtp_sink.answers |= {"late@mail.example": "451 later", "bad@mail.example": "550 nobody"}
    drain(database, conf)
    with database.read() as session:
        row = session.get_one(Outbox, 1)
        assert row.state == "pending"
        assert [r.state for r in row.recipients] == ["accepted", "pending", "refused"]
    del smtp_sink.answers["late@mail.example"]
    drain(database, conf, 1)
    assert [sent.recipients for sent in smtp_sink.letters] == [["good@mail.example"], ["late@mail.example"]]
    assert letter(database).state == "sent"
