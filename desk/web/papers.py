"""The consumer's papers on a ticket: what they allow and until when, recording one, asking for one in one click."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from .. import annexes, authority, escalation, outbox
from ..models import Authority, Ticket, User
from . import request as desk
from . import ticket as ticket_page
from . import words
from .verbs import REFUSALS as ON_REPLIES

pages = Blueprint("papers", __name__)
REFUSALS = {
    "paper_kind": lazy_gettext("Say what paper it is."),
    "paper_place": lazy_gettext("Choose the file of the paper, or write where it lies."),
    "expires_before": lazy_gettext("It cannot expire before it was given."),
}
# The desk's own words to the consumer; what the paper itself must contain is for the team's lawyer.
ASKED = {
    "consent": "согласие на обработку ваших персональных данных и передачу их магазину, площадке и банку (152-ФЗ)",
    "power": "доверенность, по которой мы можем направлять обращения от вашего имени",
}
REQUEST = ("Здравствуйте{name}!\n\nСледующий шаг по вашему обращению № {number}: {step}. Чтобы сделать его за вас, нам "
           "нужны:\n\n{papers}\n\nПришлите, пожалуйста, скан или фотографию подписанных бумаг в ответ на это письмо. "
           "Если вы хотите подписать и отправить документ сами, напишите нам: мы пришлём готовый текст.\n\n{author}")


@pages.get("/tickets/<int:number>/papers")
def index(number: int) -> str:
    found = ticket_page.find(number)
    rung = escalation.known_ladder().steps.get(request.args.get("step", ""))
    papers = authority.of(desk.reading(), found)
    files = [a for a in annexes.of(desk.reading(), found) if a.file is not None]
    return render_template(
        "papers.html", ticket=found, rung=rung, papers=papers, files=files, today=words.today(),
        lacking=authority.lacking(papers, rung, words.today()) if rung else (),
        names={a.file.id: a for a in files if a.file}, holds=authority.holds,
        steps=[s for s in escalation.known_ladder().steps.values() if s.authority])


@pages.post("/tickets/<int:number>/papers")
def add(number: int) -> Response:
    form = request.form
    try:
        given_on = date.fromisoformat(form.get("given_on", ""))
        expires_on = date.fromisoformat(form["expires_on"]) if form.get("expires_on") else None
    except ValueError:
        flash(_("Write the day as %(day)s.", day=words.today().isoformat()), "error")
        return _back(number)
    try:
        with desk.writing() as session:
            authority.record(
                session, ticket_page.held(session, number), kinds=form.getlist("kind"), scope=form.getlist("scope"),
                given_on=given_on, expires_on=expires_on, file=form.get("file", ""), note=form.get("note", ""),
                author=session.get_one(User, desk.user().id), now=desk.now())
        flash(_("The paper is recorded."), "ok")
    except authority.AuthorityError as error:
        flash(str(REFUSALS[error.key]), "error")
    return _back(number)


@pages.post("/tickets/<int:number>/papers/<int:paper_id>/revoke")
def revoke(number: int, paper_id: int) -> Response:
    with desk.writing() as session:
        ticket, paper = ticket_page.held(session, number), session.get(Authority, paper_id)
        if paper is None or paper.ticket_id != ticket.id:
            abort(404)
        authority.revoke(session, ticket, paper, on=words.today(), actor=desk.actor(), now=desk.now())
    return _back(number)


@pages.post("/tickets/<int:number>/papers/ask/<key>")
def ask(number: int, key: str) -> Response:
    """One click: the prepared letter to the consumer goes out like any reply, with its time to take it back."""
    rung = escalation.known_ladder().steps.get(key)
    found = ticket_page.find(number)
    if rung is None:
        abort(404)
    lacking = authority.lacking(authority.of(desk.reading(), found), rung, words.today())
    if not lacking:
        return _back(number)
    name = f", {found.consumer.name}" if found.consumer and found.consumer.name else ""
    text = REQUEST.format(name=name, number=number, step=rung.title_ru.lower(), author=desk.user().name,
                          papers="\n".join(f"— {ASKED[kind]};" for kind in lacking).rstrip(";") + ".")
    try:
        with desk.writing() as session:
            outbox.write(session, desk.conf(), session.get_one(Ticket, found.id), text=text, now=desk.now(),
                         author=session.get_one(User, desk.user().id), nonce=f"papers-{found.id}-{key}-{words.today()}")
        flash(_("The request goes to the consumer."), "ok")
    except outbox.OutboxError as error:
        flash(str(ON_REPLIES.get(error.key, error.key)), "error")
    return redirect(url_for("ticket.show", number=number, _anchor="end"))


def _back(number: int) -> Response:
    return redirect(url_for("papers.index", number=number, step=request.values.get("step") or None))
