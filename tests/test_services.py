"""The servers behind the other tests start, answer, can be killed and come back."""

from __future__ import annotations

import socket

import pytest
import redis
from playwright.sync_api import Browser
from sqlalchemy import create_engine, text

from tests.services import PostgresServer, RedisServer, chosen, port


def test_redis_answers_and_starts_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("greeting", "hello")
        assert client.get("greeting") == b"hello"


def test_a_killed_redis_refuses_and_comes_back_empty_at_the_same_address(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("greeting", "hello")
        redis_server.kill()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        redis_server.start()
        assert client.dbsize() == 0


def test_a_stopped_redis_can_be_restarted(redis_server: RedisServer) -> None:
    first = redis_server.pid
    redis_server.restart()
    assert redis_server.pid != first
    assert redis_server.answers()


def test_a_frozen_redis_keeps_what_it_knew(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url, socket_timeout=0.1, retry=None) as client:
        client.set("greeting", "hello")
        redis_server.pause()
        with pytest.raises(redis.TimeoutError):
            client.get("greeting")
        redis_server.resume()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.get("greeting") == b"hello"


@pytest.mark.parametrize("visit", [1, 2])
def test_every_test_gets_a_database_of_its_own(database_url: str, visit: int) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE visitor (visit integer)"))
        connection.execute(text("INSERT INTO visitor VALUES (:visit)"), {"visit": visit})
        assert connection.scalar(text("SELECT count(*) FROM visitor")) == 1
    engine.dispose()


def test_postgresql_writes_through_to_the_disk_as_in_production(postgres_server: PostgresServer) -> None:
    with postgres_server.connect() as connection:
        row = connection.execute(
            "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
        ).fetchone()
    assert row == ("on", "on")


def test_a_killed_postgresql_keeps_what_it_committed(postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    engine = create_engine(postgres_server.url(name))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE fact AS SELECT 42 AS number"))
    engine.dispose()
    postgres_server.kill()
    postgres_server.start()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT number FROM fact")) == 42
    engine.dispose()
    postgres_server.drop(name)


def test_a_port_is_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port()))
        listener.listen()


def test_an_unknown_kind_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_TEST_REDIS", "embedded,memory")
    with pytest.raises(ValueError, match="BRIDGE_TEST_REDIS names memory; known are embedded, redis"):
        chosen("BRIDGE_TEST_REDIS", ("embedded", "redis"))


@pytest.mark.browser
def test_chromium_shows_a_page(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<h1>Hello</h1>")
    assert page.inner_text("h1") == "Hello"
    page.close()
