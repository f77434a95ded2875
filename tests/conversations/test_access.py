"""Who may come in, and for how long: on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bridge.conversations import access as accesses
from bridge.conversations import tables as t
from bridge.conversations.access import Access, Person
from bridge.conversations.database import Database
from bridge.errors import Missing, NotAllowed, Refused, Unavailable

pytestmark = pytest.mark.anyio

TOKENS = {"bench": "a-token-of-the-bench", "empty": ""}


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.write() as connection:
        t.metadata.create_all(connection)
    yield database
    database.close()


@pytest.fixture
def access(database: Database, clock: Clock) -> Iterator[Access]:
    access = Access(database, TOKENS, clock=clock)
    access.ensure_agents([Person("ann", "Ann"), Person("dev", "Dev", "developer")])
    yield access
    access.close()


def rows(database: Database) -> list[sa.Row[tuple[object, ...]]]:
    with database.read() as connection:
        return list(connection.execute(sa.select(t.access)))


async def test_a_link_opens_one_session_and_no_second_one(access: Access) -> None:
    link = access.invite("ann")
    session, ann = await access.redeem(link)
    assert (ann.login, ann.role) == ("ann", "agent")
    assert await access.by_session(session) == ann
    with pytest.raises(NotAllowed):
        await access.redeem(link)


async def test_of_two_who_redeem_a_link_at_once_one_comes_in(access: Access) -> None:
    link = access.invite("ann")
    tries = await asyncio.gather(*(access.redeem(link) for _ in range(4)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in tries) == ["NotAllowed"] * 3 + ["tuple"]


async def test_a_link_is_too_old_after_a_day(access: Access, clock: Clock) -> None:
    link = access.invite("ann")
    clock.now += timedelta(hours=24)
    with pytest.raises(NotAllowed):
        await access.redeem(link)


async def test_no_secret_is_stored_as_it_is(access: Access, database: Database) -> None:
    secrets = [access.invite("ann"), access.issue_token("ann", "script")]
    secrets.append((await access.redeem(access.invite("ann")))[0])
    stored = str(rows(database))
    assert len(rows(database)) == 3
    assert not any(secret in stored for secret in secrets)
    assert all(len(secret) >= 43 for secret in secrets)


@pytest.mark.parametrize("secret", ["", "\0", "\ud800", "x", "0" * 64, "a" * 100_000])
async def test_what_was_never_given_out_lets_nobody_in(access: Access, secret: str) -> None:
    assert await access.by_session(secret) is None
    assert await access.by_token(secret) is None
    with pytest.raises(NotAllowed):
        await access.redeem(secret)


async def test_a_secret_is_good_for_its_own_kind_only(access: Access, database: Database) -> None:
    link, token = access.invite("ann"), access.issue_token("ann", "script")
    session, _ = await access.redeem(access.invite("ann"))
    assert await access.by_session(link) is None
    assert await access.by_token(link) is None
    assert await access.by_session(token) is None
    assert await access.by_token(session) is None
    for wrong in (session, token, *(row.hash for row in rows(database))):
        with pytest.raises(NotAllowed):
            await access.redeem(wrong)
    for row in rows(database):
        assert await access.by_session(row.hash) is None
        assert await access.by_token(row.hash) is None


async def test_a_secret_without_owner_or_end_lets_nobody_in(access: Access, database: Database) -> None:
    session, _ = await access.redeem(access.invite("ann"))
    with database.write() as connection:
        connection.execute(sa.update(t.access).values(expires_at=None))
    assert await access.by_session(session) is None
    token = access.issue_token("ann", "script")
    with database.write() as connection:
        connection.execute(sa.update(t.access).values(agent=None))
    assert await access.by_token(token) is None


async def test_a_session_lives_for_thirty_days_after_its_last_use(access: Access, clock: Clock) -> None:
    session, ann = await access.redeem(access.invite("ann"))
    for _ in range(3):
        clock.now += timedelta(days=29)
        access._remembered.clear()
        assert await access.by_session(session) == ann
    clock.now += timedelta(days=30)
    access._remembered.clear()
    assert await access.by_session(session) is None


async def test_what_is_over_is_swept_out_by_the_next_who_comes_in(
    access: Access, clock: Clock, database: Database
) -> None:
    await access.redeem(access.invite("ann"))
    access.invite("ann")
    token = access.issue_token("ann", "script")
    clock.now += timedelta(days=31)
    await access.redeem(access.invite("dev"))
    assert sorted(row.kind for row in rows(database)) == ["session", "token"]
    assert await access.by_token(token) is not None


async def test_leaving_ends_a_session_at_once(access: Access) -> None:
    session, _ = await access.redeem(access.invite("ann"))
    assert await access.by_session(session) is not None
    await access.leave(session)
    assert await access.by_session(session) is None


async def test_a_disabled_agent_is_out_at_once_and_within_a_second_elsewhere(
    access: Access, database: Database, clock: Clock
) -> None:
    session, _ = await access.redeem(access.invite("ann"))
    token, link = access.issue_token("ann", "script"), access.invite("ann")
    elsewhere = Access(database, TOKENS, clock=clock)
    assert await elsewhere.by_session(session) is not None
    assert await access.by_session(session) is not None
    assert await access.by_token(token) is not None
    access.disable("ann")
    assert await access.by_session(session) is None
    assert await access.by_token(token) is None
    with pytest.raises(NotAllowed):
        await access.redeem(link)
    await asyncio.sleep(accesses.REMEMBERED)
    assert await elsewhere.by_session(session) is None
    elsewhere.close()


async def test_who_comes_back_has_to_log_in_anew(access: Access, database: Database) -> None:
    session, before = await access.redeem(access.invite("ann"))
    access.disable("ann")
    after = access.add(Person("ann", "Ann B.", "lead"))
    assert (after.id, after.name, after.role) == (before.id, "Ann B.", "lead")
    assert await access.by_session(session) is None
    assert [agent.login for agent in access.agents()] == ["ann", "api:bench", "dev"]


async def test_a_configured_token_is_an_admin_with_a_row_of_its_own(access: Access) -> None:
    machine = await access.by_token(TOKENS["bench"])
    assert machine is not None
    assert (machine.login, machine.role) == ("api:bench", "admin")
    access.ensure_agents()
    access._remembered.clear()
    assert await access.by_token(TOKENS["bench"]) == machine
    access.disable("api:bench")
    assert await access.by_token(TOKENS["bench"]) is None


async def test_agents_who_are_there_already_stay_as_they_are(access: Access) -> None:
    access.ensure_agents([Person("ann", "Somebody else", "admin"), Person("eve", "Eve")])
    assert [(one.login, one.name) for one in access.agents()] == [
        ("ann", "Ann"), ("api:bench", "bench"), ("dev", "Dev"), ("eve", "Eve"),
    ]  # fmt: skip


@pytest.mark.parametrize("login", ["", "api:bench", "Ann", "a b", "a\0", "é", "-a", "a" * 65])
def test_a_login_that_could_be_mistaken_is_refused(access: Access, login: str) -> None:
    with pytest.raises(Refused):
        access.add(Person(login, "Somebody"))


def test_what_the_command_line_cannot_do_is_said(access: Access) -> None:
    with pytest.raises(Refused, match="already"):
        access.add(Person("ann", "Ann"))
    with pytest.raises(Missing):
        access.invite("nobody")
    with pytest.raises(Missing):
        access.disable("nobody")
    access.disable("dev")
    with pytest.raises(Missing):
        access.issue_token("dev", "script")
    assert [agent.login for agent in access.agents(disabled=True)] == ["dev"]


async def test_a_database_out_of_reach_lets_nobody_in(access: Access, database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.text("ALTER TABLE access RENAME TO gone"))
    with pytest.raises(Unavailable):
        await access.by_session("x")


async def test_a_crowd_with_one_token_asks_the_database_once(database: Database) -> None:
    asked: list[str] = []

    def counted(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    with closing(Access(database, {})) as access:
        access.ensure_agents([Person("ann", "Ann", "agent", (), "en")])
        token = access.issue_token("ann", "crowd")
        sa.event.listen(database.reader, "before_cursor_execute", counted)
        known = await asyncio.gather(*(access.by_token(token) for _ in range(50)))
    assert {agent.login for agent in known if agent is not None} == {"ann"}
    assert len(asked) == 1
