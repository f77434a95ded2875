"""Files in both directions: uploaded, asked for, downloaded, used again, in albums, too large."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib

import pytest

from tests.playground.wire import Api, Played, Refused

pytestmark = pytest.mark.anyio


def png(width: int = 40, height: int = 30) -> bytes:
    """A small picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x20\x60\x90" * width) * height
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def test_a_customers_file_can_be_fetched_by_its_bot_alone(ground: Played) -> None:
    anna = ground.person()
    anna.send(ground.bot, "document", b"%PDF-1.7 bill", "Счёт №5.pdf", "application/pdf", caption="this one")
    (update,) = await ground.api.updates()
    document = update["message"]["document"]
    assert (document["file_name"], document["mime_type"], document["file_size"]) == (
        "Счёт №5.pdf",
        "application/pdf",
        13,
    )
    assert update["message"]["caption"] == "this one"
    found = await ground.api.call("getFile", file_id=document["file_id"])
    assert found["file_unique_id"] == document["file_unique_id"]
    assert await ground.api.file(found["file_path"]) == (200, b"%PDF-1.7 bill")
    other = Api(ground.api.url, ground.http, "43:another-bot-of-the-tests")
    with pytest.raises(Refused) as refused:
        await other.call("getFile", file_id=document["file_id"])
    assert refused.value.status == 400
    assert (await other.file("documents/nowhere.pdf"))[0] == 404


async def test_what_is_larger_than_twenty_megabytes_is_not_handed_over(ground: Played) -> None:
    anna = ground.person()
    anna.send(ground.bot, "video", bytes(20 * 1024 * 1024 + 1), "long.mp4", "video/mp4")
    (update,) = await ground.api.updates()
    with pytest.raises(Refused) as refused:
        await ground.api.call("getFile", file_id=update["message"]["video"]["file_id"])
    assert refused.value.description == "Bad Request: file is too big"


async def test_an_uploaded_picture_reaches_the_customer_bit_by_bit_and_can_be_sent_again(
    ground: Played,
) -> None:
    anna, boris = ground.person("Anna"), ground.person("Boris")
    sent = await ground.api.call(
        "sendPhoto", {"photo": ("plan.png", png(), "image/png")}, chat_id=anna.id, caption="The plan"
    )
    photo = sent["photo"][-1]
    assert (photo["width"], photo["height"]) == (40, 30)
    (seen,) = [one for one in anna.seen() if not one.mine]
    assert (seen.text, seen.files[0].sha256) == ("The plan", hashlib.sha256(png()).hexdigest())
    await ground.api.call("sendPhoto", chat_id=boris.id, photo=photo["file_id"])
    assert [one.files[0].sha256 for one in boris.seen() if not one.mine] == [seen.files[0].sha256]
    ground.valid()
    with pytest.raises(Refused) as refused:
        await ground.api.call("sendDocument", chat_id=boris.id, document=photo["file_id"])
    assert refused.value.description == "Bad Request: can't use file of type Photo as Document"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no picture", "Bad Request: IMAGE_PROCESS_FAILED"),
        (b"", "Bad Request: file must be non-empty"),
        (png(3000, 10), "Bad Request: PHOTO_INVALID_DIMENSIONS"),
    ],
)
async def test_what_is_no_picture_is_not_taken_for_one(ground: Played, data: bytes, words: str) -> None:
    anna = ground.person()
    with pytest.raises(Refused) as refused:
        await ground.api.call("sendPhoto", {"photo": ("x.png", data, "image/png")}, chat_id=anna.id)
    assert refused.value.description == words


async def test_an_album_is_one_call_and_many_messages(ground: Played) -> None:
    anna = ground.person()
    media = [
        {"type": "photo", "media": "attach://one", "caption": "both"},
        {"type": "photo", "media": "attach://two"},
    ]
    files = {"one": ("1.png", png(), "image/png"), "two": ("2.png", png(20, 20), "image/png")}
    sent = await ground.api.call("sendMediaGroup", files, chat_id=anna.id, media=json.dumps(media))
    assert len(sent) == 2
    assert len({message["media_group_id"] for message in sent}) == 1
    seen = [one for one in anna.seen() if not one.mine]
    assert [(one.text, len(one.files)) for one in seen] == [("both", 1), ("", 1)]
    with pytest.raises(Refused) as refused:
        await ground.api.call("sendMediaGroup", files, chat_id=anna.id, media=json.dumps(media[:1]))
    assert refused.value.description == "Bad Request: wrong number of messages in the album"
    anna.album(ground.bot, [("photo", png(), "a.png", ""), ("photo", png(), "b.png", "")], "mine")
    updates = await ground.api.updates()
    assert len({update["message"]["media_group_id"] for update in updates}) == 1
    assert [update["message"].get("caption") for update in updates] == ["mine", None]


async def test_a_voice_and_a_sticker_have_their_own_fields(ground: Played) -> None:
    anna = ground.person()
    anna.send(ground.bot, "voice", b"OggS", "", "audio/ogg", duration=3)
    anna.send(ground.bot, "sticker", png(512, 512), emoji="👋")
    voice, sticker = [update["message"] for update in await ground.api.updates()]
    assert (voice["voice"]["duration"], voice["voice"]["mime_type"]) == (3, "audio/ogg")
    assert sticker["sticker"]["emoji"] == "👋"
    assert "text" not in voice
