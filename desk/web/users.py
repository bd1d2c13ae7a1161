"""The team's accounts; only for admins."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from .. import people
from ..models import User
from . import access, account
from . import request as desk

pages = Blueprint("users", __name__)
Answer = str | Response | tuple[str, int]
admin_only = access.needs("admin")


@pages.get("/users")
@admin_only
def index() -> str:
    return page()


def page(*, link: str = "", whose: str = "", error: str = "") -> str:
    return render_template("users.html", users=people.everybody(desk.reading()), link=link, whose=whose, error=error)


@pages.post("/users")
@admin_only
def add() -> Answer:
    """A new account and the link that signs its owner in once."""
    form = request.form
    try:
        with desk.writing() as session:
            user = people.create(session, email=form.get("email", ""), name=form.get("name", ""),
                                 role=form.get("role", "advocate"), actor=desk.actor(), now=desk.now())
            link = people.sign_in_link(session, desk.conf(), user, now=desk.now())
    except people.PeopleError as error:
        return page(error=account.refusal(error)), 400
    return page(link=link, whose=user.name)


@pages.post("/users/<int:user_id>")
@admin_only
def change(user_id: int) -> Answer:
    form = request.form
    try:
        with desk.writing() as session:
            user = _user(session.get(User, user_id))
            people.change(session, user, name=form.get("name", ""), role=form.get("role", ""),
                          is_active="active" in form, actor=desk.actor(), now=desk.now())
            people.set_duty(session, user, "on_duty" in form, actor=desk.actor(), now=desk.now())
    except people.PeopleError as error:
        return page(error=account.refusal(error)), 400
    flash(_("Saved."), "ok")
    return redirect(url_for("users.index"))


@pages.post("/users/<int:user_id>/link")
@admin_only
def link(user_id: int) -> Answer:
    """For a forgotten password."""
    with desk.writing() as session:
        user = _user(session.get(User, user_id))
        address = people.sign_in_link(session, desk.conf(), user, now=desk.now())
    return page(link=address, whose=user.name)


def _user(user: User | None) -> User:
    if user is None:
        abort(404)
    return user
