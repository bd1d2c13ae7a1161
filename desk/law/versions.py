"""Rows of one id that follow each other in time: the law changes, what ran under the old row keeps it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Protocol, TypeVar

from desk.law.source import Source, Table


class Dated(Protocol):
    """Something in force from one day to another; both belong to it, None is open."""

    @property
    def valid_from(self) -> date | None: ...

    @property
    def valid_to(self) -> date | None: ...


D = TypeVar("D", bound=Dated)


def covers(row: Dated, on: date) -> bool:
    """Is the row in force on that day?"""
    return (row.valid_from or date.min) <= on <= (row.valid_to or date.max)


def on(rows: Iterable[D], day: date) -> D | None:
    """The row in force on that day, or None."""
    return next((row for row in rows if covers(row, day)), None)


def check(file: Source, table: str, rows: Sequence[Table]) -> None:
    """LawDataError when a row ends before it begins, or two rows of one id are in force on the same day."""
    for number, row in enumerate(rows):
        if _first(row) > _last(row):
            raise file.error(table, number, "valid_to", "is before valid_from; correct one of the two")
        for earlier in rows[:number]:
            if earlier["id"] == row["id"] and _first(row) <= _last(earlier) and _first(earlier) <= _last(row):
                problem = f"{row['id']!r} is used twice for the same days; choose another id, or valid_to"
                raise file.error(table, number, "id", problem)


def _first(row: Table) -> Any:
    return row.get("valid_from") or date.min


def _last(row: Table) -> Any:
    return row.get("valid_to") or date.max
