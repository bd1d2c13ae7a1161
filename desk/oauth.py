"""Access tokens for mail servers, renewed with a refresh token (RFC 6749, section 6) before they expire.

Kept under DESK_HOME/oauth, one file for each refresh token, so that fetcher and sender share them. A server may answer
with a new refresh token that replaces the one in the settings (Yandex does): it is stored before it is used.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from pydantic import SecretStr

from . import https, settings

TIMEOUT_SECONDS = 20
EARLY_SECONDS = 120  # renewed so long before the end: a sign-in takes time, clocks differ
LIFETIME_SECONDS = 3600  # when the server does not say (RFC 6749 5.1 only recommends it)

HINT = ("Нет токена доступа: если refresh_token отозван, получите новый / "
        "no access token: if the refresh token was revoked, get a new one")


class Account(Protocol):
    """What a mailbox and the sending side have in their settings."""

    password: SecretStr
    token_url: str
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr


class OAuthError(Exception):
    """No access token. `permanent`: the refresh token or the client is no longer accepted, a person has to act."""

    def __init__(self, text: str, *, permanent: bool = False) -> None:
        super().__init__(text)
        self.permanent = permanent


def access_token(account: Account) -> str:
    """Valid for two more minutes at least; the password itself when no refresh token is set. Raises OAuthError."""
    if not account.refresh_token.get_secret_value():
        return account.password.get_secret_value()
    with _kept(account) as (path, kept):
        if kept.get("expires_at", 0) - EARLY_SECONDS > time.time():
            return str(kept["access_token"])
        answer = _ask(account, kept.get("refresh_token") or account.refresh_token.get_secret_value())
        fresh = {"access_token": answer["access_token"],
                 "expires_at": time.time() + float(answer.get("expires_in") or LIFETIME_SECONDS),
                 "refresh_token": answer.get("refresh_token") or kept.get("refresh_token", "")}
        _write(path, fresh)
        return str(fresh["access_token"])


def forget(account: Account) -> None:
    """The server refused the access token although it should still be good: ask for another one next time."""
    if account.refresh_token.get_secret_value():
        with _kept(account) as (path, kept):
            _write(path, kept | {"expires_at": 0})


@contextmanager
def _kept(account: Account) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The file of this refresh token and what stands in it; one process at a time, as a token may serve only once."""
    name = hashlib.sha256(f"{account.token_url}\n{account.refresh_token.get_secret_value()}".encode()).hexdigest()[:32]
    folder = settings.home() / "oauth"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = folder / f"{name}.json"
        try:
            kept = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            kept = {}
        yield path, kept


def _write(path: Path, values: dict[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(values, out)
        out.flush()
        os.fsync(out.fileno())
    draft.rename(path)


def _ask(account: Account, refresh_token: str) -> dict[str, Any]:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": account.client_id,
            "client_secret": account.client_secret.get_secret_value()}
    try:
        answer = https.ask("POST", account.token_url, body=urlencode(form).encode(), seconds=TIMEOUT_SECONDS,
                           headers={"Content-Type": "application/x-www-form-urlencoded"}, allow_private=True)
    except https.HttpsError as error:
        raise OAuthError(f"no access token: {error}", permanent=error.permanent) from None
    said = _object(answer.body)
    if answer.status != 200:  # RFC 6749 5.2: 400 or 401, and `error` is a word like invalid_grant
        raise OAuthError(f"no access token: {answer.status} {str(said.get('error', ''))[:100]}".strip(),
                         permanent=answer.status in (400, 401, 403))
    if not isinstance(said.get("access_token"), str):
        raise OAuthError("no access token: there is none in the answer")
    return said


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
