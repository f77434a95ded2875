"""Who may come in by password, how often it may be tried, and what a change ends: on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator

import argon2
import pytest
import sqlalchemy as sa

from bridge.conversations import passwords as module
from bridge.conversations import tables as t
from bridge.conversations.access import Access, Person
from bridge.conversations.database import Database
from bridge.conversations.passwords import PER_ADDRESS, PER_LOGIN, Passwords
from bridge.errors import NotAllowed, Refused, TooOften, Unavailable

pytestmark = pytest.mark.anyio

GOOD = "four words are good"
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Clock:
    """Stands still until a test moves it."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(database: Database) -> Iterator[Access]:
    access = Access(database, {"bench": "a-token-of-the-bench"})
    access.ensure_agents([Person("ann", "Ann"), Person("ben", "Ben")])
    yield access
    access.close()


@pytest.fixture
def passwords(access: Access, clock: Clock) -> Passwords:
    passwords = Passwords(access, clock=clock, hasher=QUICK)
    passwords.set("ann", GOOD)
    return passwords


async def test_login_and_password_open_a_session_of_their_own_each_time(
    access: Access, passwords: Passwords
) -> None:
    first, ann = await passwords.enter("ann", GOOD, HERE)
    second, _ = await passwords.enter(" Ann ", GOOD, HERE)
    assert ann.login == "ann"
    assert first != second
    for session in (first, second):
        assert await access.by_session(session) == ann


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ann", ""),
        ("ann", GOOD + "!"),
        ("ann", GOOD.upper()),
        ("ann", "x" * 5000),
        ("ann", "\ud800\0"),
        ("ben", ""),  # he has no password
        ("ben", GOOD),
        ("nobody", GOOD),
        ("", ""),
        ("a\0nn", GOOD + "?"),
        ("api:bench", ""),
    ],
)
async def test_anything_else_is_refused_in_the_same_words(
    passwords: Passwords, login: str, password: str
) -> None:
    with pytest.raises(NotAllowed) as refused:
        await passwords.enter(login, password, HERE)
    assert refused.value.reason == module.WRONG


async def test_a_password_is_kept_as_argon2id_alone(database: Database, access: Access) -> None:
    Passwords(access).set("ann", GOOD)
    with database.read() as connection:
        stored = connection.execute(sa.select(t.agent.c.password).where(t.agent.c.login == "ann")).scalar()
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_a_hash_of_older_parameters_is_made_anew_at_the_next_login(
    database: Database, access: Access, clock: Clock
) -> None:
    Passwords(access, clock=clock, hasher=QUICK).set("ann", GOOD)
    newer = Passwords(access, clock=clock, hasher=argon2.PasswordHasher(1, 16, 1))
    session, ann = await newer.enter("ann", GOOD, HERE)
    with database.read() as connection:
        stored = connection.execute(sa.select(t.agent.c.password).where(t.agent.c.login == "ann")).scalar()
    assert "m=16," in str(stored)
    assert await access.by_session(session) == ann, "that is no change of password"


async def test_a_composed_letter_is_the_same_however_it_was_typed(passwords: Passwords) -> None:
    passwords.set("ann", "ein schönes Café, bitte")
    await passwords.enter("ann", "ein scho\u0308nes Cafe\u0301, bitte", HERE)


async def test_five_tries_a_minute_and_nobody_is_locked_out_from_elsewhere(
    passwords: Passwords, clock: Clock
) -> None:
    for _ in range(PER_LOGIN):
        with pytest.raises(NotAllowed):
            await passwords.enter("ann", "wrong", HERE)
        clock.now += 1
    with pytest.raises(TooOften) as refused:
        await passwords.enter("ann", GOOD, HERE)
    assert 54 < refused.value.retry_after <= 60
    await passwords.enter("ann", GOOD, ELSEWHERE)
    clock.now += refused.value.retry_after
    await passwords.enter("ann", GOOD, HERE)


