"""The bot in front: what it makes of each message, what it answers, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bridge.conversations import bot, greeter, menu
from bridge.conversations import dialog as dialogs
from bridge.conversations.changes import Change, Dialog
from bridge.conversations.lines import MenuItem
from bridge.messages import ChannelName, Status
from tests.conversations.samples import (
    ANN,
    FRONT,
    HOUR,
    MENU,
    MINUTE,
    NIGHT,
    NOON,
    PLAIN,
    RULES,
    a_dialog,
    a_file,
    ann,
    events,
    said_by,
    to_contact,
    words,
)

HI = "Hello! Your message is with us: a person answers within 2 minutes."
HELLO = "Hello! Write your question here; a person answers within 2 minutes."
TOP = ["menu:delivery", "menu:suggest", "menu:email", "person"]
HELPED = ["yes", "no", "person"]
BACK = ["menu", "person"]


def visitor(channel: ChannelName = FRONT, **fields: Any) -> Dialog:
    return a_dialog(channel=channel, line=RULES.channels[channel].line, **fields)


def hears(dialog: Dialog, text: str, now: datetime = NOON, *, on_duty: bool = True, **fields: Any) -> Change:
    """What follows when the contact types, or presses a button if it has a `command`."""
    return dialogs.received(dialog, words(text, **fields), now, RULES, on_duty=on_duty)


def answer(change: Change) -> str | None:
    """The bot's one answer."""
    said = said_by(change, "bot")
    assert len(said) <= 1
    return said[0].text if said else None


def buttons(change: Change) -> list[str]:
    (said,) = said_by(change, "bot")
    return [command for command, _ in said.data["buttons"]] if said.data else []


Step = tuple[str, str | None, bool, list[str]]
"""What is typed (or pressed: >command), the bot's answer, whether a person is asked, and the buttons."""


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(
            [("Where is it?", HI, True, TOP), ("Hello?", None, True, [])], id="words are for a person"
        ),
        pytest.param([(">start", HELLO, False, TOP), (">start", HELLO, False, TOP)], id="start greets"),
        pytest.param(
            [
                (">start", HELLO, False, TOP),
                (">menu:delivery", "Which of these?", False, ["menu:days", *BACK]),
                (">menu:days", "Two days.\n\nDid this help?", False, HELPED),
                (">yes", "Glad to hear it! Write here whenever you need us.", False, []),
            ],
            id="an answer that helps",
        ),
        pytest.param(
            [
                ("how LONG", "Two days.\n\nDid this help?", False, HELPED),
                ("No", "A person takes over here.", True, []),
            ],
            id="typed labels are presses",
        ),
        pytest.param(
            [
                ("Delivery", "Which of these?", False, ["menu:days", *BACK]),
                ("Back", greeter.TEXTS["en"]["menu"], False, TOP),
            ],
            id="the way back",
        ),
        pytest.param([(">menu:gone", greeter.TEXTS["en"]["menu"], False, TOP)], id="a button of yesterday"),
        pytest.param([(">person", "A person takes over here.", True, [])], id="a person"),
        pytest.param([("Talk to a person", "A person takes over here.", True, [])], id="a person, typed"),
        pytest.param([("Человек", "Передаю разговор человеку.", True, [])], id="a person in his own words"),
        pytest.param(
            [
                ("Сколько ждать?", "Два дня.\n\nЭто помогло?", False, HELPED),
                ("нет", "Передаю разговор человеку.", True, []),
            ],
            id="his words tell his language",
        ),
        pytest.param(
            [
                (">menu:suggest", greeter.TEXTS["en"]["wish"], False, BACK),
                (
                    "A dark mode",
                    f"{greeter.TEXTS['en']['wish_kept']} {greeter.TEXTS['en']['email']}",
                    False,
                    BACK,
                ),
                ("Ann@Example.org", "Thank you! We have noted Ann@example.org.", False, []),
                (">menu:suggest", greeter.TEXTS["en"]["wish"], False, BACK),
                ("And a light one", greeter.TEXTS["en"]["wish_kept"], False, TOP),
            ],
            id="a wish, and once the question for an address",
        ),
        pytest.param(
            [
                (">menu:suggest", greeter.TEXTS["en"]["wish"], False, BACK),
                ("person", "A person takes over here.", True, []),
                ("A dark mode", None, True, []),
            ],
            id="a person instead of a wish",
        ),
        pytest.param(
            [
                (">menu:email", greeter.TEXTS["en"]["contact"], False, BACK),
                ("Where is my parcel?", None, True, []),
                ("ann@example.org", None, True, []),
            ],
            id="an address is understood only where it was asked for",
        ),
    ],
)
def test_a_talk_with_the_bot(steps: list[Step]) -> None:
    dialog = visitor()
    for text, expected, wants_answer, offered in steps:
        command = text[1:] if text.startswith(">") else None
        change = hears(dialog, text, command=command)
        assert answer(change) == expected, text
        assert (change.dialog.contact_seq > dialog.contact_seq) == wants_answer, text
        assert (change.dialog.promise is not None) == (dialog.promise is not None or wants_answer), text
        if expected is not None:
            assert buttons(change) == offered, text
        assert not any(post.human for post in change.posts)
        dialog = change.dialog


