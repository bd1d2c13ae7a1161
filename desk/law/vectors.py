"""Answers `desk due --json` and `desk penalty --json`: one JSON line in, one JSON line out.

So that anybody can check how the desk counts. Input that cannot be counted comes back with `error` instead.
"""

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from desk.law import count, fields, penalty, sheet, words
from desk.law.calendar import ProductionCalendar
from desk.law.rates import Rates


def due(line: str, calendar: ProductionCalendar) -> str:
    """`{start, length, unit, day_kind, roll}` → the same with `raw_due`, `due` and `explanation` (Russian).

    `due` is the rolled date; dates are ISO 8601. Without `day_kind` days are calendar days (ГК РФ ст. 190), without
    `roll` nothing moves; weeks, months and years end on a date whatever `day_kind` says (ст. 192). With the unit hour
    `start` is a moment with its offset, and so are the answers.
    """
    return _answer(line, ("raw_due", "due"), lambda asked: _counted(asked, calendar))


def owed(line: str, rates: Rates) -> str:
    """`{rule, price, paid, due, on}` → the same with `days` late, `penalty` ("4700.00") and `explanation` (Russian).

    `price` and `paid` are rubles, as numbers or text; one of them may be absent or null: then the other is taken.
    """
    return _answer(line, ("days", "penalty"), lambda asked: _owed(asked, rates))


def _answer(line: str, answers: tuple[str, ...], work: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
    try:
        asked = _asked(line, (*answers, "explanation", "error"))
    except (ValueError, RecursionError) as error:
        return _line({"error": f"not a JSON object: {error}"})
    try:
        return _line({**asked, **work(asked)})
    except ValueError as error:
        return _line({**asked, "error": str(error)})


def _asked(line: str, answers: tuple[str, ...]) -> dict[str, Any]:
    asked = json.loads(line, parse_constant=_refuse)
    if not isinstance(asked, dict):
        raise ValueError("write { … }")
    return {key: value for key, value in asked.items() if key not in answers}


def _counted(asked: dict[str, Any], calendar: ProductionCalendar) -> dict[str, Any]:
    _need(asked, ("start", "length", "unit"))
    length, unit, day_kind, roll = _words(asked)
    if unit == "hour":
        return _hours(asked["start"], length)
    result = count.due(_day(asked, "start"), length, unit, day_kind, roll, calendar)
    return {
        "raw_due": result.raw.isoformat(),
        "due": result.rolled.isoformat(),
        "explanation": result.explanation_ru,
    }


def _words(asked: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    length, unit, day_kind, roll = (asked.get(key) for key in ("length", "unit", "day_kind", "roll"))
    if day_kind is None or (day_kind == "working" and unit != "day"):
        day_kind = "calendar"
    return length, unit, day_kind, "none" if roll is None else roll


def _hours(start: Any, length: Any) -> dict[str, Any]:
    try:
        start_at = datetime.fromisoformat(start)
    except (TypeError, ValueError) as error:
        raise ValueError(f"start: {start!r} is not a moment; write it as 2026-12-31T10:00:00+03:00") from error
    if start_at.tzinfo is None:
        raise ValueError(f"start: {start!r} must have its offset, such as +03:00")
    result = count.due_hours(start_at, length)
    due_at = result.due_at.astimezone(start_at.tzinfo).isoformat()
    return {"raw_due": due_at, "due": due_at, "explanation": result.explanation_ru}


def _owed(asked: dict[str, Any], rates: Rates) -> dict[str, Any]:
    _need(asked, ("rule", "due", "on"))
    if not isinstance(asked["rule"], str):
        raise ValueError(f"rule must be one of {', '.join(rates)}, not {asked['rule']!r}")
    debt = penalty.Debt(asked["rule"], _sum(asked, "price"), _sum(asked, "paid"), _day(asked, "due"))
    result = penalty.total(debt, _day(asked, "on"), rates)
    return {"days": result.days, "penalty": f"{result.amount:.2f}", "explanation": sheet.explanation(result).ru}


def _need(asked: dict[str, Any], keys: tuple[str, ...]) -> None:
    if missing := [key for key in keys if key not in asked]:
        raise ValueError(f"missing: {', '.join(missing)}")


def _day(asked: dict[str, Any], key: str) -> date:
    try:
        day: date = fields.day(asked[key])
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error
    return day


def _sum(asked: dict[str, Any], key: str) -> Decimal | None:
    value = asked.get(key)
    if value is None or value == "":
        return None
    try:
        return fields.rubles(str(value) if type(value) in (int, float) else value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _line(value: dict[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # A lone surrogate cannot be written as UTF-8, a U+2028 ends a line for some readers: then everything is escaped.
    return text if text.replace(words.NBSP, " ").isprintable() else json.dumps(value)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
