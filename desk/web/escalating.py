"""Escalating: choose the next step, look at its letter, freeze it, send it or hand it over, record the proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload, undefer
from werkzeug.wrappers import Response as BaseResponse

from .. import casework, escalation, letters
from ..directory import Body
from ..ladder import Step as Rung
from ..models import Attachment, Letter, Message, Step, Ticket, User
from . import files, owed, words
from . import request as desk
from . import ticket as ticket_page

pages = Blueprint("escalating", __name__)
Answer = str | BaseResponse | tuple[str, int]
REFUSALS = {
    "unknown_step": lazy_gettext("There is no such step."),
    "channel_closed": lazy_gettext("This way is not open to this addressee."),
    "addressee_needed": lazy_gettext("Write to whom it goes."),
    "out_of_turn": lazy_gettext("Something should come before this step: write why it is skipped."),
    "unknown_letter": lazy_gettext("This letter does not belong to this step."),
    "already_sent": lazy_gettext("It was sent already: a sent letter is never changed."),
    "facts_missing": lazy_gettext("The letter cannot be written yet. Missing: %(names)s"),
    "reason_needed": lazy_gettext("Write the reason."),
    "not_by_mail": lazy_gettext("This step does not go by e-mail."),
    "address_wrong": lazy_gettext("This is not an e-mail address."),
    "empty_text": lazy_gettext("Nothing is written yet."),
}
LONG = {"problem", "damages", "bank_details", "done", "demand", "bank_request", "bank_answer", "claim_result", "to_do"}


@dataclass(frozen=True)
class Field:
    name: str
    label: str
    value: str
    source: str
    sure: bool
    long: bool


@pages.route("/tickets/<int:number>/steps/new/<key>", methods=["GET", "POST"])
def new(number: int, key: str) -> Answer:
    """The form that confirms the facts and shows the letter; POST with `go` freezes it."""
    found = ticket_page.find(number)
    rung = escalation.known_ladder().steps.get(key)
    if rung is None:
        abort(404)
    if request.form.get("go") != "freeze":
        return _form(found, rung)
    try:
        return redirect(url_for("escalating.show", number=number, public_id=_freeze(found, rung)))
    except escalation.EscalationError as error:
        return _form(found, rung, refusal=refusal(error)), 400


def _form(found: Ticket, rung: Rung, refusal: str = "") -> str:
    body, template = _body(found, rung), _template(rung)
    known = _known(found, body, template)
    same_body = request.form.get("body", "") == _chosen_body(found, rung)
    typed = request.form if request.method == "POST" and same_body else {}
    fields = [] if template is None else [
        _field(name, known.get(name), typed.get(f"fact-{name}")) for name in template.places()
        if not name.endswith(("_table", "_words")) and name not in ("today",)]
    preview, missing = _preview(found, template, fields, known)
    return render_template(
        "step_new.html", ticket=found, rung=rung, template=template, templates=escalation.known_templates(),
        bodies=escalation.bodies(rung, found), body=body, fields=fields, preview=preview, missing=missing,
        refusal=refusal, annexes=_annexes(found), chosen=request.form.getlist("annex"),
        channel=request.form.get("channel", rung.channels[0]), attach=escalation.known_ladder().attachments,
        first=[escalation.known_ladder().steps[k] for k in _first(found, rung)], fact_label=words.letter_fact)


def _preview(found: Ticket, template: letters.Template | None, fields: list[Field],
             known: dict[str, casework.Known]) -> tuple[str, tuple[str, ...]]:
    if template is None:
        return "", ()
    facts = _facts(fields, known)
    tables = _tables(found, template)
    missing = template.missing(facts, tables)
    if missing:
        return "", missing
    return template.fill(facts, written_on=words.today(), tables=tables).plain_text(), ()


def _freeze(found: Ticket, rung: Rung) -> str:
    template, body = _template(rung), _body(found, rung)
    known = _known(found, body, template)
    names = template.places() if template else ()
    fields = [_field(name, known.get(name), request.form.get(f"fact-{name}")) for name in names
              if not name.endswith(("_table", "_words"))]
    with desk.writing() as session:
        ticket, author = session.get_one(Ticket, found.id), session.get_one(User, desk.user().id)
        addressee = request.form.get("fact-addressee_name", "") or (body.title_ru if body else rung.title_ru)
        row = escalation.prepare(session, ticket, rung.key, addressee=addressee, place="",
                                 channel=request.form.get("channel", ""), reason=request.form.get("reason", ""),
                                 author=author, now=desk.now())
        if template is not None:
            escalation.write(session, ticket, row, template.key, facts=_facts(fields, known),
                             tables=_tables(found, template), annexes=request.form.getlist("annex"),
                             written_on=words.today(), author=author, now=desk.now())
        return row.public_id


def _known(found: Ticket, body: Body | None, template: letters.Template | None) -> dict[str, casework.Known]:
    name = words.marketplace_name(found.marketplace) if found.marketplace else ""
    known = casework.known(desk.reading(), desk.conf(), found, body=body, marketplace=name, author=desk.user(),
                           now=desk.now())
    known.pop("penalty_sum", None)  # of an earlier letter: it has grown since
    late = owed.in_letter(found, template)
    return {**known, "penalty_sum": casework.Known(owed.letter_sum(late), "law", late.sure)} if late else known


def _field(name: str, known: casework.Known | None, typed: str | None) -> Field:
    value = typed if typed is not None else known.words if known else ""
    changed = typed is not None and (known is None or typed.strip() != known.words)
    return Field(name, words.letter_fact(name), value.replace("\u00a0", " "),
                 "" if changed or known is None else known.source, bool(known and known.sure), name in LONG)


def _facts(fields: list[Field], known: dict[str, casework.Known]) -> dict[str, str]:
    ours = {name: known[name].words for name in ("today", "advocate_name", "desk_name", "ticket_number")}
    return casework.with_words({**ours, **{field.name: field.value for field in fields}})


def _tables(found: Ticket, template: letters.Template | None) -> dict[str, list[list[str]]]:
    """Tables a letter may show: chosen annexes with their numbers, what is missing, what was done, the penalty."""
    chosen = [a for a in _annexes(found) if request.method == "GET" or a.public_id in request.form.getlist("annex")]
    out: dict[str, list[list[str]]] = {}
    if chosen:
        out["annex_table"] = [["№", "Документ"], *([str(n), a.filename] for n, a in enumerate(chosen, 1))]
    else:
        out["annex_table"] = [["№", "Документ"], ["—", "без приложений"]]
    if found.missing:
        out["missing_table"] = [["Что прислать"], *([str(words.MISSING.get(key, key))] for key in found.missing)]
    done = [s for s in escalation.steps(desk.reading(), found) if s.state in escalation.TAKEN]
    out["steps_table"] = [["Когда", "Что сделано", "Ответ"], *(
        [s.sent_on.strftime("%d.%m.%Y") if s.sent_on else "",
         f"{escalation.known_ladder().steps[s.key].title_ru}: {s.addressee}", s.answer] for s in done)]
    late = owed.in_letter(found, template)
    if late is not None and (rows := owed.letter_table(late, request.form.get("fact-penalty_sum"))):
        out["penalty_table"] = rows
    return out


def _annexes(found: Ticket) -> list[Attachment]:
    return list(desk.reading().scalars(select(Attachment).join(Message, Attachment.message_id == Message.id).where(
        Message.ticket_id == found.id).order_by(Attachment.id)))


def _chosen_body(found: Ticket, rung: Rung) -> str:
    bodies = escalation.bodies(rung, found)
    return request.values.get("body", bodies[0].key if bodies else "")


def _body(found: Ticket, rung: Rung) -> Body | None:
    return escalation.known_bodies().get(_chosen_body(found, rung))


def _template(rung: Rung) -> letters.Template | None:
    """The chosen letter, else the first that serves the step."""
    wanted = request.values.get("letter", "")
    key = wanted if wanted in rung.letters else rung.letters[0] if rung.letters else ""
    return escalation.known_templates().get(key)


def _first(found: Ticket, rung: Rung) -> tuple[str, ...]:
    offers = escalation.offers(found, escalation.steps(desk.reading(), found), now=desk.now())
    return next((offer.first for offer in offers if offer.step.key == rung.key), ())


def refusal(error: escalation.EscalationError) -> str:
    names = ", ".join(words.letter_fact(name) for name in error.names)
    return str(REFUSALS.get(error.key, error.key)) % {"names": names}


# --- a prepared step ---------------------------------------------------------------------------


@pages.get("/tickets/<int:number>/steps/<public_id>")
def show(number: int, public_id: str) -> str:
    row = _row(number, public_id)
    found = ticket_page.find(number)
    rung = escalation.known_ladder().steps[row.key]
    fitting = escalation.bodies(rung, found)
    contacts = [c for b in fitting for c in b.by_channel(row.channel)]
    chosen = [a for a in _annexes(found) if row.letter and a.public_id in row.letter.annexes]
    return render_template("step.html", ticket=found, row=row, rung=rung, contacts=contacts, annexes=chosen,
                           today=words.today(), clocks=escalation.clocks(row))


@pages.get("/tickets/<int:number>/steps/<public_id>/letter.<any(pdf,docx):kind>")
def paper(number: int, public_id: str, kind: str) -> Response:
    row = _row(number, public_id)
    letter = desk.reading().get(Letter, row.letter_id or 0, options=[undefer(Letter.pdf), undefer(Letter.docx)])
    if letter is None:
        abort(404)
    return files.as_download(letter.pdf if kind == "pdf" else letter.docx, f"{letter.title}.{kind}")


@pages.post("/tickets/<int:number>/steps/<public_id>/mail")
def mail(number: int, public_id: str) -> Answer:
    """The frozen letter and its annexes, exactly as shown."""
    row = _row(number, public_id)
    chosen = [a for a in _annexes(ticket_page.find(number)) if row.letter and a.public_id in row.letter.annexes]
    attached = [(a.filename, a.content_type, files.bytes_of(a)) for a in chosen]
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


@pages.post("/tickets/<int:number>/steps/<public_id>/sent")
def sent(number: int, public_id: str) -> Answer:
    row, form = _row(number, public_id), request.form
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
        names = ", ".join(map(words.deadline_title, started)) or "—"
        flash(_("Recorded. Deadlines started: %(names)s", names=names), "ok")
    except escalation.EscalationError as error:
        flash(refusal(error), "error")
    return redirect(url_for("ticket.show", number=number))


@pages.post("/tickets/<int:number>/steps/<public_id>/answer")
def answer(number: int, public_id: str) -> Answer:
    row = _row(number, public_id)
    try:
        with desk.writing() as session:
            escalation.answered(session, session.get_one(Ticket, row.ticket_id), session.get_one(Step, row.id),
                                answer=request.form.get("answer", ""), answered_on=words.today(), actor=desk.actor(),
                                now=desk.now())
    except escalation.EscalationError as error:
        flash(refusal(error), "error")
    return redirect(url_for("escalating.show", number=number, public_id=public_id))


@pages.post("/tickets/<int:number>/steps/skip/<key>")
def skip(number: int, key: str) -> Answer:
    try:
        with desk.writing() as session:
            escalation.skip(session, session.get_one(Ticket, ticket_page.find(number).id), key,
                            reason=request.form.get("reason", ""), author=session.get_one(User, desk.user().id),
                            now=desk.now())
    except escalation.EscalationError as error:
        flash(refusal(error), "error")
    return redirect(url_for("ticket.show", number=number))


def _row(number: int, public_id: str) -> Step:
    row = desk.reading().scalar(select(Step).join(Ticket, Step.ticket_id == Ticket.id).where(
        Step.public_id == public_id, Ticket.number == number).options(joinedload(Step.letter), joinedload(Step.author)))
    if row is None:
        abort(404)
    return row
