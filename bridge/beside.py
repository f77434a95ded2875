"""What runs beside the bridge's own process: the Redis server, and the workers with their chores.

Owns starting and ending them. It must never know what a chore does.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import redis
import redis.asyncio as aioredis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from bridge import errors
from bridge.config import Config
from bridge.embedded import EmbeddedRedis, check_redis, dies_with_parent

log = structlog.get_logger()


@asynccontextmanager
async def redis_server(config: Config) -> AsyncIterator[str]:
    """The url of the configured server, or of the embedded one for as long as the block runs."""
    if config.redis.url:
        try:
            await check_redis(config.redis.url)
        except errors.Unavailable as error:
            log.warning("starting without redis", reason=error.reason)
        yield config.redis.url
        return
    server = EmbeddedRedis(config.data)
    url = await server.start()
    supervisor = asyncio.create_task(server.supervise())
    try:
        yield url
    finally:
        await server.stop()
        await asyncio.gather(supervisor, return_exceptions=True)


def redis_client(url: str) -> aioredis.Redis:
    """A client that fails fast: hints are not worth waiting for."""
    pool = aioredis.BlockingConnectionPool.from_url(
        url,
        max_connections=64,
        timeout=5,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 1),
    )
    return aioredis.Redis(connection_pool=pool)


class Chores:
    """Starts chores in the worker processes, by RQ."""

    def __init__(self, redis_url: str) -> None:
        self._client = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)
        self._started: set[asyncio.Task[None]] = set()

    async def start(self, name: str) -> None:
        """Puts the chore into the workers' queue; while Redis is out the chore's timer comes round again."""
        # RQ takes a fifth of a second and ten megabytes to load: only processes that start chores do.
        from workers import queue as worker_queue

        try:
            await asyncio.to_thread(worker_queue.chore, self._client, name)
        except (redis.RedisError, OSError) as error:
            log.warning("a chore could not be started", chore=name, reason=str(error))

    def soon(self, name: str) -> None:
        task = asyncio.get_running_loop().create_task(self.start(name))
        self._started.add(task)
        task.add_done_callback(self._started.discard)

    def close(self) -> None:
        self._client.close()


async def keep_worker(config_path: Path, redis_url: str) -> None:
    """Runs an RQ worker beside this process until cancelled; one that dies is started again."""
    command = [
        sys.executable,
        "-m",
        "bridge",
        "worker",
        "--config",
        str(config_path),
        "--redis-url",
        redis_url,
    ]
    while True:
        worker = await asyncio.create_subprocess_exec(*command, preexec_fn=dies_with_parent())
        try:
            code = await worker.wait()
        except asyncio.CancelledError:
            await _end(worker)
            raise
        log.error("a worker has died and is started again", code=code)
        await asyncio.sleep(2)


async def _end(worker: asyncio.subprocess.Process) -> None:
    """Lets the worker finish its job, for ten seconds at most."""
    if worker.returncode is None:
        worker.terminate()
        try:
            async with asyncio.timeout(10):
                await worker.wait()
        except TimeoutError:
            worker.kill()
