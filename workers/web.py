"""The page's process: gunicorn with threads, for a clone and an installed package alike.

Its children end when it ends, however that ended, and each says every 15 seconds that it lives.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from gunicorn.app.base import BaseApplication

from desk import db, leases, supervise
from desk.db import Database
from desk.settings import Settings

log = logging.getLogger(__name__)
BEAT_SECONDS = 15
GRACEFUL_SECONDS = 5


def main(conf: Settings) -> None:
    """Serve until SIGTERM."""
    Server(conf).run()


class Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, conf: Settings) -> None:
        self.conf = conf
        super().__init__()

    def load_config(self) -> None:
        web = self.conf.web
        host = f"[{web.host}]" if ":" in web.host else web.host
        values: dict[str, Any] = {
            "bind": [f"{host}:{web.port}"], "workers": web.workers, "threads": web.threads, "worker_class": "gthread",
            "loglevel": "warning", "graceful_timeout": GRACEFUL_SECONDS,
            "control_socket_disable": True,  # it would be made in HOME, which may not exist
            "post_fork": lambda _arbiter, worker: supervise.die_with_parent(worker.ppid),
            "post_worker_init": lambda _worker: self.beat()}
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """After the fork: no connection is shared between processes."""
        from desk.web import create_app

        return create_app(self.conf)

    def beat(self) -> None:
        threading.Thread(target=_beat, args=(Database(self.conf.database_url, pool_size=1),), daemon=True).start()


def _beat(database: Database) -> None:
    pause = threading.Event()
    while True:
        try:
            with database.write() as session:
                leases.beat(session, "web", now=db.now(), detail={"pid": os.getpid()})
        except Exception:
            log.exception("heartbeat")
        pause.wait(BEAT_SECONDS)
