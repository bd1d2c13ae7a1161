"""How the team is reached: leave and deputy, Telegram, channels that were switched off, the machine's time."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Flask, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from .. import alerts, audit, machine_time, people
from ..alerts.channels import telegram as bot
from ..models import User
from . import access, account, users, words
from . import request as desk

pages = Blueprint("reach", __name__)
Answer = str | Response | tuple[str, int]
admin_only = access.needs("admin")


def register(app: Flask) -> None:
    app.context_processor(lambda: {"away": lambda user: alerts.is_away(user, words.today())})


@pages.post("/account/leave")
def my_leave() -> Answer:
    if error := _leave(desk.user().id):
        return account.page(error), 400
    return redirect(url_for("account.index", _anchor="leave"))


@pages.post("/users/<int:user_id>/leave")
@admin_only
def leave(user_id: int) -> Answer:
    if error := _leave(user_id):
        return users.page(error=error), 400
    return redirect(url_for("users.index"))


@pages.post("/account/telegram")
def telegram() -> Answer:
    """Another chat, and a message there at once that proves it."""
    try:
        with desk.writing() as session:
            user = session.get_one(User, desk.user().id)
            people.set_telegram(session, user, request.form.get("chat", ""), actor=desk.actor(), now=desk.now())
            alerts.switch_on(session, alerts.personal(bot.NAME, user), actor=desk.actor(), now=desk.now())
            sent = alerts.put(session, desk.conf(), user, only=bot.NAME, kind="trial",
                              key=f"trial:{user.id}:{desk.now().isoformat()}", subject=_("This chat is connected"),
                              text=_("Alerts about deadlines of your tickets will come here too."), now=desk.now())
    except people.PeopleError as error:
        return account.page(account.refusal(error)), 400
    flash(_("Saved: a message to try it is on its way.") if sent else _("Saved."), "ok")
    return redirect(url_for("account.index", _anchor="telegram"))


@pages.post("/health/channels/<name>")
def switch_on(name: str) -> Answer:
    """An admin any channel; everybody else what was switched off for them alone."""
    personal = name.partition(":")[2]
    if desk.user().role != "admin" and personal != str(desk.user().id):
        abort(403)
    with desk.writing() as session:
        if not alerts.switch_on(session, name, actor=desk.actor(), now=desk.now()):
            abort(404)
    flash(_("Switched on again."), "ok")
    return redirect(url_for("account.index" if personal == str(desk.user().id) else "health.index"))


@pages.post("/health/time")
@admin_only
def confirm_time() -> Answer:
    with desk.writing() as session:
        for host in machine_time.confirm(session):
            audit.record(session, None, "time.confirmed", actor=desk.actor(), now=desk.now(), host=host)
    flash(_("Confirmed: alerts go on within seconds."), "ok")
    return redirect(url_for("health.index"))


def _leave(user_id: int) -> str:
    """Take the form; what is wrong with it, '' when nothing is."""
    form = request.form
    try:
        with desk.writing() as session:
            user = session.get(User, user_id)
            if user is None:
                abort(404)
            deputy = session.get(User, int(form["deputy"])) if form.get("deputy", "").isdecimal() else None
            people.set_leave(session, user, begins=_day("absent_from"), ends=_day("absent_until"), deputy=deputy,
                             actor=desk.actor(), now=desk.now())
    except people.PeopleError as error:
        return account.refusal(error)
    flash(_("Saved."), "ok")
    return ""


def _day(name: str) -> date | None:
    text = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise people.PeopleError("not_a_day") from None
