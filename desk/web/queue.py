"""The queue: one line for a ticket, the nearest deadline first."""

from __future__ import annotations

import hashlib

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from .. import search
from . import request as desk

pages = Blueprint("queue", __name__)


@pages.get("/")
def index() -> Response:
    """A view of the queue, or what was searched for. Polled with an ETag: unchanged costs a 304."""
    session, user, now = desk.reading(), desk.user(), desk.now()
    asked = request.args.get("view", "")
    counts = search.counts(session, user=user, now=now)
    view = asked if asked in search.VIEWS else "mine" if counts["mine"] else "all"
    words = request.args.get("q", "").strip()[:200]
    page = search.queue(session, view=view, user=user, now=now, words=words,
                        page=request.args.get("page", 1, type=int))
    polled = "X-Desk-Poll" in request.headers
    html = render_template("queue_list.html" if polled else "queue.html", view=view, counts=counts, page=page,
                           query=words)
    response = make_response(html)
    if polled:
        response.set_etag(hashlib.sha256(html.encode()).hexdigest()[:32])
        response.make_conditional(request)
    return response
