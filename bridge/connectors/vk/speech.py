"""Who says what, where: from a message of VK to the one event that it is.

Owns the reading of a message as a whole: its conversation, its speaker, whether it is for us. It must never raise because
of what it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.connectors.vk import addresses, contents, kinds, presses
from bridge.fields import Fields
from bridge.messages import ChannelName, Echoed, Edited, EventKey, Heard, Incoming, Json, NativeId

LANGUAGES = ("ru", "uk", "be", "en", "es", "fi", "de", "it")
"""What VK's numbers of languages stand for. https://dev.vk.com/ru/api/api-requests"""


@dataclass(frozen=True, slots=True)
class Community:
    """Whose events are read: its number, its channel, the languages spoken, whether group chats count, known names."""

    id: int
    channel: ChannelName
    languages: tuple[str, ...] = ("en",)
    groups: bool = True
    named: Callable[[int], str] = lambda _: ""
    """the name of a person, community or group chat by its number; "" while it is not known"""

    def called(self, id: int) -> str:
        """A name, else what the address of his page says."""
        return self.named(id) or (f"id{id}" if id > 0 else f"club{-id}")


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of an event, what it is about, and what it will be called where it names no message."""

    kind: str
    fields: Fields
    key: EventKey
    community: Community


Found = list[Heard] | str
"""What an event means; or, in words, why it could not be read."""


def message(event: Event) -> Fields:
    """The message of an event: of versions from 5.103 on it stands beside what the client can do."""
    return event.fields.one("message") or event.fields


def peer_of(message: Fields) -> int | None:
    """The conversation of a message; old versions name only the person, or the group chat by its own number."""
    chat = message.number("chat_id")
    named = message.number("peer_id") or (addresses.GROUP_CHATS + chat if chat and chat > 0 else None)
    found = named or message.number("user_id") or message.number("from_id")
    return found if found and abs(found) < 10**18 else None


def native_of(message: Fields, peer: int) -> NativeId | None:
    """What a message is called; None for one that bears no number of its conversation."""
    number = message.number("conversation_message_id") or message.number("cmid")
    return addresses.native(peer, number) if number and 0 < number < 10**18 else None


def said_key(community: Community, native: NativeId | None, otherwise: EventKey) -> EventKey:
    """What the saying of a message is called, however it is learnt of: told, asked for, or found in the history.

    Its number in its conversation is given once, while each way of telling draws an `event_id` of its own.
    """
    return EventKey(f"vk:{community.id}:said:{native}") if native else otherwise


def counts(peer: int, community: Community) -> bool:
    """False for a group chat where those are not heard."""
    return community.groups or not addresses.is_group_chat(peer)


def said(event: Event) -> Found:
    """A message, new: the contact's, or one in the community's name."""
    message_, community = message(event), event.community
    peer = peer_of(message_)
    if peer is None:
        return f"a {event.kind} that names no conversation"
    speaker = message_.number("from_id") or message_.number("user_id") or peer
    if not counts(peer, community) or message_.one("action").words("type") in kinds.ACTIONS:
        return []
    if event.kind == "message_reply" or message_.number("out") == 1 or speaker == -community.id:
        return [_echoed(event, message_, peer)]
    if addresses.is_group_chat(peer) and speaker < 0:
        return []  # what other communities' programs say among people
    return [_incoming(event, message_, peer, speaker)]


def edited(event: Event) -> Found:
    """An edit of the contact's; what was said in the community's name is edited by us, or by whoever said it."""
    message_, community = message(event), event.community
    peer = peer_of(message_)
    native = native_of(message_, peer) if peer else None
    if peer is None or native is None:
        return f"a {event.kind} that names no message"
    speaker = message_.number("from_id") or message_.number("user_id") or peer
    if message_.number("out") == 1 or speaker == -community.id or not counts(peer, community):
        return []
    said = contents.read(message_, community.called)
    return [
        Edited(
            channel=community.channel,
            address=addresses.address(peer),
            event_key=event.key,
            native=native,
            text=said.text,
            remote=said.remote,
            about={**said.about, **_speaker(community, peer, speaker)},
            edited_at=message_.moment("update_time"),
        )
    ]


def _incoming(event: Event, message: Fields, peer: int, speaker: int) -> Incoming:
    community = event.community
    said = contents.read(message, community.called)
    native = native_of(message, peer)
    command = presses.command(message.value("payload"), said.text)
    answered = message.one("reply_message")
    about: Json = {**said.about, **_speaker(community, peer, speaker)}
    if source := message.words("ref_source")[:200]:
        about["ref_source"] = source
    return Incoming(
        channel=community.channel,
        address=addresses.address(peer),
        event_key=said_key(community, native, event.key),
        text=said.text,
        name=community.named(peer),
        language=_language(event.fields.one("client_info"), community),
        native=native,
        command=command,
        asks_person=command == presses.PERSON,
        remote=said.remote,
        reply_to=native_of(answered, peer),
        quote=contents.words(answered),
        about=about,
        start=message.words("ref")[:512],
        said_at=message.moment("date"),
    )


def _echoed(event: Event, message: Fields, peer: int) -> Echoed:
    community = event.community
    said = contents.read(message, community.called)
    native = native_of(message, peer)
    admin = message.number("admin_author_id")
    kind = "" if said.text or said.remote else f"[{said.about.get('unsupported', 'message')}]"
    return Echoed(
        channel=community.channel,
        address=addresses.address(peer),
        event_key=said_key(community, native, event.key),
        native=native or NativeId(f"{peer}:id{message.number('id') or 0}"),
        key=addresses.key(message.number("random_id")),
        text=said.text or kind,
        remote=said.remote,
        author_name=community.called(admin) if admin else community.named(-community.id),
        said_at=message.moment("date"),
        automatic=not admin,
    )


def _speaker(community: Community, peer: int, speaker: int) -> Json:
    """Who of a group chat has said it."""
    return {"said_by": community.called(speaker)} if addresses.is_group_chat(peer) else {}


def _language(client: Fields, community: Community) -> str | None:
    """The contact's language, as config.yaml spells it where it is spoken here."""
    number = client.number("lang_id")
    if number is None or not 0 <= number < len(LANGUAGES):
        return None
    code = LANGUAGES[number]
    spoken = {language.lower().partition("-")[0]: language for language in reversed(community.languages)}
    return spoken.get(code, code)
