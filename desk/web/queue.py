"""The queue: one line for a ticket, the nearest deadline first; views, a search, and what is done to many at once."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, abort, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import get_locale, lazy_gettext
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from .. import bulk, people, search, tickets, views
from ..models import BulkChange, SavedView, Ticket, User
from . import access, words
from . import request as desk
from .verbs import REFUSALS

pages = Blueprint("queue", __name__)
SIZE = 36
SEARCH_FIRST = 20  # tickets that changed just now and are indexed before a search looks
LONGEST_QUERY = 200
MOST_SAVED = 50
TALLY_SECONDS = 15
SORTS = {"due": lazy_gettext("nearest deadline first"), "new": lazy_gettext("newest letter first"),
         "old": lazy_gettext("oldest letter first"), "number": lazy_gettext("newest ticket first")}
DENSITIES = {"roomy": lazy_gettext("two lines"), "dense": lazy_gettext("one line")}


@dataclass(frozen=True)
class Shown:
    """A page of the queue with everything that stands around it."""

    view: str
    query: str
    counts: dict[views.View, int]
    page: views.Page
    total: int
    found: search.Found | None
    snippets: dict[int, search.Snippet]
    dense: bool

    def etag(self) -> str:
        """Changes when anything that the list says changes; made without drawing it."""
        rows = [(r.ticket.id, r.ticket.version, r.ticket.unread, r.ticket.subject, r.ticket.assignee_id, r.snippet,
                 r.files, r.orders, r.deadline and (r.deadline.id, r.deadline.due), r.ticket.consumer and
                 r.ticket.consumer.name) for r in self.page.rows]
        words_ = (self.counts, self.total, self.page.after, self.dense, words.today(), str(get_locale()), rows)
        return hashlib.sha256(repr(words_).encode()).hexdigest()[:32]


@dataclass
class _Kept:
    """The last count of this process."""

    tally: views.Tally | None = None
    mark: object = None
    lock: threading.Lock = field(default_factory=threading.Lock)


@pages.record_once
def _prepare(setup: BlueprintSetupState) -> None:
    setup.app.extensions["desk.tally"] = _Kept()


@pages.get("/")
def index() -> Response:
    """A view of the queue, or what was searched for. Polled with an ETag: unchanged costs a 304 and no drawing."""
    shown = _shown()
    if "X-Desk-Poll" not in request.headers:
        return make_response(render_template("queue.html", **_around(shown), **_values(shown)))
    response = make_response("")
    response.set_etag(shown.etag())
    if response.make_conditional(request).status_code != 304:
        response.set_data(render_template("queue_list.html", polled=True, **_values(shown)))
    return response


def _shown() -> Shown:
    session, user, now = desk.reading(), desk.user(), desk.now()
    asked, query = request.args.get("view", ""), request.args.get("q", "").strip()[:LONGEST_QUERY]
    counts = _tally().of(user)
    view: Any = asked if asked in views.VIEWS else "mine" if counts["mine"] else "all"
    found = _found(query) if query else None
    where = found.condition if found else views.condition(view, user, now)
    sort = views.SORTS["number"] if found else views.sort_for(view, user.choices.get("sort", ""))
    page = views.page(session, where, sort, after=request.args.get("after", ""), size=SIZE)
    return Shown(view, query, counts, page, _total(session, found, where) if found else counts[view], found,
                 _snippets(session, page, found), user.choices.get("density") == "dense")


def _tally() -> views.Tally:
    """Counted again only when something happened, or time passed: everybody asks for it again and again."""
    session, now = desk.reading(), desk.now()
    mark = views.newest_change(session), int(now.timestamp()) // TALLY_SECONDS
    kept: _Kept = current_app.extensions["desk.tally"]
    if kept.mark != mark and kept.lock.acquire(blocking=kept.tally is None):  # while one counts, others take the last
        try:
            kept.tally, kept.mark = views.tally(session, now=now), mark
        finally:
            kept.lock.release()
    assert kept.tally is not None
    return kept.tally


def _found(text: str) -> search.Found:
    search.catch_up(desk.state().database, limit=SEARCH_FIRST)
    return search.ask(desk.reading(), text, search.Asking(desk.user(), desk.now(), words.zone()))


def _total(session: Session, found: search.Found, where: ColumnElement[bool]) -> int:
    return views.count(session, where) if found.question else 0


def _snippets(session: Session, page: views.Page, found: search.Found | None) -> dict[int, search.Snippet]:
    ids = [row.ticket.id for row in page.rows]
    return search.snippets(session, ids, found.question, found.names) if found and ids else {}


def _values(shown: Shown) -> dict[str, Any]:
    return {"shown": shown, "view": shown.view, "query": shown.query, "counts": shown.counts, "page": shown.page,
            "total": shown.total, "many": views.COUNTED, "marked": _marked(shown.found)}


def _marked(found: search.Found | None) -> Any:
    """For a template: a text in pieces, (text, is it marked)."""
    return lambda text: search.marked(text, found.question, found.names) if found else ((text, False),)


def _around(shown: Shown) -> dict[str, Any]:
    session, user = desk.reading(), desk.user()
    return {"saved": _saved(session, user), "sorts": SORTS, "densities": DENSITIES, "choices": user.choices,
            "users": people.active(session), "undo": bulk.may_undo(
                session, request.args.get("undo", "")[:32], user=user, now=desk.now()),
            "here": _here()}


def _here() -> str:
    """This page of the queue without what is only said once."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name in ("view", "q", "after")}
    return url_for("queue.index", **kept)


