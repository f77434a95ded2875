"""What each real update and message becomes, as a person reads it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.connectors.telegram.speech import Bot
from bridge.connectors.telegram.updates import read
from bridge.messages import ChannelName, Deleted, Edited, Heard, Incoming, Reacted
from tests.connectors.telegram.payloads import names, payload, update

BOT = Bot(7, ChannelName("shop"), ("en", "ru", "it"))
NOTHING: list[Any] = []

File = tuple[str, str, str, int | None]
"""Kind, name, type, size."""


@dataclass(frozen=True)
class Said:
    """An `Incoming` as far as it is expected to say something."""

    address: str
    text: str = ""
    name: str = ""
    native: str | None = None
    language: str | None = None
    files: tuple[File, ...] = ()
    command: str | None = None
    reply_to: str | None = None
    album: str | None = None
    about: Collection[tuple[str, Any]] = ()
    said_at: int = 0

    @classmethod
    def of(cls, heard: Incoming) -> Said:
        """What was heard, in the words of the table."""
        files = tuple((file.kind, file.name, file.type, file.size) for file in heard.remote)
        said_at = int(heard.said_at.timestamp()) if heard.said_at else 0
        return cls(
            heard.address,
            heard.text,
            heard.name,
            heard.native,
            heard.language,
            files,
            heard.command,
            heard.reply_to,
            heard.album,
            tuple(heard.about.items()),
            said_at,
        )


def unsupported(kind: str, detail: str = "") -> tuple[tuple[str, Any], ...]:
    """What a line says that names a content."""
    return (("unsupported", kind), *((("detail", detail),) if detail else ()))


def entities(*marks: tuple[str, int, int]) -> tuple[tuple[str, Any], ...]:
    """Marks as they are kept."""
    return (("entities", [{"type": type, "offset": at, "length": long} for type, at, long in marks]),)


MARIO = Said("12345", name="Mario Bros", native="12345:123456", language="it", said_at=1668633998)
NIC = Said("3527065", name="Nic Pottier")
ANDREY = Said("250918540", name="Андрей Власов", language="en")
OLD_STICKER = Said(
    "3527065",
    name="Nic Pottier",
    native="3527065:44",
    files=(("sticker", "sticker.webp", "image/webp", 38440),),
    said_at=1454119668,
)


def of(said: Said, **fields: Any) -> Said:
    """The same with other fields."""
    return Said(**{**{name: getattr(said, name) for name in said.__dataclass_fields__}, **fields})


UPDATES: dict[str, list[Any]] = {
    "callback_query-2.json": [Said("2", "-=Font Size=-", "Name Surname", command="*", language="en")],
    "callback_query_inaccessible_message.json": [
        Said("222222222", "thedata", "Mario", command="thedata", language="it")
    ],
    "chat_boost.json": NOTHING,
    "chat_owner_changed.json": NOTHING,
    "chosen_inline_result.json": NOTHING,
    "command_tag_valid.json": [
        Said(
            "10081232",
            "/test@foo_bot",
            "Luca Patera",
            "10081232:428640",
            "it",
            command="test",
            about=entities(("bot_command", 0, 13)),
            said_at=1632176928,
        )
    ],
    "contact.json": [of(MARIO, about=(("contact", {"name": "911", "phone": "911"}),))],
    "delete_chat_photo.json": NOTHING,
    "deleted_business_messages.json": [
        Deleted(BOT.channel, *two)  # type: ignore[arg-type]
        for two in (
            ("456@123", "telegram:7:1:123", "456@123:123"),
            ("456@123", "telegram:7:1:321", "456@123:321"),
        )
    ],
    "edited_channel_post.json": NOTHING,
    "message-2.json": NOTHING,
    "message-document.json": [
        of(
            NIC,
            native="3527065:92",
            files=(("file", "TabFig2015prel.xls", "application/vnd.ms-excel", 4540928),),
            said_at=1493845100,
        )
    ],
    "message-photo.json": [
        of(
            NIC,
            text="Photo Caption",
            native="3527065:85",
            files=(("photo", "photo.jpg", "image/jpeg", 104737),),
            said_at=1493843318,
        )
    ],
    "message-reply_to_message-2.json": [
        Said(
            "1111111",
            "Bold and italics",
            "Test Firstname Test Lastname",
            "1111111:1365",
            files=(("voice", "voice.ogg", "audio/ogg", 23000),),
            reply_to="1111111:1334",
            about=(
                *entities(("italic", 9, 7), ("bold", 0, 4)),
                (
                    "forwarded",
                    {"from": "ForwardFirstname ForwardLastname", "at": "2015-09-07T17:05:50+00:00"},
                ),
            ),
            said_at=1441645532,
        ),
        Said(
            "1111111",
            "Data from button callback",
            "Test Firstname Test Lastname",
            command="Data from button callback",
        ),
    ],
    "message-reply_to_message-3.json": [
        Said(
            "-1001293752024",
            "/report",
            "CryptoInside Chat",
            "-1001293752024:134546",
            "en",
            command="report",
            reply_to="-1001293752024:134545",
            about=(*entities(("bot_command", 0, 7)), ("said_by", "the Cable Guy")),
            said_at=1721592580,
        )
    ],
    "message-sticker-2.json": [OLD_STICKER],
    "message-sticker-7.json": [OLD_STICKER],
    "message-sticker.json": [OLD_STICKER],
    "message-text-2.json": [Said("408258968", "4", "Hirrolot", "408258968:154", "en", said_at=1581448857)],
    "message-text.json": [
        Said("218485655", "hello there", "Waffle", "218485655:6557", "en", said_at=1569518342)
    ],
    "message.json": [Said("456", "Ciao", "Mario", "456:123", "en", said_at=1684984664)],
    "message_reaction-2.json": [
        Reacted(BOT.channel, "-1002184233434", "telegram:7:71651249", "-1002184233434:35", ("🌭",))  # type: ignore[arg-type]
    ],
    "message_reaction.json": [
        Reacted(BOT.channel, "456", "telegram:7:1", "456:123", ("❤️", "🤡", "custom emoji"))  # type: ignore[arg-type]
    ],
    "message_reaction_count.json": NOTHING,
    "new_chat_members.json": NOTHING,
    "new_chat_photo.json": NOTHING,
    "poll_answer.json": NOTHING,
    "removed_chat_boost-2.json": NOTHING,
    "shipping_query.json": [Said("123456789", name="Mario Bros", about=unsupported("shipping_query"))],
    "users_shared.json": [
        Said(
            "123456789",
            name="Mario Bros",
            native="123456789:664",
            about=unsupported("users_shared", "Luigi, Peach"),
            said_at=1703962792,
        )
    ],
    "video.json": [of(MARIO, files=(("video", "sdfsdfsdf.mp4", "video/mp4", 4713412),))],
    "video_note.json": [of(MARIO, files=(("video_note", "video-note.mp4", "video/mp4", 290925),))],
    "voice.json": [of(MARIO, files=(("voice", "voice.ogg", "audio/ogg", 6448),))],
}

MESSAGES: dict[str, list[Any]] = {
    "message-10.json": NOTHING,  # of a channel
    "message-14.json": NOTHING,
    "message-5.json": NOTHING,
    "message-22.json": [
        Said("1", name="User", native="1:1", about=unsupported("message"), said_at=1682189507)
    ],
    "message-3.json": [
        Said("1234567890", name="FN", native="1234567890:875400", about=unsupported("message"))
    ],
    "message-entities-14.json": [
        Said(
            "1",
            "#hashtag text https://example.com end",
            native="1:14",
            about=entities(("hashtag", 0, 8), ("url", 14, 19)),
            said_at=1682177590,
        )
    ],
    "message-entities-17.json": [
        Said(
            "1",
            "cool 😋 nice",
            native="1:17",
            about=entities(("custom_emoji", 5, 3)),
            said_at=1682177590,
        )
    ],
    "message-entities-18.json": [
        Said(
            "1",
            "secret hidden text",
            native="1:18",
            about=entities(("spoiler", 0, 6), ("bold", 7, 6)),
            said_at=1682177590,
        )
    ],
    "message-entities-20.json": [
        Said(
            "1",
            "email@x.com deleted",
            native="1:20",
            about=entities(("email", 0, 11), ("strikethrough", 12, 7)),
            said_at=1682177590,
        )
    ],
    "message-entities-24.json": [
        Said(
            "1",
            "@username bold text",
            native="1:24",
            about=entities(("mention", 0, 9), ("bold", 10, 4)),
            said_at=1682177590,
        )
    ],
    "message-entities-5.json": [
        Said("1", "spoiler text", native="1:5", about=entities(("spoiler", 0, 7)), said_at=1682177590)
    ],
    "message-media_group_id.json": [
        of(
            ANDREY,
            native="250918540:198283",
            files=(("video", "video.mp4", "video/mp4", 1381334),),
            album="12543417770506682",
            said_at=1567927221,
        )
    ],
    "message-photo-2.json": [
        Said(
            "27433968",
            "www.example.com",
            "Crax | rats addict",
            "27433968:3460",
            "en",
            files=(("photo", "photo.jpg", "image/jpeg", 162061),),
            about=entities(("url", 0, 15)),
            said_at=1655671349,
        )
    ],
    "message-sticker.json": [
        of(
            ANDREY,
            native="250918540:199787",
            files=(("sticker", "sticker.tgs", "application/x-tgsticker", 16639),),
            about=(("emoji", "😡"),),
            said_at=1568290188,
        )
    ],
    "message-text-6.json": [Said("1", "checklist", "User", "1:1", said_at=1682189507)],
    "message-text.json": [
        Said("1111111", "Original", "Test Firstname Test Lastname", "1111111:1365", said_at=1441645532)
    ],
}


def shown(events: Collection[Heard]) -> list[Any]:
    """Events in the words of the table."""
    return [Said.of(event) if isinstance(event, Incoming) else event for event in events]


@pytest.mark.parametrize("name", UPDATES)
def test_a_real_update_becomes_what_a_person_reads_in_it(name: str) -> None:
    taken = read(update("updates", name), BOT)
    assert shown(taken.events) == UPDATES[name]
    assert not taken.unread


@pytest.mark.parametrize("name", MESSAGES)
def test_a_real_message_becomes_what_a_person_reads_in_it(name: str) -> None:
    taken = read(update("messages", name), BOT)
    assert shown(taken.events) == MESSAGES[name]
    assert not taken.unread


@pytest.mark.parametrize(("folder", "table"), [("updates", UPDATES), ("messages", MESSAGES)])
def test_no_payload_is_left_out(folder: str, table: dict[str, Any]) -> None:
    if not names(folder):
        pytest.skip("the real payloads are not at hand")
    assert set(names(folder)) == set(table)


def test_the_largest_size_of_a_photo_is_what_is_fetched() -> None:
    (heard,) = read(update("updates", "message-photo.json"), BOT).events
    assert isinstance(heard, Incoming)
    assert [file.ref for file in heard.remote] == ["AgADAQADtKcxG4LRUUQSQVUjfJIiiF8G6C8ABA9NJzFdXskaincBAAEC"]


def test_a_rich_message_is_read_though_it_has_no_text() -> None:
    message = payload("api-responses", "rich_message.json")
    (heard,) = read({"update_id": 5, "message": message}, BOT).events
    assert isinstance(heard, Incoming)
    assert heard.text.splitlines() == [
        "it's me",
        "mario",
        "Codes Colors",
        "EI136 EI136 redOnecapiscored blue",
        "bold",
        "prefixboldsuffix",
    ]


def test_an_edit_is_of_the_same_message() -> None:
    message = {**update("updates", "message.json")["message"], "text": "Ciao!", "edit_date": 1684984700}
    (heard,) = read({"update_id": 2, "edited_message": message}, BOT).events
    assert heard == Edited(
        BOT.channel,
        "456",  # type: ignore[arg-type]
        "telegram:7:2",  # type: ignore[arg-type]
        "456:123",  # type: ignore[arg-type]
        "Ciao!",
        edited_at=datetime.fromtimestamp(1684984700, UTC),
    )
