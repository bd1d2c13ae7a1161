"""The deadlines in one's own calendar program: make a link, read it, revoke it."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from .. import feeds
from ..models import CalendarFeed, User
from . import access, account
from . import request as desk

pages = Blueprint("feeds", __name__)
TOUCH = timedelta(hours=1)


@pages.get("/feeds/<token>.ics")
@access.public
def calendar(token: str) -> Response:
    """What the calendar program fetches; 404 for a link that was revoked or never was."""
    session, now = desk.reading(), desk.now()
    feed = feeds.by_secret(session, token)
    if feed is None:
        abort(404)
    data = feeds.calendar(desk.conf(), feeds.deadlines(session, feed), english=feed.user.language == "en", now=now)
    if feed.read_at is None or now - feed.read_at > TOUCH:
        with desk.writing() as writing:
            writing.get_one(CalendarFeed, feed.token_hash).read_at = now
    response = Response(data, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="deadlines.ics"'
    return response


@pages.post("/account/feeds")
def create() -> str:
    """The page with the new link, which is shown this once."""
    with desk.writing() as session:
        secret = feeds.create(session, session.get_one(User, desk.user().id),
                              whole_team=request.form.get("whole_team") == "1", now=desk.now())
    return account.page(feed_link=desk.conf().desk.base_url + url_for("feeds.calendar", token=secret))


@pages.post("/account/feeds/<key>/revoke")
def revoke(key: str) -> BaseResponse:
    with desk.writing() as session:
        if not feeds.revoke(session, desk.user(), key, now=desk.now()):
            abort(404)
    flash(_("The link opens nothing any more."), "ok")
    return redirect(url_for("account.index", _anchor="calendar"))
