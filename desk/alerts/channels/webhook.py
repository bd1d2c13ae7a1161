"""A signed POST of JSON to the team's own program: docs/alerts.md says how to check it.

The signature is an HMAC-SHA256 over the timestamp, a full stop and the body; whoever gets it can tell a copy that comes
twice by `X-Desk-Delivery`, and an old one that somebody plays again by `X-Desk-Timestamp`.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from ... import https
from ...models import User
from ...settings import Settings
from .refusal import Message, Refused, no_answer

NAME, TITLE = "webhook", "Webhook"
GONE = (401, 403, 404, 410)


def is_configured(conf: Settings) -> bool:
    return bool(conf.webhook.url.get_secret_value() and conf.webhook.secret.get_secret_value())


def address(conf: Settings, user: User) -> str:
    """One for the whole team: every person's alerts go there."""
    return "team" if is_configured(conf) else ""


def send(conf: Settings, message: Message) -> None:
    body, stamp = content(message), str(int(message.now.timestamp()))
    headers = {"Content-Type": "application/json; charset=utf-8", "X-Desk-Delivery": message.key,
               "X-Desk-Timestamp": stamp,
               "X-Desk-Signature": f"v1={signature(conf.webhook.secret.get_secret_value(), stamp, body)}"}
    try:
        answer = https.ask("POST", conf.webhook.url.get_secret_value(), body=body, headers=headers,
                           seconds=conf.alerts.request_seconds, allow_private=conf.alerts.allow_private_addresses)
    except https.HttpsError as error:
        raise no_answer(error) from error
    if not 200 <= answer.status < 300:
        raise Refused(f"the webhook answered {answer.status}", "channel" if answer.status in GONE else "later")


def content(message: Message) -> bytes:
    """The same bytes at every try."""
    said = {"version": 1, "id": message.key, "kind": message.kind, "created_at": message.created_at.isoformat(),
            "person": {"name": message.name, "email": message.email}, "subject": message.subject,
            "text": message.text, "alerts": list(message.facts)}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
