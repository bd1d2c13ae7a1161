"""The `desk` command: one file for each family of commands. Errors are one clear sentence and exit code 2."""

from __future__ import annotations

import argparse
import os
import sys

from .. import demo_time, settings
from ..law.source import LawDataError
from . import deadlines, examining, finding, importing, keeping, law, letters, mails, processes, rules, running, team
from .command import Commands, Refused

FAMILIES = (running, processes, examining, team, mails, importing, keeping, letters, law, rules, deadlines,
            finding)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    demo_time.follow(settings.home())
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except (settings.SettingsError, Refused, LawDataError) as error:
        print(f"desk: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `desk tickets | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="desk", description="A support desk for consumer advocates.")
    commands = Commands(parser.add_subparsers(required=True, metavar="COMMAND"))
    for family in FAMILIES:
        family.add_to(commands)
    return parser
