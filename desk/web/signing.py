"""Signing in and out. What went wrong is never said in detail: nobody learns which accounts exist."""

from __future__ import annotations

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from .. import people
from ..models import User
from . import access
from . import request as desk

pages = Blueprint("signing", __name__)
Answer = str | Response | tuple[str, int]


@pages.route("/sign-in", methods=["GET", "POST"])
@access.public
def sign_in() -> Answer:
    onward = access.safe_next(request.values.get("next", "/"))
    if request.method == "GET":
        return redirect(onward) if g.user else _form(onward)
    email, password = request.form.get("email", ""), request.form.get("password", "")
    user = tried(email, password)
    if user is None:
        return _form(onward, email=email, error=_("Wrong e-mail or password."), code=403)
    return _welcome(user, onward)


def tried(email: str, password: str) -> User | None:
    """Whose password this is. Counts the try, then checks; aborts with 429 when there were too many."""
    now, address = desk.now(), desk.address()
    with desk.state().database.write() as db_session:
        if people.is_throttled(db_session, desk.conf(), email=email, address=address, now=now):
            abort(429)
        people.note_attempt(db_session, email=email, address=address, now=now)
        user = people.by_email(db_session, email)
    return user if people.verified(user, password) else None


def _form(onward: str, *, email: str = "", error: str = "", code: int = 200) -> Answer:
    return render_template("sign_in.html", next=onward, email=email, error=error), code


@pages.route("/sign-in/<token>", methods=["GET", "POST"])
@access.public
def link(token: str) -> Answer:
    """A link signs in by a button, since mail scanners open links; the demo's reusable one at once."""
    now = desk.now()
    user = people.peek_link(desk.reading(), token, now=now)
    if user is None:
        return render_template("sign_in_link.html", user=None), 410
    if request.method == "GET" and not people.is_reusable(desk.reading(), token):
        return render_template("sign_in_link.html", user=user)
    with desk.writing() as db_session:
        used = people.use_link(db_session, token, now=now)
    if used is None:
        abort(410)
    if not used.password_hash and request.method == "POST":
        flash(_("Choose a password now: the link works only once."), "warning")
        return _welcome(used, url_for("account.index"))
    return _welcome(used, url_for("queue.index"))


def _welcome(user: User, onward: str) -> Response:
    """A new session and a new form key: whatever the browser held before is worth nothing."""
    with desk.writing() as db_session:
        if old := request.cookies.get(access.cookie_name(desk.conf(), "desk")):
            people.end_session(db_session, old, now=desk.now())
        people.forget_attempts(db_session, user)
        secret = people.start_session(db_session, user, address=desk.address(),
                                      agent=request.user_agent.string, now=desk.now())
    kept = session.get("_flashes")
    session.clear()
    if kept:
        session["_flashes"] = kept
    response = redirect(onward)
    access.put_cookie(response, secret)
    return response


@pages.post("/sign-out")
@access.public
def sign_out() -> Answer:
    if secret := request.cookies.get(access.cookie_name(desk.conf(), "desk")):
        with desk.writing() as db_session:
            people.end_session(db_session, secret, now=desk.now())
    session.clear()
    response = redirect(url_for("signing.sign_in"))
    access.drop_cookie(response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
