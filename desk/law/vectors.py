"""Answers `desk due --json`: one JSON line in, one JSON line out, so that anybody can check how the desk counts."""

import json
from datetime import date
from typing import Any

from desk.law import count, fields
from desk.law.calendar import ProductionCalendar

_KEYS = ("start", "length", "unit", "day_kind", "roll")


def answer(line: str, calendar: ProductionCalendar) -> str:
    """`{start, length, unit, day_kind, roll}` → the same with `raw_due`, `due` and `explanation` (Russian).

    `due` is the rolled date; dates are ISO 8601. Input that cannot be counted comes back with `error` instead.
    """
    try:
        asked = _asked(line)
    except (ValueError, RecursionError) as error:
        return _line({"error": f"not a JSON object: {error}"})
    try:
        return _line({**asked, **_counted(asked, calendar)})
    except ValueError as error:
        return _line({**asked, "error": str(error)})


def _asked(line: str) -> dict[str, Any]:
    asked = json.loads(line, parse_constant=_refuse)
    if not isinstance(asked, dict):
        raise ValueError(f"write an object with {', '.join(_KEYS)}")
    return {key: value for key, value in asked.items() if key not in ("raw_due", "due", "explanation", "error")}


def _counted(asked: dict[str, Any], calendar: ProductionCalendar) -> dict[str, str]:
    if missing := [key for key in _KEYS if key not in asked]:
        raise ValueError(f"missing: {', '.join(missing)}")
    result = count.due(
        _start(asked["start"]), asked["length"], asked["unit"], asked["day_kind"], asked["roll"], calendar
    )
    return {
        "raw_due": result.raw.isoformat(),
        "due": result.rolled.isoformat(),
        "explanation": result.explanation_ru,
    }


def _start(value: Any) -> date:
    try:
        return fields.day(value)
    except ValueError as error:
        raise ValueError(f"start: {error}") from error


def _line(value: dict[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # A lone surrogate cannot be written as UTF-8: then everything is escaped.
    return text if text.isprintable() else json.dumps(value)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
