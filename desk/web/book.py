"""What a lead keeps in order without a programmer: the directory of contacts, and the texts of the letters."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from .. import contacts, escalation, letterbook
from ..letters import TemplateError
from ..models import Ticket, User
from . import access, drafting, words
from . import request as desk
from . import ticket as ticket_page

pages = Blueprint("book", __name__)
Answer = str | Response | tuple[str, int]
REFUSALS = {"unknown_contact": lazy_gettext("There is no such contact."),
            "source_needed": lazy_gettext("Write where you looked.")}


@pages.get("/directory")
def directory() -> str:
    known = contacts.bodies(desk.reading(), escalation.known_bodies())
    return render_template("directory.html", bodies=known, today=words.today(), old=contacts.old(known, words.today()),
                           disagreements=contacts.disagreements(known), history=contacts.history(desk.reading()))


@pages.post("/directory")
def check() -> Response:
    """Somebody looked whether a contact still holds."""
    form = request.form
    try:
        with desk.writing() as session:
            contacts.record(session, escalation.known_bodies(), **{
                key: form.get(key, "") for key in ("body", "channel", "value", "status", "source")},
                on=words.today(), author=session.get_one(User, desk.user().id), now=desk.now())
        flash(_("Recorded: checked today."), "ok")
    except contacts.ContactError as error:
        flash(str(REFUSALS[error.key]), "error")
    return redirect(url_for("book.directory", _anchor=form.get("body", "")))


@pages.get("/letters")
@access.needs("lead", "admin")
def letters() -> str:
    return render_template("letters.html", templates=letterbook.templates(desk.reading()), shipped=letterbook.shipped())


@pages.route("/letters/<key>", methods=["GET", "POST"])
@access.needs("lead", "admin")
def letter(key: str) -> Answer:
    """The text, tried on a real ticket; POST with `go` = save keeps it as a new version."""
    if key not in letterbook.shipped():
        abort(404)
    text = request.form.get("text") or letterbook.text(desk.reading(), key)
    if request.form.get("go") != "save":
        return _form(key, text)
    try:
        with desk.writing() as session:
            row = letterbook.save(session, key, text, author=session.get_one(User, desk.user().id), now=desk.now())
        flash(_("Version %(number)s is in use from now on. Letters that were kept or sent stay as they are.",
                number=row.version), "ok")
    except TemplateError as error:
        return _form(key, text, str(error)), 400
    return redirect(url_for("book.letter", key=key))


def _form(key: str, text: str, refusal: str = "") -> str:
    preview, missing = "", tuple[str, ...]()
    number = request.values.get("ticket", "")
    ticket = _ticket(number)
    try:
        template = letterbook.checked(key, text)
        if ticket is not None:
            rung = next((s for s in escalation.known_ladder().steps.values() if key in s.letters), None)
            draft = drafting.of(ticket, rung, MultiDict(), letter=key, body="", text=template) if rung else None
            preview, missing = draft.preview() if draft else ("", ())
    except TemplateError as error:
        refusal = refusal or str(error)
    return render_template("letter_edit.html", key=key, text=text, number=number, preview=preview, missing=missing,
                           ticket=ticket, refusal=refusal, versions=letterbook.versions(desk.reading(), key),
                           shipped=letterbook.text_of(key), fact_label=words.letter_fact)


def _ticket(number: str) -> Ticket | None:
    """The one named, else the newest."""
    if number.isascii() and number.isdigit() and len(number) < 10:
        known = desk.reading().scalar(select(Ticket.number).where(Ticket.number == int(number)))
    else:
        known = desk.reading().scalar(select(Ticket.number).order_by(Ticket.number.desc()).limit(1))
    return ticket_page.find(known) if known is not None else None
