"""«Обзор»: the desk in numbers, each picture with its table, each table as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import format_date
from flask_babel import gettext as _

from .. import numbers, spreadsheet
from . import request as desk
from . import words

pages = Blueprint("overview", __name__)
PERIODS = (30, 90, 365)
Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """`bars`: the columns that are drawn, the first one filled, a second one hatched; `days`: drawn by day."""

    key: str
    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    bars: tuple[int, ...] = (1,)
    days: bool = False

    @property
    def most(self) -> float:
        """The longest bar."""
        each = [[float(row[column] or 0) for column in self.bars] for row in self.rows]
        return max((max(values) if self.days else sum(values) for values in each), default=0) or 1


@pages.get("/overview")
def index() -> str:
    period = _period()
    tables = [make(period) for make in TABLES.values()]
    return render_template("overview.html", tables=tables, days=_days(), periods=PERIODS)


@pages.get("/overview/<key>.csv")
def export(key: str) -> Response:
    """One table for a spreadsheet; no cell can be taken for a formula."""
    if key not in TABLES:
        abort(404)
    table = TABLES[key](_period())
    rows = [table.head, *([said(cell) for cell in row] for row in table.rows)]
    return Response(spreadsheet.table(rows), mimetype="text/csv", headers={
        "Content-Disposition": f'attachment; filename="{key}-{_days()}.csv"'})


def said(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, (int, float)):
        return str(cell).replace(".", ",") if words.in_russian() else str(cell)
    return cell


def _days() -> int:
    days = request.args.get("days", PERIODS[0], type=int)
    return days if days in PERIODS else PERIODS[0]


def _period() -> numbers.Period:
    return numbers.Period(words.today() - timedelta(days=_days() - 1), words.today(), words.zone())


# --- tables ------------------------------------------------------------------------------------


def _flow(period: numbers.Period) -> Table:
    rows = [(str(format_date(on, "d MMM y")), came, closed) for on, came, closed in
            numbers.flow(desk.reading(), period)]
    return Table("flow", _("Tickets that came and were closed"), (_("Day"), _("Came"), _("Were closed")), rows, (1, 2),
                 days=True)


def _stages(_period: numbers.Period) -> Table:
    rows = [(str(words.STAGES[stage]), count) for stage, count in numbers.by_stage(desk.reading())]
    return Table("stages", _("Open tickets by stage"), (_("Stage"), _("Tickets")), rows)


def _kept(period: numbers.Period) -> Table:
    rows = [(words.marketplace_name(one.who) if one.who else _("We ourselves"), one.met, one.late)
            for one in numbers.kept(desk.reading(), period, now=desk.now())]
    return Table("kept", _("Deadlines kept, by us and by each company"),
                 (_("Who"), _("Kept"), _("Late or missed")), rows, (1, 2))


def _answers(period: numbers.Period) -> Table:
    rows = [(words.marketplace_name(one.marketplace), one.days, one.asked, one.asked - one.answered)
            for one in numbers.answers(desk.reading(), period)]
    return Table("answers", _("Days until an answer, by marketplace"),
                 (_("Marketplace"), _("Median days"), _("Asked"), _("No answer yet")), rows)


def _topics(period: numbers.Period) -> Table:
    rows = [(str(words.TOPICS.get(key, key)), count) for key, count in numbers.topics(desk.reading(), period)]
    return Table("topics", _("Most frequent topics"), (_("Topic"), _("Tickets")), rows)


def _load(period: numbers.Period) -> Table:
    rows = [(one.name or _("Nobody"), one.open, one.overdue, one.closed)
            for one in numbers.load(desk.reading(), period, now=desk.now())]
    return Table("load", _("Load of each advocate"), (_("Advocate"), _("Open"), _("Overdue"), _("Were closed")), rows)


TABLES: dict[str, Callable[[numbers.Period], Table]] = {
    "flow": _flow, "stages": _stages, "kept": _kept, "answers": _answers, "topics": _topics, "load": _load}
