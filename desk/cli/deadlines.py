"""`desk deadlines recalc`: what new rules or a new calendar would change about running deadlines."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date

from .. import db, lawbook, recounts
from ..law import words
from ..recounts import Difference
from .command import Commands, opened

WHY = {"rule": "правило изменилось", "calendar": "календарь изменился",
       "gone": "правило больше не действует на день начала: остаётся как есть",
       "by_hand": "пауза не укладывается в новый срок: пересчитайте на странице обращения"}


def add_to(commands: Commands) -> None:
    group = commands.group("deadlines", "running deadlines")
    options = group.add("recalc", recalc, "what the rules and the calendar of today would change; asks before it does")
    options.add_argument("--yes", action="store_true", help="do not ask")


def recalc(options: argparse.Namespace) -> int:
    """Shows each difference with its old and new last day, and takes them only after «да», «y» or --yes."""
    with opened() as (database, conf):
        with database.read() as session:
            shown = [_key(each) for each in _tell(recounts.differences(session)) if each.counted is not None]
        if not shown or not (options.yes or _agreed(len(shown))):
            return 0
        with database.write() as session:
            # Only what was shown: a clock that changed while the person thought is left for the next time.
            agreed = [each for each in recounts.differences(session) if _key(each) in shown]
            done = [recounts.apply(session, conf, each, actor="command", now=db.now()) for each in agreed]
        print(f"Пересчитано: {sum(done)}")
    return 0


def _tell(found: Iterator[Difference]) -> list[Difference]:
    seen = list(found)
    print("\n".join(line for each in seen for line in _lines(each)) or "Ничего не меняется.", flush=True)
    return seen


def _key(found: Difference) -> tuple[int, date | None]:
    return found.deadline.id, found.counted.rolled if found.counted else None


def _lines(found: Difference) -> Iterator[str]:
    deadline, rule = found.deadline, lawbook.known_rules().get(found.deadline.rule)
    yield f"№ {deadline.ticket.number}  {rule.title_ru if rule else deadline.rule}"
    was = words.day(deadline.due).ru
    if found.counted is None:
        yield f"    {was}: {WHY[found.why]}"
        return
    now = f"→ {words.day(found.counted.rolled).ru}" if found.moves else "день тот же, меняется отметка о проверке"
    yield f"    {was} {now}: {WHY[found.why]}"
    yield f"    {found.counted.said.ru}"


def _agreed(count: int) -> bool:
    try:
        answer = input(f"Пересчитать {count}? [да/нет] ")
    except EOFError:
        print("\nНичего не изменено; чтобы пересчитать без вопроса, добавьте --yes.")
        return False
    return answer.strip().lower() in ("да", "д", "y", "yes")
