"""What each event of VK becomes, without a server: texts, files, commands, echoes, receipts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.connectors.vk import addresses, events, kinds, presses
from bridge.connectors.vk.events import REACTIONS, Taken
from bridge.connectors.vk.presses import Press
from bridge.connectors.vk.speech import Community
from bridge.messages import (
    ChannelName,
    Echoed,
    Edited,
    Incoming,
    Mark,
    NativeId,
    Reachable,
    Reacted,
    Receipted,
    Remote,
)

DATE = 1_790_000_000
CHAT = addresses.GROUP_CHATS + 5
NAMES = {42: "Anna Petrova", 9: "Olga", CHAT: "Neighbours", -7: "Shop"}
SHOP = Community(7, ChannelName("shop"), ("en", "ru"), True, lambda who: NAMES.get(who, ""))


def message(**fields: Any) -> dict[str, Any]:
    """A message of Anna's."""
    known = {"id": 100, "date": DATE, "from_id": 42, "peer_id": 42, "conversation_message_id": 5, "out": 0}
    return known | {"text": "", "attachments": [], "fwd_messages": []} | fields


def new(event_id: str = "e1", client: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The event of such a message."""
    held = {"message": message(**fields), "client_info": client or {"lang_id": 0}}
    return {"type": "message_new", "object": held, "event_id": event_id, "v": "5.199", "group_id": 7}


def event(kind: str, event_id: str = "e1", **fields: Any) -> dict[str, Any]:
    """Another event."""
    return {"type": kind, "object": fields, "event_id": event_id, "group_id": 7}


def taken(raw: Any, community: Community = SHOP) -> Taken:
    found = events.read(raw, community)
    assert not found.unread, found.unread
    return found


def incoming(raw: Any, community: Community = SHOP) -> Incoming:
    (found,) = taken(raw, community).events
    assert isinstance(found, Incoming)
    return found


def attached(kind: str, **held: Any) -> dict[str, Any]:
    return {"type": kind, kind: held}


# -- messages


def test_a_message_is_who_said_what_where_and_when() -> None:
    found = incoming(new(text="Where is my parcel?"))
    assert found == Incoming(
        channel=ChannelName("shop"),
        address=addresses.address(42),
        event_key=found.event_key,
        text="Where is my parcel?",
        name="Anna Petrova",
        language="ru",
        native=NativeId("42:5"),
        said_at=datetime.fromtimestamp(DATE, UTC),
    )


def test_a_message_has_one_key_however_it_is_told_and_an_event_that_names_none_has_vks() -> None:
    assert incoming(new("e1")).event_key == incoming(new("e2")).event_key == "vk:7:said:42:5"
    without = message(text="hi")
    del without["conversation_message_id"]
    told = {"type": "message_new", "object": {"message": without}, "event_id": "e1"}
    assert incoming(told).event_key == "vk:7:e1"
    del told["event_id"]
    assert incoming(told).event_key == incoming(told).event_key != "vk:7:e1"
    assert incoming(told).native is None


def test_old_versions_are_read_alike() -> None:
    old = {"id": 111, "date": DATE, "out": 0, "user_id": 42, "read_state": 0, "title": "", "body": "a<br>b"}
    found = incoming({"type": "message_new", "object": old, "group_id": 7, "event_id": "e"})
    assert (found.address, found.text, found.name) == ("42", "a\nb", "Anna Petrova")
    chat = incoming({"type": "message_new", "object": old | {"chat_id": 5}, "event_id": "e"})
    assert chat.address == str(CHAT)
    plain = incoming({"type": "message_new", "object": message(text="hi"), "event_id": "e"})
    assert (plain.address, plain.native) == ("42", "42:5")


def test_signs_that_vk_writes_as_html_does_are_read_as_they_were_typed() -> None:
    found = incoming(new(text="1 &lt; 2 &amp;&amp; &quot;x&quot; &#128516; &copy &nbsp; &amp;lt;"))
    assert found.text == '1 < 2 && "x" 😄 &copy &nbsp; &lt;'


@pytest.mark.parametrize(
    ("number", "language"), [(0, "ru"), (3, "en"), (1, "uk"), (6, "de"), (99, None), (-1, None), ("0", "ru")]
)
def test_the_language_is_that_of_his_program(number: Any, language: str | None) -> None:
    assert incoming(new(client={"lang_id": number})).language == language


def test_who_came_by_a_link_brings_its_word() -> None:
    found = incoming(new(text="Начать", ref="spring", ref_source="mail", payload='{"command":"start"}'))
    assert (found.command, found.start, found.about) == ("start", "spring", {"ref_source": "mail"})


@pytest.mark.parametrize(
    ("payload", "words", "command"),
    [
        ('{"command":"start"}', "Начать", "start"),
        ('{"command":"menu:plans","label":"Тарифы"}', "Тарифы", "menu:plans"),
        ({"command": "person"}, "A person", "person"),
        ('{"button":"1"}', "hello", None),
        ("not json", "hello", None),
        ('["a"]', "hello", None),
        (None, "Начать", "start"),
        (None, "начать ремонт", None),
        (None, "/help", "help"),
        (None, "/help my site is down", None),
        ('{"command":{"a":1}}', "hello", None),
    ],
)
def test_buttons_and_lone_commands_are_commands(payload: Any, words: str, command: str | None) -> None:
    found = incoming(new(text=words, payload=payload))
    assert (found.command, found.text) == (command, words)
    assert found.asks_person == (command == "person")


def test_an_answer_names_what_it_answers_and_quotes_it() -> None:
    answered = {"conversation_message_id": 3, "from_id": -7, "text": "Which &quot;one&quot;?", "date": DATE}
    found = incoming(new(text="The red one", reply_message=answered))
    assert (found.reply_to, found.quote) == ("42:3", 'Which "one"?')
    assert incoming(new(text="x", reply_message={})).reply_to is None


def test_forwards_stand_below_quoted_with_their_files() -> None:
    photo = attached("photo", sizes=[{"url": "https://x.example/a.jpg", "width": 9, "height": 9}])
    inner = {"from_id": 9, "text": "deep", "date": DATE, "fwd_messages": [{"from_id": 33, "text": "deeper"}]}
    outer = {"from_id": 42, "text": "one\ntwo", "date": DATE, "attachments": [photo], "fwd_messages": [inner]}
    found = incoming(new(text="look", fwd_messages=[outer, {"from_id": -8, "text": ""}]))
    assert found.text.splitlines() == [
        "look",
        "> Anna Petrova: one",
        "> two",
        ">> Olga: deep",
        ">>> id33: deeper",
        "> club8: …",
    ]
    assert [file.ref for file in found.remote] == ["https://x.example/a.jpg"]


def test_a_shortened_message_is_told() -> None:
    assert taken(new(text="long", is_cropped=True)).cropped == (42, 5)
    assert taken(new(text="whole")).cropped is None


# -- attachments

SIZES = [
    {"type": "s", "url": "https://x.example/s.jpg", "width": 75, "height": 50},
    {"type": "w", "url": "https://x.example/w.jpg", "width": "1254", "height": 900},
    {"type": "o", "url": "https://x.example/o.jpg", "width": 130, "height": 87},
]
FILES: dict[str, tuple[dict[str, Any], Remote]] = {
    "photo": (
        attached("photo", id=1, owner_id=42, sizes=SIZES),
        Remote("https://x.example/w.jpg", "photo.jpg", "image/jpeg", kind="photo"),
    ),
    "photo of letters only": (
        attached("photo", sizes=[{"type": "z", "src": "https://x.example/z"}, {"type": "m", "src": "https://x.example/m"}]),
        Remote("https://x.example/z", "photo.jpg", "image/jpeg", kind="photo"),
    ),
    "photo of old": (
        attached("photo", photo_75="https://x.example/75", photo_604="https://x.example/604", width=604),
        Remote("https://x.example/604", "photo.jpg", "image/jpeg", kind="photo"),
    ),
    "photo with its original": (
        attached("photo", sizes=SIZES, orig_photo={"url": "https://x.example/all.jpg", "width": 4000, "height": 3000}),
        Remote("https://x.example/all.jpg", "photo.jpg", "image/jpeg", kind="photo"),
    ),
    "doc": (
        attached("doc", id=1, owner_id=42, title="счёт.pdf", size=7, ext="pdf", url="https://vk.com/doc42_1?hash=h", type=1),
        Remote("https://vk.com/doc42_1?hash=h", "счёт.pdf", "application/pdf", 7),
    ),
    "doc without its ending": (
        attached("doc", title="IMG_907", size=4620, ext="png", url="https://x.example/d", type=4),
        Remote("https://x.example/d", "IMG_907.png", "image/png", 4620),
    ),
    "moving picture": (
        attached("doc", title="cat.gif", size=9, ext="gif", url="https://x.example/g", type=3),
        Remote("https://x.example/g", "cat.gif", "image/gif", 9, "animation"),
    ),
    "voice": (
        attached("audio_message", duration=3, link_ogg="https://x.example/v.ogg", link_mp3="https://x.example/v.mp3"),
        Remote("https://x.example/v.ogg", "voice.ogg", "audio/ogg", kind="voice"),
    ),
    "voice of old": (
        attached("doc", title="a", ext="ogg", url="https://x.example/d", preview={"audio_msg": {"link_mp3": "https://x.example/v.mp3"}}),
        Remote("https://x.example/v.mp3", "voice.mp3", "audio/mpeg", kind="voice"),
    ),
    "graffiti": (
        attached("graffiti", url="https://x.example/g.png", width=100, height=100),
        Remote("https://x.example/g.png", "graffiti.png", "image/png", kind="photo"),
    ),
    "sticker": (
        attached(
            "sticker",
            product_id=1,
            sticker_id=2,
            images=[{"url": "https://x.example/64", "width": 64, "height": 64}, {"url": "https://x.example/512", "width": 512, "height": 512}],
        ),
        Remote("https://x.example/512", "sticker.png", "image/png", kind="sticker"),
    ),
    "song": (
        attached("audio", artist="A", title="B", url="https://x.example/a.mp3"),
        Remote("https://x.example/a.mp3", "A – B.mp3", "audio/mpeg", kind="audio"),
    ),
    "film": (
        attached("video", title="Cat", files={"mp4_240": "https://x.example/240", "mp4_720": "https://x.example/720", "hls": "x"}),
        Remote("https://x.example/720", "Cat.mp4", "video/mp4", kind="video"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_told_where_it_lies(name: str) -> None:
    held, remote = FILES[name]
    found = incoming(new(text="see", attachments=[held]))
    assert (found.text, found.remote, found.about) == ("see", (remote,), {})


NAMED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "film": (
        attached("video", id=4, owner_id=-1, title="Cat", access_key="k"),
        {"unsupported": "video", "detail": "Cat", "links": ["https://vk.com/video-1_4"]},
    ),
    "song": (attached("audio", artist="A", title="B", url=""), {"unsupported": "audio", "detail": "A B"}),
    "post": (
        attached("wall", id=4, from_id=-1, to_id=-1, text="News"),
        {"unsupported": "wall", "detail": "News", "links": ["https://vk.com/wall-1_4"]},
    ),
    "comment": (
        attached("wall_reply", id=9, owner_id=-1, post_id=4, text="Nice"),
        {"unsupported": "wall_reply", "detail": "Nice", "links": ["https://vk.com/wall-1_4?reply=9"]},
    ),
    "goods": (
        attached("market", id=4, owner_id=-1, title="Mug", price={"text": "500 ₽"}, description="blue"),
        {"unsupported": "market", "detail": "Mug 500 ₽ blue", "links": ["https://vk.com/product-1_4"]},
    ),
    "call": (
        attached("call", state="reached", duration=61, initiator_id=42),
        {"unsupported": "call", "detail": "reached 61 s"},
    ),
    "story": (
        attached("story", id=4, owner_id=42),
        {"unsupported": "story", "links": ["https://vk.com/story42_4"]},
    ),
    "podcast": (attached("podcast", title="Talk"), {"unsupported": "podcast", "detail": "Talk"}),
    "something new": (attached("hologram", title="3D"), {"unsupported": "hologram", "detail": "3D"}),
    "nothing at all": ({}, {"unsupported": "attachment"}),
    "an empty photo": (
        attached("photo", id=4, owner_id=42, sizes=[]),
        {"unsupported": "photo", "links": ["https://vk.com/photo42_4"]},
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_what_is_no_file_is_named_with_what_words_can_say(name: str) -> None:
    held, about = NAMED[name]
    found = incoming(new(attachments=[held])).about
    links = [entity["url"] for entity in found.pop("entities", [])]
    assert found | ({"links": links} if links else {}) == about


def test_all_that_hangs_on_a_message_is_told() -> None:
    gift = attached("gift", id=1, thumb_256="https://x.example/gift")
    post = attached("wall", id=4, to_id=-1, text="News", attachments=[FILES["photo"][0]])
    poll = attached("poll", question="Tea?", answers=[{"text": "yes"}, {"text": "no"}])
    link = attached("link", url="https://shop.example/a", title="A")
    geo = {"type": "point", "coordinates": {"latitude": 59.9, "longitude": 30.3}, "place": {"title": "Pier"}}
    found = incoming(new(text="all", attachments=[gift, post, poll, link, FILES["doc"][0]], geo=geo))
    assert [file.name for file in found.remote] == ["gift.jpg", "photo.jpg", "счёт.pdf"]
    urls = [entity["url"] for entity in found.about.pop("entities")]
    assert urls == ["https://vk.com/wall-1_4", "https://shop.example/a"]
    assert found.about == {
        "location": {"latitude": 59.9, "longitude": 30.3, "title": "Pier"},
        "poll": {"question": "Tea?", "options": ["yes", "no"]},
        "unsupported": "gift",
        "detail": "wall: News",
    }
    seen = incoming(new(text="see https://shop.example/a now", attachments=[link]))
    assert seen.about == {}


def test_an_old_place_is_a_place() -> None:
    assert incoming(new(geo={"type": "point", "coordinates": "59.9 30.3"})).about == {
        "location": {"latitude": 59.9, "longitude": 30.3}
    }
    assert incoming(new(geo={"type": "point", "coordinates": "here"})).about == {"unsupported": "geo"}


# -- group chats


def test_in_a_group_chat_the_dialog_is_the_chats_and_each_message_says_whose_it_is() -> None:
    found = incoming(new(peer_id=CHAT, text="hi"))
    assert (found.address, found.name, found.about) == (str(CHAT), "Neighbours", {"said_by": "Anna Petrova"})
    assert incoming(new(peer_id=CHAT, from_id=77, text="hi")).about == {"said_by": "id77"}
    alone = Community(7, ChannelName("shop"), groups=False)
    assert taken(new(peer_id=CHAT, text="hi"), alone).events == ()
    assert taken(new(peer_id=CHAT, from_id=-99, text="I am a bot")).events == ()


@pytest.mark.parametrize("action", kinds.ACTIONS)
def test_what_vk_writes_into_a_chat_is_nobodys_word(action: str) -> None:
    assert taken(new(peer_id=CHAT, action={"type": action, "member_id": 42})).events == ()


# -- what is said in the community's name


def reply(**fields: Any) -> Echoed:
    held = message(from_id=-7, out=1, **fields)
    (found,) = taken(event("message_reply", **held)).events
    assert isinstance(found, Echoed)
    return found


def test_our_own_message_comes_back_with_the_beginning_of_its_key() -> None:
    for key in ("0123abcd" + "0" * 24, "ffffffff" + "1" * 24, "80000000" + "2" * 24, "7fffffff" * 4):
        number = addresses.random_id(key)
        assert -(2**31) <= number < 2**31
        found = reply(text="On its way", random_id=number)
        assert (found.key, found.native) == (key[:8], "42:5")
    assert addresses.random_id("0" * 32) == 1
    assert reply(text="x", random_id=0).key is reply(text="x", random_id=2**40).key is None


def test_a_persons_answer_on_vks_page_bears_his_name_and_a_programs_is_automatic() -> None:
    found = reply(text="I see to it", admin_author_id=9, random_id=5)
    assert (found.text, found.author_name, found.automatic) == ("I see to it", "Olga", False)
    assert found.said_at == datetime.fromtimestamp(DATE, UTC)
    assert reply(text="x", admin_author_id=33).author_name == "id33"
    program = reply(text="Hello!")
    assert (program.author_name, program.automatic) == ("Shop", True)
    assert reply(attachments=[attached("story")], admin_author_id=9).text == "[story]"


def test_an_edit_of_the_contacts_is_an_edit_and_one_of_ours_is_nothing() -> None:
    found = taken(event("message_edit", **message(text="changed", update_time=DATE + 60))).events
    assert found == (
        Edited(
            ChannelName("shop"),
            addresses.address(42),
            found[0].event_key,
            NativeId("42:5"),
            "changed",
            edited_at=datetime.fromtimestamp(DATE + 60, UTC),
        ),
    )
    assert taken(event("message_edit", **message(text="ours", from_id=-7, out=1))).events == ()


# -- everything else


def test_reads_reactions_and_permissions_are_news() -> None:
    read = event("message_read", from_id=42, peer_id=42, read_message_id=100, conversation_message_id=5)
    (receipt,) = taken(read).events
    assert isinstance(receipt, Receipted)
    assert (receipt.address, receipt.mark, receipt.natives) == ("42", Mark.read, ("42:5",))
    assert taken(event("message_read", from_id=42, peer_id=42, read_message_id=100)).events == ()
    for number, emojis in ((1, ("❤",)), (16, ("🎉",)), (64, ("reaction 64",)), (None, ())):
        reacted = event("message_reaction_event", reacted_id=42, peer_id=42, cmid=5, reaction_id=number)
        (reaction,) = taken(reacted).events
        assert isinstance(reaction, Reacted)
        assert (reaction.native, reaction.emojis) == ("42:5", emojis)
    assert len(REACTIONS) == len(set(REACTIONS)) == 16
    for kind, reachable in (
        ("message_allow", True),
        ("message_deny", False),
        ("user_block", False),
        ("user_unblock", True),
    ):
        (reach,) = taken(event(kind, user_id=42, key="k", admin_id=9)).events
        assert isinstance(reach, Reachable)
        assert (reach.address, reach.reachable, bool(reach.reason)) == ("42", reachable, not reachable)


def test_typing_is_a_sign_and_no_event() -> None:
    found = taken(event("message_typing_state", state="typing", from_id=42, to_id=-7))
    assert (found.events, found.typist) == ((), "42")
    assert taken(event("message_typing_state", state="typing", from_id=-7, to_id=42)).typist is None


@pytest.mark.parametrize(
    ("payload", "words", "command"),
    [
        ({"command": "person", "label": "A person"}, "A person", "person"),
        ('{"command":"menu:plans","label":"Plans"}', "Plans", "menu:plans"),
        ({"label": "A long one"}, "A long one", None),
        ({"settings": "anti_spam"}, '{"settings": "anti_spam"}', None),
        ("hello", "hello", None),
    ],
)
def test_a_press_is_a_command_with_the_words_on_it(payload: Any, words: str, command: str | None) -> None:
    pressed = event("message_event", user_id=42, peer_id=42, payload=payload, conversation_message_id=5)
    pressed["object"]["event_id"] = "p1"
    found = taken(pressed)
    assert found.press == Press("p1", 42, 42)
    (said,) = found.events
    assert isinstance(said, Incoming)
    assert (said.text, said.command, said.native) == (words, command, None)
    assert said.asks_person == (command == "person")


def test_a_press_that_carries_nothing_is_named() -> None:
    pressed = {"type": "message_event", "event_id": "e", "object": {"user_id": 42, "event_id": "p"}}
    assert incoming(pressed).about == {"unsupported": "button"}


def test_what_is_bought_or_filled_in_is_a_line() -> None:
    order = {
        "id": 5,
        "user_id": 42,
        "display_order_id": "42-5",
        "total_price": {"text": "500 ₽"},
        "comment": "soon",
    }
    assert incoming(event("market_order_new", **order)).about == {
        "unsupported": "market_order_new",
        "detail": "42-5; 500 ₽; soon",
    }
    form = {"user_id": 42, "form_name": "Call me", "answers": [{"question": "Phone", "answer": "+7"}, {"key": "when", "answer": ["am", "pm"]}]}  # fmt: skip
    assert incoming(event("lead_forms_new", **form)).about["detail"] == "Call me; Phone: +7; when: am, pm"
    paid = {"from_id": 42, "amount": 500_000, "description": "Mug"}
    assert incoming(event("vkpay_transaction", **paid)).about["detail"] == "500.00 RUB; Mug"


@pytest.mark.parametrize("kind", kinds.UNHEARD)
def test_what_nobody_needs_is_taken_and_left(kind: str) -> None:
    found = taken(event(kind, user_id=42, from_id=42, text="hi"))
    assert (found.events, found.left) == ((), kind)


def test_a_kind_of_next_year_is_left_unless_it_is_about_messages() -> None:
    assert taken(event("telepathy_new", user_id=42)).left == "telepathy_new"
    assert incoming(event("message_telepathy", peer_id=42)).about == {"unsupported": "message_telepathy"}
    assert events.read(event("message_telepathy"), SHOP).unread


@pytest.mark.parametrize(
    "raw", [None, 7, "x", [], {}, {"type": "message_new"}, {"object": {}}, {"type": 7, "object": {}}]
)
def test_what_is_no_event_is_told_so(raw: Any) -> None:
    assert events.read(raw, SHOP).unread == "it is no event of VK"


def test_every_kind_of_vks_schema_is_in_a_table() -> None:
    from tests.connectors.vk.server import SPECS

    if not SPECS.exists():
        pytest.skip("VK's schema is not at hand: set BRIDGE_SHARED to its folder")
    schema = json.loads((SPECS / "callback" / "objects.json").read_text())["definitions"]["callback_type"][
        "enum"
    ]
    ours = kinds.HEARD.keys() | kinds.UNHEARD.keys() | {"confirmation", "messages_edit"}
    assert set(schema) <= ours
    methods = json.loads((SPECS / "groups" / "methods.json").read_text())["methods"]
    chosen = next(one for one in methods if one["name"] == "groups.setCallbackSettings")
    names = {one["name"] for one in chosen["parameters"]} - {"group_id", "server_id", "api_version"}
    assert names <= ours
    messages = json.loads((SPECS / "messages" / "objects.json").read_text())["definitions"]
    attachments = messages["messages_message_attachment_type"]["enum"]
    known = kinds.FILES.keys() | kinds.PERHAPS.keys() | kinds.SHOWN.keys() | set(kinds.UNSUPPORTED)
    assert set(attachments) <= known
    assert set(messages["messages_message_action_status"]["enum"]) <= kinds.ACTIONS.keys()


# -- buttons


def test_a_keyboard_fits_what_vk_takes() -> None:
    long = "menu:" + "ы" * 300
    for count in range(1, 11):
        buttons = tuple((f"menu:{number}", f"Тариф {number} " + "x" * 60) for number in range(count))
        keyboard = json.loads(presses.keyboard(buttons))
        assert keyboard["inline"] is True
        rows = keyboard["buttons"]
        assert len(rows) <= 6
        assert all(len(row) <= 5 for row in rows)
        actions = [button["action"] for row in rows for button in row]
        assert all(len(action["label"]) <= 40 and len(action["payload"]) <= 255 for action in actions)
        assert [json.loads(action["payload"])["command"] for action in actions] == [
            name for name, _ in buttons
        ]
    (row,) = json.loads(presses.keyboard(((long, "Long"),)))["buttons"]
    assert presses.pressed(row[0]["action"]["payload"]) == (None, "Long")
