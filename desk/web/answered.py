"""Answers of companies and bodies: the suggested class, its phrase marked, confirmed by a person; what to reply."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup, escape
from sqlalchemy import select
from werkzeug.wrappers import Response

from .. import answers, escalation, penalties
from ..answers import Suggestion
from ..law import sheet
from ..models import Message, Step, Ticket
from . import escalating, words
from . import request as desk
from . import ticket as ticket_page

pages = Blueprint("answered", __name__)
SHOWN = 1500  # characters around the phrase


@dataclass(frozen=True)
class Read:
    """A letter that came in, its text with the phrase marked, and the step that it was taken for already."""

    message: Message
    html: Markup
    suggestion: Suggestion
    taken_for: Step | None


@pages.get("/tickets/<int:number>/answers")
def index(number: int) -> str:
    found = ticket_page.find(number)
    steps = [s for s in escalation.steps(desk.reading(), found) if s.state in escalation.TAKEN]
    by_message = {s.answer_message_id: s for s in steps if s.answer_message_id}
    read = [_read(message, by_message.get(message.id)) for message in _others(found)]
    owed = [(one, sheet.live(one.penalty)) for one in penalties.longest(found, words.today()) if one.penalty]
    return render_template("answers.html", ticket=found, read=read, steps=steps, owed=owed,
                           known_steps=escalation.known_ladder().steps)


def _others(ticket: Ticket) -> list[Message]:
    """Letters of anybody but the consumer, the newest first."""
    rows = desk.reading().scalars(select(Message).where(
        Message.ticket_id == ticket.id, Message.direction == "in").order_by(Message.id.desc()))
    return [m for m in rows if m.kind != "bounce" and (m.person_id is None or m.person_id != ticket.consumer_id)]


def _read(message: Message, taken_for: Step | None) -> Read:
    found = answers.suggest(message.text, escalation.known_answers())
    first, last = max(0, found.start - SHOWN // 2), min(len(message.text), found.end + SHOWN)
    html = escape(message.text[first:found.start]) + Markup("<mark>{}</mark>").format(
        message.text[found.start:found.end]) + escape(message.text[found.end:last]) if found.means else escape(
        message.text[:SHOWN])
    return Read(message, html, found, taken_for)


@pages.post("/tickets/<int:number>/answers/<public_id>")
def confirm(number: int, public_id: str) -> Response:
    """A person says which step it answers and what it says."""
    found, form = ticket_page.find(number), request.form
    message = desk.reading().scalar(select(Message).where(
        Message.public_id == public_id, Message.ticket_id == found.id, Message.direction == "in"))
    if message is None:
        abort(404)
    try:
        with desk.writing() as session:
            row = session.scalar(select(Step).where(
                Step.public_id == form.get("step", ""), Step.ticket_id == found.id).with_for_update())
            if row is None:
                abort(404)
            text = form.get("answer", "").strip() or message.text.strip()[:500] or _("(no text)")
            escalation.answered(
                session, session.get_one(Ticket, found.id), row, answer=text, means=form.get("means", ""),
                answered_on=message.created_at.astimezone(words.zone()).date(),
                message=session.get_one(Message, message.id), actor=desk.actor(), now=desk.now())
        flash(_("The answer is recorded."), "ok")
    except escalation.EscalationError as error:
        flash(escalating.refusal(error), "error")
    return redirect(url_for("answered.index", number=number))
