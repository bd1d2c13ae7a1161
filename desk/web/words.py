"""Words and formats for the pages: states, stages, reasons, moments, days left. Everything goes through gettext."""

from __future__ import annotations

import functools
import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import flask_bootstrap
from flask import Flask, current_app, g, url_for
from flask_babel import format_date, format_datetime, get_locale, lazy_gettext
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from .. import alerts, deadlines
from ..models import Deadline, Ticket, User
from . import request as desk

VIEWS = {"mine": lazy_gettext("Mine"), "unassigned": lazy_gettext("Unassigned"), "overdue": lazy_gettext("Overdue"),
         "waiting": lazy_gettext("Waiting for an answer"), "all": lazy_gettext("All open"),
         "closed": lazy_gettext("Closed")}
VIEW_ICONS = {"mine": "person", "unassigned": "inbox", "overdue": "alarm", "waiting": "hourglass-split",
              "all": "collection", "closed": "archive"}
STATES = {"open": lazy_gettext("Open"), "waiting": lazy_gettext("Waiting"), "closed": lazy_gettext("Closed")}
STAGES = {"check": lazy_gettext("Check"), "support": lazy_gettext("Marketplace support"),
          "claim": lazy_gettext("Formal claim"), "payment": lazy_gettext("Bank"),
          "regulator": lazy_gettext("Regulator"), "court": lazy_gettext("Court")}
ROLES = {"advocate": lazy_gettext("Advocate"), "lead": lazy_gettext("Lead"), "admin": lazy_gettext("Admin")}
MARKETPLACES = {"ozon": "Ozon", "wildberries": "Wildberries", "yandex_market": "Яндекс Маркет",
                "aliexpress": "AliExpress", "megamarket": "Мегамаркет", "avito": "Авито", "lamoda": "Lamoda",
                "other": lazy_gettext("another shop")}


def register(app: Flask) -> None:
    app.context_processor(_values)
    app.add_template_filter(moment)
    app.add_template_filter(day)
    app.add_template_filter(initials)
    app.add_template_filter(size)


def _values() -> dict[str, Any]:
    return {"asset": asset, "icon": icon, "left": left, "urgency": urgency, "deadline_title": deadline_title,
            "explanation": explanation, "marketplace_name": marketplace_name, "STATES": STATES, "STAGES": STAGES,
            "ROLES": ROLES, "VIEWS": VIEWS, "VIEW_ICONS": VIEW_ICONS, "desk_name": desk.conf().desk.name,
            "unseen_alerts": _unseen(), "now": desk.now}


def _unseen() -> int:
    """How many alerts the bell shows; one query for a page."""
    user: User | None = g.get("user")
    if user is None:
        return 0
    return alerts.count_unseen(desk.reading(), user)


# --- moments -----------------------------------------------------------------------------------


def zone() -> ZoneInfo:
    return ZoneInfo(desk.conf().desk.timezone)


def moment(at: datetime | None) -> str:
    """«24 нояб., 11:32», with the year when it is not this one."""
    if at is None:
        return ""
    this_year = at.astimezone(zone()).year == desk.now().astimezone(zone()).year
    return str(format_datetime(at, "d MMM, HH:mm" if this_year else "d MMM y, HH:mm"))


def day(on: date | datetime | None) -> str:
    if on is None:
        return ""
    if isinstance(on, datetime):
        on = on.astimezone(zone()).date()
    return str(format_date(on, "d MMM" if on.year == desk.now().astimezone(zone()).year else "d MMM y"))


def days_left(deadline: Deadline) -> int:
    """Whole days until the last day; 0 today, negative when over. Counted in the deadline's own zone."""
    return (deadline.due - desk.now().astimezone(ZoneInfo(deadline.timezone)).date()).days


def left(deadline: Deadline) -> str:
    days = days_left(deadline)
    if days < 0:
        return str(ngettext("%(num)d day late", "%(num)d days late", -days))
    if days == 0:
        return str(_("until midnight today"))
    if days == 1:
        return str(_("tomorrow"))
    return str(ngettext("%(num)d day left", "%(num)d days left", days))


def urgency(deadline: Deadline) -> str:
    """`late`, `today`, `soon` (up to 3 days) or `calm`: names of styles."""
    days = days_left(deadline)
    return "late" if days < 0 else "today" if days == 0 else "soon" if days <= 3 else "calm"


def deadline_title(rule_id: str) -> str:
    rule = deadlines.known_rules().get(rule_id)
    if rule is None:
        return rule_id
    return rule.title_ru if in_russian() else rule.title_en


def explanation(deadline: Deadline) -> str:
    return deadline.explanation_ru if in_russian() else deadline.explanation_en


def in_russian() -> bool:
    return str(get_locale() or "ru").startswith("ru")


def nearest(ticket: Ticket) -> Deadline | None:
    running = [d for d in ticket.deadlines if d.state == "running"]
    return min(running, key=lambda d: d.due_at, default=None)


# --- things ------------------------------------------------------------------------------------


def marketplace_name(key: str) -> str:
    return str(MARKETPLACES.get(key, key))


def initials(name: str) -> str:
    words = [w for w in name.replace("@", " ").split() if w[0].isalnum()]
    return "".join(w[0] for w in words[:2]).upper() or "?"


def size(count: int) -> str:
    """«12 КБ», «3,4 МБ»."""
    if count < 1024:
        return str(ngettext("%(num)d byte", "%(num)d bytes", count))
    if count < 1 << 20:
        return str(_("%(size)s KB", size=round(count / 1024)))
    mega = f"{count / (1 << 20):.1f}"
    return str(_("%(size)s MB", size=mega.replace(".", ",") if in_russian() else mega))


def icon(name: str) -> Markup:
    return Markup('<i class="bi bi-{}" aria-hidden="true"></i>').format(name)


def asset(name: str, endpoint: str = "static") -> str:
    """The address of a static file, with its hash: it may be cached for ever and a new version is seen at once."""
    folder = current_app.static_folder if endpoint == "static" else _bootstrap_folder()
    return url_for(endpoint, filename=name, v=_hash(Path(str(folder)) / name))


def _bootstrap_folder() -> Path:
    return Path(str(flask_bootstrap.__file__)).parent / "static" / "bootstrap5"


@functools.cache
def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
