"""The rules by which deadlines run, for everybody to read: term, article, source, how sure, who checked it and when.

They are data of config/; a person changes the file, and `desk deadlines recalc` shows what that means for what runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, render_template, request
from flask_babel import lazy_gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import deadlines, escalation, lawbook
from ..law.rules import Rule
from ..models import Deadline
from . import request as desk
from . import words

pages = Blueprint("rules", __name__)
CONFIDENCE = {"high": lazy_gettext("high"), "medium": lazy_gettext("medium"), "low": lazy_gettext("low")}
BASIS = {"text": lazy_gettext("the wording of the law was read"), "pages": lazy_gettext("several pages agree"),
         "general": lazy_gettext("general knowledge"), "practice": lazy_gettext("what the company usually does"),
         "policy": lazy_gettext("our own rule")}
YEARS = range(-1, 3)  # before and after this one


@dataclass(frozen=True)
class Entry:
    """A rule as the page shows it: the version of today (else the newest), those before and after, what runs by it."""

    rule: Rule
    history: list[Rule]
    state: str  # checked, unchecked, disabled, past, future
    running: int
    outdated: int  # running by another version than the one of their day


@pages.get("/rules")
def index() -> str:
    today, counts = words.today(), _running(desk.reading())
    entries = list(_entries(counts, today))
    years = [(today.year + n, _known(today.year + n)) for n in YEARS]
    return render_template(
        "rules.html", groups={key: [e for e in entries if e.rule.whose == key] for key in words.WHOSE},
        total=len(entries), checked=sum(e.state == "checked" for e in entries), chosen=request.args.get("rule", ""),
        outdated=sum(e.outdated for e in entries), years=years, rates=lawbook.penalties(), event=_event,
        CONFIDENCE=CONFIDENCE, BASIS=BASIS, ladder=escalation.known_ladder().steps, today=today)


def _known(year: int) -> str:
    """How well its working days are known: sure, known (preliminary) or not at all."""
    days = lawbook.production_calendar()
    return "sure" if days.confirmed(year) else "known" if days.transfers_known(year) else ""


def _entries(counts: Mapping[str, Mapping[str, int]], today: date) -> Iterator[Entry]:
    known = deadlines.known_rules()
    for rule_id in known:
        history = known.history(rule_id)
        rule = known.at(rule_id, today) or history[-1]
        running = counts.get(rule_id, {})
        versions = {each.version for each in history}
        yield Entry(rule, [each for each in reversed(history) if each is not rule], _state(rule, today),
                    sum(running.values()), sum(n for version, n in running.items() if version not in versions))


def _state(rule: Rule, today: date) -> str:
    if not rule.enabled:
        return "disabled"
    if not rule.in_force(today):
        return "future" if rule.valid_from and rule.valid_from > today else "past"
    return "checked" if rule.confirmed else "unchecked"


def _running(session: Session) -> dict[str, dict[str, int]]:
    """How many clocks run by each version of each rule; one query."""
    out: dict[str, dict[str, int]] = {}
    for rule, version, count in session.execute(select(Deadline.rule, Deadline.rule_version, func.count()).where(
            Deadline.state.in_(deadlines.LIVE)).group_by(Deadline.rule, Deadline.rule_version)):
        out.setdefault(rule, {})[version] = count
    return out


def _event(key: str) -> str:
    return words.said(deadlines.known_rules().event(key))
