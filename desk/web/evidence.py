"""The evidence of a ticket: choose what is covered or left out, ask for the bundle, watch it being made, take it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from .. import audit, bundles
from ..blobs import BlobError
from ..models import Bundle, Message, Ticket, User
from . import files, words
from . import request as desk
from . import ticket as ticket_page

pages = Blueprint("evidence", __name__)
REFUSALS = {"boxes_wrong": lazy_gettext(
    "A covered place is five numbers: page, left, top, width, height, the last four from 0 to 1000.")}


@pages.get("/tickets/<int:number>/evidence")
def index(number: int) -> str:
    found = ticket_page.find(number)
    return _page(found)


def _page(found: Ticket, refusal: str = "") -> str:
    made = bundles.of(desk.reading(), found)
    letters = desk.reading().scalars(select(Message).where(
        Message.ticket_id == found.id, Message.direction != "note").order_by(Message.created_at, Message.id).options(
        selectinload(Message.attachments))).all()
    return render_template("evidence.html", ticket=found, bundles=made, letters=letters, refusal=refusal,
                           making=any(b.state in ("waiting", "working") for b in made), form=request.form)


@pages.post("/tickets/<int:number>/evidence")
def order(number: int) -> BaseResponse | str | tuple[str, int]:
    found = ticket_page.find(number)
    try:
        hidden = dict(_hidden(request.form))
        with desk.writing() as session:
            bundles.order(session, session.get_one(Ticket, found.id), hidden=hidden, as_of=words.today(),
                          author=session.get_one(User, desk.user().id), now=desk.now())
    except bundles.BundleError as error:
        return _page(found, str(REFUSALS[error.key])), 400
    flash(_("The bundle is being made."), "ok")
    return redirect(url_for("evidence.index", number=number))


def _hidden(form: MultiDict[str, str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """From the fields `out` (public ids) and `boxes-ID` (one place a line)."""
    for public_id in form.getlist("out"):
        yield public_id[:32], {"out": True}
    for name, text in form.items():
        public_id = name.removeprefix("boxes-")
        if public_id != name and text.strip() and public_id not in form.getlist("out"):
            yield public_id[:32], {"boxes": [_numbers(line) for line in text.splitlines() if line.strip()]}


def _numbers(line: str) -> list[int]:
    parts = line.replace(",", " ").split()
    if not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        raise bundles.BundleError("boxes_wrong")
    return [int(part) for part in parts]


@pages.get("/tickets/<int:number>/evidence/<public_id>/state")
def state(number: int, public_id: str) -> Response:
    """For the page that waits: how many files are drawn."""
    bundle = _bundle(number, public_id)
    return Response(f"{bundle.state} {bundle.done} {bundle.total}", mimetype="text/plain")


@pages.get("/tickets/<int:number>/evidence/<public_id>/evidence.<any(pdf,zip):kind>")
def take(number: int, public_id: str, kind: str) -> Response:
    """Who took it stands in the history."""
    bundle = _bundle(number, public_id)
    if bundle.state != "ready":
        abort(404)
    try:
        data = bundles.data(desk.conf(), bundle, kind)
    except BlobError:
        abort(410)
    with desk.writing() as session:
        audit.record(session, session.get(Ticket, bundle.ticket_id), "bundle.taken", actor=desk.actor(), now=desk.now(),
                     bundle=public_id, part=kind)
    return files.as_download(data, f"evidence-{number}-{bundle.as_of}.{kind}")


def _bundle(number: int, public_id: str) -> Bundle:
    bundle = bundles.by_public_id(desk.reading(), public_id)
    if bundle is None or bundle.ticket_id != ticket_page.find(number).id:
        abort(404)
    return bundle
