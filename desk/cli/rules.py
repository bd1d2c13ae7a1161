"""`desk rules`: are the data of the law in order, and what do they say, without a database."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from .. import lawbook, settings
from ..law import calendar, rates, rules
from ..law.rules import Rule
from ..law.source import LawDataError
from .command import Commands


def add_to(commands: Commands) -> None:
    group = commands.group("rules", "the rules that set deadlines and penalties")
    check_options = group.add("check", check, "look for mistakes in the data of the law; names the line of each")
    check_options.add_argument("folder", nargs="?", type=Path, help="instead of the shipped config/")
    group.add("list", show, "each rule: term, article, how sure, since when")


def check(options: argparse.Namespace) -> int:
    """Exit code 1 when a file has a mistake; then each is told, with its line."""
    folder = options.folder or settings.resource("config")
    known: list[str] = []
    files: dict[str, Callable[[Path], object]] = {
        "calendar.toml": calendar.load,
        "penalties.toml": lambda path: known.extend(rates.load(path)),
        "deadlines.toml": lambda path: rules.load(path, known or None),
    }
    return max([_check(folder / name, read) for name, read in files.items()])


def show(_options: argparse.Namespace) -> int:
    print("\n".join(_table(lawbook.known_rules())))
    return 0


def _check(path: Path, read: Callable[[Path], object]) -> int:
    try:
        read(path)
    except LawDataError as error:
        print("\n".join(f"desk: {mistake}" for mistake in (error, *error.others)), file=sys.stderr)
        return 1
    print(f"{path.name}: no mistakes")
    return 0


def _table(known: rules.Rules) -> Iterator[str]:
    rows = [_row(rule) for rule_id in known for rule in known.history(rule_id)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    checked = sum(rule.confirmed for rule in known.versions)
    yield f"\nвсего: {len(rows)}, проверено юристом: {checked}"


def _row(rule: Rule) -> tuple[str, ...]:
    state = "выключено" if not rule.enabled else "проверено" if rule.confirmed else "не проверено"
    return (rule.id, _term(rule), rule.confidence, state, _valid(rule), f"{rule.article} {rule.law}", rule.title_ru)


def _term(rule: Rule) -> str:
    if rule.needs_length:
        return "назначают"
    return f"{rule.length} раб. дн." if rule.day_kind == "working" else f"{rule.length} {_SHORT[rule.unit]}"


def _valid(rule: Rule) -> str:
    return f"{_day(rule.valid_from)}—{_day(rule.valid_to)}" if rule.valid_from or rule.valid_to else ""


def _day(on: date | None) -> str:
    return on.isoformat() if on else "…"


_SHORT = {"day": "дн.", "week": "нед.", "month": "мес.", "year": "г.", "hour": "ч"}
