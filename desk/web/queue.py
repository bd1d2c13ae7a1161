"""The queue: one line for a ticket, the nearest deadline first."""

from __future__ import annotations

import hashlib

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from .. import search, views
from . import request as desk
from . import words

pages = Blueprint("queue", __name__)
SEARCH_FIRST = 20  # tickets that changed just now and are indexed before a search looks


@pages.get("/")
def index() -> Response:
    """A view of the queue, or what was searched for. Polled with an ETag: unchanged costs a 304."""
    session, user, now = desk.reading(), desk.user(), desk.now()
    asked = request.args.get("view", "")
    counts = views.counts(session, user=user, now=now)
    view = asked if asked in views.VIEWS else "mine" if counts["mine"] else "all"
    query = request.args.get("q", "").strip()[:200]
    found = _found(query) if query else None
    where = found.condition if found else views.condition(view, user, now)
    page = views.page(session, where, views.SORTS["number"] if found else views.sort_for(view, ""),
                      after=request.args.get("after", ""))
    total = views.count(session, where) if found else counts[view]
    polled = "X-Desk-Poll" in request.headers
    html = render_template("queue_list.html" if polled else "queue.html", view=view, counts=counts, page=page,
                           query=query, total=total)
    response = make_response(html)
    if polled:
        response.set_etag(hashlib.sha256(html.encode()).hexdigest()[:32])
        response.make_conditional(request)
    return response


def _found(text: str) -> search.Found:
    search.catch_up(desk.state().database, limit=SEARCH_FIRST)
    return search.ask(desk.reading(), text, search.Asking(desk.user(), desk.now(), words.zone()))
