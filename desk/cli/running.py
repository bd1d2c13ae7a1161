"""`desk up`: everything at once under one supervisor; `desk web`: the page alone."""

from __future__ import annotations

import argparse

from .. import settings
from .command import Commands, Refused, log_to_stderr


def add_to(commands: Commands) -> None:
    up_options = commands.add("up", up, "start everything and keep it running until stopped")
    up_options.add_argument("--demo", action="store_true", help="with a mail server and sample complaints")
    up_options.add_argument("--fresh", action="store_true", help="(demo) begin anew: what was there is deleted")
    up_options.add_argument("--no-sample", action="store_true", help="(demo) without the sample complaints")
    commands.add("web", web, "serve the pages until stopped")


def up(options: argparse.Namespace) -> int:
    from .. import up as everything

    if not options.demo and (options.fresh or options.no_sample):
        raise Refused("--fresh and --no-sample belong to `desk up --demo`.")
    log_to_stderr()
    if options.demo:
        from .. import demo

        demo.start(fresh=options.fresh, sample=not options.no_sample)
    else:
        everything.start(settings.load())
    return 0


def web(_options: argparse.Namespace) -> int:
    from workers import web as worker

    log_to_stderr()
    worker.main(settings.load())
    return 0
