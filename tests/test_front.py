"""A visitor and the bot in front, over the wire of a running bridge: greeting, menu, wish, address, person."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.test_app import Crm, House, crm, running

__all__ = ["crm"]
pytestmark = pytest.mark.anyio

MENU = [
    {
        "name": "plans",
        "label": {"en": "Plans", "ru": "Тарифы"},
        "say": {"en": "Dinghy and Sloop.", "ru": "«Шлюпка» и «Шлюп»."},
    },
    {"name": "suggest", "label": {"en": "I miss something", "ru": "Не хватает"}, "do": "wish"},
]
SHOP = {"connector": "site", "line": "first", "menu": MENU}


@dataclass
class Visitor:
    """Somebody with the chat open in his browser."""

    house: House
    token: str
    channel: str = "shop"
    last: int = 0
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def says(self, text: str, command: str | None = None) -> int:
        body: dict[str, Any] = {"text": text, "client_id": f"m{next(self.numbers)}", "language": "en"}
        if command is not None:
            body["command"] = command
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.house.url}/site/{self.channel}/messages"
        async with self.house.http.post(url, json=body, headers=headers) as answer:
            return answer.status

    async def presses(self, message: dict[str, Any], command: str) -> None:
        """Presses a button that is there."""
        (label,) = [button["label"] for button in message["buttons"] if button["command"] == command]
        assert await self.says(label, command) == 200

    async def hears(self) -> dict[str, Any]:
        """The next words of ours on his stream."""
        async for message in self._messages():
            if message["author"]["kind"] != "contact":
                return message
        raise AssertionError("the stream has ended")

    async def _messages(self) -> AsyncIterator[dict[str, Any]]:
        url = f"{self.house.url}/site/{self.channel}/events?token={self.token}&after={self.last}"
        async with self.house.http.get(url) as answer:
            async for line in answer.content:
                if line.startswith(b"data: "):
                    message = json.loads(line.removeprefix(b"data: "))
                    self.last = max(self.last, message["rev"])
                    yield message


async def visitor(house: House, channel: str = "shop") -> Visitor:
    async with house.http.post(f"{house.url}/site/{channel}/session", json={}) as answer:
        return Visitor(house, (await answer.json())["token"], channel)


async def api(house: House, path: str) -> Any:
    headers = {"Authorization": "Bearer in the tests only, long"}
    async with house.http.get(f"{house.url}/api/v1/{path}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_a_visitor_is_led_from_the_greeting_to_an_answer_a_wish_and_a_person(
    tmp_path: Path, crm: Crm
) -> None:
    tokens = {"reports": "in the tests only, long"}
    async with running(tmp_path, crm, channels={"shop": SHOP}, tokens=tokens) as house:
        ann = await visitor(house)
        assert await ann.says("Start", "start") == 200
        greeting = await ann.hears()
        assert greeting["text"].startswith("Hello! Write your question here")
        assert greeting["buttons"] == [
            {"command": "menu:plans", "label": "Plans"},
            {"command": "menu:suggest", "label": "I miss something"},
            {"command": "person", "label": "Talk to a person"},
        ]
        await ann.presses(greeting, "menu:plans")
        answer = await ann.hears()
        assert answer["text"] == "Dinghy and Sloop.\n\nDid this help?"
        (dialog,) = (await api(house, "dialogs"))["items"]
        assert (dialog["status"], dialog["promise"]) == ("waiting", None)
        await ann.presses(answer, "yes")
        assert (await ann.hears())["text"].startswith("Glad to hear it!")
        assert (await api(house, f"dialogs/{dialog['id']}"))["status"] == "resolved"

        await ann.presses(greeting, "menu:suggest")
        assert (await ann.hears())["text"].startswith("What do you miss")
        assert await ann.says("A dark mode, please") == 200
        thanks = await ann.hears()
        assert thanks["text"].startswith("Thank you!")
        (wish,) = (await api(house, "wishes?status=proposed"))["items"]
        assert (wish["title"], wish["created_by"], wish["asked"]) == ("A dark mode, please", "", 1)
        assert await ann.says("ann@example.org") == 200
        assert (await ann.hears())["text"] == "Thank you! We have noted ann@example.org."
        after = await api(house, f"dialogs/{dialog['id']}")
        assert (after["contact"]["email"], after["promise"]) == ("ann@example.org", None)

        await ann.presses(thanks, "person")
        assert (await ann.hears())["text"] == "A person takes over here."
        after = await api(house, f"dialogs/{dialog['id']}")
        assert (after["status"], after["promise"]["name"]) == ("open", "first_response")
        assert await ann.says("", "Menu!") == 422, "a command is made of a few letters"
        assert await house.end() < 5


async def test_a_channel_whose_bot_is_off_hears_no_line_of_it(tmp_path: Path, crm: Crm) -> None:
    channels = {"shop": SHOP, "quiet": {**SHOP, "bot": False}}
    async with running(
        tmp_path, crm, channels=channels, tokens={"reports": "in the tests only, long"}
    ) as house:
        ann = await visitor(house, "quiet")
        for text, command in (
            ("Start", "start"),
            ("Plans", "menu:plans"),
            ("person", "person"),
            ("Plans", None),
        ):
            assert await ann.says(text, command) == 200
        (dialog,) = (await api(house, "dialogs"))["items"]
        messages = await api(house, f"dialogs/{dialog['id']}/messages")
        items = messages["items"] if isinstance(messages, dict) else messages
        assert {message["author"]["kind"] for message in items} == {"contact"}
        assert dialog["promise"] is not None
        assert await house.end() < 5
