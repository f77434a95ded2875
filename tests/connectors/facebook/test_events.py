"""What each event of Messenger becomes, without a server: texts, files, commands, echoes, receipts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.connectors.facebook import batches, events, kinds
from bridge.connectors.facebook.events import Taken
from bridge.connectors.facebook.speech import Page
from bridge.messages import (
    ChannelName,
    Deleted,
    Echoed,
    Edited,
    Incoming,
    Mark,
    NativeId,
    Reacted,
    Receipted,
    Remote,
)
from tests.connectors.facebook.house import PAGE, delivery
from tests.connectors.facebook.payloads import names, payload

DATE = 1_790_000_000_000
AT = datetime.fromtimestamp(DATE / 1000, UTC)
KEY = "89abcdef" * 4
SHOP = Page(PAGE, ChannelName("shop"), {"42": "Anna Petrova"}.get, {"42": "ru"}.get)  # type: ignore[arg-type]
CDN = "https://scontent.xx.fbcdn.net/v/t1/"


def update(*, sender: Any = "42", recipient: Any = PAGE, at: Any = DATE, **held: Any) -> dict[str, Any]:
    """An update of Anna's conversation."""
    found: dict[str, Any] = {"sender": {"id": sender}, "recipient": {"id": recipient}}
    return found | ({} if at is None else {"timestamp": at}) | held


def message(mid: str = "m_1", **fields: Any) -> dict[str, Any]:
    """A message of Anna's."""
    return update(message={"mid": mid, **fields})


def echo(mid: str = "m_9", **fields: Any) -> dict[str, Any]:
    """What was said in the page's name."""
    return update(sender=PAGE, recipient="42", message={"mid": mid, "is_echo": True, **fields})


def attached(kind: str, url: str = "", **fields: Any) -> dict[str, Any]:
    return {"type": kind, "payload": {"url": url, **fields} if url or fields else None}


def taken(raw: Any, page: Page = SHOP) -> Taken:
    found = events.read(raw, page)
    assert not found.unread, found.unread
    return found


def one(raw: Any, page: Page = SHOP) -> Any:
    (found,) = taken(raw, page).events
    return found


# -- messages


def test_a_message_is_who_said_what_where_and_when() -> None:
    assert one(message(text="Where is my parcel?", seq=7, nlp={"entities": {}})) == Incoming(
        channel=ChannelName("shop"),
        address="42",  # type: ignore[arg-type]
        event_key=f"facebook:{PAGE}:said:m_1",  # type: ignore[arg-type]
        text="Where is my parcel?",
        name="Anna Petrova",
        language="ru",
        native=NativeId("m_1"),
        said_at=AT,
    )


