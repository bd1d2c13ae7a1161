"""The clocks of a ticket, by their forms: start, prove, pause, go on, extend, end. Each calls one verb of deadlines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from flask import Blueprint, abort, flash, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from .. import deadlines
from ..models import Deadline
from . import request as desk
from . import words
from .verbs import back, on

pages = Blueprint("clocks", __name__, url_prefix="/tickets/<int:number>/deadlines")
LONGEST = 500  # characters of a reason or a proof


@pages.post("")
def start(number: int) -> Response:
    start_on = _day("start_on")
    if start_on is not None:
        with on(number) as (session, ticket):
            started = deadlines.start(
                session, desk.conf(), ticket, request.form.get("rule", ""), start_on=start_on, proof=_text("proof"),
                proof_class=_text("proof_class"), length=request.form.get("length", type=int) or None,
                actor=desk.actor(), now=desk.now())
            flash(_("Deadline started: until %(day)s.", day=words.day(started.due)), "ok")
    return back(number, "deadlines")


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
