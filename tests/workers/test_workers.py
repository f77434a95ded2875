"""Worker processes at the wire: a real Redis, a real database, jobs run five times and workers that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa
from rq import Callback, Queue
from rq.serializers import DefaultSerializer, JSONSerializer

from bridge import actions as a
from bridge.conversations import schema
from bridge.conversations import tables as t
from bridge.conversations.commands import Receive
from bridge.conversations.database import Database
from bridge.conversations.verbs import ActOnDialog, ActOnWish
from bridge.messages import Priority, WishId
from tests.conversations.samples import ANN, DEV, HOUR, NOON
from tests.conversations.shell import Mind, Moved, said
from tests.services import RedisServer
from workers import door
from workers.queue import QUEUE, TIMEOUT, chore, queue

ANNS_CARD = a.Agent(ANN, "ann", "Ann", "agent")
DEVS_CARD = a.Agent(DEV, "dev", "Dev", "developer")
ASKERS, WISHES = 3, 8


class Workers:
    """The worker processes of one house, with what they have logged."""

    def __init__(self, database_url: str, redis_url: str, folder: Path) -> None:
        self.command = [sys.executable, "-m", "tests.workers.worker", database_url, redis_url]
        self.log = folder / "log"
        self.trap = folder / "trap"
        self.running = ExitStack()

    def start(self) -> subprocess.Popen[bytes]:
        """A worker that is ready for jobs."""
        before = self.logged("the worker has started")
        environment = os.environ | {"BRIDGE_TEST_TRAP": str(self.trap)}
        with self.log.open("ab") as log:
            process = subprocess.Popen(self.command, stderr=log, stdout=log, env=environment)
        self.running.enter_context(process)
        self.running.callback(process.kill)
        eventually(lambda: self.logged("the worker has started") > before)
        return process

    def logged(self, words: str) -> int:
        return self.log.read_text().count(words) if self.log.exists() else 0


def eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.02)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    schema.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def workers(database: Database, database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(database_url, redis_url, tmp_path)
    with workers.running:
        yield workers


@pytest.fixture
def mind(database: Database) -> Iterator[Mind]:
    """A house with Ann and Dev, at a clock that stands still."""
    with database.write() as connection:
        for number, login, role in ((ANN, "ann", "agent"), (DEV, "dev", "developer")):
            values = {"id": number, "login": login, "name": login.title(), "role": role}
            connection.execute(sa.insert(t.agent).values(**values, lines=[], language="en", created_at=NOON))
    with Mind(database, clock=Moved()) as mind:
        yield mind


def ship(mind: Mind, wishes: int) -> None:
    """Wishes, each asked for by three contacts, are built, and their news may go out."""
    heard = [mind.do(Receive(said(number, "Could it be dark?"))) for number in range(ASKERS)]
    for _ in range(wishes):
        first = a.FileWish(heard[0].seq, "Dark mode")
        wish = WishId(int(mind.do(ActOnDialog(heard[0].dialog, ANNS_CARD, first))["wish"]))
        for receipt in heard[1:]:
            mind.do(ActOnDialog(receipt.dialog, ANNS_CARD, a.FileWish(receipt.seq, wish=wish)))
        mind.do(ActOnWish(wish, ANNS_CARD, a.Accept()))
        mind.do(ActOnWish(wish, DEVS_CARD, a.PickUp(NOON + HOUR, Priority.normal)))
        mind.do(ActOnWish(wish, DEVS_CARD, a.Ship({"en": "It is dark now."})))
        mind.do(ActOnWish(wish, ANNS_CARD, a.Approve()))


def told(mind: Mind) -> Counter[tuple[str, int]]:
    """How often each asker was sent the news of each wish."""
    rows = mind.rows(t.outbox, t.outbox.c.kind == "send")
    return Counter((row.payload["wish"], row.dialog) for row in rows if "wish" in row.payload)


def waiting(mind: Mind) -> int:
    return mind.count(t.wish_asker, t.wish_asker.c.state == "asked")


def jobs(client: redis.Redis, number: int) -> None:
    """The same job so often, past the guard that keeps a chore from waiting twice."""
    for _ in range(number):
        queue(client).enqueue_call("workers.announce.run", timeout=TIMEOUT, result_ttl=0)


def done(client: redis.Redis) -> bool:
    return not queue(client).get_job_ids() and not client.keys("rq:job:*")


@pytest.mark.faults
def test_every_asker_is_told_once_though_jobs_run_at_once_and_a_worker_is_killed(
    mind: Mind, workers: Workers, client: redis.Redis
) -> None:
    ship(mind, WISHES)
    doomed, other = workers.start(), workers.start()
    jobs(client, 5)
    eventually(lambda: waiting(mind) < ASKERS * WISHES)
    doomed.kill()
    doomed.wait(10)
    # The killed worker's job is still in Redis; the chore comes round again all the same.
    chore(client, "announce")
    eventually(lambda: waiting(mind) == 0)
    eventually(lambda: not queue(client).get_job_ids())
    other.send_signal(signal.SIGTERM)
    assert other.wait(30) == 0
    news = told(mind)
    assert len(news) == ASKERS * WISHES
    assert set(news.values()) == {1}
    assert mind.count(t.message, t.message.c.event == "announcement") == ASKERS * WISHES


def test_three_askers_are_told_by_five_jobs_in_two_workers(
    mind: Mind, workers: Workers, client: redis.Redis
) -> None:
    ship(mind, 1)
    jobs(client, 5)
    for _ in range(2):
        workers.start()
    eventually(lambda: done(client))
    assert sorted(told(mind).values()) == [1, 1, 1]


def test_the_audit_writes_down_and_logs_what_it_finds(
    mind: Mind, workers: Workers, client: redis.Redis
) -> None:
    dialog = mind.do(Receive(said(1))).dialog
    with mind.database.write() as connection:
        connection.execute(sa.update(t.dialog).values(line="gone"))
    workers.start()
    for _ in range(2):
        assert chore(client, "audit")
        eventually(lambda: done(client))
    [finding] = mind.rows(t.finding, t.finding.c.kind == "line")
    assert (finding.subject, finding.gone_at) == (f"dialog:{dialog}", None)
    assert workers.logged("it is on line 'gone', which is not configured") == 1


def test_what_is_no_chore_is_refused_and_not_run(mind: Mind, workers: Workers, client: redis.Redis) -> None:
    foreign, pickled = (
        Queue(QUEUE, connection=client, serializer=kind) for kind in (JSONSerializer, DefaultSerializer)
    )
    pickled.enqueue_call("tests.workers.trap.spring")
    pickled.enqueue_call("workers.audit.run")
    foreign.enqueue_call("tests.workers.trap.spring")
    foreign.enqueue_call("workers.audit.run", args=(1,))
    client.hset("rq:job:damaged", mapping={"data": b"?", "status": "none such", "created_at": "never"})
    client.rpush(f"rq:queue:{QUEUE}", "damaged", "lost")
    workers.start()
    eventually(lambda: workers.logged("a job was refused") == 5)
    eventually(lambda: done(client))
    # A name without a job is swept up by RQ itself; of what was refused nothing is left.
    assert client.lrange(f"rq:queue:{QUEUE}:intermediate", 0, -1) == [b"lost"]
    assert not workers.trap.exists()
    assert mind.count(t.finding) == 0


def test_a_chore_calls_nobody_back(workers: Workers, client: redis.Redis) -> None:
    foreign = Queue(QUEUE, connection=client, serializer=JSONSerializer)
    trap = Callback("tests.workers.trap.spring")
    foreign.enqueue_call("workers.announce.run", on_success=trap, on_failure=trap, result_ttl=0)
    workers.start()
    eventually(lambda: done(client))
    assert workers.logged("a job was refused") == 0
    assert not workers.trap.exists()


@pytest.mark.faults
def test_a_worker_outlives_redis(workers: Workers, client: redis.Redis, redis_server: RedisServer) -> None:
    worker = workers.start()
    redis_server.kill()
    time.sleep(1.5)
    assert worker.poll() is None
    redis_server.start()
    assert chore(client, "audit")
    eventually(lambda: done(client))
    assert worker.poll() is None


@pytest.mark.faults
def test_a_worker_that_starts_without_redis_waits_for_it(
    workers: Workers, client: redis.Redis, redis_server: RedisServer
) -> None:
    redis_server.kill()
    worker = workers.start()
    eventually(lambda: workers.logged("redis is out") > 0)
    redis_server.start()
    assert chore(client, "audit")
    eventually(lambda: done(client))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0


def test_sigterm_ends_an_idle_worker_at_once(workers: Workers, client: redis.Redis) -> None:
    worker = workers.start()
    eventually(lambda: bool(client.keys("rq:worker:*")))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(5) == 0
    assert workers.logged("the worker has ended") == 1


def test_sigterm_lets_the_job_finish(mind: Mind, workers: Workers, client: redis.Redis) -> None:
    ship(mind, 1)
    worker = workers.start()
    with mind.database.write() as connection:
        if not mind.database.sqlite:
            connection.exec_driver_sql("LOCK TABLE wish_asker IN EXCLUSIVE MODE")
        # The job can read who waits, and now waits itself: nobody else may write.
        chore(client, "announce")
        eventually(lambda: bool(client.keys("rq:wip:*")))
        time.sleep(0.5)
        worker.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert worker.poll() is None
    assert worker.wait(10) == 0
    assert sorted(told(mind).values()) == [1, 1, 1]
    assert done(client)


def test_a_chore_does_not_wait_twice(client: redis.Redis) -> None:
    assert chore(client, "audit")
    assert not chore(client, "audit")
    assert chore(client, "announce")
    assert len(queue(client).get_job_ids()) == 2


def test_a_chore_that_is_being_done_may_wait_once_more(client: redis.Redis) -> None:
    chore(client, "audit")
    client.rpop(f"rq:queue:{QUEUE}")
    assert client.keys("rq:job:audit-*")
    assert chore(client, "audit")


def test_a_chore_that_is_not_on_the_list_is_a_mistake(client: redis.Redis) -> None:
    with pytest.raises(ValueError, match="no chore 'format'; there are: announce, audit, tidy"):
        chore(client, "format")


def test_a_job_without_a_door_says_where_jobs_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_opened", [])
    with pytest.raises(RuntimeError, match="jobs run in `bridge worker`"):
        door.door()
