"""«Сроки»: every running clock by how near its end is, the consumer's own rights first; and the month at a glance."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, render_template, request
from flask_babel import format_date, lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from .. import deadlines, people
from ..models import Deadline, Ticket
from . import request as desk
from . import words

pages = Blueprint("board", __name__)
GROUPS = {"overdue": lazy_gettext("Overdue"), "today": lazy_gettext("Today"), "week": lazy_gettext("This week"),
          "later": lazy_gettext("Later on"), "paused": lazy_gettext("Paused")}
DYING = 5  # days in which a right of the consumer is about to be lost
MOST = 2000
FARTHEST = 100  # years


@dataclass(frozen=True)
class Day:
    """One day of the month: `off` by the production calendar."""

    on: date
    off: bool
    inside: bool
    deadlines: list[Deadline]


@pages.get("/deadlines")
def index() -> str:
    found = live(desk.reading(), assignee=request.args.get("assignee", ""),
                 marketplace=request.args.get("marketplace", ""), rule=request.args.get("rule", ""))
    rights = [d for d in found if d.state == "running" and whose(d) == "us"]
    grouped = {key: [d for d in found if d not in rights and group(d) == key] for key in GROUPS}
    return render_template("board.html", rights=rights, dying=dying, grouped=grouped, groups=GROUPS,
                           users=people.active(desk.reading()), rules=_rules(desk.reading()),
                           marketplaces=words.MARKETPLACES, more=len(found) == MOST, most=MOST)


@pages.get("/deadlines/month")
def month() -> str:
    today = words.today()
    first = _month(request.args.get("month", ""), today)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    start, end = first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())
    found = [d for d in live(desk.reading(), since=start, until=end) if d.state == "running"]
    calendar = deadlines.production_calendar()
    days = [Day(on, not calendar.is_working(on), first <= on <= last, [d for d in found if d.due == on])
            for on in (start + timedelta(days=n) for n in range((end - start).days + 1))]
    return render_template("month.html", days=days, first=first, today=today,
                           title=str(format_date(first, "LLLL y")), before=first - timedelta(days=1),
                           after=last + timedelta(days=1),
                           names=[str(format_date(start + timedelta(days=n), "EEEEEE")) for n in range(7)])


def live(session: Session, *, assignee: str = "", marketplace: str = "", rule: str = "", since: date | None = None,
         until: date | None = None) -> Sequence[Deadline]:
    """Running and paused deadlines with their tickets, the nearest first, MOST at most; one query."""
    query = select(Deadline).join(Deadline.ticket).where(Deadline.state.in_(deadlines.LIVE)).order_by(
        Deadline.due_at, Deadline.id).limit(MOST).options(
        contains_eager(Deadline.ticket).joinedload(Ticket.consumer),
        contains_eager(Deadline.ticket).joinedload(Ticket.assignee))
    if assignee.isdigit():
        query = query.where(Ticket.assignee_id == int(assignee))
    elif assignee == "none":
        query = query.where(Ticket.assignee_id.is_(None))
    for column, value in ((Ticket.marketplace, marketplace), (Deadline.rule, rule)):
        query = query.where(column == value) if value else query
    query = query.where(Deadline.due >= since) if since else query
    query = query.where(Deadline.due <= until) if until else query
    return session.scalars(query).unique().all()


def whose(deadline: Deadline) -> str:
    rule = deadlines.known_rules().get(deadline.rule)
    return rule.whose if rule is not None else ""


def dying(deadline: Deadline) -> bool:
    """Is a right about to be lost? Counted to the raw day: it is never left to the roll."""
    return words.days_left(deadline) - (deadline.due - deadline.raw_due).days <= DYING


def group(deadline: Deadline) -> str:
    if deadline.state == "paused":
        return "paused"
    left = words.days_left(deadline)
    return "overdue" if left < 0 else "today" if left == 0 else "week" if left <= 7 else "later"


def _rules(session: Session) -> list[str]:
    """Rules of live deadlines, whatever is chosen, by their titles."""
    found = session.scalars(select(Deadline.rule).where(Deadline.state.in_(deadlines.LIVE)).distinct())
    return sorted(found, key=words.deadline_title)


def _month(text: str, today: date) -> date:
    """The first day of «2026-11»; of this month when it is none, or too far away for a calendar."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return first if abs(first.year - today.year) <= FARTHEST else today.replace(day=1)
