"""A prepared step: its frozen letter, sending it or handing it over, the proof, what came back."""

from __future__ import annotations

from datetime import date

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload, undefer

from .. import contacts, escalation, ladder, status
from ..models import Letter, Outbox, Step, Ticket, User
from . import files, handover, words
from . import request as desk
from . import ticket as ticket_page
from .annexed import annex_bytes, chosen, find_row
from .escalating import Answer, pages, refusal


@pages.get("/tickets/<int:number>/steps/<public_id>")
def show(number: int, public_id: str) -> str:
    row = find_row(number, public_id)
    found = ticket_page.find(number)
    rung = escalation.known_ladder().steps[row.key]
    known = contacts.bodies(desk.reading(), {b.key: b for b in escalation.bodies(rung, found)})
    ways = [c for body in known.values() for c in body.by_channel(row.channel)]
    body = handover.body_of(row)
    portal_text, cut = handover.text(row.letter, body)
    consumer = found.consumer.address if found.consumer else ""
    return render_template(
        "step.html", ticket=found, row=row, rung=rung, contacts=ways, annexes=chosen(row), today=words.today(),
        clocks=escalation.clocks(desk.reading(), row), BY_HAND=handover.BY_HAND, copied=handover.fields(row.letter),
        portal_text=portal_text, cut=cut, enclosed=handover.enclosed(row, body),
        answers_nowhere=rung.to in ladder.STATE_BODIES and handover.answers_nowhere(consumer),
        leaving=escalation.is_leaving(row, desk.reading().get(Outbox, row.outbox_id or 0)))


@pages.get("/tickets/<int:number>/steps/<public_id>/letter.<any(pdf,docx):kind>")
def paper(number: int, public_id: str, kind: str) -> Response:
    row = find_row(number, public_id)
    letter = desk.reading().get(Letter, row.letter_id or 0, options=[undefer(Letter.pdf), undefer(Letter.docx)])
    if letter is None:
        abort(404)
    return files.as_download(letter.pdf if kind == "pdf" else letter.docx, f"{letter.title}.{kind}")


@pages.post("/tickets/<int:number>/steps/<public_id>/mail")
def mail(number: int, public_id: str) -> Answer:
    """The frozen letter and its annexes, exactly as shown."""
    row = find_row(number, public_id)
    attached = [annex_bytes(annex) for annex in chosen(row)]
    try:
        with desk.writing() as session:
            fresh = session.get_one(Step, row.id, options=[joinedload(Step.letter).undefer(Letter.pdf)])
            escalation.mail(session, desk.conf(), session.get_one(Ticket, row.ticket_id), fresh,
                            to=request.form.get("to", ""), text=request.form.get("text", ""), files=attached,
                            author=session.get_one(User, desk.user().id), now=desk.now())
        flash(_("The letter leaves in an hour: until then it can be taken back on the ticket."), "ok")
    except escalation.EscalationError as error:
        flash(refusal(error), "error")
        return redirect(url_for("escalating.show", number=number, public_id=public_id))
    return _onward(number, row)


@pages.post("/tickets/<int:number>/steps/<public_id>/sent")
def sent(number: int, public_id: str) -> Answer:
    row, form = find_row(number, public_id), request.form
    try:
        sent_on = date.fromisoformat(form.get("sent_on", ""))
        proven_on = date.fromisoformat(form["proven_on"]) if form.get("proven_on") else None
    except ValueError:
        flash(_("Write the day as %(day)s.", day=words.today().isoformat()), "error")
        return redirect(url_for("escalating.show", number=number, public_id=public_id))
    try:
        with desk.writing() as session:
            started = escalation.sent(
                session, desk.conf(), session.get_one(Ticket, row.ticket_id), session.get_one(Step, row.id),
                sent_on=sent_on, proven_on=proven_on, number=form.get("number", ""), proof=form.get("proof", ""),
                actor=desk.actor(), now=desk.now())
            if "tell" in form:
                session.flush()
                status.tell(session, desk.conf(), session.get_one(Ticket, row.ticket_id), session.get_one(Step, row.id),
                            author=session.get_one(User, desk.user().id), now=desk.now())
        names = ", ".join(map(words.deadline_title, started)) or "—"
        flash(_("Recorded. Deadlines started: %(names)s", names=names), "ok")
    except escalation.EscalationError as error:
        flash(refusal(error), "error")
    return _onward(number, row)


def _onward(number: int, done: Step) -> Answer:
    """To the next step that waits to be sent, else back to the ticket."""
    waiting = desk.reading().scalar(select(Step).where(
        Step.ticket_id == done.ticket_id, Step.state == "prepared", Step.outbox_id.is_(None), Step.id != done.id,
        Step.created_at == done.created_at).limit(1))
    if waiting is not None:
        return redirect(url_for("escalating.show", number=number, public_id=waiting.public_id))
    return redirect(url_for("ticket.show", number=number))


@pages.post("/tickets/<int:number>/steps/<public_id>/answer")
def answer(number: int, public_id: str) -> Answer:
    row = find_row(number, public_id)
    try:
        with desk.writing() as session:
            escalation.answered(session, session.get_one(Ticket, row.ticket_id), session.get_one(Step, row.id),
                                answer=request.form.get("answer", ""), answered_on=words.today(), actor=desk.actor(),
                                now=desk.now())
    except escalation.EscalationError as error:
        flash(refusal(error), "error")
    return redirect(url_for("escalating.show", number=number, public_id=public_id))
