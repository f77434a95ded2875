"""How a bot learns what customers do: asking, being called, repeats, order, and who excludes whom."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from bridge.playground.faults import Fault
from tests.playground.wire import Played, Refused

pytestmark = pytest.mark.anyio
BUSY = "Conflict: can't use getUpdates method while webhook is active"


@dataclass
class Hook:
    """A bot's own server."""

    url: str = ""
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    failures: int = 0
    calls: list[tuple[str | None, dict[str, Any]]] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.StreamResponse:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        self.calls.append((secret, await request.json()))
        if self.failures:
            self.failures -= 1
            return web.Response(status=503, headers=self.headers)
        return web.json_response(self.body, status=self.status)

    def texts(self) -> list[str]:
        return [update["message"]["text"] for _, update in self.calls if "message" in update]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    app = web.Application()
    app.router.add_post("/hook", made.hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 -- another server's list
            await asyncio.sleep(0.01)


async def test_an_update_is_given_again_until_an_offset_confirms_it(ground: Played) -> None:
    anna = ground.person()
    anna.write(ground.bot, "one")
    anna.write(ground.bot, "two")
    first = await ground.api.call("getUpdates")
    again = await ground.api.call("getUpdates")
    assert [update["message"]["text"] for update in first] == ["one", "two"]
    assert first == again
    assert first[1]["update_id"] == first[0]["update_id"] + 1
    rest = await ground.api.call("getUpdates", offset=first[1]["update_id"])
    assert [update["message"]["text"] for update in rest] == ["two"]
    assert await ground.api.call("getUpdates", offset=first[1]["update_id"] + 1) == []
    assert (await ground.api.call("getWebhookInfo"))["pending_update_count"] == 0


async def test_a_long_poll_answers_when_something_happens(ground: Played) -> None:
    anna = ground.person()
    asked = asyncio.create_task(ground.api.call("getUpdates", timeout=10))
    await asyncio.sleep(0.05)
    began = time.monotonic()
    anna.write(ground.bot, "now")
    (update,) = await asked
    assert update["message"]["text"] == "now"
    assert time.monotonic() - began < 1


async def test_of_two_who_ask_the_first_is_sent_away(ground: Played) -> None:
    first = asyncio.create_task(ground.api.call("getUpdates", timeout=10))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(ground.api.call("getUpdates", timeout=1))
    with pytest.raises(Refused) as refused:
        await first
    assert (refused.value.status, refused.value.description) == (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    assert await second == []


async def test_reactions_are_told_only_to_who_asks_for_them(ground: Played) -> None:
    anna = ground.person()
    sent = await ground.api.call("sendMessage", chat_id=anna.id, text="Hello")
    anna.react(ground.bot, sent["message_id"], "👍")
    assert await ground.api.updates() == []
    await ground.api.call("getUpdates", allowed_updates=["message", "message_reaction"])
    anna.react(ground.bot, sent["message_id"], "🔥")
    (update,) = await ground.api.updates()
    assert update["message_reaction"]["new_reaction"] == [{"type": "emoji", "emoji": "🔥"}]
    assert update["message_reaction"]["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]


async def test_what_people_do_comes_in_the_forms_of_telegram(ground: Played) -> None:
    anna = ground.person(started=False)
    anna.start(ground.bot, "spring_sale")
    said = anna.write(ground.bot, "See https://example.org and 😀 /help")
    anna.write(ground.bot, "about this", reply_to=said.id, quote="example.org")
    anna.edit(ground.bot, said.id, "See nothing")
    anna.locate(ground.bot, 59.93, 30.31)
    anna.share_contact(ground.bot, "+79990000000", "Boris")
    anna.put(ground.bot, {"dice": {"emoji": "🎲", "value": 3}})
    anna.delete(ground.bot, said.id)
    updates = await ground.api.updates()
    messages = [update["message"] if "message" in update else update["edited_message"] for update in updates]
    assert messages[0]["text"] == "/start spring_sale"
    assert messages[0]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert messages[0]["chat"] == {"id": anna.id, "first_name": "Anna", "type": "private"}
    assert messages[1]["entities"] == [
        {"type": "url", "offset": 4, "length": 19},
        {"type": "bot_command", "offset": 31, "length": 5},
    ]
    assert messages[2]["reply_to_message"]["message_id"] == said.id
    assert messages[2]["quote"] == {"text": "example.org", "position": 12, "is_manual": True}
    assert "edited_message" in updates[3]
    assert messages[3]["edit_date"] >= messages[3]["date"]
    assert messages[4]["location"] == {"latitude": 59.93, "longitude": 30.31}
    assert messages[5]["contact"] == {"phone_number": "+79990000000", "first_name": "Boris"}
    assert "dice" in messages[6]
    assert len(updates) == 7, "Telegram tells no bot what a customer takes back"


async def test_a_webhook_is_called_with_its_secret_and_in_order(ground: Played, hook: Hook) -> None:
    anna = ground.person()
    anna.write(ground.bot, "before")
    await ground.api.call("setWebhook", url=hook.url, secret_token="s3cret", max_connections=5)
    for number in range(5):
        anna.write(ground.bot, f"{number}")
    await until(lambda: len(hook.calls) == 6)
    assert {secret for secret, _ in hook.calls} == {"s3cret"}
    assert hook.texts() == ["before", "0", "1", "2", "3", "4"]
    with pytest.raises(Refused) as refused:
        await ground.api.call("getUpdates")
    assert (refused.value.status, refused.value.description) == (
        409,
        f"{BUSY}; use deleteWebhook to delete the webhook first",
    )
    info = await ground.api.call("getWebhookInfo")
    assert (info["url"], info["pending_update_count"], info["max_connections"]) == (hook.url, 0, 5)
    await ground.api.call("deleteWebhook")
    anna.write(ground.bot, "after")
    assert (await ground.api.updates())[0]["message"]["text"] == "after"
    assert len(hook.calls) == 6
    ground.valid()


async def test_a_webhook_that_fails_holds_up_its_own_chat_only_and_is_called_again(
    ground: Played, hook: Hook
) -> None:
    anna, boris = ground.person("Anna"), ground.person("Boris")
    await ground.api.call("setWebhook", url=hook.url)
    hook.failures = 2
    anna.write(ground.bot, "one")
    anna.write(ground.bot, "two")
    await until(lambda: len(hook.calls) == 2)  # at once, and once more at once
    boris.write(ground.bot, "hello")
    await until(lambda: len(hook.calls) >= 3)
    info = await ground.api.call("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"
    assert info["pending_update_count"] == 2
    for _ in range(4):
        ground.playground.clock.skip(120)
        await asyncio.sleep(0.02)
    await until(lambda: hook.texts()[-1] == "two" and "hello" in hook.texts())
    assert [text for text in hook.texts() if text == "two"] == ["two"]
    assert (await ground.api.call("getWebhookInfo"))["pending_update_count"] == 0


async def test_retry_after_is_kept_to_and_a_day_old_update_is_dropped(ground: Played, hook: Hook) -> None:
    anna = ground.person()
    await ground.api.call("setWebhook", url=hook.url)
    hook.failures, hook.headers = 10**6, {"Retry-After": "3600"}
    anna.write(ground.bot, "old")
    await until(lambda: len(hook.calls) == 1)
    await asyncio.sleep(0.05)
    assert len(hook.calls) == 1
    for hour in range(1, 24):
        ground.playground.clock.skip(3600)
        await until(lambda hour=hour: len(hook.calls) == hour + 1)
    ground.playground.clock.skip(3600)
    await until(lambda: not ground.bot.inbox.pending)
    assert len(hook.calls) == 24


async def test_the_answer_to_a_webhook_may_hold_a_call(ground: Played, hook: Hook) -> None:
    anna = ground.person()
    await ground.api.call("setWebhook", url=hook.url)
    hook.body = {"method": "sendMessage", "chat_id": anna.id, "text": "at once"}
    anna.write(ground.bot, "hello")
    await until(lambda: anna.texts() == ["at once"])


async def test_updates_come_twice_or_out_of_order_when_that_is_asked_for(ground: Played, hook: Hook) -> None:
    anna = ground.person()
    ground.playground.faults.script(Fault("duplicate", method="message"))
    anna.write(ground.bot, "twice")
    (first,) = await ground.api.call("getUpdates")
    (again,) = await ground.api.call("getUpdates", offset=first["update_id"] + 1)
    assert again == first
    assert await ground.api.call("getUpdates", offset=first["update_id"] + 1) == []
    ground.playground.faults.script(Fault("reorder", method="message"))
    anna.write(ground.bot, "first")
    anna.write(ground.bot, "second")
    assert [update["message"]["text"] for update in await ground.api.updates()] == ["second", "first"]
    await ground.api.call("setWebhook", url=hook.url)
    ground.playground.faults.script(Fault("duplicate", method="message"))
    anna.write(ground.bot, "hooked")
    await until(lambda: hook.texts() == ["hooked", "hooked"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "nonsense"}, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://example.org", "secret_token": "a b"},
            "Bad Request: secret token contains unallowed characters",
        ),
    ],
)
async def test_a_webhook_that_cannot_be_is_refused(ground: Played, given: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as refused:
        await ground.api.call("setWebhook", **given)
    assert refused.value.description == words
