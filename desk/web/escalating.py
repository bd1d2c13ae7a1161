"""Escalating: choose the next step, look at its letter, freeze it. What is done with it then stands in steps.py."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from .. import authority, escalation, letterbook
from ..ladder import Step as Rung
from ..models import Ticket, User
from . import drafting, words
from . import request as desk
from . import ticket as ticket_page
from .drafting import Draft

pages = Blueprint("escalating", __name__)
Answer = str | BaseResponse | tuple[str, int]
REFUSALS = {
    "unknown_step": lazy_gettext("There is no such step."),
    "channel_closed": lazy_gettext("This way is not open to this addressee."),
    "addressee_needed": lazy_gettext("Write to whom it goes."),
    "out_of_turn": lazy_gettext("Something should come before this step: write why it is skipped."),
    "authority_needed": lazy_gettext("In the consumer's place only with their paper. Lacking: %(names)s"),
    "unknown_letter": lazy_gettext("This letter does not belong to this step."),
    "already_sent": lazy_gettext("It was sent already: a sent letter is never changed."),
    "facts_missing": lazy_gettext("The letter cannot be written yet. Missing: %(names)s"),
    "unknown_answer": lazy_gettext("Say what the answer is; only a step that was sent can be answered."),
    "tracking_wrong": lazy_gettext("The check digit of the tracking number is wrong: compare it with the receipt."),
    "reason_needed": lazy_gettext("Write the reason."),
    "not_by_mail": lazy_gettext("This step does not go by e-mail."),
    "address_wrong": lazy_gettext("This is not an e-mail address."),
    "empty_text": lazy_gettext("Nothing is written yet."),
}


@pages.route("/tickets/<int:number>/steps/new/<key>", methods=["GET", "POST"])
def new(number: int, key: str) -> Answer:
    """The form that confirms the facts and shows the letter; POST with `go` freezes it."""
    found = ticket_page.find(number)
    rung = escalation.known_ladder().steps.get(key)
    if rung is None:
        abort(404)
    draft = _draft(found, rung)
    if request.form.get("go") != "freeze":
        return _form(draft)
    try:
        return redirect(url_for("escalating.show", number=number, public_id=_freeze(draft)))
    except escalation.EscalationError as error:
        return _form(draft, refusal=refusal(error)), 400


def _draft(found: Ticket, rung: Rung) -> Draft:
    """What was typed belongs to the addressee and letter for which it was typed."""
    body = request.values.get("body", "")
    form = request.form if request.method == "POST" else MultiDict[str, str]()
    if form.get("shown_body", body) != body:
        form = MultiDict((k, v) for k, v in form.items(multi=True) if k.removeprefix("fact-") not in drafting.ADDRESSEE)
    return drafting.of(found, rung, form, letter=request.values.get("letter", ""), body=body)


def _form(draft: Draft, refusal: str = "") -> str:
    found, rung = draft.ticket, draft.rung
    preview, missing = draft.preview()
    steps = escalation.known_ladder().steps
    return render_template(
        "step_new.html", draft=draft, ticket=found, rung=rung, template=draft.template,
        templates=letterbook.templates(desk.reading()), bodies=escalation.bodies(rung, found), body=draft.body,
        fields=draft.fields, preview=preview, missing=missing, refusal=refusal, annexes=draft.annexes,
        chosen=draft.chosen, channel=request.form.get("channel", rung.channels[0]),
        attach=escalation.known_ladder().attachments, first=[steps[key] for key in _first(found, rung)],
        twin=drafting.twin(draft), fact_label=words.letter_fact,
        lacking=authority.lacking(authority.of(desk.reading(), found), rung, words.today()))


def _freeze(draft: Draft) -> str:
    """The step and its twin, when that is wanted, in one transaction; the first one's public id."""
    twin = drafting.twin(draft) if "together" in request.form else None
    now = desk.now()
    with desk.writing() as session:
        ticket, author = session.get_one(Ticket, draft.ticket.id), session.get_one(User, desk.user().id)
        public_id = _keep(session, ticket, draft, author, now)
        if twin is not None:
            _keep(session, ticket, twin, author, now)
    return public_id


def _keep(session: Session, ticket: Ticket, draft: Draft, author: User, now: datetime) -> str:
    form, rung = draft.form, draft.rung
    row = escalation.prepare(
        session, ticket, rung.key, addressee=draft.addressee or rung.title_ru, place="",
        channel=form.get("channel", ""), reason=form.get("reason", ""), by_consumer="by_consumer" in form,
        on=words.today(), author=author, now=now)
    if draft.template is not None:
        escalation.write(session, ticket, row, draft.template.key, facts=draft.facts(), tables=draft.tables(),
                         annexes=[a.public_id for a in draft.annexes if a.public_id in draft.chosen],
                         written_on=words.today(), author=author, now=now)
    return row.public_id


def _first(found: Ticket, rung: Rung) -> tuple[str, ...]:
    offers = escalation.offers(found, escalation.steps(desk.reading(), found), now=desk.now())
    return next((offer.first for offer in offers if offer.step.key == rung.key), ())


def refusal(error: escalation.EscalationError) -> str:
    names = ", ".join(str(words.PAPERS.get(name) or words.letter_fact(name)) for name in error.names)
    return str(REFUSALS.get(error.key, error.key)) % {"names": names}


@pages.post("/tickets/<int:number>/steps/skip/<key>")
def skip(number: int, key: str) -> Answer:
    try:
        with desk.writing() as session:
            escalation.skip(session, ticket_page.held(session, number), key,
                            reason=request.form.get("reason", ""), author=session.get_one(User, desk.user().id),
                            now=desk.now())
    except escalation.EscalationError as error:
        flash(refusal(error), "error")
    return redirect(url_for("ticket.show", number=number))
