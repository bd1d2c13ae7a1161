"""What is done on a ticket's page: each a POST that calls one verb and comes back to the ticket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from .. import deadlines, merges, outbox, tickets
from ..models import Fact, Message, Ticket, User
from . import facts
from . import request as desk
from . import ticket as ticket_page
from .ticket import pages

Answer = str | Response | tuple[str, int]
REFUSALS = {
    "empty_text": lazy_gettext("Nothing is written yet."),
    "no_address": lazy_gettext("The consumer's address is not known: there is nobody to send this to."),
    "not_on_ticket": lazy_gettext("This person is not on the ticket: choose somebody who is."),
    "user_inactive": lazy_gettext("This account is switched off: choose somebody else."),
    "unknown_stage": lazy_gettext("There is no such stage."),
    "only_letters_move": lazy_gettext("Only letters that came in can be moved."),
    "rule_not_in_force": lazy_gettext("This rule is not in force on that day."),
    "length_needed": lazy_gettext("This deadline needs a length: write how many."),
    "moment_needed": lazy_gettext("A deadline in hours needs the moment: write the day and the time."),
    "hours_run_on": lazy_gettext("Hours run without a pause: cancel this deadline and start it from the right moment."),
    "unknown_zone": lazy_gettext("There is no such time zone."),
    "out_of_calendar": lazy_gettext("This day is beyond the calendar."),
    "promise_is_past": lazy_gettext("The promised day must come after the day of the promise."),
    "not_running": lazy_gettext("This deadline is not running."),
    "unknown_proof": lazy_gettext("There is no such kind of proof."),
    "proof_needed": lazy_gettext("Write what proves it: the number of the receipt, the date of delivery."),
    "changed_before": lazy_gettext("Its pause does not fit a term from that day: cancel it and start it anew."),
    "reason_needed": lazy_gettext("Write the reason."),
    "no_extension": lazy_gettext("The law gives no extension for it, or it was extended already."),
    "pause_outside": lazy_gettext("A pause begins within the term: after its first day, before it is over."),
    "not_paused": lazy_gettext("This deadline is not paused."),
    "resumed_too_early": lazy_gettext("It cannot go on before it was paused."),
    "domain_needed": lazy_gettext("Write the domain that the company's letters come from, for example ozon.ru."),
    "joined_already": lazy_gettext("These tickets are one already."),
    "joined_further": lazy_gettext("It cannot be undone any more: it was undone, or joined to another since."),
    "unknown_fact": lazy_gettext("This fact is not on this ticket."),
}


@contextmanager
def on(number: int) -> Iterator[tuple[Session, Ticket]]:
    """One transaction on the ticket; a verb that refuses becomes a sentence on the page."""
    try:
        with desk.writing() as session:
            ticket = tickets.by_number(session, number)
            if ticket is None:
                abort(404)
            yield session, ticket
    except (tickets.TicketError, outbox.OutboxError, deadlines.DeadlineError) as error:
        flash(str(REFUSALS.get(error.key, error.key)), "error")


def back(number: int, anchor: str = "") -> Response:
    return redirect(url_for("ticket.show", number=number, _anchor=anchor or None))


# --- the ticket --------------------------------------------------------------------------------


@pages.post("/tickets/<int:number>/assign")
def assign(number: int) -> Answer:
    with on(number) as (session, ticket):
        chosen = ticket_page.user_named(session, request.form.get("user", ""))
        tickets.assign(session, desk.conf(), ticket, chosen, actor=desk.actor(), now=desk.now())
    return back(number)


@pages.post("/tickets/<int:number>/take")
def take(number: int) -> Answer:
    with on(number) as (session, ticket):
        take_it(session, ticket)
    return back(number)


def take_it(session: Session, ticket: Ticket) -> None:
    """The ticket is the person's who asks."""
    tickets.assign(session, desk.conf(), ticket, session.get_one(User, desk.user().id), actor=desk.actor(),
                   now=desk.now())


