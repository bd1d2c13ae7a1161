"""The penalty of a ticket: inputs shown and editable, the calculation as a sheet to print, the days as a file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from .. import casework, deadlines, lawbook, letters, penalties, spreadsheet
from ..law import penalty, sheet
from ..law.penalty import Day, Debt, Penalty
from ..letters import numerals
from ..models import Ticket
from . import ticket as ticket_page
from . import words

pages = Blueprint("owed", __name__)


@dataclass(frozen=True)
class Asked:
    """What the sheet is counted from, as it stands in the form."""

    rule: str
    price: str
    paid: str
    due: str
    on: str


@dataclass(frozen=True)
class Period:
    """Late days in a row that each added the same."""

    first: Day
    last: Day

    @property
    def days(self) -> int:
        return self.last.number - self.first.number + 1


@pages.get("/tickets/<int:number>/penalty")
def show(number: int) -> tuple[str, int]:
    ticket = ticket_page.find(number)
    asked, owed = _asked(ticket)
    counted, days, error = _counted(asked)
    page = render_template(
        "penalty.html", ticket=ticket, asked=asked, owed=owed, counted=counted, days=days, periods=list(periods(days)),
        error=error, rates=lawbook.penalties(), live=sheet.live, rows=sheet.rows, explanation_of=sheet.explanation)
    return page, 400 if error and request.args else 200


@pages.get("/tickets/<int:number>/penalty.csv")
def table(number: int) -> Response:
    """Each day in columns, for a spreadsheet: semicolons, and in Russian a decimal comma."""
    ticket = ticket_page.find(number)
    counted, days, _error = _counted(_asked(ticket)[0])
    if counted is None:
        abort(404)
    response = Response(spreadsheet.table(_lines(ticket, counted, days)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="penalty-{ticket.number}-{counted.on}.csv"'
    return response


def periods(days: Sequence[Day]) -> Iterator[Period]:
    """The days in runs of equal growth: a year of them fits on a page."""
    for _added, run in itertools.groupby(days, key=lambda day: day.added):
        same = list(run)
        yield Period(same[0], same[-1])


def in_letter(ticket: Ticket, template: letters.Template | None) -> penalties.Owed | None:
    """The delay a letter speaks of: of the clock that it starts, or the longest when it starts none."""
    rule = deadlines.known_rules().get(str(template.meta.get("rule", ""))) if template else None
    return next((one for one in penalties.of(ticket, words.today()) if one.late and one.penalty
                 and (rule is None or not rule.penalty or one.rule == rule.penalty)), None)


def letter_sum(late: penalties.Owed) -> str:
    return numerals.money(late.penalty.amount) if late.penalty else ""


def letter_table(late: penalties.Owed, typed: str | None) -> list[list[str]]:
    """The calculation; none beside a sum that a person wrote otherwise: the two must not differ."""
    if late.penalty is None or (typed is not None and casework.money_of(typed) != casework.money_of(letter_sum(late))):
        return []
    return [["Расчёт неустойки", ""], *([what.ru, much.ru] for what, much in sheet.rows(late.penalty))]


def _asked(ticket: Ticket) -> tuple[Asked, penalties.Owed | None]:
    """From the form, else from what is known of the ticket."""
    known = penalties.of(ticket, words.today())
    chosen = request.args.get("deadline", "")
    owed = next((one for one in known if one.deadline.public_id == chosen), known[0] if known else None)
    if "rule" in request.args:
        return Asked(*(request.args.get(key, "").strip() for key in ("rule", "price", "paid", "due", "on"))), owed
    if owed is None:
        return Asked("goods_1pct", "", _sum(casework.paid(ticket)), "", words.today().isoformat()), None
    due = owed.due.isoformat() if owed.due else ""
    return Asked(owed.rule, "", _sum(owed.paid), due, owed.until.isoformat()), owed


def _sum(value: Decimal | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value == value.to_integral_value() else f"{value:.2f}"


def _counted(asked: Asked) -> tuple[Penalty | None, list[Day], str]:
    """The penalty, its days, or why there is none in words."""
    try:
        due, on = date.fromisoformat(asked.due), date.fromisoformat(asked.on)
    except ValueError:
        return None, [], _("Write the last day that was in time, and the day of the calculation.")
    price, paid = casework.money_of(asked.price), casework.money_of(asked.paid)
    if (asked.price and price is None) or (asked.paid and paid is None) or (price is None and paid is None):
        return None, [], _("Write the price or what was paid, for example 24990 or 24990,50.")
    rates = lawbook.penalties()
    try:
        debt = Debt(asked.rule, price, paid, due)
        return penalty.total(debt, on, rates), penalty.table(debt, on, rates), ""
    except ValueError:
        return None, [], _("It cannot be counted: a sum finer than a kopeck, more than ten years, or no such penalty.")


def _lines(ticket: Ticket, counted: Penalty, days: Sequence[Day]) -> Iterator[list[str]]:
    yield [f"№ {ticket.number}", ticket.subject]
    yield from ([words.said(what), words.said(much)] for what, much in sheet.rows(counted))
    yield []
    yield [_("Day of delay"), _("Date"), _("Added, ₽"), _("Total, ₽")]
    for day in days:
        yield [str(day.number), day.day.isoformat(), _number(day.added), _number(day.total)]


def _number(value: Decimal) -> str:
    return f"{value:.2f}".replace(".", ",") if words.in_russian() else f"{value:.2f}"
