"""`desk up`: everything at once under one supervisor; `desk web`: the page alone."""

from __future__ import annotations

import argparse
from zoneinfo import ZoneInfo

from .. import demo_time, lawbook, settings
from .command import Commands, Refused, log_to_stderr, opened


def add_to(commands: Commands) -> None:
    up_options = commands.add("up", up, "start everything and keep it running until stopped")
    up_options.add_argument("--demo", action="store_true", help="with a mail server and sample complaints")
    up_options.add_argument("--fresh", action="store_true", help="(demo) begin anew: what was there is deleted")
    up_options.add_argument("--no-sample", action="store_true", help="(demo) without the sample complaints")
    commands.add("demo-time", skip_days, "move the time of a demo forward, so that its deadlines pass").add_argument(
        "by", metavar="+11d", help="days or hours, for example +11d or +6h")
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


def skip_days(options: argparse.Namespace) -> int:
    by = demo_time.read(options.by)
    if by is None:
        raise Refused("Write how far as +11d (days) or +6h (hours), a year at most; time never goes back.")
    with opened() as (database, conf):
        if not demo_time.is_demo(conf.home):
            raise Refused(f"{conf.home} is a real desk: only the time of a demo can be moved.")
        now = demo_time.move(database, conf, by)
    print(f"В этой копии теперь / here it is now {now.astimezone(ZoneInfo(conf.desk.timezone)):%Y-%m-%d %H:%M}")
    return 0


def web(_options: argparse.Namespace) -> int:
    from workers import web as worker

    lawbook.check()
    log_to_stderr()
    worker.main(settings.load())
    return 0
