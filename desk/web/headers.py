"""Response headers: nothing from elsewhere is loaded, nothing private is cached, nobody may frame the desk."""

from __future__ import annotations

from flask import Flask, Response, abort, request

from . import access
from . import request as desk

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
          "connect-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'")
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def register(app: Flask) -> None:
    app.before_request(_refuse_other_sites)
    app.after_request(_protect)


def _refuse_other_sites() -> None:
    """A second wall beside the CSRF token: a form of another site is refused by what the browser says of it."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin", "")
    own = {request.host_url.rstrip("/"), desk.conf().desk.base_url}
    if site not in ("same-origin", "none") or (origin not in ("", "null") and origin not in own):
        abort(403)


def _protect(response: Response) -> Response:
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", POLICY)
    if desk.conf().web.secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
    if request.endpoint not in access.STATIC:
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers.add("Vary", "Cookie")
    return response
