"""Mishaps on the wire: what a caller sees of each, and what has taken effect all the same."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from bridge.playground.faults import Fault
from tests.playground.wire import Played, Refused

pytestmark = pytest.mark.anyio


async def say(ground: Played, chat: int, text: str = "Hello") -> None:
    await ground.api.call("sendMessage", chat_id=chat, text=text)


async def test_an_ill_platform_takes_nothing(ground: Played) -> None:
    anna = ground.person()
    ground.playground.faults.script(Fault("error", method="send*", times=2))
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            await say(ground, anna.id)
        assert (refused.value.status, refused.value.description) == (500, "Internal Server Error")
    await say(ground, anna.id, "well again")
    assert anna.texts() == ["well again"]
    assert [call.fault for call in ground.playground.calls.of("sendMessage")] == ["error", "error", ""]


async def test_a_lost_answer_leaves_the_message_with_the_customer(ground: Played) -> None:
    anna = ground.person()
    ground.playground.faults.script(Fault("drop", method="sendMessage", taken=True))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await say(ground, anna.id)
    assert anna.texts() == ["Hello"]


async def test_a_lost_question_does_not(ground: Played) -> None:
    anna = ground.person()
    ground.playground.faults.script(Fault("drop", method="sendMessage"))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await say(ground, anna.id)
    assert anna.texts() == []


async def test_an_answer_may_break_off(ground: Played) -> None:
    anna = ground.person()
    ground.playground.faults.script(Fault("cut", taken=True))
    with pytest.raises(aiohttp.ClientError):
        await say(ground, anna.id)
    assert anna.texts() == ["Hello"]


async def test_a_half_open_connection_says_nothing_for_as_long_as_it_is_told(ground: Played) -> None:
    anna = ground.person()
    ground.playground.faults.script(Fault("hang", seconds=30))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await say(ground, anna.id)
    assert anna.texts() == []


async def test_a_slow_answer_comes_and_others_need_not_wait_for_it(ground: Played) -> None:
    anna = ground.person()
    ground.playground.faults.script(Fault("slow", method="sendMessage", seconds=0.5))
    began = time.monotonic()
    slow = asyncio.create_task(say(ground, anna.id))
    await asyncio.sleep(0.05)
    await ground.api.call("getMe")
    assert time.monotonic() - began < 0.4
    await slow
    assert time.monotonic() - began >= 0.5


async def test_a_flood_names_the_seconds(ground: Played) -> None:
    anna = ground.person()
    ground.playground.faults.script(Fault("flood", seconds=7))
    with pytest.raises(Refused) as refused:
        await say(ground, anna.id)
    assert (refused.value.status, refused.value.parameters) == (429, {"retry_after": 7})


async def test_a_mishap_befalls_only_what_it_is_meant_for_and_ends_when_it_is_struck_out(
    ground: Played,
) -> None:
    anna, boris = ground.person("Anna"), ground.person("Boris")
    script = {"kind": "error", "method": "sendMessage", "place": str(anna.id), "times": 0}
    headers = {"X-Bridge": "1"}
    async with ground.http.post(f"{ground.url}/api/faults", json=script, headers=headers) as answer:
        number = (await answer.json())["number"]
        assert answer.status == 201
    for _ in range(3):
        with pytest.raises(Refused):
            await say(ground, anna.id)
    await say(ground, boris.id)
    async with ground.http.delete(f"{ground.url}/api/faults/{number}", headers=headers) as answer:
        assert answer.status == 204
    await say(ground, anna.id)
    assert (anna.texts(), boris.texts()) == (["Hello"], ["Hello"])


async def test_a_file_cannot_be_fetched_while_that_is_scripted(ground: Played) -> None:
    anna = ground.person()
    anna.send(ground.bot, "document", b"bill", "bill.pdf")
    (update,) = await ground.api.updates()
    found = await ground.api.call("getFile", file_id=update["message"]["document"]["file_id"])
    ground.playground.faults.script(Fault("error", method="file", status=502))
    assert (await ground.api.file(found["file_path"]))[0] == 502
    assert (await ground.api.file(found["file_path"]))[0] == 200
