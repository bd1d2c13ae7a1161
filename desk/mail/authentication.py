"""Who checked the sender, and what came of it: SPF, DKIM and DMARC as Authentication-Results tell (RFC 8601).

Anybody can write such a header. Only the topmost one of the mailbox's own server is believed; without a name to
believe, the topmost is what somebody claims. A pass counts only for the domain that the From line shows.
"""

from __future__ import annotations

import re

from . import charset, limits
from .headers import Headers
from .letter import Check, Trust

QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
COMMENT = re.compile(r"\([^()]*\)")
COMMENT_DEPTH = 4
METHOD = re.compile(r"\s*(spf|dkim|dmarc)(?:/\d+)?\s*=\s*([a-z]{1,12})\b(.*)", re.I | re.S)
DOMAIN = re.compile(r"\b(?:header\.(?:d|i|from)|smtp\.(?:mailfrom|mail|helo))\s*=\s*(?:[^\s;@]{0,200}@)?"
                    r"([\w.-]{1,253})(?=[\s;]|$)", re.I)
HEADERS = 10
BAD = ("fail", "softfail", "permerror", "policy")


def read(headers: Headers, domain: str) -> tuple[Check, ...]:
    """The newest results first. `domain`: of the From line's address."""
    return tuple(_check(value[: limits.HEADER_DECODED], domain) for value in
                 headers.all("authentication-results")[:HEADERS])


def trust(checks: tuple[Check, ...], authserv_id: str) -> Trust:
    """What to tell a reader about the sender. `authserv_id`: the mailbox's own server, '' when none was set.

    `verdict`: pass, fail, or none when nothing was checked or nothing can be said.
    """
    check = next((check for check in checks if not authserv_id or _is(check.host, authserv_id.lower())), None)
    if check is None:
        return Trust(authserv_id, bool(authserv_id), "", "", "", "none")
    return Trust(check.host, bool(authserv_id), check.spf, check.dkim, check.dmarc, _verdict(check))


def _is(host: str, trusted: str) -> bool:
    return host == trusted or host.endswith("." + trusted)


def _verdict(check: Check) -> str:
    if check.dmarc in ("pass", "fail"):
        return check.dmarc
    if check.aligned:
        return "pass"
    return "fail" if check.spf in BAD or check.dkim in BAD else "none"


def _check(value: str, domain: str) -> Check:
    host, *pieces = _bare(value).split(";")
    if "=" in host:  # some servers do not say who they are
        host, pieces = "", [host, *pieces]
    found: dict[str, str] = {}
    aligned = False
    for match in filter(None, map(METHOD.match, pieces)):
        method, result = match.group(1).lower(), match.group(2).lower()
        good = result == "pass" and _speaks_for(match.group(3), domain)
        if good or method not in found:
            found[method] = result
        aligned = aligned or (good and method != "dmarc")
    name = charset.clean(host.split()[0].lower()[:253]) if host.split() else ""
    return Check(name, found.get("spf", ""), found.get("dkim", ""), found.get("dmarc", ""), aligned)


def _bare(value: str) -> str:
    """Without comments; quoted texts cannot end a result."""
    value = QUOTED.sub(lambda match: match.group(1).replace(";", " ").replace("(", " ").replace(")", " "), value)
    for _ in range(COMMENT_DEPTH):
        value = COMMENT.sub(" ", value)
    return value


def _speaks_for(properties: str, domain: str) -> bool:
    """Whether a result is about the domain shown, or one above or below it (relaxed alignment, RFC 7489 3.1)."""
    for name in DOMAIN.findall(properties):
        name = name.lower().strip(".")
        if name == domain or _below(name, domain) or _below(domain, name):
            return True
    return False


def _below(name: str, other: str) -> bool:
    """A subdomain of another domain, which is more than an ending such as `ru` or `com.ru`."""
    return name.endswith("." + other) and "." in other and len(other.split(".")[-2]) > 3
