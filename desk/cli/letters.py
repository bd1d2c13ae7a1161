"""`desk parse`: what the desk reads in mails, without a database."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .command import Commands, lines


def add_to(commands: Commands) -> None:
    parse_options = commands.add("parse", parse, "what the desk reads in mails; needs no database")
    parse_options.add_argument("--json", action="store_true", required=True)
    parse_options.add_argument("--stdin", action="store_true", help="paths on standard input, one a line")
    parse_options.add_argument("paths", nargs="*")


def parse(options: argparse.Namespace) -> int:
    from .. import reading

    for path in lines(options.paths, from_stdin=options.stdin):
        try:
            answer = reading.as_json(Path(path).read_bytes())
        except Exception as error:  # noqa: BLE001 - one bad file must not stop the others
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"path": path, **answer}, ensure_ascii=False))
    return 0
