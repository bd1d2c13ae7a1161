"""Everybody sees each rule: term, article, source, whether a lawyer checked it, its versions and what runs by it."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, update

from desk import deadlines, lawbook
from desk.db import Database
from desk.law import rules
from desk.models import Deadline
from desk.web import words

RUSSIAN = {"Accept-Language": "ru"}
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def changed(monkeypatch: pytest.MonkeyPatch, *versions: rules.Rule) -> None:
    shipped = lawbook.known_rules()
    ids = {rule.id for rule in versions}
    new = rules.Rules((*(rule for rule in shipped.versions if rule.id not in ids), *versions), shipped.events, shipped.meta)
    monkeypatch.setattr(deadlines, "known_rules", lambda: new)


def entry(page: str, rule_id: str) -> str:
    """The part of the page that shows one rule."""
    return page.split(f'id="{rule_id}"', 1)[1].split("</details>", 1)[0]


@SQLITE
def test_every_rule_is_there_and_unconfirmed_ones_say_so(sign_in: Callable[[str], FlaskClient]) -> None:
    page = sign_in("boris").get("/rules", headers=RUSSIAN).text
    known = lawbook.known_rules()
    for rule_id in known:
        rule, shown = known[rule_id], html.unescape(entry(page, rule_id))
        if rule.law not in words.LAWS:
            assert rule.law in shown
        if rule.article not in words.LAWS:
            assert rule.article in shown
        assert not any(english in shown for english in words.LAWS)
    refund = entry(page, "zpp22_money")
    for said in ("не подтверждено", "ст. 22", "Закон РФ 2300-1", "требование получено", "patch-question"):
        assert said in refund, said
    assert "юрист" in page


@SQLITE
def test_a_disabled_rule_is_grey_and_says_why(anna: FlaskClient) -> None:
    page = anna.get("/rules", headers=RUSSIAN).text
    off = entry(page, "fz289_partner_complaint_15")
    assert "slash-circle" in off
    assert lawbook.known_rules()["fz289_partner_complaint_15"].notes_ru in html.unescape(off)
    assert 'class="rule is-dim" id="fz289_partner_complaint_15"' in page


@SQLITE
def test_a_checked_rule_and_its_versions(anna: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = lawbook.known_rules()["zpp22_money"]
    changed(monkeypatch, replace(rule, valid_to=date(2025, 12, 31), length=7, version="aaa"),
            replace(rule, valid_from=date(2026, 1, 1), checked_by="А. Юрист", checked_on=date(2026, 3, 1), version="bbb"))
    shown = entry(anna.get("/rules?rule=zpp22_money", headers=RUSSIAN).text, "zpp22_money")
    for said in ("open", "patch-check", "А. Юрист", "bbb", "aaa", '<b class="num">7</b>'):
        assert said in shown, said


@SQLITE
def test_a_year_nobody_confirmed_says_so(anna: FlaskClient) -> None:
    page = anna.get("/rules", headers=RUSSIAN).text
    chips = page.split('class="rule-years"', 1)[1].split("</p>", 1)[0]
    assert ("chip-calm" in chips, "chip-soon" in chips) == (True, True)
    days = lawbook.production_calendar()
    assert (days.confirmed(2027), days.transfers_known(2027)) == (False, True), "no act was compared"


@SQLITE
def test_notes_are_in_the_language_of_the_page(anna: FlaskClient) -> None:
    known = lawbook.known_rules()
    assert all(bool(rule.notes_ru) == bool(rule.notes_en) for rule in known.versions)
    page = html.unescape(anna.get("/rules", headers=RUSSIAN).text)
    for rule in known.versions:
        assert not rule.notes_ru or (rule.notes_ru in page and rule.notes_en not in page)
    assert "с самого обещанного дня" in page, "the open question of ст. 23.1"
    assert "НЕ ПОДТВЕРЖДЕНО для просрочки, которая началась до 01.02.2026" in page


def test_what_runs_by_another_version_is_counted(
        anna: FlaskClient, deliver: Callable[..., None], database: Database) -> None:
    deliver()
    assert "desk deadlines recalc" not in anna.get("/rules").text
    with database.write() as session:
        session.execute(update(Deadline).values(rule_version="former"))
    page = anna.get("/rules").text
    assert "desk deadlines recalc" in page
    assert "/deadlines?rule=desk_first_reply_1w" in entry(page, "desk_first_reply_1w")


@SQLITE
def test_the_page_costs_the_same_queries_for_any_number_of_deadlines(
        anna: FlaskClient, deliver: Callable[..., None], app, database: Database) -> None:  # type: ignore[no-untyped-def]
    seen: list[str] = []
    event.listen(app.extensions["desk"].database.reader, "before_cursor_execute", lambda *args: seen.append(args[2]))
    anna.get("/rules")
    counts = []
    for sender in ("a@x.example", "b@x.example", "c@x.example"):
        deliver(sender=sender, subject=sender)
        before = len(seen)
        assert anna.get("/rules").status_code == 200
        counts.append(len(seen) - before)
    assert counts[0] == counts[2]
