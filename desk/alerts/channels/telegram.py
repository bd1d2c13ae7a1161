"""A Telegram bot that writes to the chats people named on their account pages.

Telegram has no key against doubles: a message whose answer was lost may come twice.
"""

from __future__ import annotations

import json
from typing import Any

from ... import https
from ...models import User
from ...settings import Settings
from .refusal import Message, Refused, no_answer

NAME, TITLE = "telegram", "Telegram"
LONGEST = 4096  # characters of one message
NOBODY = ("chat not found", "user is deactivated", "peer_id_invalid", "chat_id is empty", "upgraded to a supergroup",
          "bot was kicked", "not enough rights")


def is_configured(conf: Settings) -> bool:
    return bool(conf.telegram.token.get_secret_value())


def address(conf: Settings, user: User) -> str:
    return user.telegram_chat if is_configured(conf) else ""


def send(conf: Settings, message: Message) -> None:
    text = f"{message.subject}\n\n{message.text}"
    body = {"chat_id": message.address, "text": text if len(text) <= LONGEST else f"{text[:LONGEST - 1]}…",
            "link_preview_options": {"is_disabled": True}}
    url = f"{conf.telegram.base_url}/bot{conf.telegram.token.get_secret_value()}/sendMessage"
    try:
        answer = https.ask("POST", url, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"},
                           seconds=conf.alerts.request_seconds, allow_private=conf.alerts.allow_private_addresses)
    except https.HttpsError as error:
        raise no_answer(error) from error
    said = _read(answer.body)
    if answer.status != 200 or said.get("ok") is not True:
        raise _refused(answer.status, said)


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _refused(status: int, said: dict[str, Any]) -> Refused:
    words = f"Telegram answered {status}: {said.get('description', '')}"
    if status in (401, 404):  # the token is wrong: then the whole path does not exist
        return Refused(words, "channel")
    if status == 403 or (status == 400 and any(one in words.lower() for one in NOBODY)):
        return Refused(words, "address")
    if status == 400:
        return Refused(words, "message")
    wait = said.get("parameters", {}).get("retry_after", 0) if isinstance(said.get("parameters"), dict) else 0
    return Refused(words, after=float(wait) if isinstance(wait, int | float) else 0)
