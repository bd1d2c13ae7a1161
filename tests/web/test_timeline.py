"""The time line of a ticket: places of clocks, letters and steps against today, and how each was counted on a press."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from desk import db, deadlines
from desk.db import Database
from desk.models import Ticket
from desk.settings import Settings
from desk.web import timeline

T = "/tickets/1001"
RUSSIAN = {"Accept-Language": "ru"}
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def clocks(anna: FlaskClient, deliver: Callable[..., None], database: Database, conf: Settings) -> None:
    """A late claim, a right about to be lost, a right of three years, and one that was met late."""
    deliver()
    with database.write() as session:
        ticket = session.scalars(select(Ticket)).one()
        for rule, days, proof in (("zpp22_money", 60, "РПО 1"), ("zpp26_1_refuse_7", 4, ""), ("gk196_3y", 60, "")):
            deadlines.start(session, conf, ticket, rule, start_on=_today() - timedelta(days=days), proof=proof, actor="t",
                            now=db.now())
        met = deadlines.start(session, conf, ticket, "zpp21_replace", start_on=_today() - timedelta(days=50), actor="t",
                              now=db.now())
        session.flush()
        deadlines.meet(session, met, reason="заменили", actor="t", now=db.now() - timedelta(days=20))


def _today() -> date:
    return db.now().date()


def line(app: Flask, database: Database) -> timeline.TimeLine:
    with app.test_request_context(headers=RUSSIAN), database.read() as session:
        ticket = session.scalars(select(Ticket)).one()
        found = timeline.of(ticket, ticket.messages, [], _today())
        assert found is not None
        return found


@SQLITE
def test_each_clock_has_its_place(clocks: None, app: Flask, database: Database) -> None:
    found = line(app, database)
    bars = {bar.deadline.rule: bar for bar in found.bars}
    late, right, far, met = (bars[rule] for rule in ("zpp22_money", "zpp26_1_refuse_7", "gk196_3y", "zpp21_replace"))
    assert (late.kind, right.kind, far.beyond, met.kind) == ("late", "dying", True, "met")
    assert late.late is not None
    assert late.late.x + late.late.width == pytest.approx(found.today, abs=0.02)
    assert right.late is None
    assert right.span.x + right.span.width > found.today
    assert met.end is not None
    assert met.late is not None
    assert met.span.x < met.end < found.today
    places = [found.today, *(t.x for t in found.ticks), *(m.x for m in found.marks), *(b.start for b in found.bars)]
    assert all(0 <= x <= 100 for x in places)
    assert [m.kind for m in found.marks] == ["in"]
    assert [b.kind for b in found.bars][-1] == "met"


@SQLITE
def test_a_press_tells_how_it_was_counted_by_which_article_and_on_which_proof(clocks: None, anna: FlaskClient) -> None:
    page = anna.get(T, headers=RUSSIAN).text
    items = page.split('class="tl-item"')[1:]
    refund, right = (next(item for item in items if f"rule={rule}" in item) for rule in ("zpp22_money", "zpp26_1_refuse_7"))
    for words in ("требование получено", "ст. 22, Закон РФ 2300-1", "РПО 1", "не подтверждено юристом"):
        assert words in refund, words
    for words in ("право потребителя", "Что пропадёт", "Расчётный", "is-guessed"):
        assert words in right, words


@SQLITE
def test_the_picture_needs_no_style_of_its_own(clocks: None, anna: FlaskClient) -> None:
    picture = anna.get(T).text.split('class="timeline', 1)[1].split('class="ticket-columns"', 1)[0]
    assert not re.search(r'\sstyle=|\son\w+=|<style|<script', picture)


@SQLITE
def test_a_ticket_of_a_year_ago_and_one_without_clocks(
        anna: FlaskClient, deliver: Callable[..., None], app: Flask, database: Database, conf: Settings) -> None:
    deliver()
    with database.write() as session:
        ticket = session.scalars(select(Ticket)).one()
        ticket.created_at = db.now() - timedelta(days=500)
        deadlines.start(session, conf, ticket, "gk196_3y", start_on=_today() - timedelta(days=500), actor="t", now=db.now())
    found = line(app, database)
    old = next(bar for bar in found.bars if bar.deadline.rule == "gk196_3y")
    assert (old.beyond, old.start) == (True, timeline.EDGE)
    assert 3 <= len(found.ticks) <= timeline.MOST_TICKS
    with database.write() as session:
        for each in session.scalars(select(Ticket)).one().deadlines:
            deadlines.cancel(session, each, reason="", actor="t", now=db.now())
    assert 'class="timeline' not in anna.get(T).text
