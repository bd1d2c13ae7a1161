"""What a clock shows: the days or hours left, how urgent that is, how much is used up, by which rule it runs."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import gettext as _
from flask_babel import ngettext

from .. import deadlines
from ..law.rules import Rule
from ..models import Deadline
from . import request as desk
from . import words

DYING = 5  # days before its end in which a right of the consumer is red, whatever its rule says

ICONS = {"late": "exclamation-octagon-fill", "dying": "shield-exclamation", "today": "alarm-fill", "soon": "clock-fill",
         "calm": "clock", "paused": "pause-circle", "met": "check2-circle", "missed": "x-octagon"}


def register(app: Flask) -> None:
    app.context_processor(_values)


def _values() -> dict[str, Any]:
    functions = (left, until, urgency, used, rule_of, explanation)
    return {function.__name__: function for function in functions} | {"CLOCK_ICONS": ICONS}


def days_left(deadline: Deadline) -> int:
    """Whole days until the last day; 0 today, negative when over. Counted in the deadline's own zone."""
    days = (deadline.due - desk.now().astimezone(ZoneInfo(deadline.timezone)).date()).days
    return min(days, -1) if _in_hours(deadline) and deadline.due_at <= desk.now() else days


def left(deadline: Deadline) -> str:
    if _in_hours(deadline):
        return _hours_left(deadline)
    days = days_left(deadline)
    if days < 0:
        return str(ngettext("%(num)d day late", "%(num)d days late", -days))
    if days == 0:
        return str(_("until midnight today"))
    if days == 1:
        return str(_("tomorrow"))
    return str(ngettext("%(num)d day left", "%(num)d days left", days))


def until(deadline: Deadline) -> str:
    """«26 нояб.»; to the minute for a clock in hours."""
    return words.moment(deadline.due_at) if _in_hours(deadline) else words.day(deadline.due)


def urgency(deadline: Deadline) -> str:
    """`late`, `dying`, `today`, `soon` (up to 3 days) or `calm`: names of styles."""
    days = days_left(deadline)
    if days < 0:
        return "late"
    if dying(deadline):
        return "dying"
    return "today" if days == 0 else "soon" if days <= 3 else "calm"


def dying(deadline: Deadline) -> bool:
    """Is a right of the consumer about to be lost? Counted to the raw day: it is never left to the roll.

    From the last warning but one of its rule on: a window of 120 days of which a bank needs the half dies early.
    """
    rule = rule_of(deadline)
    if rule is None or rule.whose != "us" or deadline.state != "running":
        return False
    second = sorted(rule.warn_before)[:2] or [0]
    return days_left(deadline) - (deadline.due - deadline.raw_due).days <= max(DYING, second[-1])


def used(deadline: Deadline) -> int:
    """How much of the time is used up, in percent, for the bar."""
    if deadline.start_at is not None:
        part = (desk.now() - deadline.start_at) / (deadline.due_at - deadline.start_at)
    else:
        whole = max(1, (deadline.due - deadline.start_on).days)
        part = (whole - days_left(deadline)) / whole
    return max(4, min(100, round(100 * part)))


def rule_of(deadline: Deadline) -> Rule | None:
    """The version of its rule that holds on its start, else the newest there is."""
    known = deadlines.known_rules()
    return known.at(deadline.rule, deadline.start_on) or known.get(deadline.rule)


def explanation(deadline: Deadline) -> str:
    return deadline.explanation_ru if words.in_russian() else deadline.explanation_en


def _hours_left(deadline: Deadline) -> str:
    minutes = int((deadline.due_at - desk.now()).total_seconds() // 60)
    if minutes < 0:
        return str(ngettext("%(num)d hour late", "%(num)d hours late", -(minutes // 60)))
    if minutes < 60:
        return str(ngettext("%(num)d minute left", "%(num)d minutes left", minutes))
    return str(ngettext("%(num)d hour left", "%(num)d hours left", minutes // 60))


def _in_hours(deadline: Deadline) -> bool:
    return deadline.start_at is not None
