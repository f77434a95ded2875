"""Messages change, answer others and hold more than words: what agents and visitors see of it, and do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from bridge.app import parts
from bridge.config.reading import load
from bridge.conversations import tables as t
from bridge.conversations.commands import Receive
from bridge.conversations.database import Database
from bridge.conversations.news import Hear
from bridge.conversations.notices import Reach
from bridge.conversations.quarantine import Quarantine
from bridge.messages import (
    Address,
    ChannelName,
    Deleted,
    Edited,
    EventKey,
    Incoming,
    NativeId,
    Reachable,
    Reacted,
)
from tests.browser.house import House, People, write
from tests.browser.test_accessibility import complaints
from tests.browser.test_desk import area, open_dialog, press, said, waits
from tests.conversations.shell import Mind

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHOP = ChannelName("shop")


@contextmanager
def heard(house: House) -> Iterator[Mind]:
    """A second process of the same house, by which a platform tells things that no page can."""
    config = load(house.config, {})
    database = Database(config.database.url)
    with Mind(database, parts(config).rules, clock=lambda: datetime.now(UTC)) as mind:
        yield mind
    database.close()


def menu(page: Page, text: str, item: str) -> None:
    """Chooses something for a message with these words."""
    bubble = said(page, text).last
    bubble.hover()
    bubble.locator(".more summary").click()
    bubble.get_by_role("button", name=item).click()


def test_what_was_said_is_changed_and_taken_back_for_both_sides(people: People) -> None:
    customer = waits(people, "How long does it take?")
    agent = people.agent("kristina")
    open_dialog(agent, "How long does it take?")
    press(agent, "c")
    expect(agent.locator(".subject-head")).to_contain_text("yours")
    area(agent).fill("Three days")
    press(agent, "Enter", "Escape")
    chat = customer.locator("bridge-chat .log")
    expect(chat).to_contain_text("Three days")

    menu(agent, "Three days", "Edit")
    form = agent.locator("dialog.form")
    form.get_by_label("Message").fill("Two days")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    expect(chat).to_contain_text("Two days")
    expect(chat).to_contain_text("edited")
    expect(chat).not_to_contain_text("Three days")
    changed = said(agent, "Two days")
    changed.locator(".edited summary").click()
    expect(changed.locator(".edited li")).to_contain_text("Three days")
    assert not complaints(agent)
    people.shoot(agent, "edited")

    menu(agent, "Two days", "Delete")
    form.get_by_role("button", name="Delete").click()
    expect(form).to_have_count(0)
    expect(chat).to_contain_text("This message was taken back.")
    expect(chat).not_to_contain_text("Two days")
    expect(said(agent, "Two days").locator(".gone")).to_be_visible()
    expect(said(agent, "Two days").locator(".more")).to_have_count(0)


def test_a_menu_stays_open_while_its_message_is_read(people: People) -> None:
    customer = waits(people, "Is it far?")
    agent = people.agent("kristina")
    open_dialog(agent, "Is it far?")
    press(agent, "c")
    expect(agent.locator(".subject-head")).to_contain_text("yours")
    customer.goto("about:blank")
    area(agent).fill("Two streets")
    press(agent, "Enter", "Escape")
    bubble = said(agent, "Two streets").last
    bubble.locator(".mark", has_text="Sent").wait_for()
    bubble.hover()
    bubble.locator(".more summary").click()
    bubble.get_by_role("button", name="Edit").focus()
    customer.goto("/site/shop")
    write(customer, "And by bus?")
    bubble.locator(".mark.read").wait_for()
    expect(bubble.get_by_role("button", name="Edit")).to_be_focused()


def test_an_answer_says_what_it_answers(people: People) -> None:
    customer = waits(people, "Do you sell tea?")
    agent = people.agent("kristina")
    open_dialog(agent, "Do you sell tea?")
    press(agent, "c")
    said(agent, "Do you sell tea?").focus()
    press(agent, "q")
    expect(agent.locator(".composer .answers")).to_contain_text("Do you sell tea?")
    assert not complaints(agent)
    agent.locator(".composer .answers button").click()
    expect(agent.locator(".composer .answers")).to_be_hidden()
    menu(agent, "Do you sell tea?", "Answer this")
    expect(area(agent)).to_be_focused()
    agent.keyboard.type("Green and black")
    press(agent, "Enter")
    expect(agent.locator(".composer .answers")).to_be_hidden()
    answer = said(agent, "Green and black")
    expect(answer.locator(".quoted")).to_contain_text("Do you sell tea?")
    expect(customer.locator("bridge-chat .line.agent q")).to_contain_text("Do you sell tea?")
    people.shoot(agent, "quoted")
    people.shoot(customer, "quoted-widget")
    answer.locator(".quoted").click()
    expect(said(agent, "Do you sell tea?").first).to_be_focused()


def test_what_platforms_tell_stands_in_words_in_both_languages(people: People, house: House) -> None:
    her = Address("dina")

    def say(number: int, text: str = "", **fields: object) -> Incoming:
        native = NativeId(f"m{number}")
        return Incoming(SHOP, her, EventKey(f"in{number}"), text, "Dina", native=native, **fields)  # type: ignore[arg-type]

    with heard(house) as mind:
        for incoming in (
            say(1, "Where is my parcle?"),
            say(2, about={"location": {"latitude": 52.5163, "longitude": 13.3777, "title": "The gate"}}),
            say(3, about={"contact": {"name": "Eve", "phone": "+49 30 123"}, "forwarded": {"from": "Carl"}}),
            say(4, about={"unsupported": "dice", "detail": "6"}),
            say(5, "That one", reply_to=NativeId("m1")),
            say(6, "A secret"),
        ):
            mind.do(Receive(incoming))
        mind.do(Hear(Edited(SHOP, her, EventKey("e"), NativeId("m1"), "Where is my parcel?")))
        mind.do(Hear(Reacted(SHOP, her, EventKey("r"), NativeId("m5"), ("👍", "🎉"))))
        mind.do(Hear(Deleted(SHOP, her, EventKey("d"), NativeId("m6"))))
        mind.do(Reach(Reachable(SHOP, her, EventKey("b"), reachable=False, reason="he blocked the bot")))
    for language, cannot, unreachable, gone in (
        ("en", "Cannot be shown here: a die (6)", "cannot be reached", "This message was taken back."),
        ("ru", "Здесь не показать: кубик (6)", "написать нельзя", "Сообщение отозвано."),
    ):
        agent = people.agent("kristina", language=language)
        agent.goto(f"/desk?lang={language}")
        agent.locator(".row", has_text="Dina").click()
        log = agent.locator(".log")
        expect(log).to_contain_text(cannot)
        expect(log.locator(".about", has_text="The gate").locator("a")).to_have_attribute(
            "href", "https://www.openstreetmap.org/?mlat=52.5163&mlon=13.3777#map=16/52.5163/13.3777"
        )
        expect(log.locator(".about", has_text="Eve").locator("a")).to_have_attribute("href", "tel:+4930123")
        expect(log).to_contain_text("Carl")
        expect(log.locator(".reactions")).to_have_text("👍 🎉")
        expect(said(agent, "That one").locator(".quoted")).to_contain_text("Where is my parcle?")
        expect(said(agent, "A secret")).to_contain_text(gone)
        edited = said(agent, "Where is my parcel?").first.locator(".edited")
        edited.locator("summary").click()
        expect(edited.locator("li")).to_contain_text("Where is my parcle?")
        expect(agent.locator(".subject-head .badge")).to_have_text(unreachable)
        expect(agent.locator(".system.alarm", has_text="he blocked the bot")).to_be_visible()
        assert not complaints(agent)
        people.shoot(agent, f"told-{language}")


def test_what_could_not_be_shown_is_said_at_the_top_and_read_again(people: People, house: House) -> None:
    with heard(house) as mind:
        mind.do(Quarantine(SHOP, "odd", b"{", "no JSON"))
        agent = people.agent("kristina")
        agent.goto("/desk")
        strip = agent.locator("#health")
        expect(strip).to_contain_text("could not be shown: no JSON")
        strip.locator("summary").click()
        assert not complaints(agent)
        strip.locator("[data-act=read-again]").click()
        # The chat of one's own site keeps nothing there by itself, and cannot read what somebody else has put there.
        expect(strip).to_contain_text("this channel cannot read an event again")
        [row] = mind.rows(t.quarantine)
        assert (row.state, row.attempts) == ("held", 2)
        people.shoot(agent, "quarantine")


def test_a_note_is_changed_by_the_keyboard_alone(people: People) -> None:
    waits(people, "Who knows him?")
    agent = people.agent("kristina")
    open_dialog(agent, "Who knows him?")
    press(agent, "n")
    agent.keyboard.type("I konw him")
    press(agent, "Enter", "Escape")
    note = said(agent, "I konw him")
    expect(note.locator(".more")).to_have_count(1)
    note.focus()
    press(agent, "Tab", "Tab", "Enter")
    expect(note.locator(".more .menu")).to_be_visible()
    press(agent, "Escape")
    expect(note.locator(".more .menu")).to_be_hidden()
    press(agent, "Enter", "Tab", "Tab", "Enter")
    form = agent.locator("dialog.form")
    form.get_by_label("Message").fill("I know him")
    press(agent, "Tab", "Enter")
    expect(said(agent, "I know him").locator(".edited summary")).to_be_visible()
