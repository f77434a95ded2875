"""The way of a chore into the queue, and what a job may be.

Owns the queue's name, the list of chores and how their jobs are read from Redis, where a stranger may have written.
It must never carry data: a job names a chore, and the chore finds its work in SQL.
"""

from __future__ import annotations

import importlib
import secrets
from collections.abc import Callable
from typing import Any

import structlog
from redis import Redis
from rq import Queue
from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

log = structlog.get_logger()

CHORES = ("announce", "audit", "tidy")
QUEUE = "chores"
TIMEOUT = 60
"""Seconds after which a job is broken off; what it has not done is found again by the next."""
_FUNCTIONS = {f"workers.{name}.run": name for name in CHORES}
_FAILED_KEPT = 300


class ChoreJob(Job):
    """A job that is nothing but the name of a chore: whatever else it says is not believed."""

    @property
    def refusal(self) -> str | None:
        """Why this job must not run; None when it is a chore."""
        try:
            if self.func_name not in _FUNCTIONS:
                return "its function is not on the list of chores"
            if self.instance is not None or self.args or self.kwargs:
                return "a chore takes no arguments"
        except (DeserializationError, TypeError) as error:
            return f"it cannot be read: {error.__cause__ or error}"
        return None

    @property
    def func(self) -> Callable[..., Any]:
        """The chore's function, by the list and never by the name that the job bears."""
        if (reason := self.refusal) is not None:
            raise ValueError(f"this job was refused: {reason}")
        module = importlib.import_module(f"workers.{_FUNCTIONS[str(self.func_name)]}")
        return module.run  # type: ignore[no-any-return]

    @property
    def success_callback(self) -> None:
        """Chores call nobody back: RQ would import whatever the job names."""

    @property
    def failure_callback(self) -> None:
        """See `success_callback`."""

    @property
    def stopped_callback(self) -> None:
        """See `success_callback`."""

    def restore(self, raw_data: dict[Any, Any]) -> None:
        """Reads the job; one that is damaged comes out unreadable, and is refused instead of stopping the worker."""
        try:
            super().restore(raw_data)
        except NoSuchJobError:
            raise
        except Exception:
            log.exception("a job in Redis is damaged", job=self.id)
            self.data = b""
        self.webhooks = []


class ChoreQueue(Queue):
    """A queue whose jobs are read as chores."""

    job_class = ChoreJob


def queue(redis: Redis) -> ChoreQueue:
    """The chores' queue of one Redis."""
    return ChoreQueue(QUEUE, connection=redis, serializer=JSONSerializer, default_timeout=TIMEOUT)


def chore(redis: Redis, name: str) -> bool:
    """Has a chore done by some worker; False when it waits in the queue already."""
    if name not in CHORES:
        raise ValueError(f"no chore {name!r}; there are: {', '.join(CHORES)}")
    jobs = queue(redis)
    # By what waits, not by what exists: the job of a worker that was killed must not hold back the next.
    if any(waiting.startswith(f"{name}-") for waiting in jobs.get_job_ids()):
        return False
    jobs.enqueue_call(
        f"workers.{name}.run",
        job_id=f"{name}-{secrets.token_hex(8)}",
        timeout=TIMEOUT,
        result_ttl=0,
        failure_ttl=_FAILED_KEPT,
        description=name,
    )
    return True
