"""Money and outcome of a ticket, the consumer's answer by link, and what was recovered each month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import format_date, lazy_gettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from .. import casework, outbox, outcomes, penalties, sums
from ..law import sheet
from ..models import Sum, Ticket, User
from . import access, verbs, words
from . import request as desk
from . import ticket as ticket_page

pages = Blueprint("money", __name__)
Answer = str | Response | tuple[str, int]
REFUSALS = {"sum_kind": lazy_gettext("Say what sum it is."),
            "sum_wrong": lazy_gettext("Write the sum as 24990 or 24990,50.")}


@pages.get("/tickets/<int:number>/money")
def index(number: int) -> str:
    found = ticket_page.find(number)
    rows = sums.of(desk.reading(), found)
    owed = [(one, sheet.live(one.penalty)) for one in penalties.longest(found, words.today()) if one.penalty]
    return render_template("money.html", ticket=found, rows=rows, totals=sums.totals(rows), today=words.today(),
                           owed=owed, outcome=outcomes.of(desk.reading(), found))


@pages.post("/tickets/<int:number>/money")
def add(number: int) -> Response:
    form = request.form
    try:
        on = date.fromisoformat(form.get("on", ""))
    except ValueError:
        flash(_("Write the day as %(day)s.", day=words.today().isoformat()), "error")
        return _back(number)
    try:
        with desk.writing() as session:
            sums.add(session, ticket_page.held(session, number), kind=form.get("kind", ""), on=on,
                     amount=casework.money_of(form.get("amount", "")) or Decimal(0), note=form.get("note", ""),
                     author=session.get_one(User, desk.user().id), now=desk.now())
    except sums.SumError as error:
        flash(str(REFUSALS[error.key]), "error")
    return _back(number)


@pages.post("/tickets/<int:number>/money/<int:sum_id>/strike")
def strike(number: int, sum_id: int) -> Response:
    with desk.writing() as session:
        ticket, row = ticket_page.held(session, number), session.get(Sum, sum_id)
        if row is None or row.ticket_id != ticket.id:
            abort(404)
        if not row.struck:
            sums.strike(session, ticket, row, actor=desk.actor(), now=desk.now())
    return _back(number)


@pages.post("/tickets/<int:number>/outcome")
def ask(number: int) -> Response:
    """Ask the consumer whether it is solved."""
    try:
        with desk.writing() as session:
            outcomes.ask(session, desk.conf(), ticket_page.held(session, number),
                         author=session.get_one(User, desk.user().id), now=desk.now())
        flash(_("The question goes to the consumer."), "ok")
    except outbox.OutboxError as error:
        flash(str(verbs.REFUSALS.get(error.key, error.key)), "error")
    return _back(number)


def _back(number: int) -> Response:
    return redirect(url_for("money.index", number=number))


@pages.get("/recovered")
def recovered() -> str:
    months = sums.recovered(desk.reading())
    return render_template("recovered.html", months=months, total=sum((m.paid for m in months), Decimal(0)),
                           month_name=lambda first: format_date(first, "LLLL y"))


# --- the consumer's link -----------------------------------------------------------------------


@pages.get("/outcome/<token>")
@access.public
def link(token: str) -> Answer:
    """Opening it changes nothing: mail scanners open links."""
    row = outcomes.by_token(desk.reading(), desk.conf(), token)
    ticket = desk.reading().get(Ticket, row.ticket_id) if row else None
    chosen = request.args.get("answer", "")
    return render_template("outcome.html", outcome=row, ticket=ticket, token=token, chosen=chosen,
                           done=False), 200 if row else 404


@pages.post("/outcome/<token>")
@access.public
def decide(token: str) -> Answer:
    answer = request.form.get("answer", "")
    with desk.writing() as session:
        row = outcomes.by_token(session, desk.conf(), token)
        if row is None or answer not in outcomes.ANSWERS:
            abort(404)
        ticket = session.get_one(Ticket, row.ticket_id)
        outcomes.decide(session, ticket, row, answer=answer, now=desk.now())
    return render_template("outcome.html", outcome=row, ticket=ticket, token=token, chosen=answer, done=True)
