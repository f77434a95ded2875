"""What the Graph API tells of a page and of the people who write to it.

Owns GET /me, /<page> and /<psid>, and the page's Messenger profile. It must never tell of a person with whom the page has
no conversation.
"""

from __future__ import annotations

from typing import Any

from bridge.playground.facebook import refusals
from bridge.playground.facebook.ask import Ask
from bridge.playground.facebook.people import Person
from bridge.playground.facebook.refusals import parameter
from bridge.playground.facebook.shapes import an_object

Json = dict[str, Any]
_LOCALES = {"en": "en_GB", "ru": "ru_RU"}


async def page(ask: Ask) -> Json:
    """GET /me or /<page>."""
    known = {
        "id": ask.page.id,
        "name": ask.page.name,
        "username": ask.page.handle,
        "link": f"https://www.facebook.com/{ask.page.id}",
    }
    return _picked(ask, "Page", known, ("name", "id"))


async def person(ask: Ask, id: str) -> Json:
    """GET /<psid>."""
    found = ask.facebook.people.get(id)
    chat = ask.page.chats.get(id)
    if found is None or chat is None or chat.heard_at is None:
        raise refusals.no_object(id, "GET")
    return _picked(ask, "User", _profile(found), ("first_name", "last_name", "profile_pic", "id"))


def _profile(person: Person) -> Json:
    return {
        "id": person.id,
        "name": " ".join(filter(None, [person.name, person.last_name])),
        "first_name": person.name,
        "last_name": person.last_name,
        "profile_pic": f"https://platform-lookaside.fbsbx.com/platform/profilepic/?psid={person.id}",
        "locale": _LOCALES.get(person.language, "en_US"),
        "timezone": 3,
    }


def _picked(ask: Ask, kind: str, known: Json, usual: tuple[str, ...]) -> Json:
    """The fields that are asked for, always with the id; what is empty is left out."""
    wanted = [
        name.strip() for name in str(ask.values.get("fields") or ",".join(usual)).split(",") if name.strip()
    ]
    for name in wanted:
        if name not in known:
            raise parameter(f"Tried accessing nonexisting field ({name}) on node type ({kind})")
    return {name: known[name] for name in dict.fromkeys([*wanted, "id"]) if known[name] != ""}


async def profile(ask: Ask) -> Json:
    """GET /messenger_profile."""
    known: Json = {}
    if ask.page.get_started:
        known["get_started"] = {"payload": ask.page.get_started}
    if ask.page.greeting:
        known["greeting"] = [{"locale": "default", "text": ask.page.greeting}]
    wanted = str(ask.values.get("fields", "")).split(",")
    found = {name: value for name, value in known.items() if name in wanted}
    return {"data": [found] if found else []}


async def set_profile(ask: Ask) -> Json:
    """POST /messenger_profile: the button to begin with, and the greeting."""
    if "get_started" in ask.values:
        payload = str(an_object("get_started", ask.values["get_started"]).get("payload", ""))
        if not 0 < len(payload) <= 1000:
            raise parameter("Param get_started[payload] must have 1 to 1000 characters")
        ask.page.get_started = payload
    greetings = ask.values.get("greeting")
    if isinstance(greetings, list) and greetings:
        text = str(an_object("greeting[0]", greetings[0]).get("text", ""))
        if len(text) > 160:
            raise parameter("Length of param greeting[0][text] must be less than or equal to 160")
        ask.page.greeting = text
    return {"result": "success"}
