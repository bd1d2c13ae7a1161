"""Turns the rows of a data file into checked values, key by key."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from desk.law.fields import Reader
from desk.law.source import LawDataError, Source, Table, refuse


def checked(
    source: Source, data: Table, table: str, readers: Mapping[str, Reader], required: Collection[str]
) -> list[Table]:
    """The `[[table]]` rows of `data`, read by `readers`; LawDataError for every unknown, missing or bad key."""
    mistakes: list[LawDataError] = []

    def row(number: int, values: Table) -> Table:
        mistakes.extend(_missing(source, table, number, values, required))
        return {key: value(number, key, found) for key, found in values.items()}

    def value(number: int, key: str, found: Any) -> Any:
        try:
            return _reader(readers, key)(found)
        except ValueError as error:
            mistakes.append(source.error(table, number, key, str(error)))
            return None

    rows = [row(number, values) for number, values in enumerate(source.rows(data, table))]
    refuse(mistakes)
    return rows


def _missing(
    source: Source, table: str, number: int, values: Table, required: Collection[str]
) -> Iterator[LawDataError]:
    for key in required:
        if key not in values:
            yield source.error(table, number, None, f"key {key!r} is missing; add a line {key} = …")


def _reader(readers: Mapping[str, Reader], key: str) -> Reader:
    if key not in readers:
        raise ValueError(f"unknown key; remove it or write one of {', '.join(readers)}")
    return readers[key]
