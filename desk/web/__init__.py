"""The pages. `create_app` builds them from settings; everything they do is a verb of a module below.

Every page is private unless its view says `@access.public`; roles stand beside the views (access.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from .. import db, settings
from ..db import Database
from ..settings import Settings
from . import (
    access,
    account,
    alerting,
    answered,
    board,
    book,
    clocks,
    configured,
    dial,
    errors,
    evidence,
    feeds,
    file,
    files,
    headers,
    health,
    held,
    language,
    money,
    overview,
    owed,
    papers,
    parsed,
    queue,
    reach,
    rules,
    signing,
    steps,
    users,
    verbs,
    words,
    writing,
)
from .request import State


def create_app(conf: Settings, *, now_fn: Callable[[], datetime] = db.now) -> Flask:
    """The application for one process; make it after forking."""
    app = Flask("desk.web", template_folder=str(settings.resource("templates")),
                static_folder=str(settings.HERE / "static"), static_url_path="/static")
    app.extensions["desk"] = State(conf, Database(conf.database_url, pool_size=conf.web.threads), now_fn)
    app.config.update(
        SECRET_KEY=conf.secret_key(), BOOTSTRAP_SERVE_LOCAL=True, WTF_CSRF_TIME_LIMIT=None,
        SESSION_COOKIE_NAME=access.cookie_name(conf, "form"), SESSION_COOKIE_SECURE=conf.web.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=2 << 20, MAX_FORM_PARTS=200, MAX_FORM_MEMORY_SIZE=2 << 20,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365), TEMPLATES_AUTO_RELOAD=False)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if conf.web.trusted_proxies:
        count = conf.web.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
    Bootstrap5(app)
    CSRFProtect(app)
    for part in (language, headers, access, errors, words, dial, held, health, file, reach):
        part.register(app)
    for page in (signing, queue, overview, verbs, writing, clocks, steps, papers, answered, money, book, evidence,
                 files, file, held, alerting, board, rules, owed, parsed, account, feeds, users, health, configured,
                 reach):
        app.register_blueprint(page.pages)
    return app