def test_ids_may_be_numbers_and_moments_seconds() -> None:
    found = one(update(sender=42, recipient=int(PAGE), at=DATE // 1000, message={"mid": "m_1", "text": "hi"}))
    assert (found.address, found.said_at) == ("42", AT)


def test_a_message_without_an_id_has_a_key_of_its_own_all_the_same() -> None:
    without = update(message={"text": "hi"})
    assert one(without).event_key == one(without).event_key != one(update(message={"text": "ho"})).event_key
    assert one(without).native is None


@pytest.mark.parametrize(
    ("payload", "command"),
    [
        ("menu:plans", "menu:plans"),
        ("person", "person"),
        ("GET_STARTED", "start"),
        ("get_started", "start"),
        ('{"a":1}', '{"a":1}'),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_a_quick_reply_carries_its_command(payload: Any, command: str | None) -> None:
    found = one(message(text="Plans", quick_reply={"payload": payload}))
    assert (found.text, found.command, found.asks_person) == ("Plans", command, command == "person")


def test_a_lone_command_is_one_and_a_sentence_is_none() -> None:
    assert one(message(text="/help")).command == "help"
    assert one(message(text="/help my site is down")).command is None
    assert one(message(text="start the engine")).command is None


def test_an_answer_names_what_it_answers() -> None:
    assert one(message(text="that", reply_to={"mid": "m_0", "is_self_reply": True})).reply_to == "m_0"
    story = one(message(text="nice", reply_to={"story": {"url": CDN + "s.jpg", "id": "7"}}))
    assert (story.reply_to, story.about) == (None, {"reply_elsewhere": {"kind": "story", "from": ""}})


def test_who_came_by_an_advertisement_brings_its_word() -> None:
    ads = {"ref": "spring", "ad_id": 6, "source": "ADS", "type": "OPEN_THREAD"}
    assert one(message(text="hi", referral=ads)).start == "spring"
    assert one({**message(text="hi"), "referral": ads}).start == "spring"
    titled = {"ad_id": "6", "source": "ADS", "ads_context_data": {"ad_title": "Sale"}}
    assert one(message(text="hi", referral=titled)).start == "Sale"


# -- attachments

FILES: list[tuple[dict[str, Any], Remote]] = [
    (attached("image", CDN + "a.jpg?oh=1"), Remote(CDN + "a.jpg?oh=1", "a.jpg", kind="photo")),
    (attached("video", CDN + "a.mp4"), Remote(CDN + "a.mp4", "a.mp4", kind="video")),
    (attached("audio", CDN + "a.mp4"), Remote(CDN + "a.mp4", "a.mp4", kind="audio")),
    (
        attached("file", "https://cdn.fbsbx.com/v/b%20c.pdf?x"),
        Remote("https://cdn.fbsbx.com/v/b%20c.pdf?x", "b c.pdf"),
    ),
    (attached("sticker", CDN + "s.png", sticker_id=5), Remote(CDN + "s.png", "s.png", kind="sticker")),
    (attached("image", CDN + "s.png", sticker_id=5), Remote(CDN + "s.png", "s.png", kind="sticker")),
    (attached("ig_reel", CDN + "r.mp4"), Remote(CDN + "r.mp4", "r.mp4", kind="video")),
    (attached("reel", CDN + "r.mp4"), Remote(CDN + "r.mp4", "r.mp4", kind="video")),
    (attached("ig_post", CDN + "p.jpg"), Remote(CDN + "p.jpg", "p.jpg", kind="photo")),
    (attached("post", CDN + "p.jpg"), Remote(CDN + "p.jpg", "p.jpg", kind="photo")),
    (attached("story_mention", CDN + "p"), Remote(CDN + "p", kind="photo")),
    (attached("hologram", CDN + "h.bin"), Remote(CDN + "h.bin", "h.bin")),
]
NAMED: list[tuple[dict[str, Any], str, str]] = [
    (attached("image"), "image", ""),
    (attached("image", "ftp://x/a"), "image", ""),
    (attached("appointment_booking", title="Friday, 10:00"), "appointment_booking", "Friday, 10:00"),
    (attached("sticker", sticker_id=5), "sticker", "5"),
    (attached("fallback"), "fallback", ""),
    (attached("template", template_type="receipt"), "template", "receipt"),
    (attached("location"), "location", ""),
    (attached("post", title="Our news"), "post", "Our news"),
    (attached("hologram"), "hologram", ""),
    ({"payload": {}}, "attachment", ""),
]


@pytest.mark.parametrize(("held", "file"), FILES)
def test_a_file_is_a_file(held: dict[str, Any], file: Remote) -> None:
    found = one(message(attachments=[held]))
    assert (found.text, found.remote, found.about) == ("", (file,), {})


@pytest.mark.parametrize(("held", "kind", "detail"), NAMED)
def test_what_cannot_be_shown_is_named(held: dict[str, Any], kind: str, detail: str) -> None:
    found = one(message(attachments=[held]))
    assert found.remote == ()
    assert (found.about["unsupported"], found.about.get("detail", "")) == (kind, detail)


def test_several_files_stay_in_their_order() -> None:
    found = one(message(text="look", attachments=[held for held, _ in FILES[:4]]))
    assert (found.text, found.remote) == ("look", tuple(file for _, file in FILES[:4]))


def test_a_sticker_that_also_comes_as_a_picture_is_one() -> None:
    twins = [
        attached("sticker", CDN + "s.webp", sticker_id=5),
        attached("image", CDN + "s.png", sticker_id=5),
    ]
    assert [file.kind for file in one(message(sticker_id=5, attachments=twins)).remote] == ["sticker"]
    others = [
        attached("sticker", CDN + "s.png", sticker_id=5),
        attached("sticker", CDN + "t.png", sticker_id=6),
    ]
    assert len(one(message(attachments=others)).remote) == 2


def test_the_thumb_is_a_thumb() -> None:
    like = attached("image", CDN + "t.png", sticker_id=369239263222822)
    assert one(message(sticker_id=369239263222822, attachments=[like])).about == {"emoji": "👍"}


def test_a_link_is_shown_unless_the_text_holds_it() -> None:
    detour = "https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.x.example%2Fa&h=AT3"
    link = {"type": "fallback", "title": "A page", "URL": detour, "payload": None}
    found = one(message(text="see", attachments=[link]))
    assert [each["url"] for each in found.about["entities"]] == ["https://www.x.example/a"]
    assert found.about["detail"] == "A page"
    assert one(message(text="see https://www.x.example/a", attachments=[link])).about == {}
    shared = attached("share", "https://www.facebook.com/p/1", title="Ours")
    found = one(message(attachments=[shared]))
    assert (found.about["unsupported"], found.about["detail"]) == ("share", "Ours")
    assert found.about["entities"][0]["url"] == "https://www.facebook.com/p/1"


def test_a_place_is_a_place() -> None:
    spot = {"type": "location", "title": "Anna's place", "payload": {"coordinates": {"lat": 1.5, "long": -2}}}
    assert one(message(attachments=[spot])).about == {
        "location": {"latitude": 1.5, "longitude": -2.0, "title": "Anna's place"}
    }


def test_a_template_says_what_its_cards_say() -> None:
    card = {"title": "Shoes", "subtitle": "42 EUR", "buttons": [{"type": "postback", "title": "Buy"}]}
    generic = {"type": "template", "payload": {"template_type": "generic", "elements": [card]}}
    assert one(echo(attachments=[generic])).text == "Shoes · 42 EUR\n[Buy]"
    button = {
        "type": "template",
        "payload": {"template_type": "button", "text": "Which?", "buttons": [{"title": "A"}]},
    }
    assert one(echo(attachments=[button])).text == "Which?\n[A]"
    product = {"type": "template", "payload": {"product": {"elements": [card]}}}
    assert one(message(attachments=[product])).text == "Shoes · 42 EUR\n[Buy]"


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        ({}, "message"),
        ({"is_unsupported": True}, "message"),
        ({"telepathy": {"x": 1}}, "telepathy"),
        ({"text": ""}, "message"),
    ],
)
def test_no_message_says_nothing(held: dict[str, Any], kind: str) -> None:
    assert one(message(**held)).about["unsupported"] in (kind, "is_unsupported")


def test_many_unknown_things_are_all_named() -> None:
    found = one(
        message(
            text="x", attachments=[attached("hologram"), attached("image"), attached("scent", title="rose")]
        )
    )
    assert (found.about["unsupported"], found.about["detail"]) == ("hologram", "image; scent: rose")


# -- presses and referrals


def test_a_press_is_its_command_said_by_its_label() -> None:
    found = one(update(postback={"mid": "m_2", "title": "Plans", "payload": "menu:plans"}))
    assert (found.text, found.command, found.native) == ("Plans", "menu:plans", "m_2")
    begun = one(
        update(postback={"title": "Get Started", "payload": "GET_STARTED", "referral": {"ref": "spring"}})
    )
    assert (begun.command, begun.start, begun.text) == ("start", "spring", "Get Started")


def test_a_press_of_another_apps_conversation_says_its_label() -> None:
    found = one(update(postback={"title": "Plans"}))
    assert (found.text, found.command) == ("Plans", None)
    assert one(update(postback={})).about == {"unsupported": "button"}


def test_who_comes_back_by_a_link_starts_anew() -> None:
    found = one(update(referral={"ref": "spring", "source": "SHORTLINK", "type": "OPEN_THREAD"}))
    assert (found.command, found.start, found.text) == ("start", "spring", "")
    assert found.about == {"unsupported": "referral", "detail": "SHORTLINK, OPEN_THREAD"}


def test_an_optin_starts_with_its_word_and_a_stop_is_left() -> None:
    found = one(update(optin={"ref": "PASS"}))
    assert (found.command, found.start, found.about["unsupported"]) == ("start", "PASS", "optin")
    news = one(
        update(
            optin={
                "type": "notification_messages",
                "title": "Birds",
                "payload": "p",
                "notification_messages_token": "secret",
            }
        )
    )
    assert (news.start, news.about["detail"]) == ("p", "Birds")
    assert "secret" not in str(news)
    assert taken(update(optin={"notification_messages_status": "STOP_NOTIFICATIONS"})).left == "optin"


# -- changes of messages


def test_a_reaction_is_the_whole_new_set() -> None:
    for given, emojis in [
        ({"reaction": "smile", "emoji": "😀", "action": "react"}, ("😀",)),
        ({"reaction": "love", "action": "react"}, ("❤",)),
        ({"reaction": "party", "action": "react"}, ("party",)),
        ({"action": "unreact"}, ()),
    ]:
        found = one(update(reaction={"mid": "m_1", **given}))
        assert isinstance(found, Reacted)
        assert (found.native, found.emojis) == ("m_1", emojis)


def test_reactions_to_the_same_message_are_events_of_their_own() -> None:
    keys = {
        one(update(at=DATE + at, reaction={"mid": "m_1", "action": action, "emoji": sign})).event_key
        for at, action, sign in [
            (0, "react", "❤"),
            (1, "react", "❤"),
            (1, "unreact", "❤"),
            (1, "react", "👍"),
        ]
    }
    assert len(keys) == 4


def test_a_rating_is_a_thumb() -> None:
    assert one(update(response_feedback={"feedback": "Good response", "mid": "m_9"})).emojis == ("👍",)
    assert one(update(response_feedback={"feedback": "Bad response", "mid": "m_9"})).emojis == ("👎",)


def test_an_edit_is_what_it_says_from_now_on_and_each_has_its_key() -> None:
    first = one(update(message_edit={"mid": "m_1", "text": "new", "num_edit": 1}))
    second = one(update(message_edit={"mid": "m_1", "text": "newer", "num_edit": "2"}))
    assert isinstance(first, Edited)
    assert (first.native, first.text, first.edited_at) == ("m_1", "new", AT)
    assert first.event_key != second.event_key != one(message(text="x")).event_key


def test_what_is_taken_back_is_gone() -> None:
    found = one(message(is_deleted=True))
    assert isinstance(found, Deleted)
    assert found.native == "m_1"
    assert found.event_key != one(message(text="x")).event_key


def test_watermarks_and_ids_are_receipts() -> None:
    arrived = one(update(delivery={"mids": ["m_8", "m_9"], "watermark": DATE, "seq": 1}))
    assert isinstance(arrived, Receipted)
    assert (arrived.mark, arrived.natives, arrived.upto) == (Mark.delivered, ("m_8", "m_9"), AT)
    read = one(update(read={"watermark": DATE}))
    assert (read.mark, read.natives, read.upto) == (Mark.read, (), AT)
    assert one(update(read={"mid": "m_9"})).natives == ("m_9",)
    assert one(update(read={"watermark": DATE + 1})).event_key != read.event_key


# -- echoes


def test_our_own_echo_bears_its_key() -> None:
    found = one(echo(text="Hello", app_id=5, metadata=KEY))
    assert isinstance(found, Echoed)
    assert (found.address, found.native, found.key, found.text, found.automatic) == (
        "42",
        "m_9",
        KEY,
        "Hello",
        False,
    )


@pytest.mark.parametrize(
    ("fields", "automatic"),
    [
        ({}, False),
        ({"app_id": 263902037430900}, False),
        ({"app_id": "5"}, True),
        ({"app_id": 5, "metadata": "theirs"}, True),
    ],
)
def test_a_persons_answer_keeps_the_promise_and_another_programs_does_not(
    fields: dict[str, Any], automatic: bool
) -> None:
    found = one(echo(text="Hello", **fields))
    assert (found.key, found.automatic) == (None, automatic)


def test_an_echo_says_what_it_holds() -> None:
    assert one(echo(attachments=[FILES[0][0]])).remote == (FILES[0][1],)
    assert one(echo(attachments=[attached("hologram")])).text == "[hologram]"
    spot = {"type": "location", "payload": {"coordinates": {"lat": 1, "long": 2}}}
    assert one(echo(attachments=[spot])).text == "📍 1.0, 2.0"
    link = {"type": "fallback", "title": "T", "url": "https://x.example"}
    assert one(echo(attachments=[link])).text == "[link] T\nhttps://x.example"
    assert one(echo()).text == "[message]"
    assert isinstance(one(update(sender=PAGE, recipient="42", message={"mid": "m", "text": "hi"})), Echoed)


def test_what_the_page_itself_does_changes_nothing() -> None:
    for held in (
        {"reaction": {"mid": "m_1", "action": "react", "emoji": "❤"}},
        {"message_edit": {"mid": "m_1", "text": "x", "num_edit": 1}},
        {"message": {"mid": "m_1", "is_echo": True, "is_deleted": True}},
        {"read": {"watermark": DATE}},
        {"postback": {"title": "x", "payload": "y"}},
    ):
        assert taken(update(sender=PAGE, recipient="42", **held)).events == ()


# -- what is rare

STREET = {
    "street1": "1 Hacker Way",
    "street2": "",
    "city": "Menlo Park",
    "state": "CA",
    "postal_code": 94025,
    "country": "US",
}


@pytest.mark.parametrize(
    ("held", "detail"),
    [
        (
            {"checkout_update": {"payload": "P", "shipping_address": STREET}},
            "P; 1 Hacker Way, Menlo Park, CA, 94025, US",
        ),
        (
            {
                "payment": {
                    "payload": "P",
                    "amount": {"amount": "29.62", "currency": "USD"},
                    "requested_user_info": {"contact_name": "Anna"},
                }
            },
            "P; Anna; 29.62 USD",
        ),
        ({"order": {"products": [{"name": "Shoes"}], "note": "soon"}}, "soon; Shoes"),
        (
            {
                "messaging_feedback": {
                    "feedback_screens": [
                        {
                            "screen_id": 0,
                            "questions": {
                                "q": {
                                    "type": "CSAT",
                                    "payload": "4",
                                    "follow_up": {"type": "free_form", "payload": "Great"},
                                }
                            },
                        }
                    ]
                }
            },
            "CSAT 4; Great",
        ),
        (
            {
                "messaging_customer_information": {
                    "screens": [{"responses": [{"key": "EMAIL", "value": "a@x.example"}]}]
                }
            },
            "EMAIL: a@x.example",
        ),
        (
            {"in_thread_lead_form_submit": {"field_data": [{"name": "size", "values": ["42", "43"]}]}},
            "size: 42, 43",
        ),
    ],
)
def test_what_he_buys_or_fills_in_is_a_line(held: dict[str, Any], detail: str) -> None:
    found = one(update(**held))
    assert found.about == {"unsupported": next(iter(held)), "detail": detail}


@pytest.mark.parametrize("watermark", ["\0", "\ud800", "5"])
def test_whatever_stands_for_a_moment_its_event_can_be_named(watermark: str) -> None:
    found = one(update(read={"watermark": watermark, "mids": ["m_1"]}))
    assert "\0" not in found.event_key
    found.event_key.encode()


@pytest.mark.parametrize("kind", kinds.UNHEARD)
def test_what_nobody_needs_is_left(kind: str) -> None:
    found = taken(update(**{kind: {"x": 1}}))
    assert (found.events, found.left) == ((), kind)


@pytest.mark.parametrize("kind", sorted(kinds.HEARD.keys() - {"policy_enforcement"}))
def test_each_kind_that_the_page_lists_is_read(kind: str) -> None:
    found = events.read(update(**{kind: {"mid": "m_1", "watermark": DATE, "text": "x"}}), SHOP)
    assert len(found.events) == 1


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (update(), "it holds no event"),
        (7, "it holds no event"),
        (update(foo={"a": 1}), "an event of a kind that is not known here: foo"),
        (update(sender=None, message={"mid": "m", "text": "x"}), "it names nobody whose message it is"),
        (update(reaction={"action": "react"}), "a reaction that names no message"),
        (update(message_edit={"text": "x"}), "an edit that names no message"),
        (update(delivery={}), "a delivery that names no message"),
        (update(message={"is_deleted": True}), "it says that a message was taken back, but not which"),
        (
            {
                "recipient": {"id": PAGE},
                "timestamp": 1,
                "policy-enforcement": {"action": "block", "reason": "Spam"},
            },
            "Facebook has restricted the page (block): Spam",
        ),
    ],
)
def test_what_cannot_be_placed_says_why(raw: Any, reason: str) -> None:
    assert events.read(raw, SHOP).unread == reason


