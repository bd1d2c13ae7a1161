"""Nasty mails through the queue between good ones: it flows, and each ends where a person can see why."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from desk import db, inbox
from desk.blobs import Blobs
from desk.db import Database
from desk.models import InboundMail, Mailbox, Message, Outbox, Ticket
from desk.settings import Settings
from tests.mails import nasty

CORPUS = nasty.corpus()
GOOD_EVERY = 4  # nasty ones between two good ones
REASONS = {"done": {""}, "linked": {"same_bytes"}, "ignored": {"own_mail", "bounce_of_alert"},
           "held": {"not_a_mail", "parse_failed", "timeout", "crash"}}


def good(number: int) -> bytes:
    return (f"From: Olga <olga{number}@mail.example>\r\nTo: help@desk.example\r\nSubject: Ozon {number}\r\n"
            f"Message-ID: <good{number}@mail.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            f"Не привезли заказ {number}\r\n").encode()


def interleaved() -> dict[str, bytes]:
    out: dict[str, bytes] = {}
    for number, (name, raw) in enumerate(CORPUS.items()):
        if number % GOOD_EVERY == 0:
            out[f"good {number}"] = good(number)
        out[name] = raw
    return out | {"good last": good(10_000)}


@pytest.mark.timeout(300)
def test_the_queue_flows_and_every_mail_ends_readably(database: Database, conf: Settings) -> None:
    assert len(CORPUS) >= 150
    mails = interleaved()
    with database.write() as session:
        box = Mailbox(name="main", uidvalidity=1, last_uid=0)
        session.add(box)
        session.flush()
        for uid, raw in enumerate(mails.values(), 1):
            inbox.accept(session, box, uid=uid, raw=raw, arrived_at=db.now(), size=len(raw), historic=False,
                         truncated=False, blobs=Blobs(conf.blobs_path), now=db.now())
    drained(database, conf, len(mails))
    with database.read() as session:
        rows = {name: session.scalars(select(InboundMail).where(InboundMail.uid == uid)).one()
                for uid, name in enumerate(mails, 1)}
        for name, row in rows.items():
            assert row.reason in REASONS[row.state], f"{name}: {row.state} {row.reason} {row.error}"
            assert row.state != "held" or row.error or row.reason == "not_a_mail", name
            assert "\x00" not in row.error, name
        assert {row.state for name, row in rows.items() if name.startswith("good")} == {"done"}
        good_tickets = select(func.count()).select_from(Ticket).where(Ticket.subject.like("Ozon %"))
        assert session.scalar(good_tickets) == sum(name.startswith("good") for name in mails)
        acks = set(session.scalars(select(Message.ticket_id).where(Message.kind == "ack")))
        assert session.scalar(select(func.count()).select_from(Outbox)) == len(acks)
        held = {name for name, row in rows.items() if row.state == "held"}
    assert {"empty", "one_nul", "random_bytes", "no_headers"} <= held
    assert len(held) <= 15, sorted(held)


def drained(database: Database, conf: Settings, count: int) -> None:
    """Process all; who waits a minute for the next try does not wait here."""
    moment = db.now()
    drain = inbox.Drain(database, conf, now_fn=lambda: moment)
    limit = time.monotonic() + 240
    try:
        while not ended(database, count):
            assert time.monotonic() < limit, "the queue stands still"
            drain.run()
            moment += timedelta(seconds=70)
    finally:
        drain.close()


def ended(database: Database, count: int) -> bool:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(InboundMail).where(
            InboundMail.state != "received")) == count
