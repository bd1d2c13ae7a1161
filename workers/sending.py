"""The clock's threads that hand over: letters to the mail server, notices to the other channels, the ping outside."""

from __future__ import annotations

import logging
import threading
import time

from desk import alerts, db, https, leases, outbox
from desk.db import Database
from desk.settings import Settings

log = logging.getLogger(__name__)
SEND_EVERY_SECONDS = 1.0
PING_EVERY_SECONDS = 60


def letters(database: Database, conf: Settings, stop: threading.Event) -> None:
    """Send what is due, every second until stopped; a mail server that hangs stops its heartbeat."""
    pulse = leases.Pulse(database, "outbox", now_fn=db.now)
    while not stop.is_set():
        try:
            tried = outbox.drain(database, conf, now_fn=db.now, limit=10)
            pulse()
        except Exception:
            log.exception("sending letters")
            tried = 0
        if not tried:
            stop.wait(SEND_EVERY_SECONDS)


def notices(database: Database, conf: Settings, stop: threading.Event, looked: threading.Event) -> None:
    """The same through the other channels; and the ping outside, while the clock gets on with its looks."""
    pulse, pinged = leases.Pulse(database, "channels", now_fn=db.now), 0.0
    while not stop.is_set():
        try:
            tried = alerts.drain(database, conf, now_fn=db.now, limit=10)
            if looked.is_set() and (not pinged or time.monotonic() - pinged >= PING_EVERY_SECONDS):
                looked.clear()
                pinged = time.monotonic()
                ping(conf)
            pulse()
        except Exception:
            log.exception("sending notices")
            tried = 0
        if not tried:
            stop.wait(SEND_EVERY_SECONDS)


def ping(conf: Settings) -> bool:
    """Tell the service outside that the clock is well; it raises the alarm when it hears nothing for long."""
    url = conf.alerts.ping_url.get_secret_value()
    if not url:
        return False
    try:
        answer = https.ask("GET", url, seconds=conf.alerts.request_seconds,
                           allow_private=conf.alerts.allow_private_addresses)
    except https.HttpsError as error:
        log.warning("the ping outside: %s", error)
        return False
    if answer.status >= 300:
        log.warning("the ping outside was answered with %s", answer.status)
    return answer.status < 300
