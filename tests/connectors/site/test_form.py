"""The contact form: a letter becomes a dialog whose answer can go by mail; programs and double clicks do not count."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.connector import Bounds
from bridge.connectors.site.form import FIELDS, WORDS
from bridge.conversations.database import Database
from bridge.messages import DialogId
from tests.connectors.site.shop import OWNER, Answer, Shop, opened
from tests.services import RedisServer

pytestmark = pytest.mark.anyio
LETTER = {"name": "Vera", "email": "vera@example.org", "message": "I would like\r\na quiet server."}


async def once(shop: Shop) -> str:
    """What the form on a page carries, so that it counts once."""
    found = re.search(r'name="once" value="([^"]+)"', (await shop.ask("GET", "form")).body)
    assert found is not None
    return found[1]


async def send(shop: Shop, **changed: str) -> Answer:
    return await shop.ask("POST", "form", data=LETTER | changed, allow_redirects=False)


async def dialogs(shop: Shop) -> int:
    return len((await shop.house.router.read.dialogs()).items)


async def test_a_letter_becomes_a_dialog_that_can_be_answered_by_mail(shop: Shop) -> None:
    answer = await send(shop, once=await once(shop), lang="ru")
    assert (answer.status, answer.headers["Location"]) == (303, "/site/shop/form?sent&lang=ru")
    thanks = await shop.ask("GET", answer.headers["Location"])
    assert WORDS["ru"]["thanks"] in thanks.body
    (view,) = (await shop.house.router.read.dialogs()).items
    assert (view.contact.name, view.contact.email, view.contact.language) == (
        "Vera",
        "vera@example.org",
        "ru",
    )
    assert view.promise is not None
    messages = await shop.house.router.read.messages(_id(view.id))
    assert messages[0].text == "I would like\na quiet server."


async def test_a_form_that_is_sent_twice_is_one_letter(shop: Shop) -> None:
    key = await once(shop)
    assert [(await send(shop, once=key)).status for _ in range(3)] == [303, 303, 303]
    assert await dialogs(shop) == 1
    assert (await send(shop, once=await once(shop))).status == 303
    assert (await send(shop)).status == 303  # a form of the owner's own page has no key
    assert await dialogs(shop) == 3


async def test_a_program_that_fills_in_everything_is_thanked_and_forgotten(shop: Shop) -> None:
    answer = await send(shop, website="https://spam.example")
    assert answer.status == 200
    assert WORDS["en"]["thanks"] in answer.body
    assert await dialogs(shop) == 0


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"message": " "}, "no_message"),
        ({"email": ""}, "no_email"),
        ({"email": "vera@"}, "no_email"),
        ({"email": "a b@example.org"}, "no_email"),
        ({"message": "x" * (FIELDS["message"] + 1)}, "too_long"),
        ({"name": "x" * (FIELDS["name"] + 1)}, "too_long"),
    ],
)
async def test_what_must_be_mended_is_said_and_nothing_filled_in_is_lost(
    shop: Shop, changed: dict[str, str], word: str
) -> None:
    answer = await send(shop, **changed)
    assert answer.status == 422
    assert WORDS["en"][word] in answer.body
    if "name" not in changed:
        assert 'value="Vera"' in answer.body
    if "message" not in changed:
        assert "a quiet server." in answer.body
    assert await dialogs(shop) == 0


async def test_what_is_filled_in_comes_back_as_text(shop: Shop) -> None:
    nasty = '"><script>alert(1)</script></textarea><b>'
    answer = await send(shop, name=nasty, message=nasty, email=nasty, once=nasty, lang=nasty[:5])
    assert answer.status == 422
    assert "<script>" not in answer.body
    assert answer.body.count("&lt;script&gt;alert(1)") == 4


async def test_both_languages_have_the_same_words_and_the_browser_chooses(shop: Shop) -> None:
    assert WORDS["en"].keys() == WORDS["ru"].keys()
    for asked, accepted, title in (("", "ru, en", "Напишите нам"), ("?lang=en", "ru", "Write to us")):
        page = await shop.ask("GET", f"form{asked}", headers={"Accept-Language": accepted})
        assert f"<h1>{title}</h1>" in page.body


async def test_a_flood_from_one_network_is_asked_to_wait_and_keeps_its_words(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    bounds = Bounds(sessions_per_minute=2)
    async with opened(database, redis_server.url, tmp_path, bounds=bounds, origins=[OWNER]) as shop:
        answers = [await send(shop) for _ in range(4)]
        assert [answer.status for answer in answers] == [303, 303, 429, 429]
        assert "a quiet server." in answers[-1].body
        foreign = await shop.ask("POST", "form", data=LETTER, headers={"Origin": "https://evil.example"})
        assert foreign.status == 403


def _id(id: str) -> DialogId:
    return DialogId(int(id))
