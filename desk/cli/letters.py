"""`desk parse`: what the desk reads in mails, without a database."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command import Commands, lines

if TYPE_CHECKING:
    from ..reading import Reader

LARGEST = 64 << 20  # bytes of a mail


def add_to(commands: Commands) -> None:
    parse_options = commands.add("parse", parse, "what the desk reads in mails; needs no database")
    parse_options.add_argument("--json", action="store_true", required=True)
    parse_options.add_argument("--stdin", action="store_true", help="paths on standard input, one a line")
    parse_options.add_argument("paths", nargs="*")


@dataclass(frozen=True)
class Limits:
    """A mail is read within ten seconds and 512 MB: with its files, and when those are too much, once without."""

    parser_memory_bytes: int = 400 << 20
    parser_cpu_seconds: int = 4
    parser_wall_seconds: float = 4.5


def parse(options: argparse.Namespace) -> int:
    """One JSON object a line, in the order of the paths; a file that cannot be read has `error` instead of fields."""
    from ..reading import Reader

    reader = Reader(Limits())
    for path in lines(options.paths, from_stdin=options.stdin):
        print(json.dumps({"path": path, **_parsed(reader, path)}, ensure_ascii=False))
    reader.close()
    return 0


def _parsed(reader: Reader, path: str) -> dict[str, Any]:
    from ..reading import ReadError

    try:
        with Path(path).open("rb") as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            return {"error": f"larger than {LARGEST >> 20} MiB"}
        return reader.as_json(raw)
    except (OSError, ValueError, ReadError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