@pytest.mark.parametrize("carried", ["ASK_SPAIN", "{}", "menu delivery"])
def test_a_question_on_a_button_of_another_program_is_a_question(carried: str) -> None:
    change = hears(visitor(), "Do you ship to Spain?", command=carried)
    assert answer(change) == HI
    assert change.dialog.promise is not None


def test_an_answer_that_helped_ends_the_dialog_with_the_bot_as_who_answered() -> None:
    asked = hears(visitor(), "How long?").dialog
    change = hears(asked, "Yes, thank you")
    assert change.dialog.status is Status.resolved
    assert change.dialog.resolved_at == NOON
    assert events(change.said)[-1] == "helped"
    assert [(acted.name, acted.agent, acted.after) for acted in change.acted] == [
        ("resolved", None, {"by": "bot"})
    ]


@pytest.mark.parametrize("claimed", [False, True])
def test_where_a_person_owes_an_answer_no_thanks_to_the_bot_ends_it(claimed: bool) -> None:
    waiting = hears(visitor(), "Where is my parcel?").dialog
    if claimed:
        waiting = dialogs.claimed(waiting, ANN, "Ann", NOON, RULES).dialog
    asked = hears(waiting, "How long?", command="menu:days").dialog
    after = hears(asked, "Yes, thank you", command="yes").dialog
    assert (after.status, after.promise) == (Status.open, waiting.promise)


def test_lists_go_on_showing_what_was_asked_and_not_what_was_pressed() -> None:
    started = hears(visitor(), "Start", command="start").dialog
    assert started.preview == "Start"
    asked = hears(started, "Where is my parcel?").dialog
    assert hears(asked, "Delivery", command="menu:delivery").dialog.preview == "Where is my parcel?"


def test_a_wish_is_handed_on_and_promises_nothing() -> None:
    change = hears(hears(visitor(), "", command="menu:suggest").dialog, "A dark mode, please")
    assert change.wished is not None
    assert (change.wished.text, change.wished.event) == ("A dark mode, please", "wish")
    assert change.dialog.promise is None


def test_a_file_is_for_people_whatever_is_written_under_it() -> None:
    asking = hears(visitor(), "", command="menu:suggest").dialog
    assert hears(asking, "", attachments=(a_file(),)).dialog.promise is not None
    assert hears(visitor(), "Delivery", attachments=(a_file(),)).dialog.promise is not None


def test_a_wish_may_carry_a_picture() -> None:
    asking = hears(visitor(), "", command="menu:suggest").dialog
    assert hears(asking, "Like this one", attachments=(a_file(),)).wished is not None


def test_an_address_given_is_on_the_card_at_once() -> None:
    asked = hears(visitor(), "", command="menu:email").dialog
    change = hears(asked, "ann@example.org")
    assert change.dialog.email == "ann@example.org"
    assert change.said[0].event == "email"
    assert events(change.said) == ["email", "introduced"]


def test_what_an_agent_says_ends_the_bots_question() -> None:
    asked = hears(visitor(), "", command="menu:email").dialog
    after = dialogs.replied(asked, ann, "Good morning!", NOON, RULES, mode="send").dialog
    assert after.bot_asks is None
    assert hears(after, "ann@example.org").dialog.email is None


def test_an_inside_note_ends_no_question() -> None:
    asked = hears(visitor(), "", command="menu:email").dialog
    after = dialogs.replied(asked, ann, "He is a regular.", NOON, RULES, mode="note").dialog
    assert hears(after, "ann@example.org").dialog.email == "ann@example.org"


def test_who_talks_with_a_person_types_no_buttons_by_chance() -> None:
    claimed = dialogs.claimed(hears(visitor(), "Hello").dialog, ANN, "Ann", NOON, RULES).dialog
    for said in ("Delivery", "person", "Yes, thank you"):
        change = hears(claimed, said)
        assert answer(change) is None
        assert change.said[0].event is None


# -- nobody is there


def test_at_night_he_learns_when_and_is_asked_for_an_address_once() -> None:
    change = hears(visitor(), "Where is it?", NIGHT)
    assert answer(change) == (
        "Hello! Nobody is here right now. We are back tomorrow at 09:00 (UTC), and you have an answer"
        f" by 09:02 tomorrow (UTC). {greeter.TEXTS['en']['email']}"
    )
    later = hears(change.dialog, "Hello?", NIGHT + 3 * HOUR)
    assert answer(later) is not None
    assert greeter.TEXTS["en"]["email"] not in (answer(later) or "")


def test_the_address_is_taken_though_an_answer_is_owed() -> None:
    asked = hears(visitor(), "Where is it?", NIGHT).dialog
    change = hears(asked, "ann@example.org", NIGHT + MINUTE)
    assert (change.dialog.email, change.dialog.promise) == ("ann@example.org", asked.promise)


