"""Deadline alerts: what I have not acknowledged yet, and the page behind the link in an alert's letter."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from .. import alerts
from ..models import Alert, User
from . import access
from . import request as desk

pages = Blueprint("alerting", __name__)
Answer = str | Response | tuple[str, int]


@pages.get("/alerts")
def index() -> str:
    return render_template("alerts.html", alerts=alerts.unseen(desk.reading(), desk.user()))


@pages.post("/alerts/<int:alert_id>")
def acknowledge(alert_id: int) -> Answer:
    with desk.writing() as session:
        alert = session.get(Alert, alert_id)
        if alert is None or alert.user_id != desk.user().id:
            abort(404)
        alerts.acknowledge(session, alert, user=session.get_one(User, desk.user().id), now=desk.now())
    return redirect(url_for("alerting.index"))


@pages.post("/alerts/all")
def acknowledge_all() -> Answer:
    with desk.writing() as session:
        count = alerts.acknowledge_all(session, session.get_one(User, desk.user().id), now=desk.now())
    flash(_("Acknowledged: %(num)s", num=count), "ok")
    return redirect(url_for("alerting.index"))


@pages.route("/alerts/<token>", methods=["GET"])
@access.public
def link(token: str) -> Answer:
    """Opening it changes nothing: mail scanners open links."""
    alert = alerts.by_token(desk.reading(), desk.conf(), token)
    return render_template("alert_link.html", alert=alert, token=token, done=False), 200 if alert else 404


@pages.post("/alerts/link/<token>")
@access.public
def acknowledge_link(token: str) -> Answer:
    with desk.writing() as session:
        alert = alerts.by_token(session, desk.conf(), token)
        if alert is None:
            abort(404)
        alerts.acknowledge(session, alert, user=alert.user, now=desk.now())
    return render_template("alert_link.html", alert=alert, token=token, done=True)
