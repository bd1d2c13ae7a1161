"""Pages for what went wrong: in the person's language, with what to do, and never with the inside of the program."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)
Answer = tuple[str, int]


def register(app: Flask) -> None:
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(StaleDataError, _changed_meanwhile)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def page(code: int, title: str, text: str, *, incident: str = "") -> Answer:
    """The error page. What was typed into a form is shown again, so that nothing is lost."""
    typed = request.form.get("text", "") if request.method == "POST" and code != 413 else ""
    return render_template("error.html", code=code, title=title, text=text, typed=typed[:100_000],
                           incident=incident), code


def _form_expired(_error: CSRFError) -> Answer:
    return page(400, _("The form is too old"), _("Go back, reload the page and send it once more."))


def _changed_meanwhile(_error: StaleDataError) -> Answer:
    return page(409, _("Somebody changed this ticket at the same moment"),
                _("Open it again, look at what is new, and repeat what you wanted."))


def _database(error: DBAPIError) -> Answer:
    incident = secrets.token_hex(4)
    log.error("incident %s", incident, exc_info=error)
    return page(503, _("The database does not answer"), _("Nothing was lost. Try again in a minute."),
                incident=incident)


def _http(error: HTTPException) -> Answer:
    code = error.code or 500
    titles = {403: _("You may not do this"), 404: _("There is nothing here"), 413: _("This is too large"),
              405: _("This cannot be done here"), 429: _("Too many tries")}
    texts = {403: _("Ask the team lead or the admin."), 404: _("The address may be mistyped or old."),
             413: _("Send it in smaller pieces."), 429: _("Wait a quarter of an hour and try again.")}
    return page(code, titles.get(code, _("This did not work")), texts.get(code, _("Go back and try again.")))


def _unexpected(error: Exception) -> Answer:
    incident = secrets.token_hex(4)
    log.error("incident %s", incident, exc_info=error)
    return page(500, _("Something broke"), _("Nothing was lost. Tell the admin this number:"), incident=incident)
