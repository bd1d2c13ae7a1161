"""The doctor names each stopped part and its cure; each part is really stopped here."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
import redis
from pydantic import SecretStr
from sqlalchemy import text

from desk import db, doctor, leases, outbox, people
from desk.db import Database
from desk.models import InboundMail, Mailbox, Outage, Outbox
from desk.settings import Settings

from .servers import Dovecot, SmtpSink, Valkey

PARTS = ("web", "work", "clock", "fetch:main")


@pytest.fixture
def conf(conf: Settings, database: Database, dovecot: Dovecot, smtp_sink: SmtpSink, valkey: Valkey) -> Settings:
    box = conf.mailbox[0].model_copy(update={"port": dovecot.port, "username": "doctor"})
    return conf.model_copy(update={
        "mailbox": (box,), "smtp": conf.smtp.model_copy(update={"port": smtp_sink.port}),
        "redis": conf.redis.model_copy(update={"url": SecretStr(valkey.url)}),
        "database": conf.database.model_copy(update={
            "url": SecretStr(database.url.render_as_string(hide_password=False))})})


@pytest.fixture
def well(conf: Settings, database: Database) -> Settings:
    """A desk with every part at work."""
    with database.write() as session:
        people.create(session, email="a@desk.example", name="A", role="admin", actor="t", now=db.now())
        session.add(Mailbox(name="main", uidvalidity=1, last_uid=0))
        for name in PARTS:
            leases.beat(session, name, now=db.now())
    return conf


def states(conf: Settings) -> dict[str, str]:
    out: dict[str, str] = {}
    for finding in doctor.examine(conf, now=db.now()):
        assert finding.cure or finding.state == "ok", finding
        if out.get(finding.part) != "stopped":
            out[finding.part] = finding.state
    return out


def test_a_desk_that_works(well: Settings) -> None:
    found = states(well)
    assert found.pop("law") == "warning"  # nobody has checked the rules yet
    assert set(found.values()) == {"ok"}
    assert set(PARTS) | {"database", "doorbell", "sending", "mailbox main", "team", "disk"} <= set(found)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_silent(well: Settings, database: Database, part: str) -> None:
    with database.write() as session:
        leases.beat(session, part, now=db.now() - timedelta(minutes=3))
    assert [p for p, state in states(well).items() if state == "stopped"] == [part]


def test_servers_that_are_gone(well: Settings, smtp_sink: SmtpSink, valkey: Valkey) -> None:
    smtp_sink.answers["CONNECT"] = "close"
    valkey.kill()
    box = well.mailbox[0].model_copy(update={"port": 1})
    found = states(well.model_copy(update={"mailbox": (box,)}))
    assert [p for p, state in found.items() if state == "stopped"] == ["doorbell", "mailbox main", "sending"]


def test_a_doorbell_that_may_forget(well: Settings, valkey: Valkey) -> None:
    client = redis.Redis.from_url(valkey.url)
    assert states(well)["doorbell"] == "ok"
    client.config_set("maxmemory-policy", "allkeys-lru")
    assert states(well)["doorbell"] == "warning"
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("appendonly", "no")  # not on again: it would write a first file, and not stop before that
    assert states(well)["doorbell"] == "warning"
    client.close()


def test_a_database_that_forgets_in_a_power_cut(well: Settings, database: Database) -> None:
    if not database.is_sqlite:
        name = database.url.database
        with database.write() as session:
            session.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    assert states(well)["database"] == ("ok" if database.is_sqlite else "warning")


def test_files_that_cannot_be_kept(well: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    place = well.home / "here"
    real = os.access
    monkeypatch.setattr("os.access", lambda path, mode: path != place and real(path, mode))  # root may write anywhere
    place.mkdir()
    blobs = well.blobs.model_copy(update={"path": str(place)})
    assert states(well.model_copy(update={"blobs": blobs}))["files"] == "stopped"


def test_a_wrong_password_says_what_to_do(well: Settings) -> None:
    box = well.mailbox[0].model_copy(update={"password": SecretStr("wrong")})
    finding = next(f for f in doctor.examine(well.model_copy(update={"mailbox": (box,)}), now=db.now())
                   if f.part == "mailbox main")
    assert (finding.state, bool(finding.cure)) == ("stopped", True)


def test_mail_and_letters_that_wait_too_long(well: Settings, database: Database) -> None:
    old = db.now() - timedelta(minutes=10)
    with database.write() as session:
        for uid, state in ((1, "received"), (2, "held")):
            session.add(InboundMail(mailbox_id=1, uidvalidity=1, uid=uid, arrived_at=old, received_at=old, size=1, sha256="0" * 64,
                                    raw=b"x", state=state, try_after=old))
        for number, state in enumerate(("pending", "failed", "uncertain")):
            session.add(Outbox(dedup_key=str(number), kind="ack", message_id=f"<{number}@x>", envelope_from="", mime=b"",
                               state=state, try_after=old, created_at=old))
    found = states(well)
    assert (found["inbox"], found["outbox"], found["held mail"]) == ("stopped", "stopped", "warning")


def test_a_database_without_tables_or_without_server(conf: Settings, database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    assert states(conf)["database"] == "stopped"
    lost = conf.database.model_copy(update={"url": SecretStr("postgresql://nobody@127.0.0.1:1/none")})
    assert states(conf.model_copy(update={"database": lost}))["database"] == "stopped"


def test_a_fresh_home(conf: Settings) -> None:
    url = conf.database.model_copy(update={"url": SecretStr(f"sqlite:///{conf.home / 'new.db'}")})
    finding = next(f for f in doctor.examine(conf.model_copy(update={"database": url, "mailbox": ()}), now=db.now())
                   if f.part == "database")
    assert "desk migrate" in finding.cure


def test_ways_out_that_do_not_work(well: Settings, database: Database) -> None:
    conf = well.model_copy(update={
        "alerts": well.alerts.model_copy(update={"duty_address": "duty@desk.example"}),
        "webhook": well.webhook.model_copy(update={"url": SecretStr("http://hooks.example/")})})
    assert states(conf)["alerts"] == "warning"
    with database.write() as session:
        outbox.put(session, conf, dedup_key="canary:1", kind="canary", to=["duty@desk.example"], subject="s", text="t",
                   now=db.now() - timedelta(days=2))
        session.add(Outage(name="telegram", error="Telegram answered 401", since=db.now()))
    words = [finding.words for finding in doctor.examine(conf, now=db.now()) if finding.part == "alerts"]
    assert [one.split()[0] for one in words] == ["telegram", "no", "[webhook]"]


def test_a_clock_that_does_not_believe_its_machine(well: Settings, database: Database) -> None:
    with database.write() as session:
        leases.beat(session, "clock", now=db.now() - timedelta(hours=3),
                    detail={"frozen": {"step_seconds": 10800, "since": "x"}})
    assert states(well)["clock"] == "warning"
