"""Settings: config/desk.toml, then DESK_HOME/desk.toml, then the environment; the only reader of os.environ.

``load()`` returns a frozen `Settings` or raises `SettingsError` with a sentence that names the key
and says what to do.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

HERE = Path(__file__).resolve().parent
# Read by other parts of a process than Settings.
OTHER_VARIABLES = {"DESK_HOME", "DESK_CONFIG", "DESK_ENV", "DESK_FAILPOINT", "DESK_IMAP_PORT", "DESK_TEST_KEEP"}


class SettingsError(Exception):
    """A setting is unknown, missing or wrong. The text is meant for the person who installs the desk."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Desk(Section):
    name: str
    base_url: str
    language: Literal["ru", "en"]
    timezone: str
    secret_key: SecretStr
    first_ticket_number: int = Field(ge=1)

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, value: str) -> str:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is not a time zone; use a name such as Europe/Moscow") from None
        return value

    @field_validator("base_url")
    @classmethod
    def no_slash(cls, value: str) -> str:
        return value.rstrip("/")


class Database(Section):
    url: SecretStr


class Redis(Section):
    url: SecretStr


class Blobs(Section):
    path: str


class Signed(Section):
    """How to sign in at a mail server; with a refresh token the access token is renewed (desk.oauth)."""

    username: str
    password: SecretStr
    auth: Literal["password", "xoauth2"] = "password"
    token_url: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = SecretStr("")

    @field_validator("refresh_token")
    @classmethod
    def whole(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if value.get_secret_value() and not (info.data.get("token_url") and info.data.get("client_id")):
            raise ValueError("refresh_token needs token_url and client_id beside it")
        return value


class Mailbox(Signed):
    name: str = Field(pattern=r"^[a-z0-9]{1,30}$")
    address: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    host: str = Field(min_length=1)
    port: int = 993
    tls: bool = True
    tls_strict: bool = True
    folder: str = Field(default="INBOX", pattern=r"^[^\x00-\x1f]+$")
    after: Literal["nothing", "flag", "move"] = "nothing"
    move_to: str = Field(default="", pattern=r"^[^\x00-\x1f]*$")
    authserv_id: str = Field(default="", pattern=r"^[\w.-]*$")


class Smtp(Signed):
    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    address: str
    undo_seconds: int = Field(ge=0)


class Web(Section):
    host: str
    port: int
    workers: int = Field(ge=1)
    threads: int = Field(ge=1)
    secure_cookies: bool
    trusted_proxies: int = Field(ge=0)
    session_idle_minutes: int = Field(ge=1)
    session_hours: int = Field(ge=1)
    sign_in_account_limit: int = Field(ge=1)
    sign_in_address_limit: int = Field(ge=1)


class Fetch(Section):
    look_seconds: float = Field(gt=0)
    batch_mails: int = Field(ge=1, le=500)
    batch_bytes: int = Field(ge=1)
    max_mail_bytes: int = Field(ge=1024)


class Work(Section):
    inbound_lease_seconds: float
    outbox_lease_seconds: float
    uncertain_retry_seconds: float
    inbound_attempts: int = Field(ge=1)
    parser_memory_bytes: int
    parser_cpu_seconds: int
    parser_wall_seconds: float
    sweep_seconds: float


class Files(Section):
    clamd: str = Field(pattern=r"^$|^unix:/.+$|^tcp:[^\s]+:\d{1,5}$")
    parser_memory_bytes: int
    parser_cpu_seconds: int
    parser_wall_seconds: float


class Acknowledge(Section):
    enabled: bool
    hours_per_sender: int
    per_hour: int


class Alerts(Section):
    look_seconds: float = Field(gt=0, le=15)
    digest_above: int
    late_minutes: int
    team_begins: int = Field(ge=0, le=22)
    team_ends: int = Field(ge=1, le=23)
    escalate_hours: float = Field(gt=0)
    morning_hour: int = Field(ge=-1, le=23)
    paused_days: int = Field(ge=1)
    duty_address: str = Field(pattern=r"^([^@\s]+@[^@\s]+)?$")
    ping_url: SecretStr
    jump_minutes: float = Field(ge=1)
    jump_hold_hours: float = Field(gt=0)
    request_seconds: float = Field(gt=0, le=60)
    allow_private_addresses: bool

    @field_validator("team_ends")
    @classmethod
    def after_the_beginning(cls, value: int, info: ValidationInfo) -> int:
        if value <= info.data.get("team_begins", 0):
            raise ValueError("team_ends must be a later hour than team_begins")
        return value


class Webhook(Section):
    url: SecretStr
    secret: SecretStr

    @field_validator("secret")
    @classmethod
    def long_enough(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        url = info.data.get("url")
        if url is not None and url.get_secret_value() and len(value.get_secret_value()) < 32:
            raise ValueError("the webhook needs a secret of 32 or more characters, known to both sides")
        return value


class Telegram(Section):
    token: SecretStr
    base_url: str

    @field_validator("base_url")
    @classmethod
    def no_slash(cls, value: str) -> str:
        return value.rstrip("/")


class Settings(Section):
    home: Path
    desk: Desk
    database: Database
    redis: Redis
    blobs: Blobs
    mailbox: tuple[Mailbox, ...] = ()
    smtp: Smtp
    web: Web
    fetch: Fetch
    work: Work
    files: Files
    acknowledge: Acknowledge
    alerts: Alerts
    webhook: Webhook
    telegram: Telegram

    @property
    def database_url(self) -> str:
        return self.database.url.get_secret_value() or f"sqlite:///{self.home / 'desk.db'}"

    @property
    def redis_url(self) -> str:
        """'' when the doorbell is off; the embedded server's socket when nothing is set."""
        url = self.redis.url.get_secret_value()
        return "" if url == "off" else url or f"unix://{self.redis_socket}"

    @property
    def redis_socket(self) -> Path:
        """A link to a shorter path when DESK_HOME is longer than the kernel allows for a socket."""
        place = self.home / "valkey" / "valkey.sock"
        return place.readlink() if place.is_symlink() else place

    @property
    def blobs_path(self) -> Path:
        return Path(self.blobs.path) if self.blobs.path else self.home / "blobs"

    @property
    def sender_address(self) -> str:
        """The address letters are sent from; '' when nothing is set up yet."""
        return self.smtp.address or (self.mailbox[0].address if self.mailbox else "")

    @property
    def own_addresses(self) -> frozenset[str]:
        return frozenset(a.lower() for a in (self.sender_address, *(m.address for m in self.mailbox)) if a)

    def secret_key(self) -> bytes:
        """At least 32 characters; made once under DESK_HOME when not set."""
        return self.desk.secret_key.get_secret_value().encode() or _kept_key(self.home / "secret.key")


def resource(name: str) -> Path:
    """A shipped folder (`config`, `templates`): beside the package in a clone, inside it when installed."""
    inside = HERE / name
    return inside if inside.is_dir() else HERE.parent / name


def home(environ: Mapping[str, str] = os.environ) -> Path:
    return Path(environ.get("DESK_HOME") or "var/desk").absolute()


def environment() -> dict[str, str]:
    """All variables of this process, to be handed on to another."""
    return dict(os.environ)


def failpoint(environ: Mapping[str, str] = os.environ) -> str:
    """Name of the failpoint to die at; only with DESK_ENV=test."""
    name = environ.get("DESK_FAILPOINT", "")
    if name and environ.get("DESK_ENV") != "test":
        raise SettingsError("DESK_FAILPOINT is set, but this is not a test (DESK_ENV=test): unset it.")
    return name


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read all settings; raises `SettingsError`."""
    failpoint(environ)
    base = _read(resource("config") / "desk.toml")
    place = home(environ)
    own = Path(environ["DESK_CONFIG"]) if environ.get("DESK_CONFIG") else place / "desk.toml"
    if environ.get("DESK_CONFIG") and not own.exists():
        raise SettingsError(f"DESK_CONFIG names {own}, but there is no such file.")
    values = _merge(base, _read(own) if own.exists() else {}, own)
    _overlay(values, environ)
    try:
        return Settings(home=place, **values)
    except ValidationError as error:
        raise SettingsError(_sentence(error, own)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None


def _merge(base: dict[str, Any], own: dict[str, Any], path: Path) -> dict[str, Any]:
    out = dict(base)
    for section, values in own.items():
        if section not in Settings.model_fields or section == "home":
            raise SettingsError(f"{path}: there is no section [{section}]. All settings stand in config/desk.toml.")
        out[section] = {**base.get(section, {}), **values} if isinstance(values, dict) else values
    return out


def _overlay(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    places = dict(_variables(values))
    for variable in sorted(environ):
        if not variable.startswith("DESK_") or variable in OTHER_VARIABLES:
            continue
        name = variable.removesuffix("_FILE") if variable not in places else variable
        if name not in places:
            raise SettingsError(f"The environment variable {variable} names no setting. See config/desk.toml.")
        target, key, kind = places[name]
        target[key] = _typed(variable, environ[variable], kind, from_file=name != variable)


def _variables(values: dict[str, Any]) -> Iterator[tuple[str, tuple[dict[str, Any], str, Any]]]:
    for section, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            for key, inner in field.annotation.model_fields.items():
                target = values.setdefault(section, {})
                yield f"DESK_{section}_{key}".upper(), (target, key, inner.annotation)
    for box in values.get("mailbox", []):
        for key, inner in Mailbox.model_fields.items():
            yield f"DESK_MAILBOX_{box.get('name', '')}_{key}".upper(), (box, key, inner.annotation)


def _typed(variable: str, text: str, kind: Any, *, from_file: bool) -> Any:
    if from_file:
        try:
            text = Path(text).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{variable}: the file cannot be read: {error}") from None
    if kind is bool:
        if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise SettingsError(f"{variable} must be true or false, not {text!r}.")
        return text.lower() in ("true", "1", "yes")
    return text


def _sentence(error: ValidationError, path: Path) -> str:
    out = []
    for one in error.errors():
        where = ".".join(str(part) for part in one["loc"])
        if one["type"] == "extra_forbidden":
            out.append(f"There is no setting {where}. All settings stand in config/desk.toml.")
        elif one["type"] == "missing":
            out.append(f"The setting {where} is missing: add it to {path} or set {_variable(where)}.")
        else:
            out.append(f"The setting {where} is wrong: {re.sub('^Value error, ', '', one['msg'])}.")
    return " ".join(out)


def _variable(where: str) -> str:
    return "DESK_" + where.replace(".", "_").upper()


def _kept_key(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # never half written, and the first process wins
        draft.unlink()
    return path.read_bytes()


__all__ = ["Mailbox", "Settings", "SettingsError", "Smtp", "environment", "failpoint", "home", "load", "resource"]
