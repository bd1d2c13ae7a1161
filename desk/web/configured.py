"""What is set on this desk and where from; a mailbox and the way out can be tried. Only for admins."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from .. import configured, imap, settings, smtp
from . import access
from . import request as desk

pages = Blueprint("configured", __name__)
admin_only = access.needs("admin")


@pages.get("/settings")
@admin_only
def index() -> str:
    conf = desk.conf()
    return render_template("settings.html", sections=configured.shown(conf, settings.environment()), home=conf.home)


@pages.post("/settings/try/<name>")
@admin_only
def attempt(name: str) -> Response:
    """Sign in at a mailbox, or with `out` at the server that letters leave by; nothing is read or sent."""
    try:
        flash(_way_out() if name == "out" else _mailbox(name), "ok")
    except (imap.ImapError, smtp.SmtpError) as error:
        flash(str(error), "error")
    return redirect(url_for("configured.index"))


def _mailbox(name: str) -> str:
    box = next((box for box in desk.conf().mailbox if box.name == name), None)
    if box is None:
        abort(404)
    with imap.Inbox(box) as opened:
        return str(_("%(address)s: signed in, %(num)d letters in “%(folder)s”.", address=box.address, num=opened.exists,
                     folder=box.folder))


def _way_out() -> str:
    conf = desk.conf().smtp
    with smtp.Connection(conf) as connection:
        connection.open()
    return str(_("%(host)s: signed in, letters can leave.", host=conf.host))
