"""My account: password, language, where I am signed in."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select, update
from werkzeug.wrappers import Response

from .. import alerts, feeds, people
from ..alerts.channels import telegram
from ..models import Outage, User, WebSession
from . import access, signing
from . import request as desk

pages = Blueprint("account", __name__)
Answer = str | Response | tuple[str, int]
REFUSALS = {
    "email_taken": lazy_gettext("There is an account with this e-mail already."),
    "email_wrong": lazy_gettext("This is not an e-mail address."),
    "unknown_role": lazy_gettext("There is no such role."),
    "name_needed": lazy_gettext("Write the name."),
    "last_admin": lazy_gettext("This is the last admin: make somebody else an admin first."),
    "leave_begins": lazy_gettext("Say from which day."),
    "leave_order": lazy_gettext("The last day is before the first one."),
    "no_deputy": lazy_gettext("This person cannot stand in."),
    "not_a_day": lazy_gettext("This is not a day."),
    "not_a_chat": lazy_gettext("A chat is a number, such as 123456789 or -100123456789, or the @name of a channel."),
    "password_length": lazy_gettext("A password needs 12 to 128 characters. A few words in a row are good."),
}


# A browser's name for itself holds those of others too: the first that is found is the right one.
BROWSERS = {"YaBrowser": "Яндекс Браузер", "Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet",
            "Firefox": "Firefox", "FxiOS": "Firefox", "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS X": "macOS",
           "CrOS": "ChromeOS", "Linux": "Linux"}


def browser(agent: str) -> str:
    """«Firefox, Windows»; what the browser says of itself when nothing is known of it."""
    found = [next((name for key, name in names.items() if key in agent), "") for names in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, found)) or agent[:90]


def refusal(error: people.PeopleError) -> str:
    return str(REFUSALS.get(error.key, error.key))


@pages.get("/account")
def index() -> str:
    return page()


def page(error: str = "", feed_link: str = "") -> str:
    mine = select(WebSession).where(WebSession.user_id == desk.user().id, WebSession.revoked_at.is_(None))
    sessions = desk.reading().scalars(mine.order_by(WebSession.seen_at.desc()))
    live = [(s, browser(s.agent)) for s in sessions if people.is_live(desk.conf(), s, now=desk.now())]
    return render_template("account.html", sessions=live, here=g.session_hash, error=error, feed_link=feed_link,
                           feeds=feeds.of(desk.reading(), desk.user()), team=people.active(desk.reading()),
                           telegram=telegram.is_configured(desk.conf()), outage=_outage(),
                           shortest=people.SHORTEST_PASSWORD)


def _outage() -> Outage | None:
    """Why Telegram does not reach this person any more."""
    return desk.reading().get(Outage, alerts.personal(telegram.NAME, desk.user()))


@pages.post("/account/password")
def password() -> Answer:
    """The old password is asked unless none was set; afterwards only this browser stays signed in."""
    user, form = desk.user(), request.form
    if user.password_hash and signing.tried(user.email, form.get("old", "")) is None:
        return page(_("The old password is not right.")), 403
    if form.get("new", "") != form.get("again", ""):
        return page(_("The two new passwords are not the same.")), 400
    try:
        with desk.writing() as session:
            fresh = session.get_one(User, user.id)
            people.forget_attempts(session, fresh)
            people.set_password(session, fresh, form.get("new", ""), actor=desk.actor(), now=desk.now())
            secret = people.start_session(session, fresh, address=desk.address(), agent=request.user_agent.string,
                                          now=desk.now())
    except people.PeopleError as error:
        return page(refusal(error)), 400
    flash(_("The password is changed. Everywhere else you are signed out."), "ok")
    response = redirect(url_for("account.index"))
    access.put_cookie(response, secret)
    return response


@pages.post("/account/sessions/end")
def end_others() -> Answer:
    with desk.writing() as session:
        session.execute(update(WebSession).where(
            WebSession.user_id == desk.user().id, WebSession.revoked_at.is_(None),
            WebSession.id_hash != g.session_hash).values(revoked_at=desk.now()))
    flash(_("Everywhere else you are signed out."), "ok")
    return redirect(url_for("account.index"))