def test_a_channel_that_finds_him_anywhere_asks_for_no_address() -> None:
    change = hears(visitor(PLAIN), "Where is it?", on_duty=False)
    assert answer(change) is not None
    assert change.dialog.bot_asks == menu.MENU


def test_nobody_on_duty_is_said_once_in_three_hours_and_not_over_an_assignees_head() -> None:
    first = hears(visitor(email="ann@example.org"), "Where is it?", on_duty=False)
    assert (
        answer(first) == "Hello! Nobody is at the desk at this moment. You have an answer within 2 minutes."
    )
    assert answer(hears(first.dialog, "Hello?", NOON + HOUR, on_duty=False)) is None
    assert answer(hears(first.dialog, "Hello?", NOON + 3 * HOUR, on_duty=False)) == (
        "Nobody is at the desk at this moment. We answer as soon as somebody is back."
    )
    claimed = dialogs.claimed(first.dialog, ANN, "Ann", NOON, RULES).dialog
    assert answer(hears(claimed, "Hello?", NOON + 3 * HOUR, on_duty=False)) is None


def test_a_press_at_night_is_answered_like_one_by_day_but_promises_no_minutes() -> None:
    change = hears(visitor(), "", NIGHT, command="start")
    assert answer(change) == "Hello! Write your question here; a person will answer."
    assert change.dialog.away_at is None
    assert answer(hears(change.dialog, "", NIGHT, command="menu:days")) == "Two days.\n\nDid this help?"


# -- channels and languages


def test_where_there_are_no_buttons_the_menu_is_numbered_text() -> None:
    greeted = hears(visitor(PLAIN), "/start", command="start")
    assert answer(greeted) == (
        f"{HELLO}\n\n1. Delivery\n2. I miss something\n3. By e-mail\n4. Talk to a person\n"
        "Answer with a number, or just write."
    )
    assert all("buttons" not in post.payload for post in to_contact(greeted))
    assert hears(greeted.dialog, "1").dialog.bot_asks == "menu:delivery"
    assert hears(greeted.dialog, " 4. ").dialog.promise is not None
    assert hears(greeted.dialog, "5").said[0].event is None, "a number that was not offered is just words"


def test_a_number_means_nothing_once_somebody_else_has_spoken() -> None:
    greeted = hears(visitor(PLAIN), "/start", command="start").dialog
    replied = dialogs.replied(greeted, ann, "How many?", NOON, RULES, mode="note").dialog
    assert hears(replied, "1").said[0].event == "press"
    replied = dialogs.replied(replied, ann, "How many?", NOON, RULES, mode="send").dialog
    released = dialogs.released(replied, ANN, NOON, RULES).dialog
    assert hears(released, "1").said[0].event is None


def test_buttons_travel_with_the_last_part_of_a_message() -> None:
    (post,) = to_contact(hears(visitor(), "", command="start"))
    assert post.payload["buttons"][-1] == ["person", "Talk to a person"]


def test_a_silenced_bot_says_nothing_and_what_is_pressed_is_for_people() -> None:
    silent = replace(RULES, channels={FRONT: replace(RULES.channels[FRONT], bot=False)})
    for text, command, owed in [
        ("/start", "start", False),
        ("Delivery", "menu:delivery", True),
        ("Delivery", None, True),
        ("", "person", True),
        ("Where is it?", None, True),
    ]:
        change = dialogs.received(visitor(), words(text, command=command), NIGHT, silent, on_duty=False)
        assert not said_by(change, "bot")
        assert (change.dialog.promise is not None) == owed, text


def test_a_person_is_the_last_of_every_offer() -> None:
    channel = RULES.channels[FRONT]
    asks: list[str] = [menu.MENU, menu.HELPED, menu.WISH, menu.EMAIL, "menu:delivery", "menu:gone"]
    for changed in (channel, replace(channel, menu=()), replace(channel, bot=True, texts={"en": {}})):
        for ask in asks:
            for language in ("en", "ru", "fi"):
                assert menu.offered(ask, changed, language)[-1][0] == "person"


def test_an_own_choice_that_leads_to_a_person_is_not_doubled() -> None:
    last = MenuItem("us", {"en": "Ask us", "ru": "Спросить нас"}, "person")
    channel = replace(RULES.channels[FRONT], menu=(MENU[1], last))
    assert menu.offered(menu.MENU, channel, "en") == (
        ("menu:suggest", "I miss something"),
        ("menu:us", "Ask us"),
    )
    rules = replace(RULES, channels={FRONT: channel})
    change = dialogs.received(visitor(), words("Ask us"), NOON, rules)
    assert change.dialog.promise is not None


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("Где посылка?", "en", "ru"),
        ("Where is it?", "ru", "ru"),
        ("Ça va?", "ru", "en"),
        ("Où est-il?", "en", "en"),
        ("👍", "ru", "ru"),
    ],
)
def test_words_in_another_script_change_the_language(text: str, known: str, expected: str) -> None:
    dialog = visitor(language=known)
    assert bot.language(dialog, words(text), RULES.channels[FRONT]) == expected
    assert bot.language(dialog, words(text, command="menu"), RULES.channels[FRONT]) == known
