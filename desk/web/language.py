"""Russian or English: the person's choice, else the browser's, else the team's."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, g, redirect, request
from flask_babel import Babel, get_locale
from werkzeug.wrappers import Response as BaseResponse

from .. import settings
from ..models import User
from . import access
from . import request as desk

LANGUAGES = {"ru": "Русский", "en": "English"}
COOKIE = "language"
pages = Blueprint("language", __name__)


def register(app: Flask) -> None:
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(settings.HERE / "translations")
    Babel(app, locale_selector=chosen, timezone_selector=lambda: desk.conf().desk.timezone, default_locale="en")
    app.register_blueprint(pages)
    app.context_processor(lambda: {"language": str(get_locale() or "ru"), "languages": LANGUAGES})


def chosen() -> str:
    user: User | None = g.get("user")
    for wish in (user.language if user else "", request.cookies.get(COOKIE, "")):
        if wish in LANGUAGES:
            return wish
    return request.accept_languages.best_match(list(LANGUAGES)) or desk.conf().desk.language


@pages.post("/language/<code>")
@access.public
def switch(code: str) -> BaseResponse:
    """Kept with the account when somebody is signed in, else in the browser."""
    if code not in LANGUAGES:
        return Response(status=404)
    if g.user is not None:
        with desk.writing() as session:
            session.get_one(User, g.user.id).language = code
    response = redirect(access.safe_next(request.form.get("next", "/")))
    response.set_cookie(COOKIE, code, max_age=365 * 86400, samesite="Lax", httponly=True,
                        secure=desk.conf().web.secure_cookies)
    return response
