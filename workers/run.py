"""A worker process: it takes chores from Redis one after the other and runs them in place.

Owns the process's loop: signals, Redis being out, and the refusal of what is no chore. It must never be the only one
who knows of some work: a job that is lost or doubled changes nothing, for chores find their work in SQL.
"""

from __future__ import annotations

import signal
import time
from types import FrameType

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker.base import WorkerStatus

from workers.queue import ChoreJob, ChoreQueue, queue

log = structlog.get_logger()

MAINTENANCE = 30
"""Seconds between two looks for the jobs of workers that have died."""
HEARTBEAT = 30
PAUSE = 1.0
"""Seconds to wait before Redis is tried again."""


class ChoreWorker(SimpleWorker):
    """RQ's worker without a fork, which runs chores only and takes no orders by Redis."""

    job_class = ChoreJob
    queue_class = ChoreQueue
    max_connection_wait_time = 2.0

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Runs a chore; anything else is logged and thrown away unread."""
        assert isinstance(job, ChoreJob), "the worker reads all jobs as chores"
        reason = job.refusal
        if reason is None:
            super().execute_job(job, queue)
            return
        log.error("a job was refused", job=job.id, reason=reason)
        self.connection.lrem(queue.intermediate_queue_key, 1, job.id)
        self.connection.delete(job.key)

    def subscribe(self) -> None:
        """Nobody stops a worker through Redis: that takes a signal."""

    def _install_signal_handlers(self) -> None:
        """`work` has its own, which last longer than one RQ worker."""


class _Stop:
    """SIGTERM and SIGINT: waiting for a job ends at once, a running job is finished first."""

    def __init__(self) -> None:
        self.asked = False
        self.worker: ChoreWorker | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self)

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            return
        self.asked = True
        if self.worker is not None:
            self.worker._stop_requested = True
            if self.worker.get_state() == WorkerStatus.BUSY:
                return
        raise StopRequested


def work(redis_url: str) -> None:
    """Does chores until SIGTERM or SIGINT, whether Redis is there or not; the door must have been opened before."""
    stop = _Stop()
    connection = redis.Redis.from_url(redis_url, socket_connect_timeout=2, health_check_interval=15)
    log.info("the worker has started")
    try:
        while not stop.asked:
            _shift(connection, stop)
    except StopRequested:
        pass
    finally:
        connection.close()
    log.info("the worker has ended")


def _shift(connection: redis.Redis, stop: _Stop) -> None:
    """One RQ worker's life, which ends when Redis goes away."""
    try:
        stop.worker = ChoreWorker(
            [queue(connection)],
            connection=connection,
            serializer=JSONSerializer,
            maintenance_interval=MAINTENANCE,
            worker_ttl=HEARTBEAT,
        )
        # RQ is heard only when something is wrong: what a job does is told by the bridge itself.
        stop.worker.work(logging_level="WARNING")
    except (redis.RedisError, OSError) as error:
        log.warning("redis is out: the worker waits", reason=str(error))
    if not stop.asked:
        time.sleep(PAUSE)
