"""The phone with Messenger against the real connector: the main story told there, and what a page cannot do elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FilePayload, expect

from tests.browser.house import DESK, PHONE, House, People, built
from tests.browser.test_accessibility import complaints
from tests.browser.test_main_story import reply, said
from tests.browser.test_playground import Customer
from tests.playground.test_files import png

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURE = FilePayload(name="panel.png", mimeType="image/png", buffer=png())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A bridge with its playground, as `make run` starts it."""
    with built(tmp_path_factory.mktemp("messenger"), played=True) as house:
        yield house


def test_the_main_story_is_lived_on_a_phone_with_messenger(people: People) -> None:
    anna = Customer(people.page(), "Anna", "Messenger")
    expect(anna.page.locator(".big-act")).to_have_text("Get started")
    anna.starts()
    expect(anna.talk.locator(".quick .key", has_text="Talk to a person")).to_be_visible()
    people.shoot(anna.page, "messenger-1-started")
    kristina = people.agent("kristina")

    # She writes; it stands on the desk with her name; Kristina claims it and answers, and the answer is on the phone.
    question = anna.writes("Hello! How do I point my domain at your servers?")
    expect(question.locator(".ticks.taken")).to_be_visible()
    row = kristina.locator(".row", has_text="point my domain")
    expect(row).to_contain_text("Anna")
    row.click()
    expect(anna.page.locator("#now")).to_contain_text("Waits in the queue of First line.")
    kristina.locator("[data-act=claim]").click()
    reply(kristina, "Set the name servers to ns1 and ns2.example. It takes an hour at most.")
    answered = anna.theirs("Set the name servers to ns1")
    expect(answered).to_be_visible()
    # She has looked at it, and the desk knows.
    expect(said(kristina, "Set the name servers")).to_contain_text(re.compile("Read|Delivered"))

    # She corrects herself, answers to that very message and puts a heart on it.
    anna.menu(question, "Edit")
    anna.writes("Hello! How do I point example.org at your servers?")
    expect(said(kristina, "point example.org at your servers")).to_be_visible()
    anna.menu(answered, "Reply")
    anna.writes("Thank you, that works!")
    expect(said(kristina, "Thank you, that works!").locator(".quoted")).to_contain_text("ns2.example.")
    answered.hover()
    answered.locator(".act").click()
    anna.page.get_by_role("menuitemcheckbox", name="Reaction ❤").click()
    expect(said(kristina, "Set the name servers").locator(".reactions")).to_contain_text("❤")
    people.shoot(anna.page, "messenger-2-answered")

    # A picture, a voice, a bill and a sticker go to the desk, a picture comes back.
    for name in ("A sample photo", "A voice message", "A bill", "A sticker"):
        anna.attaches(name)
    expect(kristina.locator(".log .said .file img").first).to_have_js_property("naturalWidth", 1200)
    expect(kristina.locator(".log .said audio")).to_have_count(1)
    expect(kristina.locator(".log")).to_contain_text("bill-2026-11.txt")
    kristina.locator(".composer input[type=file]").set_input_files(PICTURE)
    expect(kristina.locator(".composer .chip")).to_contain_text("panel.png")
    reply(kristina, "It should look like this.")
    expect(anna.theirs("It should look like this.")).to_be_visible(timeout=15_000)
    expect(anna.talk.locator(".msg.theirs img")).to_have_js_property("naturalWidth", 40, timeout=15_000)
    people.shoot(anna.page, "messenger-3-files")
    people.shoot(kristina, "messenger-3-desk")

    # Somebody answers in the page's own inbox, past the bridge: the desk shows it.
    anna.page.get_by_role("button", name="Chat menu").click()
    anna.page.get_by_role("menuitem", name="Answer from the page’s inbox").click()
    anna.page.locator("dialog.form").get_by_label("Message").fill("Olga here, from the shop: all is well.")
    anna.page.locator("dialog.form").get_by_role("button", name="Send").click()
    expect(anna.theirs("Olga here")).to_be_visible()
    expect(said(kristina, "Olga here")).to_be_visible()

    # A harder question goes to the second line as a ticket, and comes back with a draft.
    form = kristina.locator("dialog.form")
    anna.writes("Since then mail to my own domain bounces.")
    said(kristina, "bounces").locator("input[type=checkbox]").check()
    kristina.locator("[data-act=ticket]").click()
    form.get_by_label("Title").fill("Mail bounces after the move")
    form.get_by_role("button", name="Make ticket").click()
    expect(anna.theirs("We have passed this on as ticket")).to_be_visible()
    tom = people.agent("tom")
    tom.locator("[data-act=tickets]").click()
    tom.locator(".row", has_text="Mail bounces").click()
    tom.locator("[data-act=claim]").click()
    expect(tom.locator(".subject-head")).to_contain_text("yours")
    tom.get_by_label("Answer for the customer, as a draft").fill("Relaying was off; it is on now.")
    tom.locator("[data-act=hand_back]").click()
    expect(tom.locator(".subject-head .status")).to_have_text("back with a draft")
    kristina.locator("#side .links a", has_text="Mail bounces").click()
    kristina.locator("[data-act=answer]").click()
    expect(anna.theirs("Relaying was off; it is on now.")).to_be_visible()
    kristina.get_by_role("link", name="Open the dialog").click()

    # An idea becomes a wish; Dana ships it; Kristina lets the announcement go, and it is on the phone.
    anna.writes("By the way: a dark theme for the control panel would be lovely.")
    said(kristina, "dark theme").locator("input[type=checkbox]").check()
    kristina.locator("[data-act=wish]").click()
    form.get_by_label("Title").fill("Dark theme of the control panel")
    form.get_by_role("button", name="File as wish").click()
    expect(form).to_have_count(0)
    dana = people.agent("dana")
    dana.locator(".card", has_text="Dark theme").click()
    dana.locator("#details [data-act=pick]").click()
    dana.locator("dialog.form").get_by_role("button", name="Pick up").click()
    expect(dana.locator("dialog.form")).to_have_count(0)
    dana.locator("#details [data-act=ship]").click()
    dana.locator("dialog.form").get_by_label("English").fill("The dark theme is here: Settings, Appearance.")
    dana.locator("dialog.form").get_by_role("button", name="Ship").click()
    kristina.locator("[data-act=wishes]").click()
    kristina.locator(".row", has_text="announcement to review").click()
    kristina.locator("[data-act=approve]").click()
    expect(anna.theirs("The dark theme is here: Settings, Appearance.")).to_be_visible()
    expect(dana.locator("[data-column=ended] .card")).to_contain_text("told 1 of 1")
    people.shoot(anna.page, "messenger-4-told")
    assert anna.page.locator("#invalid").is_hidden(), "the connector has broken no rule of Messenger's"


