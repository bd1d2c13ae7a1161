"""The doorbell: an rq job that only says "look". Losing it costs seconds, never a mail.

`ring` never raises; the jobs carry no data, and the worker runs no other function (see `Job`).
"""

from __future__ import annotations

import logging
from typing import Any, Literal

import redis
from rq import Queue
from rq.job import Job as RqJob
from rq.job import Retry

from . import failpoints
from .settings import Settings

log = logging.getLogger(__name__)
QUEUE = "desk"
JOBS = {"inbox": "workers.jobs.drain_inbox"}
WAITING_RINGS = 2  # one ring drains every row that waits, more of them add nothing


class Job(RqJob):
    """Refuses any function that is not ours: who can write to Redis must not run code (JSON does not stop that)."""

    def perform(self) -> Any:
        if self.func_name not in JOBS.values() or self.args or self.kwargs:
            raise PermissionError(f"a forged job was refused: {self.func_name!r}")
        return super().perform()


def connect(conf: Settings) -> redis.Redis | None:
    """A client with short timeouts, or None when the doorbell is off. Does not connect yet."""
    if not conf.redis_url:
        return None
    return redis.Redis.from_url(conf.redis_url, socket_timeout=2, socket_connect_timeout=2)


def worker_connection(conf: Settings) -> redis.Redis:
    """For the worker's blocking wait; rq sets the socket timeout it needs itself."""
    return redis.Redis.from_url(conf.redis_url, socket_connect_timeout=2, health_check_interval=30)


def queue(connection: redis.Redis) -> Queue:
    return Queue(QUEUE, connection=connection, serializer="json", job_class=Job)


_clients: dict[str, redis.Redis] = {}


def ring(conf: Settings, what: Literal["inbox"]) -> bool:
    """Say "look" to a worker; False when nobody can hear it (the sweep will find the rows)."""
    if not conf.redis_url:
        return False
    failpoints.hit("queue.ring")
    try:
        client = _clients.setdefault(conf.redis_url, connect(conf) or redis.Redis())
        bell = queue(client)
        if bell.count < WAITING_RINGS:
            bell.enqueue(JOBS[what], job_timeout=600, result_ttl=0, failure_ttl=86400, retry=Retry(max=2))
    except (redis.RedisError, OSError) as error:
        log.warning("no doorbell: %s", error)
        return False
    failpoints.hit("queue.rung")
    return True


def is_reachable(conf: Settings) -> bool:
    client = connect(conf)
    try:
        return bool(client and client.ping())
    except (redis.RedisError, OSError):
        return False
