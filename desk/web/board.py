"""«Сроки»: every running clock by how near its end is, the consumer's own rights first; and the month at a glance."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, timedelta

from flask import Blueprint, render_template, request
from flask_babel import format_date, lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from .. import deadlines, people
from ..models import Deadline, Ticket
from . import dial, words
from . import request as desk

pages = Blueprint("board", __name__)
GROUPS = {"overdue": lazy_gettext("Overdue"), "today": lazy_gettext("Today"), "week": lazy_gettext("This week"),
          "later": lazy_gettext("Later on"), "paused": lazy_gettext("Paused")}
DUTIES = {"them": lazy_gettext("What they owe"), "us": lazy_gettext("The consumer's rights"),
          "desk": lazy_gettext("What we promised")}
MOST = 300  # of each kind; a line is two kilobytes
MOST_IN_MONTH = 2000
FARTHEST = 100  # years


@dataclass(frozen=True)
class Asked:
    """What the page is narrowed to; an empty text is everything."""

    assignee: str = ""
    marketplace: str = ""
    rule: str = ""
    whose: str = ""

    def __bool__(self) -> bool:
        return any(astuple(self))


@dataclass(frozen=True)
class Day:
    """One day of the month: `off` by the production calendar, `load` of the fullest day in percent."""

    on: date
    off: bool
    inside: bool
    load: int
    deadlines: list[Deadline]


@pages.get("/deadlines")
def index() -> str:
    asked, on = _asked(), _day(request.args.get("on", ""))
    # Asked for apart, so that no number of old deadlines keeps a right that is about to be lost from the page.
    ours = live(desk.reading(), replace(asked, whose="us"), since=on, until=on) if asked.whose in ("", "us") else []
    others = live(desk.reading(), asked, since=on, until=on, without="us") if asked.whose != "us" else []
    rights = [d for d in ours if d.state == "running"]
    rest = sorted([*others, *(d for d in ours if d.state != "running")], key=lambda d: (d.due_at, d.id))
    return render_template(
        "board.html", dying=[d for d in rights if dial.dying(d)], rights=[d for d in rights if not dial.dying(d)],
        grouped={key: [d for d in rest if group(d) == key] for key in GROUPS}, groups=GROUPS, on=on,
        long_paused=words.today() - timedelta(days=desk.conf().alerts.paused_days),
        more=MOST in (len(ours), len(others)), most=MOST, **_filter(asked))


@pages.get("/deadlines/month")
def month() -> str:
    today, asked = words.today(), _asked()
    first = _month(request.args.get("month", ""), today)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    start, end = first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())
    found = [d for d in live(desk.reading(), asked, since=start, until=end, most=MOST_IN_MONTH)
             if d.state == "running"]
    return render_template("month.html", days=_days(found, start, end, first), first=first, today=today,
                           title=str(format_date(first, "LLLL y")), before=first - timedelta(days=1),
                           after=last + timedelta(days=1), **_filter(asked),
                           names=[str(format_date(start + timedelta(days=n), "EEEEEE")) for n in range(7)])


def live(session: Session, asked: Asked, *, since: date | None = None, until: date | None = None,
         without: str = "", most: int = 0) -> Sequence[Deadline]:
    """Running and paused deadlines with their tickets, the nearest first; one query. `without`: not this duty."""
    query = select(Deadline).join(Deadline.ticket).where(Deadline.state.in_(deadlines.LIVE)).order_by(
        Deadline.due_at, Deadline.id).limit(most or MOST).options(
        contains_eager(Deadline.ticket).joinedload(Ticket.consumer),
        contains_eager(Deadline.ticket).joinedload(Ticket.assignee))
    if asked.assignee.isdigit():
        query = query.where(Ticket.assignee_id == int(asked.assignee))
    elif asked.assignee == "none":
        query = query.where(Ticket.assignee_id.is_(None))
    for column, value in ((Ticket.marketplace, asked.marketplace), (Deadline.rule, asked.rule)):
        query = query.where(column == value) if value else query
    if asked.whose:
        query = query.where(Deadline.rule.in_(_rules_of(asked.whose)))
    if without:
        query = query.where(Deadline.rule.not_in(_rules_of(without)))
    query = query.where(Deadline.due >= since) if since else query
    query = query.where(Deadline.due <= until) if until else query
    return session.scalars(query).unique().all()


def _rules_of(whose: str) -> list[str]:
    return [rule.id for rule in deadlines.known_rules().values() if rule.whose == whose]


def group(deadline: Deadline) -> str:
    if deadline.state == "paused":
        return "paused"
    left = dial.days_left(deadline)
    return "overdue" if left < 0 else "today" if left == 0 else "week" if left <= 7 else "later"


def _days(found: Sequence[Deadline], start: date, end: date, first: date) -> list[Day]:
    calendar, by_day = deadlines.production_calendar(), Counter(d.due for d in found)
    found = sorted(found, key=lambda d: not dial.dying(d))
    fullest = max(by_day.values(), default=1)
    return [Day(on, not calendar.is_working(on), (on.year, on.month) == (first.year, first.month),
                round(100 * by_day[on] / fullest), [d for d in found if d.due == on])
            for on in (start + timedelta(days=n) for n in range((end - start).days + 1))]


def _asked() -> Asked:
    return Asked(*(request.args.get(key, "")[:64] for key in ("assignee", "marketplace", "rule", "whose")))


def _filter(asked: Asked) -> dict[str, object]:
    """What the form of the filter shows."""
    return {"asked": asked, "users": people.active(desk.reading()), "rules": _rules(desk.reading()),
            "marketplaces": words.MARKETPLACES, "duties": DUTIES}



def _rules(session: Session) -> list[str]:
    """Rules of live deadlines, whatever is chosen, by their titles."""
    found = session.scalars(select(Deadline.rule).where(Deadline.state.in_(deadlines.LIVE)).distinct())
    return sorted(found, key=words.deadline_title)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _month(text: str, today: date) -> date:
    """The first day of «2026-11»; of this month when it is none, or too far away for a calendar."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return first if abs(first.year - today.year) <= FARTHEST else today.replace(day=1)