def test_a_page_that_is_blocked_or_ill_is_told_of_on_the_desk(people: People) -> None:
    clara = Customer(people.page(), "Clara", "Messenger")
    clara.starts()
    clara.writes("Is anybody there?")
    kristina = people.agent("kristina")
    kristina.locator(".row", has_text="Is anybody there").click()
    kristina.locator("[data-act=claim]").click()
    switch = clara.page.get_by_role("switch", name="Messenger is ill")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    reply(kristina, "Yes, I am here.")
    expect(said(kristina, "Yes, I am here.")).to_contain_text(re.compile("Delayed|Sending"))
    switch.click()
    expect(clara.theirs("Yes, I am here.")).to_have_count(1, timeout=20_000)

    clara.page.get_by_role("switch", name="The page is blocked").click()
    expect(clara.page.locator(".big-act")).to_have_text("Unblock the page")
    reply(kristina, "Are you still there?")
    expect(said(kristina, "Are you still there?")).to_contain_text("blocked the page")
    clara.page.locator(".big-act").click()
    clara.writes("Here I am again.")
    expect(said(kristina, "Here I am again.")).to_be_visible()


def test_phones_are_changed_by_the_keyboard_and_each_remembers_whose_it_is(people: People) -> None:
    page = people.page()
    Customer(page, "Emil", "Telegram")
    emma = Customer(page, "Emma", "Messenger")
    page.get_by_role("radio", name="Messenger").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".device")).to_have_attribute("data-platform", "telegram")
    expect(page.get_by_role("radio", name="Telegram")).to_be_focused()
    expect(page.locator(".person[aria-pressed=true]")).to_contain_text("Emil")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".device")).to_have_attribute("data-platform", "facebook")
    expect(page.locator(".person[aria-pressed=true]")).to_contain_text("Emma")
    emma.starts()
    emma.writes("Hello")
    page.reload()
    expect(page.locator(".device")).to_have_attribute("data-platform", "facebook")
    expect(emma.mine("Hello")).to_be_visible()


def test_the_phone_with_messenger_shuts_nobody_out(people: People) -> None:
    page = people.page(language="ru")
    page.emulate_media(reduced_motion="reduce")
    dora = Customer(page, "Dora", "Messenger")
    dora.starts()
    dora.writes("https://example.org")
    page.locator(".composer button").first.click()
    page.get_by_role("menuitem").nth(4).click()
    expect(dora.talk.locator(".ticks.taken")).to_have_count(3)
    found: list[str] = []
    for language in ("en", "ru"):
        page.goto(f"/playground?lang={language}")
        expect(dora.talk.locator(".sound")).to_be_visible()
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            for dark in (False, True):
                page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
                found += complaints(page)
                people.shoot(page, f"messenger-5-{size['width']}-{language}-{'dark' if dark else 'light'}")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        page.locator(".composer button").first.click()
        page.locator(".pop").wait_for()
        found += complaints(page)
    people.complaints[:] = [one for one in people.complaints if not one.startswith(": Applying")]
    assert not found, "\n".join(found)
