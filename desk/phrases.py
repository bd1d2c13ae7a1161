"""Letter texts from config/replies: ``{{name}}`` is replaced from a fixed dictionary, nothing is executed."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from . import settings


def fill(name: str, values: Mapping[str, str]) -> str:
    """The text file `name` with its placeholders filled; KeyError names an unknown placeholder."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], _text(name))


@functools.cache
def _text(name: str) -> str:
    return (settings.resource("config") / "replies" / name).read_text(encoding="utf-8")
