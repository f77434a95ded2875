import sqlite3
from pathlib import Path

import pytest
import yaml

from bench.systems import SECRETS, config, stored
from bridge.config import load


@pytest.mark.parametrize("database", ["sqlite:///bridge.db", "postgresql+psycopg://bridge@/x?host=/tmp/y"])
@pytest.mark.parametrize("redis", [None, "unix:///tmp/redis.sock"])
@pytest.mark.parametrize(("desk", "shown"), [("http://127.0.0.1:9/desk", "sink"), (None, "web")])
def test_the_bridge_takes_the_benchmarks_configuration(
    tmp_path: Path, database: str, redis: str | None, desk: str | None, shown: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config(8081, database, redis, desk, tmp_path)))
    taken = load(path, SECRETS)
    assert taken.http.port == 8081
    assert list(taken.desks) == [shown]


def test_what_is_stored_is_read_from_sql(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "bridge.db") as connection:
        connection.execute("CREATE TABLE message (text TEXT)")
        connection.executemany("INSERT INTO message VALUES (?)", [("[customer 1.2] hello",), ("hello",)])
    connection.close()
    assert stored(f"sqlite:///{tmp_path / 'bridge.db'}") == ["[customer 1.2] hello"]
