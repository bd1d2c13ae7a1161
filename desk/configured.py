"""What is set on this desk, where from, and what each setting is for: read again from the files and the environment.

Secrets are never shown, only whether there is one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr

from . import settings
from .settings import Settings

COMMENT = re.compile(r"^# ?(?!\w+ = )(.*)$")
KEY = re.compile(r"^(\w+) = ")
HEADING = re.compile(r"^\[(\w+)\]$")


@dataclass(frozen=True)
class Value:
    """`words`: as in a TOML file, '' for a secret; `source`: '' as shipped, or the name of a file or variable."""

    key: str
    words: str
    secret: bool
    is_set: bool
    source: str
    purpose: str


def shown(conf: Settings, environ: Mapping[str, str]) -> dict[str, list[Value]]:
    """By section, in the order of config/desk.toml; a mailbox is a section `mailbox.<name>`."""
    own_path = Path(environ["DESK_CONFIG"]) if environ.get("DESK_CONFIG") else conf.home / "desk.toml"
    own = tomllib.loads(own_path.read_text(encoding="utf-8")) if own_path.exists() else {}
    purposes = _purposes((settings.resource("config") / "desk.toml").read_text(encoding="utf-8"))
    out = {}
    for section in Settings.model_fields:
        values = getattr(conf, section)
        if isinstance(values, settings.Section):
            out[section] = _values(section, values, own.get(section, {}), own_path, environ, purposes)
    for box in conf.mailbox:
        kept: dict[str, Any] = next((b for b in own.get("mailbox", []) if b.get("name") == box.name), {})
        out[f"mailbox.{box.name}"] = _values(f"mailbox_{box.name}", box, kept, own_path, environ, {})
    return out


def _values(prefix: str, section: settings.Section, own: Mapping[str, Any], own_path: Path,
            environ: Mapping[str, str], purposes: Mapping[str, str]) -> list[Value]:
    return [_value(prefix, key, getattr(section, key), field.annotation, own, own_path, environ,
                   purposes.get(f"{prefix}.{key}", "")) for key, field in type(section).model_fields.items()]


def _value(prefix: str, key: str, value: Any, kind: Any, own: Mapping[str, Any], own_path: Path,
           environ: Mapping[str, str], purpose: str) -> Value:
    secret = kind is SecretStr or SecretStr in get_args(kind)
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    variable = f"DESK_{prefix}_{key}".upper()
    names = [name for name in (variable, f"{variable}_FILE") if name in environ]
    source = names[0] if names else own_path.name if key in own else ""
    return Value(key, "" if secret else _words(plain), secret, bool(plain) or plain == 0, source, purpose)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _purposes(text: str) -> dict[str, str]:
    """`section.key` → the comment that stands right above it."""
    out: dict[str, str] = {}
    section, above = "", list[str]()
    for line in text.splitlines():
        if found := HEADING.match(line):
            section, above = found[1], []
        elif found := COMMENT.match(line):
            above.append(found[1])
        else:
            if found := KEY.match(line):
                out[f"{section}.{found[1]}"] = " ".join(above)
            above = []
    return out
