"""The last day of a clock: from its start, by its rule, through the pauses and the extension that it had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from .law import count
from .law.rules import Rule, Rules
from .law.words import Said
from .lawbook import known_rules, production_calendar

PAUSE, EXTENSION = "pause", "extend"  # of Deadline.changes: ["pause", first day out, first day in], ["extend", rule]


@dataclass(frozen=True)
class Term:
    """`raw` as counted, `rolled` after ст. 193, `due_at` its end as a moment; `rule` is the last one that counted.

    `confirmed`: by a rule that a lawyer checked, in years whose calendar is official.
    """

    rule: Rule
    raw: date
    rolled: date
    due_at: datetime
    confirmed: bool
    said: Said


def first(rule: Rule, start_on: date, length: int, tz: str) -> Term:
    """From a day; the rule is not in hours. ValueError when it cannot be counted."""
    return _days(rule, tz, count.due(start_on, length, rule.unit, rule.day_kind, rule.roll,  # type: ignore[arg-type]
                                     production_calendar(), event=known_rules().event(rule.start)))


def hours(rule: Rule, start_at: datetime, length: int, tz: str) -> Term:
    """From a moment, for a rule in hours: to the minute, day or night. ValueError when it cannot be counted."""
    counted = count.due_hours(start_at, length, tz, event=known_rules().event(rule.start))
    last = counted.due_at.astimezone(count.zone(tz)).date()
    return Term(rule, last, last, counted.due_at, rule.confirmed,
                Said(counted.explanation_ru, counted.explanation_en))


def resumed(term: Term, paused_on: date, resumed_on: date, tz: str) -> Term:
    """After a pause: the days that were left run on. ValueError when it was over before."""
    rule = term.rule
    return _after(term, "", "", _days(rule, tz, count.resumed(
        term.raw, paused_on, resumed_on, rule.day_kind, rule.roll, production_calendar())))


def extended(term: Term, rule: Rule, tz: str) -> Term:
    """After an extension by this rule, counted from the raw end; the rule is not in hours."""
    longer = count.extended(term.raw, rule.length, rule.unit, rule.day_kind, rule.roll,  # type: ignore[arg-type]
                            production_calendar())
    return _after(term, f"продлён ({rule.law}, {rule.article}): ", f"extended ({rule.law}, {rule.article}): ",
                  _days(rule, tz, longer))


def through(term: Term, changes: Iterable[Sequence[Any]], start_on: date, tz: str, known: Rules) -> Term:
    """The term after each change in its order. ValueError when one of them does not fit it."""
    for what, *details in changes:
        if what == PAUSE:
            paused_on, resumed_on = (date.fromisoformat(day) for day in details)
            term = resumed(term, paused_on, resumed_on, tz)
        elif (longer := known.at(details[0], start_on)) is not None:
            term = extended(term, longer, tz)
    return term


def _days(rule: Rule, tz: str, counted: count.Due) -> Term:
    return Term(rule, counted.raw, counted.rolled, count.moment(counted.rolled, tz),
                rule.confirmed and counted.confirmed, Said(counted.explanation_ru, counted.explanation_en))


def _after(term: Term, ru: str, en: str, later: Term) -> Term:
    said = Said(f"{term.said.ru}; {ru}{later.said.ru}", f"{term.said.en}; {en}{later.said.en}")
    return replace(later, said=said)
