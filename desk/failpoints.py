"""Places where a test kills the process: ``DESK_FAILPOINT=name[:nth[:action]]``, only with DESK_ENV=test.

``hit(name)`` does nothing in production. Actions: kill (default), stop (SIGSTOP), raise.
"""

from __future__ import annotations

import os
import signal

from . import settings

_armed = settings.failpoint()
_name, _, _rest = _armed.partition(":")
_nth, _, _action = _rest.partition(":")
_left = int(_nth or 1)


class Failed(Exception):
    """Raised by a failpoint whose action is `raise`."""


def hit(name: str) -> None:
    global _left
    if name != _name:
        return
    _left -= 1
    if _left:
        return
    if _action == "raise":
        raise Failed(name)
    os.kill(os.getpid(), signal.SIGSTOP if _action == "stop" else signal.SIGKILL)
