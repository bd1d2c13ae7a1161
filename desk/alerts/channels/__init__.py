"""Ways out beside mail. A new one is one file here, with what `Channel` says, and its section in config/desk.toml."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol, cast

from ...models import User
from ...settings import Settings
from .refusal import Message, Refused

__all__ = ["ALL", "Channel", "Message", "Refused", "configured"]


class Channel(Protocol):
    """What a file here defines; it knows neither the database nor when to try again."""

    NAME: str
    """How it is called in rows and in the settings."""
    TITLE: str
    """How people call it."""

    def is_configured(self, conf: Settings) -> bool:
        """Is everything set that it needs?"""

    def address(self, conf: Settings, user: User) -> str:
        """Where it reaches this person; '' when it does not."""

    def send(self, conf: Settings, message: Message) -> None:
        """Return when the other side accepted it; else raise `Refused`."""


def _found() -> dict[str, Channel]:
    modules = [importlib.import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)]
    return {one.NAME: cast(Channel, one) for one in modules if hasattr(one, "NAME")}


ALL = _found()


def configured(conf: Settings) -> list[Channel]:
    return [one for one in ALL.values() if one.is_configured(conf)]
