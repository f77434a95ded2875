"""A worker process for tests: `python -m tests.workers.worker DATABASE REDIS` is `bridge worker` without a config."""

from __future__ import annotations

import sys

import redis

from bridge import logs
from bridge.conversations.committer import Committer
from bridge.conversations.database import Database
from bridge.conversations.door import Door
from bridge.conversations.hints import send_now
from bridge.media import Files
from tests.conversations.samples import RULES
from workers import door
from workers.run import work


def main(database_url: str, redis_url: str) -> None:
    logs.start(as_json=True)
    database = Database(database_url)
    client = redis.Redis.from_url(redis_url, socket_timeout=5)
    committer = Committer(database, RULES, lambda effects: send_now(client, effects))
    committer.start()
    door.open(Door(database, committer, RULES, Files("memory://files", b"secret")))
    try:
        work(redis_url)
    finally:
        committer.stop()
        database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
