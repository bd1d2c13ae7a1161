"""The clocks of a ticket, by their forms: start, prove, pause, go on, extend, end. Each calls one verb of deadlines.

An event may start several at once: its page shows what each would give before a person chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time

from flask import Blueprint, abort, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from .. import deadlines, happenings
from ..law import count
from ..models import Deadline, Ticket
from . import request as desk
from . import ticket as ticket_page
from . import words
from .verbs import REFUSALS, back, on

pages = Blueprint("clocks", __name__, url_prefix="/tickets/<int:number>/deadlines")
LONGEST = 500  # characters of a reason or a proof
ZONES = ("Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Krasnoyarsk",
         "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka")


@pages.get("/new")
def new(number: int) -> str:
    """What an event of a day would start: every last day with its count, before anything runs."""
    ticket = ticket_page.find(number)
    day, tz = _asked_day(request.args.get("on", "")), request.args.get("tz") or desk.conf().desk.timezone
    event, at = request.args.get("event", ""), request.args.get("time", "")
    offers = happenings.offers(ticket, event, day, tz=tz, start_at=_moment(day, at, tz), today=words.today())
    return render_template(
        "happened.html", ticket=ticket, offers=offers, event=event, on=day, at=at, tz=tz, zones=ZONES,
        events=happenings.events(day), REFUSALS=REFUSALS, today=words.today())


@pages.post("")
def start(number: int) -> Response:
    """One clock or several, all from one event; all of them or none."""
    start_on, chosen = _day("start_on"), request.form.getlist("rule") or [""]
    if start_on is not None:
        with on(number) as (session, ticket):
            started = [_start(session, ticket, rule, start_on) for rule in chosen]
            flash(_("Deadline started: until %(day)s.", day=words.day(started[0].due)) if len(started) == 1 else
                  ngettext("%(num)d deadline started.", "%(num)d deadlines started.", len(started)), "ok")
    return back(number, "deadlines")


def _start(session: Session, ticket: Ticket, rule: str, start_on: date) -> Deadline:
    tz = _text("tz") or desk.conf().desk.timezone
    length = request.form.get(f"length-{rule}", type=int) or request.form.get("length", type=int)
    return deadlines.start(
        session, desk.conf(), ticket, rule, start_on=start_on, start_at=_moment(start_on, _text("time"), tz), tz=tz,
        proof=_text("proof"), proof_class=_text("proof_class"), length=length or None, actor=desk.actor(),
        now=desk.now())


def _moment(on_day: date, at: str, tz: str) -> datetime | None:
    """The moment of «14:30» on that day; None when there is no such time or zone."""
    try:
        return datetime.combine(on_day, time.fromisoformat(at), tzinfo=count.zone(tz)) if at else None
    except ValueError:
        return None


def _asked_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return words.today()


@pages.post("/promise")
def promise(number: int) -> Response:
    """«They promised to answer by …»."""
    until, promised_on = _day("until"), _day("promised_on")
    if until is not None and promised_on is not None:
        with on(number) as (session, ticket):
            deadlines.promised(session, desk.conf(), ticket, until=until, promised_on=promised_on,
                               proof=_text("proof"), actor=desk.actor(), now=desk.now())
            flash(_("Deadline started: until %(day)s.", day=words.day(until)), "ok")
    return back(number, "deadlines")


@pages.post("/<public_id>/<any(meet,miss,cancel):what>")
def end(number: int, public_id: str, what: str) -> Response:
    verb: Callable[..., None] = {"meet": deadlines.meet, "miss": deadlines.miss, "cancel": deadlines.cancel}[what]
    with _changing(number, public_id) as (session, deadline):
        verb(session, deadline, reason=_text("reason"), actor=desk.actor(), now=desk.now())
    return back(number, "deadlines")


@pages.post("/<public_id>/prove")
def prove(number: int, public_id: str) -> Response:
    proven_on = _day("proven_on")
    if proven_on is not None:
        with _changing(number, public_id) as (session, deadline):
            deadlines.prove(session, desk.conf(), deadline, proven_on=proven_on, proof=_text("proof"),
                            proof_class=_text("proof_class"), actor=desk.actor(), now=desk.now())
            flash(_("Proven. The last day is %(day)s.", day=words.day(deadline.due)), "ok")
    return back(number, "deadlines")


@pages.post("/<public_id>/pause")
def pause(number: int, public_id: str) -> Response:
    paused_on = _day("paused_on")
    if paused_on is not None:
        with _changing(number, public_id) as (session, deadline):
            deadlines.pause(session, deadline, paused_on=paused_on, reason=_text("reason"), actor=desk.actor(),
                            now=desk.now())
    return back(number, "deadlines")


@pages.post("/<public_id>/resume")
def resume(number: int, public_id: str) -> Response:
    resumed_on = _day("resumed_on")
    if resumed_on is not None:
        with _changing(number, public_id) as (session, deadline):
            deadlines.resume(session, desk.conf(), deadline, resumed_on=resumed_on, actor=desk.actor(),
                             now=desk.now())
            flash(_("It goes on until %(day)s.", day=words.day(deadline.due)), "ok")
    return back(number, "deadlines")


@pages.post("/<public_id>/extend")
def extend(number: int, public_id: str) -> Response:
    with _changing(number, public_id) as (session, deadline):
        deadlines.extend(session, desk.conf(), deadline, reason=_text("reason"), actor=desk.actor(), now=desk.now())
        flash(_("Extended until %(day)s.", day=words.day(deadline.due)), "ok")
    return back(number, "deadlines")


@contextmanager
def _changing(number: int, public_id: str) -> Iterator[tuple[Session, Deadline]]:
    with on(number) as (session, ticket):
        found = session.scalar(select(Deadline).where(
            Deadline.public_id == public_id, Deadline.ticket_id == ticket.id))
        if found is None:
            abort(404)
        yield session, found


def _day(name: str) -> date | None:
    """The day in a field; a sentence on the page when there is none."""
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        flash(_("Write the day, for example %(day)s.", day=words.day(desk.now())), "error")
        return None


def _text(name: str) -> str:
    return request.form.get(name, "").strip()[:LONGEST]
