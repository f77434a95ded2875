"""Who says what, where: from a message of Telegram to the one event that it is.

Owns the reading of a message as a whole: its place, its speaker, whether it is for us. It must never raise because of
what it reads.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.connectors.telegram import contents, presses, relations
from bridge.connectors.telegram.addresses import Place
from bridge.connectors.telegram.contents import Contents, called
from bridge.fields import Fields
from bridge.messages import ChannelName, Echoed, Edited, EventKey, Heard, Incoming, Json, NativeId


@dataclass(frozen=True, slots=True)
class Bot:
    """Whose updates are read: the bot's number, its channel, the languages that are spoken, whether groups count."""

    id: int
    channel: ChannelName
    languages: tuple[str, ...] = ("en",)
    groups: bool = True


@dataclass(frozen=True, slots=True)
class Update:
    """One kind of an update, and what its event will be called."""

    kind: str
    fields: Fields
    key: EventKey
    bot: Bot


Found = list[Heard] | str
"""The events of an update; or, in words, why it could not be read."""


def heard(update: Update) -> Found:
    """What a message, new or edited, means; nothing where it is not meant for us."""
    message, bot = update.fields, update.bot
    place = place_of(message)
    if place is None:
        return f"a {update.kind} that names no chat"
    if not _is_for_us(message, bot):
        return []
    said = contents.read(message)
    if said.service:
        return []
    native = _native(message, place)
    if update.kind.startswith("edited_") and native is not None:
        return [_edited(update, place, native, said)]
    if update.kind == "business_message" and native is not None and _is_owners(message):
        ours = message.one("sender_business_bot").number("id") == bot.id
        return [] if ours else [_echoed(update, place, native, said)]
    return [_incoming(update, place, native, said)]


def place_of(message: Fields) -> Place | None:
    """The chat, or the part of it, in which this was said; a message without one is its sender's."""
    chat = message.one("chat")
    id = chat.number("id") or message.one("from").number("id")
    if not id:
        return None
    thread = message.number("message_thread_id")
    if thread is not None and (thread <= 0 or not (message.flag("is_topic_message") or is_private(chat))):
        thread = None  # in a group without topics it only says to which message the answers belong
    direct = message.one("direct_messages_topic").number("topic_id")
    return Place(id, thread, direct, message.words("business_connection_id"))


def is_private(chat: Fields) -> bool:
    """True for a chat with one person; those have the person's number, and all others a negative one."""
    return chat.words("type") == "private" or (not chat.words("type") and (chat.number("id") or 1) > 0)


def language(person: Fields, bot: Bot) -> str | None:
    """The person's language, as config.yaml spells it where it is spoken here."""
    code = person.words("language_code").lower()
    base = code.partition("-")[0]
    spoken = {language.lower(): language for language in bot.languages}
    return spoken.get(code) or spoken.get(base) or base[:8] or None


def _is_for_us(message: Fields, bot: Bot) -> bool:
    chat = message.one("chat")
    if is_private(chat) or "direct_messages_topic" in message:
        return not message.one("from").flag("is_bot") or is_private(chat)
    if chat.words("type") == "channel" or message.flag("is_automatic_forward"):
        return False
    return bot.groups and not message.one("from").flag("is_bot")


def _native(message: Fields, place: Place) -> NativeId | None:
    """None for a message that the server has not sent yet: it has the number 0."""
    number, ephemeral = message.number("message_id"), message.number("ephemeral_message_id")
    if number and number > 0:
        return place.native(number)
    return place.native(ephemeral, ephemeral=True) if ephemeral and ephemeral > 0 else None


def _is_owners(message: Fields) -> bool:
    """True when the owner of a business account has written to his customer, whose number the chat has."""
    sender = message.one("from").number("id")
    return sender is not None and sender != message.one("chat").number("id")


def _incoming(update: Update, place: Place, native: NativeId | None, said: Contents) -> Incoming:
    message, bot = update.fields, update.bot
    related = relations.read(message, place)
    command, start = presses.command(said.text)
    return Incoming(
        channel=bot.channel,
        address=place.address,
        event_key=update.key,
        text=said.text,
        name=_name(message),
        language=language(message.one("from"), bot),
        native=native,
        command=command,
        asks_person=command == presses.PERSON,
        remote=said.remote,
        reply_to=related.reply_to,
        quote=related.quote,
        album=message.words("media_group_id") or None,
        about={**said.about, **related.about, **_speaker(message)},
        start=start,
        said_at=message.moment("date"),
    )


def _edited(update: Update, place: Place, native: NativeId, said: Contents) -> Edited:
    return Edited(
        channel=update.bot.channel,
        address=place.address,
        event_key=update.key,
        native=native,
        text=said.text,
        remote=said.remote,
        about={**said.about, **_speaker(update.fields)},
        edited_at=update.fields.moment("edit_date"),
    )


def _echoed(update: Update, place: Place, native: NativeId, said: Contents) -> Echoed:
    return Echoed(
        channel=update.bot.channel,
        address=place.address,
        event_key=update.key,
        native=native,
        text=said.text,
        remote=said.remote,
        author_name=called(update.fields.one("from")),
        said_at=update.fields.moment("date"),
    )


def _name(message: Fields) -> str:
    """How the contact is called: the person, or the group as a whole."""
    chat = message.one("chat")
    if is_private(chat):
        return called(message.one("from")) or called(chat)
    return called(message.one("direct_messages_topic").one("user")) or called(chat)


def _speaker(message: Fields) -> Json:
    """Who of a group has said it."""
    if is_private(message.one("chat")):
        return {}
    name = called(message.one("sender_chat")) or called(message.one("from"))
    return {"said_by": name} if name else {}
