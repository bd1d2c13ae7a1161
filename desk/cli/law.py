"""`desk due`, `desk penalty`: what the law's arithmetic gives and how, without a database."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from .. import lawbook, settings
from ..law import count, fields, penalty, sheet, vectors, words
from ..law.rules import Rule
from .command import Commands, Refused


def add_to(commands: Commands) -> None:
    due_options = commands.add("due", due, "count the deadline of a rule, or JSON lines in and out")
    due_options.add_argument("--json", action="store_true", help="JSON lines on standard input")
    due_options.add_argument("rule", nargs="?", help="an id of deadlines.toml, such as zpp22_money")
    due_options.add_argument("start", nargs="?", help="day of the event, YYYY-MM-DD; for hours YYYY-MM-DDTHH:MM")
    due_options.add_argument("--length", type=int, help="for a rule whose term is set in each case")
    penalty_options = commands.add("penalty", owed, "count a penalty, or JSON lines in and out")
    penalty_options.add_argument("--json", action="store_true", help="JSON lines on standard input")
    penalty_options.add_argument("rule", nargs="?", help="an id of penalties.toml, such as goods_1pct")
    penalty_options.add_argument("--price", help="rubles; without it: what was paid")
    penalty_options.add_argument("--paid", help="rubles; without it: the price")
    penalty_options.add_argument("--due", type=date.fromisoformat, help="last day that was in time, YYYY-MM-DD")
    penalty_options.add_argument("--on", type=date.fromisoformat, help="day of the calculation, YYYY-MM-DD")
    penalty_options.add_argument("--table", action="store_true", help="also each day")


def due(options: argparse.Namespace) -> int:
    """Without --json: the rule, how its deadline is counted, and what is not confirmed, in Russian."""
    if options.json:
        return _answers(lambda line: vectors.due(line, lawbook.production_calendar()))
    if options.rule is None or options.start is None:
        raise Refused("due needs a rule and a day, or --json")
    return _say(lambda: _due(options.rule, options.start, options.length))


def owed(options: argparse.Namespace) -> int:
    """Without --json: the line for the ticket, the count, and with --table each day, in Russian."""
    if options.json:
        return _answers(lambda line: vectors.owed(line, lawbook.penalties()))
    if options.rule is None or options.due is None or options.on is None:
        raise Refused("penalty needs a rule, --due and --on, or --json")
    return _say(lambda: _owed(options))


def _answers(answer: Callable[[str], str]) -> int:
    for stream in (sys.stdin, sys.stdout):  # JSON is UTF-8 whatever the terminal speaks
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    for line in sys.stdin:
        print(answer(line), flush=True)
    return 0


def _say(lines: Callable[[], Iterator[str]]) -> int:
    try:
        said = list(lines())
    except ValueError as error:
        raise Refused(str(error)) from error
    print("\n".join(said))
    return 0


def _due(rule_id: str, start: str, length: int | None) -> Iterator[str]:
    on = fields.day(start[:10])
    rule = _rule(rule_id, on)
    if not (length := length or rule.length):
        raise ValueError(f"{rule_id}: its term is set in each case; give --length")
    yield rule.title_ru
    yield f"{rule.law}, {rule.article}"
    yield from _counted(rule, start, length)
    yield "Правило проверено юристом." if rule.confirmed else "Правило не проверено юристом."


def _rule(rule_id: str, on: date) -> Rule:
    known = lawbook.known_rules()
    if (rule := known.at(rule_id, on)) is None:
        why = f"is not in force on {on}" if rule_id in known else "is no rule; see desk rules list"
        raise ValueError(f"{rule_id} {why}")
    return rule


def _counted(rule: Rule, start: str, length: int) -> Iterator[str]:
    event = lawbook.known_rules().event(rule.start)
    if rule.unit == "hour":
        yield _hours(start, length, event)
        return
    days = lawbook.production_calendar()
    counted = count.due(fields.day(start), length, rule.unit, rule.day_kind, rule.roll, days, event=event)
    raw, rolled = words.day(counted.raw), words.day(counted.rolled)
    yield counted.explanation_ru
    yield f"Последний день: {rolled.ru}" + (f", без переноса {raw.ru}" if raw != rolled else "")
    if not counted.confirmed:
        yield "Календарь не подтверждён: дата может измениться, рассчитывайте на более раннюю."


def _hours(start: str, length: int, event: words.Said) -> str:
    tz = settings.load().desk.timezone
    start_at = datetime.fromisoformat(start)
    start_at = start_at if start_at.tzinfo else start_at.replace(tzinfo=ZoneInfo(tz))
    return count.due_hours(start_at, length, tz, event=event).explanation_ru


def _owed(options: argparse.Namespace) -> Iterator[str]:
    price, paid = (fields.rubles(text) if text else None for text in (options.price, options.paid))
    debt, rates = penalty.Debt(options.rule, price, paid, options.due), lawbook.penalties()
    result = penalty.total(debt, options.on, rates)
    yield sheet.live(result).ru
    yield sheet.explanation(result).ru
    yield "Правило проверено юристом." if result.rate.confirmed else "Правило не проверено юристом."
    for day in penalty.table(debt, options.on, rates) if options.table else ():
        yield f"{day.number:>5}  {words.day(day.day).ru}  {day.added:>12.2f}  {day.total:>14.2f}"
