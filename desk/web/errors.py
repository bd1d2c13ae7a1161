"""Pages for what went wrong: in the person's language, with what to do, and never with the inside of the program."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, g, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.routing import IntegerConverter, Map

from . import request as desk

log = logging.getLogger(__name__)
Answer = tuple[str, int]


class Number(IntegerConverter):
    """A row or ticket number in an address: one that no column can hold is an address that is not there."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**31 - 1)


def register(app: Flask) -> None:
    app.url_map.converters["int"] = Number
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(StaleDataError, _changed_meanwhile)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(DataError, _unfit)
    app.register_error_handler(OverflowError, _unfit)  # what SQLite says to a number that is too large
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


def _unfit(error: Exception) -> Answer:
    """A NUL or a huge number, which no page of ours sends."""
    log.info("unfit for the database: %s", type(error).__name__)
    _without_database()
    return _http(NotFound() if request.method == "GET" else BadRequest())


def _database(error: DBAPIError) -> Answer:
    _without_database()
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
    _without_database()
    incident = secrets.token_hex(4)
    log.error("incident %s", incident, exc_info=error)
    return page(500, _("Something broke"), _("Nothing was lost. Tell the admin this number:"), incident=incident)


def _without_database() -> None:
    """The page must come whatever became of the session: it is shown as to somebody who is not signed in."""
    desk.close_reading()
    g.user = None
