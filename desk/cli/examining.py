"""`desk doctor`: what is wrong, and the cure."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from .. import db, settings
from .command import Commands

SIGNS = {"ok": "  ok     ", "warning": "  WARNING", "stopped": "  STOPPED"}


def add_to(commands: Commands) -> None:
    commands.add("doctor", doctor, "check every part and say the cure").add_argument("--json", action="store_true")


def doctor(options: argparse.Namespace) -> int:
    """Exit code 1 when something is stopped."""
    from .. import doctor as physician

    conf, worst = settings.load(), 0
    for finding in physician.examine(conf, now=db.now()):
        worst = max(worst, int(finding.state == "stopped"))
        if options.json:
            print(json.dumps(asdict(finding), ensure_ascii=False), flush=True)
        else:
            print(f"{SIGNS[finding.state]} {finding.part}: {finding.words}", flush=True)
            if finding.cure:
                print(f"             → {finding.cure}", flush=True)
    return worst
