"""The demo's own parts, started by its supervisor: `mail` and `sample`."""

from __future__ import annotations

import logging
import sys

from .. import demo_time, settings


def main(part: str) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    demo_time.follow(settings.home())
    if part == "mail":
        from . import post

        post.main(settings.load())
    else:
        from . import sample

        sample.main(settings.load())


main(sys.argv[1])