# -- deliveries


def unread(raw: Any) -> list[str]:
    return [events.change(item).unread for item in batches.apart(raw, PAGE) if item.unread or item.left]


def test_a_delivery_is_read_in_the_order_in_which_it_was_said() -> None:
    early, late = update(at=DATE, message={"mid": "a"}), update(at=DATE + 5, message={"mid": "b"})
    same = update(at=DATE, message={"mid": "c"})
    raw = delivery(late, early) | {}
    raw["entry"].append({"id": int(PAGE), "time": DATE, "standby": [same]})
    assert [item.raw for item in batches.apart(raw, PAGE)] == [early, same, late]


def test_what_is_of_another_page_is_kept_with_its_number() -> None:
    raw = delivery(message(text="hi"), id="777")
    assert unread(raw) == [f"it is of another page, 777; this channel is page {PAGE}"]
    assert unread({"object": "page", "entry": [{"messaging": [message(text="hi")]}]}) == []


def test_changes_of_conversations_are_heard_and_those_of_the_page_are_left() -> None:
    said = {"field": "messages", "value": message(text="hi")}
    items = batches.apart(delivery(changes=[said]), PAGE)
    assert [item.raw for item in items] == [message(text="hi")]
    assert unread(delivery(changes=[{"field": "feed", "value": {"item": "post"}}])) == [""]
    assert unread(delivery(changes=[{"field": "telepathy", "value": {}}])) == [
        "a change of a kind that is not known here: telepathy"
    ]


