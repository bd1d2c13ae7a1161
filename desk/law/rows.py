"""Turns the rows of a data file into checked values, key by key."""

from collections.abc import Collection, Mapping
from typing import Any

from desk.law.fields import Reader
from desk.law.source import Source, Table


def checked(
    source: Source, data: Table, table: str, readers: Mapping[str, Reader], required: Collection[str]
) -> list[Table]:
    """The `[[table]]` rows of `data`, read by `readers`; LawDataError for an unknown, missing or bad key."""

    def row(number: int, values: Table) -> Table:
        for key in required:
            if key not in values:
                raise source.error(table, number, None, f"key {key!r} is missing; add a line {key} = …")
        return {key: value(number, key, found) for key, found in values.items()}

    def value(number: int, key: str, found: Any) -> Any:
        if key not in readers:
            raise source.error(table, number, key, f"unknown key; remove it or write one of {', '.join(readers)}")
        try:
            return readers[key](found)
        except ValueError as error:
            raise source.error(table, number, key, str(error)) from error

    return [row(number, values) for number, values in enumerate(source.rows(data, table))]