# --- how it is shown ---------------------------------------------------------------------------


@pages.post("/queue/display")
def display() -> Response:
    """Sort and density, remembered for this person."""
    asked = {"sort": request.form.get("sort", ""), "density": request.form.get("density", "")}
    with desk.writing() as session:
        user = session.get_one(User, desk.user().id)
        known = {"sort": SORTS, "density": DENSITIES}
        user.choices = {**user.choices, **{name: value for name, value in asked.items() if value in known[name]}}
    return _back()


def _back(**more: str) -> Response:
    path = access.safe_next(request.form.get("next", ""))
    if not path.startswith("/?") and path != "/":
        path = url_for("queue.index")
    extra = "&".join(f"{name}={value}" for name, value in more.items())
    return redirect(path + ("&" if "?" in path else "?") + extra if extra else path)


# --- saved views -------------------------------------------------------------------------------


def _saved(session: Session, user: User) -> list[SavedView]:
    return list(session.scalars(select(SavedView).where(or_(SavedView.owner_id == user.id, SavedView.shared)).order_by(
        SavedView.name, SavedView.id).limit(MOST_SAVED)))


@pages.post("/queue/views")
def save() -> Response:
    """The search of the page under a name, for oneself or for everybody."""
    name, query = (tickets.clean(request.form.get(key, "")).strip() for key in ("name", "q"))
    if not name or not search.read(query[:LONGEST_QUERY]):
        flash(_("Give the search a name."), "error")
        return _back()
    with desk.writing() as session:
        session.add(SavedView(owner_id=desk.user().id, name=name[:60], words=query[:LONGEST_QUERY],
                              shared="shared" in request.form, created_at=desk.now()))
    flash(_("Saved: it stands in the list of views."), "ok")
    return _back()


@pages.post("/queue/views/<public_id>/forget")
def forget(public_id: str) -> Response:
    """Its owner takes it out of the list; a lead may take out any shared one."""
    with desk.writing() as session:
        row = session.scalar(select(SavedView).where(SavedView.public_id == public_id))
        if row is None or (row.owner_id != desk.user().id and not (row.shared and access.may("lead", "admin"))):
            abort(404)
        session.delete(row)
    return redirect(url_for("queue.index"))


# --- many at once ------------------------------------------------------------------------------


@pages.post("/queue/many")
def many() -> Response:
    """Assign, move to a stage or close every chosen ticket, all or none of them; the page offers to take it back."""
    numbers = [int(n) for n in request.form.getlist("t") if n.isascii() and n.isdigit() and len(n) < 10]
    try:
        with desk.writing() as session:
            change = _act(session, bulk.chosen(session, numbers))
            undo_id = change.public_id if change else ""
    except tickets.TicketError as error:
        flash(str(REFUSALS.get(error.key, error.key)), "error")
        return _back()
    if not undo_id:
        flash(_("Nothing was changed: choose tickets and what to do with them."), "error")
        return _back()
    return _back(undo=undo_id)


def _act(session: Session, found: list[Ticket]) -> BulkChange | None:
    by, now, verb = session.get_one(User, desk.user().id), desk.now(), request.form.get("verb", "")
    if verb == "assign":
        chosen = request.form.get("user", "")
        to = session.get(User, int(chosen)) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None
        if to is None and chosen != "none":
            return None
        return bulk.assign(session, desk.conf(), found, to, by=by, now=now)
    if verb == "stage":
        return bulk.change_stage(session, found, request.form.get("stage", ""), by=by, now=now)
    return bulk.close(session, desk.conf(), found, by=by, now=now) if verb == "close" else None


@pages.post("/queue/many/<public_id>/undo")
def undo(public_id: str) -> Response:
    with desk.writing() as session:
        change = bulk.may_undo(session, public_id, user=desk.user(), now=desk.now())
        if change is None:
            abort(404)
        whole = len(change.before)
        back = bulk.undo(session, desk.conf(), change, by=session.get_one(User, desk.user().id), now=desk.now())
    if back < whole:
        flash(_("Taken back for %(back)s of %(whole)s: the others were changed since.", back=back, whole=whole),
              "warning")
    else:
        flash(_("Taken back."), "ok")
    return _back()