@pages.post("/tickets/<int:number>/stage")
def stage(number: int) -> Answer:
    with on(number) as (session, ticket):
        tickets.change_stage(session, ticket, request.form.get("stage", ""), actor=desk.actor(), now=desk.now())
    return back(number)


@pages.post("/tickets/<int:number>/case")
def record_case(number: int) -> Answer:
    with on(number) as (session, ticket):
        tickets.record_case(session, ticket, number=request.form.get("case", ""), domain=request.form.get("domain", ""),
                            actor=desk.actor(), now=desk.now())
    return back(number)


@pages.post("/tickets/<int:number>/close")
def close(number: int) -> Answer:
    with on(number) as (session, ticket):
        tickets.close(session, desk.conf(), ticket, reason=request.form.get("reason", "")[:500], actor=desk.actor(),
                      now=desk.now())
        flash(_("Ticket № %(number)s is closed.", number=number), "ok")
    return back(number)


@pages.post("/tickets/<int:number>/reopen")
def reopen(number: int) -> Answer:
    with on(number) as (session, ticket):
        tickets.reopen(session, ticket, actor=desk.actor(), now=desk.now())
    return back(number)


# --- letters and facts -------------------------------------------------------------------------


@pages.post("/tickets/<int:number>/join")
def join(number: int) -> Answer:
    """Make one ticket of two: the younger goes into the older, whichever page was open. Undone from the history."""
    other = request.form.get("to", 0, type=int)
    with on(number) as (session, ticket):
        found = tickets.by_number(session, other)
        if found is None or found.id == ticket.id:
            flash(_("There is no other ticket № %(number)s.", number=other), "error")
            return back(number)
        target, source = sorted((ticket, found), key=lambda t: t.number)
        merges.merge(session, desk.conf(), source, target, actor=desk.actor(), now=desk.now())
        number = target.number
        flash(_("№ %(number)s is here now with all that it had. It can be undone in the history.",
                number=source.number), "ok")
    return back(number)


@pages.post("/tickets/<int:number>/joins/<public_id>/undo")
def part(number: int, public_id: str) -> Answer:
    """Take two joined tickets apart again."""
    with on(number) as (session, ticket):
        record = merges.by_public_id(session, public_id)
        if record is None or record.target_id != ticket.id:
            abort(404)
        merges.undo(session, desk.conf(), record, actor=desk.actor(), now=desk.now())
        flash(_("№ %(number)s stands by itself again.", number=record.source.number), "ok")
    return back(number)


@pages.post("/tickets/<int:number>/messages/<public_id>/move")
def move(number: int, public_id: str) -> Answer:
    target = request.form.get("to", 0, type=int)
    with on(number) as (session, ticket):
        to, message = tickets.by_number(session, target), _message(session, ticket, public_id)
        if to is None:
            flash(_("There is no other ticket № %(number)s.", number=target), "error")
            return back(number)
        tickets.move(session, message, to, actor=desk.actor(), now=desk.now())
    return back(target)


@pages.post("/tickets/<int:number>/messages/<public_id>/confirm")
def confirm_sender(number: int, public_id: str) -> Answer:
    with on(number) as (session, ticket):
        tickets.confirm_sender(session, _message(session, ticket, public_id), actor=desk.actor(), now=desk.now())
    return back(number)


@pages.post("/tickets/<int:number>/facts/<int:fact_id>")
def fact(number: int, fact_id: int) -> Answer:
    """Back to the ticket; a page that asks for this part alone gets the panel as it is now."""
    with on(number) as (session, ticket):
        found = session.get(Fact, fact_id)
        if found is None or found.ticket_id != ticket.id:
            abort(404)
        tickets.decide_fact(session, ticket, found, verdict=request.form.get("verdict", ""),
                            value=request.form.get("value", ""), user=session.get_one(User, desk.user().id),
                            now=desk.now())
    return facts.panel(desk.reading(), number) if "X-Desk-Part" in request.headers else back(number, "facts")


def _message(session: Session, ticket: Ticket, public_id: str) -> Message:
    found = session.scalar(select(Message).where(Message.public_id == public_id, Message.ticket_id == ticket.id))
    if found is None:
        abort(404)
    return found