async def test_one_address_does_not_go_through_many_logins(passwords: Passwords, clock: Clock) -> None:
    for number in range(PER_ADDRESS):
        with pytest.raises(NotAllowed):
            await passwords.enter(f"guess-{number}", GOOD, f"2001:db8::{number:x}")
    with pytest.raises(TooOften):
        await passwords.enter("guess-99", GOOD, "2001:db8:0:0:9::9")
    await passwords.enter("ann", GOOD, "2001:db8:0:1::1")
    clock.now += 60
    await passwords.enter("ann", GOOD, "2001:db8::1")


async def test_the_answer_takes_as_long_whether_there_is_such_an_agent_or_not(access: Access) -> None:
    passwords = Passwords(access)
    passwords.set("ann", GOOD)

    async def took(login: str, number: int) -> float:
        began = time.perf_counter()
        with pytest.raises(NotAllowed):
            await passwords.enter(login, "wrong", f"192.0.2.{number}")
        return time.perf_counter() - began

    known, unknown = [], []
    for number in range(12):
        known.append(await took("ann", number))
        unknown.append(await took("nobody", number))
        assert unknown[-1] > 0.01, "nothing was hashed"
    assert 0.5 < statistics.median(known) / statistics.median(unknown) < 2


async def test_a_crowd_at_the_door_does_not_hold_up_who_is_in(access: Access) -> None:
    passwords = Passwords(access)
    session, _ = await access.redeem(access.invite("ann"))
    crowd = [asyncio.create_task(passwords.enter(f"x{n}", "wrong", f"192.0.2.{n}")) for n in range(60)]
    await asyncio.sleep(0)
    began = time.perf_counter()
    assert await access.by_session(session) is not None
    assert time.perf_counter() - began < 1
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {NotAllowed, Unavailable}


async def test_a_new_password_ends_every_session_and_link_and_begins_one(
    access: Access, passwords: Passwords
) -> None:
    token, link = access.issue_token("ann", "reports"), access.invite("ann")
    elsewhere, ann = await passwords.enter("ann", GOOD, ELSEWHERE)
    here = await passwords.change(ann, GOOD, "another good one", HERE)
    assert await access.by_session(here) == ann
    assert await access.by_session(elsewhere) is None
    assert await access.by_token(token) == ann, "a machine's token is no session"
    with pytest.raises(NotAllowed):
        await access.redeem(link)
    with pytest.raises(NotAllowed):
        await passwords.enter("ann", GOOD, HERE)
    await passwords.enter("ann", "another good one", HERE)


async def test_who_has_a_password_must_know_it_to_change_it_and_who_has_none_need_not(
    access: Access, passwords: Passwords
) -> None:
    ann, ben = access.one("ann"), access.one("ben")
    assert (await passwords.has(ann), await passwords.has(ben)) == (True, False)
    with pytest.raises(NotAllowed, match="not your password"):
        await passwords.change(ann, "", "another good one", HERE)
    await passwords.change(ben, "", "another good one", HERE)
    await passwords.enter("ben", "another good one", HERE)


@pytest.mark.parametrize(
    "weak", ["", "short one", "x" * 201, "aaaaaaaaaaaa", "1212121212121", "ann-is-my-name", "ANN is my name"]
)
async def test_a_weak_password_is_refused_and_the_old_one_stays(passwords: Passwords, weak: str) -> None:
    with pytest.raises(Refused):
        passwords.set("ann", weak)
    await passwords.enter("ann", GOOD, HERE)


async def test_another_role_or_the_end_shuts_him_out_of_what_he_had(
    access: Access, passwords: Passwords
) -> None:
    session, _ = await passwords.enter("ann", GOOD, HERE)
    access.change("ann", role="lead")
    assert await access.by_session(session) is None
    session, ann = await passwords.enter("ann", GOOD, HERE)
    assert ann.role == "lead"
    access.disable("ann")
    assert await access.by_session(session) is None
    with pytest.raises(NotAllowed):
        await passwords.enter("ann", GOOD, HERE)
    access.add(Person("ann", "Ann"))
    with pytest.raises(NotAllowed):
        await passwords.enter("ann", GOOD, HERE)  # who comes back chooses a new one
