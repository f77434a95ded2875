"""The embedded Redis and the check of every other one, on real servers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis, RedisError
from redis.asyncio import Redis as AsyncRedis

from bridge.embedded import LONGEST_SOCKET, DataLock, EmbeddedRedis, check_redis, socket_path
from bridge.errors import ConfigError, Unavailable
from tests.services import RedisServer

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def running(data: Path) -> AsyncIterator[EmbeddedRedis]:
    embedded = EmbeddedRedis(data)
    await embedded.start()
    watch = asyncio.create_task(embedded.supervise())
    try:
        yield embedded
    finally:
        await embedded.stop()
        await asyncio.wait_for(watch, 5)


@pytest.fixture
def far_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder whose path is too long for a socket."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield tmp_path / ("a long name " * 10)
    short = socket_path(tmp_path / ("a long name " * 10)).parent
    if short.exists():
        short.rmdir()


def left_in(folder: Path) -> list[Path]:
    return [path.relative_to(folder) for path in folder.iterdir()]


def process_of(embedded: EmbeddedRedis) -> psutil.Process:
    assert embedded.process is not None
    return psutil.Process(embedded.process.pid)


async def answers_within(url: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    async with AsyncRedis.from_url(url, retry=None, socket_timeout=1) as client:
        while time.monotonic() < deadline:
            with contextlib.suppress(RedisError, OSError):
                return bool(await client.ping())
            await asyncio.sleep(0.02)
    return False


async def test_it_answers_on_a_socket_that_only_its_owner_may_use_and_on_no_port(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as embedded:
        assert await answers_within(embedded.url, 1)
        assert stat.S_IMODE(embedded.socket.stat().st_mode) == 0o700
        assert embedded.socket.parent == tmp_path / "data"
        assert process_of(embedded).net_connections("inet") == []


async def test_it_writes_nothing_to_disk_and_throws_no_key_away(tmp_path: Path) -> None:
    async with running(tmp_path) as embedded, AsyncRedis.from_url(embedded.url) as client:
        settings = await client.config_get("save", "appendonly", "maxmemory-policy")
        assert settings == {"save": "", "appendonly": "no", "maxmemory-policy": "noeviction"}
        await client.set("key", "value")
        await check_redis(embedded.url)
    assert sorted(str(path) for path in left_in(tmp_path)) == ["lock", "redis.log"]


async def test_it_comes_back_at_the_same_address_however_often_it_dies(tmp_path: Path) -> None:
    async with running(tmp_path) as embedded:
        died = set()
        for _ in range(2):
            server = embedded.process
            assert server is not None
            died.add(server.pid)
            server.kill()
            await server.wait()
            assert await answers_within(embedded.url, 5)
        assert process_of(embedded).pid not in died


async def test_it_comes_back_as_soon_as_what_kept_it_from_starting_is_over(tmp_path: Path) -> None:
    async with running(tmp_path) as embedded:
        (tmp_path / "redis.log").unlink()
        (tmp_path / "redis.log").mkdir()
        process_of(embedded).kill()
        assert not await answers_within(embedded.url, 0.8)
        (tmp_path / "redis.log").rmdir()
        assert await answers_within(embedded.url, 5)


async def test_no_place_short_enough_for_a_socket_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.embedded.LONGEST_SOCKET", 10)
    with pytest.raises(ConfigError, match="too long for a socket") as refused:
        EmbeddedRedis(tmp_path)
    assert refused.value.path == "data"


async def test_stopping_ends_it_and_it_stays_ended(tmp_path: Path) -> None:
    async with running(tmp_path) as embedded:
        server = process_of(embedded)
    assert not server.is_running()
    assert not embedded.socket.exists()
    assert not await answers_within(embedded.url, 0.3)


async def test_stopping_while_it_is_being_restarted_leaves_no_server(tmp_path: Path) -> None:
    # The servers of other tests' fixtures are children of this process as well.
    others = set(psutil.Process().children())
    async with running(tmp_path) as embedded:
        process_of(embedded).kill()
        await asyncio.sleep(0.05)
    left = set(psutil.Process().children()) - others
    assert [p for p in left if p.name() == "valkey-server"] == []


async def test_stopping_ends_one_that_is_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.embedded._STOP_SECONDS", 0.2)
    async with running(tmp_path) as embedded:
        server = process_of(embedded)
        server.suspend()
    assert not server.is_running()


async def test_a_second_one_on_the_same_folder_is_refused_with_the_number_of_the_first(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as first:
        with pytest.raises(
            ConfigError, match=rf"in use by another bridge \(process {os.getpid()}\)"
        ) as refused:
            await EmbeddedRedis(tmp_path).start()
        assert refused.value.path == "data"
        assert await answers_within(first.url, 1)
    async with running(tmp_path) as second:
        assert await answers_within(second.url, 1)


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file/data cannot be used: Not a directory") as refused:
        await EmbeddedRedis(tmp_path / "file" / "data").start()
    assert refused.value.path == "data"


async def test_a_server_that_does_not_start_is_told_in_its_own_words_and_the_folder_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.embedded.LONGEST_SOCKET", 1000)  # longer than the system takes
    data = tmp_path / ("long " * 25)
    with pytest.raises(ConfigError, match=r"does not start: .*socket") as refused:
        await EmbeddedRedis(data).start()
    assert refused.value.path == "redis.url"
    lock = DataLock(data)
    lock.take()
    lock.release()


async def test_a_folder_where_the_server_has_no_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "redis.log").mkdir()
    with pytest.raises(ConfigError, match=r"cannot start in .*redis\.log") as refused:
        await EmbeddedRedis(tmp_path).start()
    assert refused.value.path == "data"


async def test_a_path_too_long_for_a_socket_moves_it_to_a_private_short_one(far_away: Path) -> None:
    async with running(far_away) as embedded:
        assert await answers_within(embedded.url, 1)
        assert len(os.fsencode(embedded.socket)) <= LONGEST_SOCKET
        assert stat.S_IMODE(embedded.socket.parent.stat().st_mode) == 0o700
        assert socket_path(far_away) == embedded.socket
        assert socket_path(far_away.with_name("b" * 120)) != embedded.socket


async def test_a_short_place_that_others_may_enter_is_refused(far_away: Path) -> None:
    socket_path(far_away).parent.mkdir(mode=0o777)
    socket_path(far_away).parent.chmod(0o777)
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        await EmbeddedRedis(far_away).start()


async def test_a_folder_with_odd_letters_works(tmp_path: Path) -> None:
    async with running(tmp_path / "дата #1 100%?x=y") as embedded:
        assert await answers_within(embedded.url, 1)


PARENT = """
import asyncio, signal, sys
from pathlib import Path
from bridge.embedded import EmbeddedRedis
async def main():
    embedded = EmbeddedRedis(Path(sys.argv[1]))
    await embedded.start()
    print(embedded.process.pid, flush=True)
    await embedded.supervise()
