"""The words and buttons of what a bot sends: markup taken away, entities found, lengths and buttons judged.

Owns the rules for text, caption and reply markup, in the order in which the server applies them.
"""

from __future__ import annotations

from typing import Any

from bridge.playground.telegram.ask import Ask
from bridge.playground.telegram.entities import detected, fitting, trimmed
from bridge.playground.telegram.markup import Unparsable, parsed
from bridge.playground.telegram.messages import Json
from bridge.playground.telegram.refusals import bad
from bridge.text import count_utf16

TEXT = 4096
CAPTION = 1024
DATA_BYTES = 64
ACTIONS = (
    "callback_data",
    "url",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)


def text(ask: Ask) -> Json:
    """The fields `text` and `entities` of a message to be sent."""
    if not ask.get("text"):
        raise bad("message text is empty")
    words, found = _formatted(ask, ask.get("text"), ask.get("entities"))
    if not words:
        raise bad("text must be non-empty")
    if count_utf16(words) > TEXT:
        raise bad("message is too long")
    return {"text": words} | ({"entities": found} if found else {})


def caption(ask: Ask) -> Json:
    """The fields `caption` and `caption_entities`, if there are words."""
    words, found = _formatted(ask, ask.get("caption", ""), ask.get("caption_entities"))
    return _captioned(words, found)


def item_caption(ask: Ask, item: Json) -> Json:
    """The same of one item of an album."""
    words, found = formatted(
        ask, str(item.get("caption", "")), item.get("parse_mode"), item.get("caption_entities")
    )
    return _captioned(words, found)


def _captioned(words: str, found: list[Json]) -> Json:
    if count_utf16(words) > CAPTION:
        raise bad("message caption is too long")
    if not words:
        return {}
    return {"caption": words} | ({"caption_entities": found} if found else {})


def _formatted(ask: Ask, words: str, given: list[Json] | None) -> tuple[str, list[Json]]:
    return formatted(ask, words, ask.get("parse_mode"), given)


def formatted(ask: Ask, words: str, mode: str | None, given: list[Json] | None) -> tuple[str, list[Json]]:
    """Text without its markup, and its entities; entities that were given count when no mode is."""
    # What the server drops without a word: controls, and lone halves of a surrogate pair.
    words = "".join(letter for letter in words if letter in "\n\t" or letter >= " ")
    words = words.encode("utf-8", "ignore").decode()
    if mode:
        try:
            words, found = parsed(words)
        except Unparsable as error:
            raise bad(f"can't parse entities: {error}") from error
    else:
        found = [dict(one) for one in given or ()]
        if not fitting(words, found):
            ask.call.problems.append("entities: one lies outside of the text or within a character")
            found = [one for one in found if fitting(words, [one])]
    bare, moved = trimmed(words, found)
    return bare, detected(bare, moved)


def markup(ask: Ask) -> Json | None:
    """The reply markup, when it is one."""
    given = ask.get("reply_markup")
    if given is None or given == {}:
        return None
    if "inline_keyboard" in given:
        rows = given["inline_keyboard"]
        if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
            raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
        kept = [[_button(button) for button in row] for row in rows if row]
        if sum(len(row) for row in kept) > 100:
            raise bad("REPLY_MARKUP_TOO_LONG")
        return {"inline_keyboard": kept} if kept else None
    if "keyboard" in given or given.get("remove_keyboard") or given.get("force_reply"):
        return dict(given)
    raise bad("object expected as reply markup")


def _button(button: Any) -> Json:
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        raise bad("can't parse inline keyboard button: Can't find field \"text\"")
    if not button["text"].strip():
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if not any(button.get(action) is not None for action in ACTIONS):
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= DATA_BYTES:
        raise bad("BUTTON_DATA_INVALID")
    url = button.get("url")
    if url is not None and not str(url).startswith(("http://", "https://", "tg://")):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Unsupported URL protocol")
    return {key: value for key, value in button.items() if value is not None}
