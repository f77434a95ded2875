"""Methods about the bot itself: who it is, its commands, names and menu."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from bridge.playground.telegram.ask import Ask
from bridge.playground.telegram.messages import Json
from bridge.playground.telegram.refusals import bad

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
DEFAULT_BUTTON = {"type": "commands"}


async def get_me(ask: Ask) -> Json:
    """The bot's User."""
    return ask.bot.me()


async def done(_ask: Ask) -> bool:
    """close, logOut: nothing to do here."""
    return True


async def set_commands(ask: Ask) -> bool:
    """Keeps the commands of a scope and language."""
    commands = ask.get("commands", [])
    for command in commands:
        if not isinstance(command, dict) or COMMAND.fullmatch(str(command.get("command", ""))) is None:
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    ask.bot.profile["commands", _scope(ask)] = commands
    return True


async def get_commands(ask: Ask) -> list[Json]:
    """The commands of a scope and language."""
    found: list[Json] = ask.bot.profile.get(("commands", _scope(ask)), [])
    return found


async def delete_commands(ask: Ask) -> bool:
    """No commands any more in a scope and language."""
    ask.bot.profile.pop(("commands", _scope(ask)), None)
    return True


def _scope(ask: Ask) -> str:
    scope = ask.get("scope") or {"type": "default"}
    return f"{json.dumps(scope, sort_keys=True)} {ask.get('language_code', '')}"


def _setter(what: str) -> Callable[[Ask], Awaitable[bool]]:
    async def setter(ask: Ask) -> bool:
        ask.bot.profile[what, ask.get("language_code", "")] = ask.get(what, "")
        return True

    return setter


def _getter(what: str) -> Callable[[Ask], Awaitable[Json]]:
    async def getter(ask: Ask) -> Json:
        own = ask.bot.name if what == "name" else ""
        common = ask.bot.profile.get((what, ""), own)
        return {what: ask.bot.profile.get((what, ask.get("language_code", "")), common)}

    return getter


async def set_menu_button(ask: Ask) -> bool:
    """The button beside the field of a chat, or of all."""
    ask.bot.profile["menu", str(ask.get("chat_id", ""))] = ask.get("menu_button", DEFAULT_BUTTON)
    return True


async def get_menu_button(ask: Ask) -> Json:
    """The button beside the field of a chat, or of all."""
    common = ask.bot.profile.get(("menu", ""), DEFAULT_BUTTON)
    found: Json = ask.bot.profile.get(("menu", str(ask.get("chat_id", ""))), common)
    return found


METHODS: dict[str, Callable[[Ask], Awaitable[Any]]] = {
    "getMe": get_me,
    "logOut": done,
    "close": done,
    "setMyCommands": set_commands,
    "getMyCommands": get_commands,
    "deleteMyCommands": delete_commands,
    "setMyName": _setter("name"),
    "getMyName": _getter("name"),
    "setMyDescription": _setter("description"),
    "getMyDescription": _getter("description"),
    "setMyShortDescription": _setter("short_description"),
    "getMyShortDescription": _getter("short_description"),
    "setChatMenuButton": set_menu_button,
    "getChatMenuButton": get_menu_button,
}