signal.signal(signal.SIGINT, lambda *_: None)
asyncio.run(main())
"""


@contextlib.contextmanager
def bridge_process(data: Path) -> Iterator[tuple[subprocess.Popen[bytes], psutil.Process]]:
    """A process of its own that runs an embedded Redis, in a group of its own as a shell starts it."""
    program = [sys.executable, "-c", PARENT, str(data)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, process_group=0) as parent:
        assert parent.stdout is not None
        yield parent, psutil.Process(int(parent.stdout.readline()))
        parent.kill()


@pytest.mark.faults
async def test_it_dies_with_a_killed_bridge_and_the_next_one_starts_at_once(tmp_path: Path) -> None:
    with bridge_process(tmp_path) as (_, server):
        pass
    with contextlib.suppress(psutil.NoSuchProcess):
        server.wait(5)
    assert not server.is_running()
    async with running(tmp_path) as embedded:
        assert await answers_within(embedded.url, 1)


@pytest.mark.faults
async def test_ctrl_c_at_the_terminal_leaves_it_running_for_the_bridge_to_finish_with(tmp_path: Path) -> None:
    with bridge_process(tmp_path) as (parent, server):
        os.killpg(parent.pid, signal.SIGINT)
        await asyncio.sleep(0.3)
        assert parent.poll() is None
        assert server.is_running()


async def test_a_server_left_behind_by_a_killed_bridge_is_ended_first(tmp_path: Path) -> None:
    left = RedisServer("embedded")
    left.socket = socket_path(tmp_path)
    left.start()
    try:
        async with running(tmp_path) as embedded:
            assert await answers_within(embedded.url, 1)
            assert not left.running()
    finally:
        left.remove()


async def test_a_redis_as_it_should_be_passes(redis_url: str) -> None:
    await check_redis(redis_url)


async def test_a_redis_that_throws_keys_away_is_refused(redis_server: RedisServer) -> None:
    with Redis.from_url(redis_server.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(ConfigError, match=r"allkeys-lru.*set maxmemory-policy noeviction") as refused:
            await check_redis(redis_server.url)
        client.config_set("maxmemory-policy", "noeviction")
    assert refused.value.path == "redis.url"


async def test_a_redis_that_wants_another_password_is_refused_without_telling_ours(
    redis_server: RedisServer,
) -> None:
    with Redis.from_url(redis_server.url) as client:
        client.config_set("requirepass", "right")
        try:
            with pytest.raises(ConfigError, match="refuses us") as refused:
                await check_redis(redis_server.url.replace("unix://", "unix://:canary@"))
        finally:
            client.config_set("requirepass", "")
    assert refused.value.path == "redis.url"
    assert "canary" not in str(refused.value)


async def test_a_redis_that_is_out_is_unavailable_and_no_mistake_of_the_config(
    redis_server: RedisServer,
) -> None:
    redis_server.kill()
    with pytest.raises(Unavailable, match="does not answer"):
        await check_redis(redis_server.url)


async def test_a_redis_that_is_too_old_is_refused(tmp_path: Path) -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        facts = b"redis_version:6.2.14\r\nmaxmemory_policy:noeviction\r\n"
        while request := await reader.read(4096):
            if b"INFO" in request:
                writer.write(b"$%d\r\n%s\r\n" % (len(facts), facts))
            elif b"HELLO" in request:
                writer.write(b"-NOPROTO unsupported protocol version\r\n")
            else:
                writer.write(b"+OK\r\n" * request.count(b"*"))
        writer.close()

    server = await asyncio.start_unix_server(old, tmp_path / "old.sock")
    async with server:
        with pytest.raises(ConfigError, match=r"version 6\.2\.14; Redis 7 or Valkey is needed"):
            await check_redis(f"unix://{tmp_path / 'old.sock'}?protocol=2")
