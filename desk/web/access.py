"""Who may see what: every page needs a signed-in person unless it says `@public`; some need a role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from .. import people
from ..models import User
from ..settings import Settings
from . import request as desk

View = TypeVar("View", bound=Callable[..., Any])
STATIC = {"static", "bootstrap.static"}
TOUCH = timedelta(minutes=1)


def public(view: View) -> View:
    """Nobody has to be signed in."""
    view.desk_access = "public"  # type: ignore[attr-defined]
    return view


def needs(*roles: str) -> Callable[[View], View]:
    """Only these roles; others get 403."""
    def mark(view: View) -> View:
        view.desk_access = frozenset(roles)  # type: ignore[attr-defined]
        return view
    return mark


def rule(endpoint: str | None) -> Any:
    """`"public"`, a set of roles, or None: any signed-in person."""
    if endpoint in STATIC:
        return "public"
    return getattr(current_app.view_functions.get(endpoint or ""), "desk_access", None)


def register(app: Flask) -> None:
    app.before_request(_let_in)
    app.teardown_request(desk.close_reading)
    app.context_processor(lambda: {"me": g.get("user"), "may": may})


def may(*roles: str) -> bool:
    user: User | None = g.get("user")
    return user is not None and user.role in roles


def _let_in() -> BaseResponse | None:
    g.user = None
    if request.endpoint is None:
        return None  # 404 by the error page
    needed = rule(request.endpoint)
    if request.endpoint not in STATIC:
        _find_user()
    if needed == "public":
        return None
    if g.user is None:
        return _to_sign_in()
    if needed is not None and g.user.role not in needed:
        abort(403)
    return None


def _find_user() -> None:
    secret = request.cookies.get(cookie_name(desk.conf(), "desk"), "")
    if not secret:
        return
    now = desk.now()
    row = people.find_session(desk.reading(), desk.conf(), secret, now=now)
    if row is None:
        return
    g.user, g.session_hash = row.user, row.id_hash
    if now - row.seen_at > TOUCH:
        with desk.state().database.write() as session:
            people.touch_session(session, row, now=now)


def _to_sign_in() -> BaseResponse:
    """Back to the page afterwards, when it is one of ours that is only read."""
    if request.headers.get("X-Desk-Poll"):
        return Response(status=401)
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("signing.sign_in", next=back if back not in ("", "/") else None))


def safe_next(path: str) -> str:
    """A path of ours, or the queue: never another host (``//host``, ``/\\host`` and control characters are refused)."""
    bad = not path.startswith("/") or path[1:2] in ("/", "\\") or any(ord(c) < 33 or c == "\\" for c in path)
    return url_for("queue.index") if bad else path


def cookie_name(conf: Settings, name: str) -> str:
    """``__Host-`` binds the cookie to this host and to HTTPS; browsers refuse it on plain HTTP."""
    return f"__Host-{name}" if conf.web.secure_cookies else name


def put_cookie(response: BaseResponse, secret: str) -> None:
    conf = desk.conf()
    response.set_cookie(cookie_name(conf, "desk"), secret, max_age=conf.web.session_hours * 3600,
                        secure=conf.web.secure_cookies, httponly=True, samesite="Lax", path="/")


def drop_cookie(response: BaseResponse) -> None:
    conf = desk.conf()
    response.delete_cookie(cookie_name(conf, "desk"), secure=conf.web.secure_cookies, httponly=True, samesite="Lax",
                           path="/")