@pytest.mark.parametrize("raw", [{}, [], 7, None, {"entry": {}}, {"object": "page", "entry": []}])
def test_what_is_no_delivery_is_kept(raw: Any) -> None:
    assert unread(raw) == ["it is no event of Facebook"]


# -- real ones


def real(folder: str, name: str) -> list[Taken]:
    """A real delivery as if it were of this page."""
    raw = payload(folder, name)
    page = str(raw["entry"][0].get("id", PAGE))
    shop = Page(page, ChannelName("shop"))
    return [
        events.change(item) if item.unread or item.left else events.read(item.raw, shop)
        for item in batches.apart(raw, page)
    ]


PICTURE = Remote("https://image-url/foo.png", "foo.png", kind="photo")
LIKE = Remote("https://scontent.xx.fbcdn.net/v/arst", kind="sticker")
STICKER = Remote("https://scontent.xx.fbcdn.net/sticker.png", "sticker.png", kind="sticker")
SAID: dict[str, tuple[str, str, tuple[Remote, ...]]] = {
    "courier_attachment.json": ("5678", "", (PICTURE,)),
    "courier_hello_msg.json": ("5678", "Hello World", ()),
    "checkout_update.json": ("USER_ID", "", ()),
    "courier_location_attachment.json": ("5678", "", ()),
    "courier_notification_messages_optin.json": ("5678", "", ()),
    "courier_referral_seconds.json": ("5678", "", ()),
    "message-attachments-sticker_id.json": ("5678", "", (LIKE,)),
    "message-attachments.json": (
        "200000000000001",
        "",
        (Remote("https://example.com/image.jpg", "image.jpg", kind="photo"),),
    ),
    "message-is_echo-text.json": ("1433960459967306", "Hi", ()),
    "message-text-2.json": ("200000000000001", "Tell me more", ()),
    "message-text-4.json": ("1256217357730577", "34wrr3wr", ()),
    "message-text-5.json": ("1256217357730577", "CHANGED_TEXT_SO_SIGNATURE_IS_INVALID", ()),
    "message-text-nlp-2.json": ("1433960459967306", "bye, see you tomorrow at 4pm", ()),
    "message-text-nlp.json": ("USER_ID", "hello, text message world!", ()),
    "message_prior_message-attachments.json": ("USER_ID", "", (Remote("http://image.url", kind="photo"),)),
    "message_prior_message-text.json": ("<PSID>", "Thanks for messaging me!", ()),
    "messaging-checkoutupdate-shipping.json": ("USER_ID", "", ()),
    "messaging-message-basic.json": ("987654321432", "hello, world!", ()),
    "messaging-message-edits.json": ("987654321432", "hello, world!", ()),
    "messaging-message-nlp-1.json": ("968155906638513", "bye, see you tomorrow at 4pm", ()),
    "messaging-message-nlp-6.json": ("968155906638513", "How is the weather?", ()),
    "messaging-message-nlp-duration-2.json": ("987654321432", "I think this takes 2 hours", ()),
    "messaging-message-nlp-phone.json": ("987654321432", "my phonenumber is 12345654321", ()),
    "messaging-message-nlp-quantity.json": ("987654321432", "3kg may work", ()),
    "messaging-message-nlp-temperature.json": ("987654321432", "it is 26°C in here", ()),
    "messaging-message-nlp-url-2.json": ("987654321432", "Please go to http://www.google.com", ()),
    "messaging-message-nlp-volume.json": ("987654321432", "3 liter may work", ()),
    "messaging-message-sticker.json": ("987654321432", "", (STICKER,)),
    "messaging-optin-basic.json": ("987654321432", "", ()),
    "messaging-optin-userref.json": ("987654321432", "", ()),
    "optin.json": ("USER_ID", "", ()),
    "postback-2.json": ("200000000000001", "Get Started", ()),
    "referral-4.json": ("<USER_ID>", "", ()),
}
RECEIPTS = {
    "delivery-3.json": (Mark.delivered, (), 1458668856253),
    "delivery-5.json": (Mark.delivered, ("mid.1458668856218:ed81099e15d3f4f233",), 1458668856253),
    "messaging-read-basic.json": (Mark.read, (), 1458668856253),
    "read.json": (Mark.read, (), 1772998044000),
}
KEPT = {
    "courier_no_messaging_entries.json": "it holds no event",
    "courier_unknown_messaging_entry.json": "it holds no event",
    "odd-2.json": "it holds no event",
    "foo.json": "an event of a kind that is not known here: foo",
    "message-text-13.json": "it names nobody whose message it is",
    "optin-5.json": "it names nobody whose optin it is",
}


