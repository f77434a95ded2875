"""What every fault test is given: a seed that it prints, and the number of rounds that the environment asks for."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import REDIS_KINDS, RedisServer, chosen

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever starts the bridge here is a fault test, and takes its time."""
    for item in items:
        if item.path.parent == HERE and item.path.name != "test_checks.py":
            item.add_marker("faults")
            item.add_marker("slow")


@pytest.fixture
def seed() -> int:
    """A new seed, or the one of FAULT_SEED; printed, so that a failing run can be run again."""
    chosen = int(os.environ.get("FAULT_SEED") or secrets.randbelow(1_000_000))
    print(f"FAULT_SEED={chosen}")
    return chosen


@pytest.fixture
def rounds() -> int:
    """How many times the usual number of faults: 1 in CI, more for a soak."""
    return int(os.environ.get("FAULT_ROUNDS", "1"))


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """The system's Redis where it is asked for; the embedded one is killed in the house of one process."""
    server = RedisServer(chosen("BRIDGE_TEST_REDIS", REDIS_KINDS)[-1])
    yield server
    server.remove()
