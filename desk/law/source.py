"""A TOML file of legal data and its errors, which name the file, the line, the key and what to do."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

Table = dict[str, Any]


class LawDataError(Exception):
    """Legal data that cannot be used; the text is meant for the advocate who edits the file.

    `others`: the mistakes found beside this one, in the order of the file.
    """

    def __init__(self, file: str, line: int, key: str | None, problem: str) -> None:
        self.file, self.line, self.key, self.problem = file, line, key, problem
        self.others: tuple[LawDataError, ...] = ()
        at = f"{file}, line {line}" + (f", key {key!r}" if key else "")
        super().__init__(f"{at}: {problem}")


@dataclass(frozen=True)
class Source:
    """The text of one data file. `name` is what errors call it."""

    name: str
    text: str

    def tables(self, *allowed: str) -> Table:
        """The parsed file, whose top-level keys are among `allowed`. LawDataError otherwise."""
        try:
            data = tomllib.loads(self.text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise self._syntax(str(error)) from error
        for key in data:
            if key not in allowed:
                problem = f"unknown table; write one of {', '.join(allowed)}"
                raise LawDataError(self.name, self._first(key), key, problem)
        return data

    def rows(self, data: Table, table: str) -> list[Table]:
        """The `[[table]]` rows of the file, none when it has no such table."""
        rows = data.get(table, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise LawDataError(self.name, self._first(table), table, f"write it as rows, each under [[{table}]]")
        return rows

    def error(self, table: str, row: int, key: str | None, problem: str) -> LawDataError:
        """An error about `key` of the row number `row` (from 0) of `[[table]]`; None: about the whole row."""
        return LawDataError(self.name, self._line(table, row, key), key, problem)

    def _line(self, table: str, row: int, key: str | None) -> int:
        header = re.compile(rf"\s*\[\[\s*{re.escape(table)}\s*\]\]")
        seen, found = -1, 1
        for number, line in enumerate(self.text.split("\n"), 1):
            if header.match(line):
                seen += 1
                found = number if seen == row else found
            elif seen == row and key and _assigns(line, key):
                return number
        return found

    def _first(self, key: str) -> int:
        lines = enumerate(self.text.split("\n"), 1)
        opens = re.compile(rf"\s*\[\[?\s*{re.escape(key)}\s*\]")
        return next((number for number, line in lines if opens.match(line) or _assigns(line, key)), 1)

    def _syntax(self, message: str) -> LawDataError:
        found = re.search(r"at line (\d+)", message)
        line = int(found[1]) if found else self.text.count("\n") + 1
        return LawDataError(self.name, line, None, f"not valid TOML: {message}; correct this line")


def refuse(mistakes: Iterable[LawDataError]) -> None:
    """Raises the first of the mistakes in the file with all others; nothing when there are none."""
    found = sorted(mistakes, key=lambda mistake: mistake.line)
    if found:
        found[0].others = tuple(found[1:])
        raise found[0]


def read(source: str | Path, name: str) -> Source:
    """The file at a path (a Path, or a one-line string ending in .toml), or the text itself, called `name`."""
    if isinstance(source, str) and ("\n" in source or not source.endswith(".toml")):
        return Source(name, source)
    path = Path(source)
    try:
        return Source(str(path), path.read_text(encoding="utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise LawDataError(str(path), line, None, "not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise LawDataError(str(path), 1, None, f"cannot be read ({error.strerror}); restore the file") from error


def _assigns(line: str, key: str) -> bool:
    return re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line) is not None