@pytest.mark.parametrize(("folder", "name"), [(f, n) for f in ("webhooks", "instagram") for n in names(f)])
def test_each_real_delivery_is_what_a_person_reads_in_it(folder: str, name: str) -> None:
    (found,) = real(folder, name)
    if name in KEPT:
        assert (found.unread, found.events) == (KEPT[name], ())
        return
    assert not found.unread
    (event,) = found.events
    if name in RECEIPTS:
        assert isinstance(event, Receipted)
        assert (event.mark, event.natives) == RECEIPTS[name][:2]
        assert event.upto == datetime.fromtimestamp(RECEIPTS[name][2] / 1000, UTC)
        return
    assert isinstance(event, Incoming | Edited | Echoed)
    assert (event.address, event.text, event.remote) == SAID[name]
    if isinstance(event, Incoming):
        assert event.about == ABOUT.get(name, {})
        assert (event.command, event.start) == STARTED.get(name, (None, ""))


HACKER = "DEVELOPER_DEFINED_PAYLOAD; 1 Hacker Way, MENLO PARK, CA, 94025, US"
ABOUT: dict[str, Any] = {
    "checkout_update.json": {"unsupported": "checkout_update", "detail": HACKER},
    "messaging-checkoutupdate-shipping.json": {"unsupported": "checkout_update", "detail": HACKER},
    "courier_location_attachment.json": {"location": {"latitude": 1.2, "longitude": -1.3}},
    "courier_notification_messages_optin.json": {"unsupported": "optin", "detail": "Bird Facts"},
    "courier_referral_seconds.json": {"unsupported": "referral", "detail": "referral source, referral type"},
    "message-attachments-sticker_id.json": {"emoji": "👍"},
    "message_prior_message-attachments.json": {
        "location": {"latitude": 52.3765533, "longitude": 9.7389123},
        "unsupported": "fallback",
        "detail": "<TITLE_OF_THE_URL_ATTACHMENT>",
    },
    "messaging-optin-basic.json": {"unsupported": "optin"},
    "messaging-optin-userref.json": {"unsupported": "optin"},
    "optin.json": {"unsupported": "optin"},
    "referral-4.json": {"unsupported": "referral", "detail": "DISCOVER_TAB, OPEN_THREAD"},
}
STARTED: dict[str, tuple[str, str]] = {
    "courier_notification_messages_optin.json": ("start", "3456"),
    "courier_referral_seconds.json": ("start", "referral id"),
    "messaging-optin-basic.json": ("start", "PASS_THROUGH_PARAM"),
    "messaging-optin-userref.json": ("start", "PASS_THROUGH_PARAM"),
    "optin.json": ("start", "PASS_THROUGH_PARAM"),
    "postback-2.json": ("start", ""),
    "referral-4.json": ("start", ""),
}
