"""Writing on a ticket: replies and notes, drafts kept on the server, ready answers put into the text."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from .. import drafts, outbox, replies, tickets
from ..models import Message, Outbox, Person, Ticket, User
from . import request as desk
from . import ticket as ticket_page
from . import words
from .ticket import Composer
from .verbs import REFUSALS, Answer, back, on, take_it

pages = Blueprint("writing", __name__)


@pages.post("/tickets/<int:number>/reply")
def reply(number: int) -> Answer:
    """Sent after the undo window. Asks once when somebody has written meanwhile; the text is kept."""
    text, nonce = request.form.get("text", ""), request.form.get("nonce", "")[:64]
    found, chosen = ticket_page.find(number), _chosen()
    refusal = _refusal(text, nonce)
    if refusal:
        return _keep(found, Composer(text=text, warning=refusal, to=chosen), 400)
    meanwhile = ticket_page.meanwhile(desk.reading(), found.id, request.form.get("newest", 0, type=int))
    if meanwhile is not None and "confirm" not in request.form:
        return _keep(found, Composer(text=text, warning=_meanwhile(meanwhile), confirm=True, to=chosen), 409)
    try:
        _send(found, text, nonce, chosen)
    except outbox.OutboxError as error:
        return _keep(found, Composer(text=text, warning=str(REFUSALS.get(error.key, error.key)), to=chosen), 400)
    return back(found.number, "end")


def _send(found: Ticket, text: str, nonce: str, chosen: int) -> None:
    with desk.writing() as session:
        ticket, me = session.get_one(Ticket, found.id), _me(session)
        outbox.write(session, desk.conf(), ticket, text=text, author=me, nonce=nonce,
                     to=session.get(Person, chosen) if chosen else None, now=desk.now())
        drafts.drop(session, ticket, me, "reply")
        if ticket.assignee_id is None:
            take_it(session, ticket)


def _chosen() -> int:
    """The id of the person to write to, where several are on the ticket; 0 when nobody was chosen."""
    chosen = request.form.get("to", "")
    return int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else 0


def _refusal(text: str, nonce: str) -> str:
    """Why this may not be sent, in words; '' when it may."""
    gaps = replies.gaps(text)
    if gaps:
        return _("Not sent yet. Fill in or take out first: %(names)s.", names=", ".join(gaps))
    return "" if text.strip() and len(nonce) >= 8 else str(REFUSALS["empty_text"])


def _meanwhile(message: Message) -> str:
    if message.author is None:
        return _("A new letter came while you were writing. Read it, then send your answer again.")
    return _("%(name)s answered while you were writing. Read it, then send yours if it is still needed.",
             name=message.author.name)


@pages.post("/tickets/<int:number>/note")
def note(number: int) -> Answer:
    text = request.form.get("text", "")
    if not text.strip():
        return _keep(ticket_page.find(number), Composer(warning=str(REFUSALS["empty_text"]), tab="note"), 400)
    with on(number) as (session, ticket):
        me = _me(session)
        tickets.note(session, ticket, text=text, author=me, now=desk.now())
        drafts.drop(session, ticket, me, "note")
    return back(number, "end")


def _keep(ticket: Ticket, composer: Composer, code: int) -> Answer:
    """The page again, with what was written; it is a draft too, in case nobody comes back to this page."""
    if composer.text.strip():
        with desk.writing() as session:
            drafts.save(session, ticket, _me(session), "reply", composer.text, now=desk.now())
    return ticket_page.page(desk.reading(), ticket, composer), code


def _me(session: Session) -> User:
    return session.get_one(User, desk.user().id)


@pages.post("/tickets/<int:number>/letters/<public_id>/<any(undo,again):what>")
def letter(number: int, public_id: str, what: str) -> Answer:
    """Take a reply back while it waits (its text is a draft again), or send a failed one once more."""
    done = False
    with on(number) as (session, ticket):
        message = session.scalar(select(Message).where(
            Message.public_id == public_id, Message.ticket_id == ticket.id, Message.outbox_id.is_not(None)))
        if message is None:
            abort(404)
        out, verb = session.get_one(Outbox, message.outbox_id), outbox.undo if what == "undo" else outbox.again
        done = _do(verb, session, out)
        if done and what == "undo" and message.kind == "reply":
            _add(session, ticket, message.text)
    if what == "undo" and done:
        flash(_("The reply was taken back. Its text is below: go on writing."), "ok")
        return redirect(url_for("ticket.show", number=number, _anchor="composer"))
    if not done:
        flash(_("Too late: the letter has left.") if what == "undo" else _("This letter needs no second try."), "error")
    return back(number, "end")


def _do(verb: Callable[..., bool], session: Session, out: Outbox) -> bool:
    return verb(session, out, actor=desk.actor(), now=desk.now())


# --- drafts and ready answers ------------------------------------------------------------------


@pages.post("/tickets/<int:number>/draft")
def save(number: int) -> Response:
    """Keep what is being written; a late copy of what was sent already is not kept."""
    kind = request.form.get("kind", "")
    if kind not in drafts.KINDS:
        abort(400)
    with desk.writing() as session:
        ticket = tickets.by_number(session, number)
        if ticket is None:
            abort(404)
        if not _was_sent(session, request.form.get("nonce", "")):
            drafts.save(session, ticket, _me(session), "note" if kind == "note" else "reply",
                        request.form.get("text", ""), now=desk.now())
    return jsonify(saved=desk.now().astimezone(words.zone()).strftime("%H:%M"))


def _was_sent(session: Session, nonce: str) -> bool:
    key = f"reply:{desk.user().id}:{nonce[:64]}"
    return bool(nonce) and session.scalar(select(Outbox.id).where(Outbox.dedup_key == key)) is not None


@pages.post("/tickets/<int:number>/insert")
def insert(number: int) -> Answer:
    """Put a ready answer under what is written; a page that is open gets its text alone and puts it at the cursor."""
    key = request.form.get("insert", "")
    with on(number) as (session, ticket):
        try:
            text = replies.text(session, desk.conf(), ticket, key, marketplace=_shop(ticket), author=_me(session),
                                now=desk.now())
        except KeyError:
            abort(404)
        if "X-Desk-Part" not in request.headers:
            drafts.save(session, ticket, _me(session), "reply", request.form.get("text", ""), now=desk.now())
            _add(session, ticket, text)
    if "X-Desk-Part" in request.headers:
        return jsonify(text=text)
    return redirect(url_for("ticket.show", number=number, _anchor="composer"))


def _shop(ticket: Ticket) -> str:
    return words.marketplace_name(ticket.marketplace) if ticket.marketplace not in ("", "other") else ""


def _add(session: Session, ticket: Ticket, text: str) -> None:
    """Under the draft that is there."""
    me = _me(session)
    there = drafts.of(session, ticket, me).get("reply")
    drafts.save(session, ticket, me, "reply", f"{there.text.rstrip()}\n\n{text}" if there else text, now=desk.now())
