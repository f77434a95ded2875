"""The playground's phone against the real connector: the main story told on Telegram, and all that a person can do there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.house import DESK, PHONE, House, People, built
from tests.browser.test_accessibility import complaints
from tests.browser.test_main_story import reply, said
from tests.playground.test_files import png

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURE = FilePayload(name="panel.png", mimeType="image/png", buffer=png())
HEARD = 30_000
"""Milliseconds for the first answer: the connector loads its library meanwhile."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A bridge with its playground, as `make run` starts it."""
    with built(tmp_path_factory.mktemp("played"), played=True) as house:
        yield house


class Customer:
    """Somebody of the playground with his phone before him."""

    def __init__(self, page: Page, name: str, platform: str = "Telegram") -> None:
        self.page = page
        self.talk = page.locator(".talk")
        page.goto("/playground")
        page.locator("#live[data-connected=true]").wait_for()
        page.get_by_role("radio", name=platform).check()
        expect(page.locator(".device")).to_have_accessible_name(re.compile(platform))
        page.locator(".person").first.wait_for()
        if not page.locator(".person", has_text=name).count():
            page.locator("#new-name").fill(name)
            page.locator("#arrive button").click()
        page.locator(".person", has_text=name).click()
        expect(page.locator(".person[aria-pressed=true]")).to_contain_text(name)

    def starts(self) -> None:
        self.page.locator(".big-act").click()
        expect(self.talk.locator(".msg.theirs").first).to_be_visible(timeout=HEARD)

    def writes(self, text: str) -> Locator:
        area = self.page.locator(".composer textarea")
        area.fill(text)
        area.press("Enter")
        return self.mine(text)

    def mine(self, text: str) -> Locator:
        return self.talk.locator(".msg.mine", has_text=text)

    def theirs(self, text: str) -> Locator:
        return self.talk.locator(".msg.theirs", has_text=text)

    def menu(self, message: Locator, name: str) -> None:
        message.hover()
        message.locator(".act").click()
        self.page.get_by_role("menuitem", name=name).click()

    def attaches(self, name: str) -> None:
        self.page.get_by_role("button", name="Attach").click()
        self.page.get_by_role("menuitem", name=name).click()


def test_the_main_story_is_lived_on_a_phone_with_telegram(people: People) -> None:
    anna = Customer(people.page(), "Anna")
    anna.starts()
    expect(anna.talk.locator(".key", has_text="Talk to a person")).to_be_visible()
    kristina = people.agent("kristina")

    # She writes; it stands on the desk; Kristina claims it and answers, and the answer is on the phone.
    question = anna.writes("Hello! How do I point my domain at your servers?")
    expect(question.locator(".ticks.taken")).to_be_visible()
    kristina.locator(".row", has_text="point my domain").click()
    expect(anna.page.locator("#now")).to_contain_text("Waits in the queue of First line.")
    people.shoot(anna.page, "playground-1-asked")
    kristina.locator("[data-act=claim]").click()
    expect(kristina.locator(".system", has_text="Kristina claimed the dialog")).to_be_visible()
    reply(kristina, "Set the name servers to ns1 and ns2.exmaple. It takes an hour at most.")
    expect(anna.theirs("Set the name servers to ns1")).to_be_visible()
    expect(anna.page.locator("#now")).to_contain_text("Kristina has it.")
    expect(said(kristina, "Set the name servers")).to_contain_text("Sent")

    # She corrects herself, and so does Kristina; each sees it change at the other.
    anna.menu(question, "Edit")
    expect(anna.page.locator(".composer textarea")).to_have_value(re.compile("point my domain"))
    anna.writes("Hello! How do I point example.org at your servers?")
    expect(said(kristina, "point example.org at your servers")).to_be_visible()
    wrong = said(kristina, "ns2.exmaple")
    wrong.hover()
    wrong.locator(".more summary").click()
    wrong.get_by_role("button", name="Edit").click()
    form = kristina.locator("dialog.form")
    form.get_by_label("Message").fill("Set the name servers to ns1 and ns2.example.")
    form.get_by_role("button", name="Save").click()
    expect(anna.theirs("ns1 and ns2.example.").locator(".stamp")).to_contain_text("edited")
    expect(anna.theirs("ns2.exmaple")).to_have_count(0)

    # She answers to that very message and puts a heart on it.
    answered = anna.theirs("ns2.example.")
    anna.menu(answered, "Reply")
    anna.writes("Thank you, that works!")
    expect(said(kristina, "Thank you, that works!").locator(".quoted")).to_contain_text("ns2.example.")
    answered.hover()
    answered.locator(".act").click()
    anna.page.get_by_role("menuitemcheckbox", name="Reaction ❤").click()
    expect(answered.locator(".chip")).to_contain_text("❤")
    expect(said(kristina, "ns2.example.").locator(".reactions")).to_contain_text("❤")
    people.shoot(anna.page, "playground-2-answered")

    # A picture and a voice go to the desk, a picture comes back.
    anna.attaches("A sample photo")
    anna.attaches("A voice message")
    seen = kristina.locator(".log .said .file img")
    expect(seen).to_have_count(1)
    expect(seen).to_have_js_property("naturalWidth", 1200)
    expect(kristina.locator(".log .said audio")).to_have_count(1)
    people.shoot(anna.page, "playground-2-files")
    kristina.locator(".composer input[type=file]").set_input_files(PICTURE)
    expect(kristina.locator(".composer .chip")).to_contain_text("panel.png")
    reply(kristina, "It should look like this.")
    shown = (
        anna.theirs("It should look like this.").or_(anna.talk.locator(".msg.theirs:has(img)")).locator("img")
    )
    expect(shown).to_have_js_property("naturalWidth", 40, timeout=15_000)
    people.shoot(kristina, "playground-2-desk")

    # A harder question goes to the second line as a ticket, and comes back with a draft.
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
    tom.get_by_label("Answer for the customer, as a draft").fill(
        "Relaying was off for your domain; it is on now."
    )
    tom.locator("[data-act=hand_back]").click()
    expect(tom.locator(".subject-head .status")).to_have_text("back with a draft")
    kristina.locator("#side .links a", has_text="Mail bounces").click()
    kristina.locator("[data-act=answer]").click()
    expect(anna.theirs("Relaying was off for your domain; it is on now.")).to_be_visible()
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
    people.shoot(anna.page, "playground-3-told")
    assert anna.page.locator("#invalid").is_hidden(), "the connector has broken no rule of Telegram's"


def test_whatever_a_phone_can_send_arrives_and_buttons_lead_on(people: People) -> None:
    boris = Customer(people.page(), "Boris")
    boris.starts()
    boris.talk.locator(".key", has_text="Plans and prices").click()
    boris.talk.locator(".key", has_text="Which plan is mine?").click()
    expect(boris.theirs("Dinghy carries one site")).to_be_visible()
    for name in (
        "A sample photo",
        "Three photos",
        "A voice message",
        "A bill",
        "A sticker",
        "Location",
        "Contact",
    ):
        boris.attaches(name)
    expect(boris.talk.locator(".msg.mine .ticks.taken")).to_have_count(8)
    expect(boris.talk.locator(".pictures img")).to_have_count(4)
    pictures = boris.talk.locator(".pictures img, img.sticker")
    assert pictures.evaluate_all("all => all.every((one) => one.complete && one.naturalWidth > 0)")
    boris.talk.locator(".sound .listen").click()
    expect(boris.talk.locator(".sound .listen")).to_have_accessible_name(re.compile("Pause|Play"))
    boris.attaches("Dice")
    boris.writes("Can anybody help me?")

    kristina = people.agent("kristina")
    kristina.locator(".row", has_text="Can anybody help").click()
    log = kristina.locator(".log")
    for words in ("59.93", "+7 921 555-01-23", "Dinghy carries one site"):
        expect(log).to_contain_text(words)
    people.shoot(kristina, "playground-4-desk")
    people.shoot(boris.page, "playground-4-sent")


def test_what_goes_wrong_is_seen_on_the_desk_and_ends_well(people: People) -> None:
    clara = Customer(people.page(), "Clara")
    clara.starts()
    clara.writes("Is anybody there?")
    kristina = people.agent("kristina")
    kristina.locator(".row", has_text="Is anybody there").click()
    kristina.locator("[data-act=claim]").click()
    switch = clara.page.get_by_role("switch", name="Telegram is ill")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    reply(kristina, "Yes, I am here.")
    expect(said(kristina, "Yes, I am here.")).to_contain_text(re.compile("Delayed|Sending"))
    clara.page.locator("#wire summary").click()
    expect(clara.page.locator("#calls")).to_contain_text("ill")
    switch.click()
    expect(clara.theirs("Yes, I am here.")).to_have_count(1, timeout=20_000)
    people.shoot(clara.page, "playground-5-wire")

    clara.page.get_by_role("switch", name="The bot is blocked").click()
    expect(clara.page.locator(".big-act")).to_have_text("Unblock the bot")
    reply(kristina, "Are you still there?")
    expect(said(kristina, "Are you still there?")).to_contain_text("the contact has blocked the bot")
    expect(clara.page.locator("#now")).to_contain_text("The bot is blocked")
    clara.page.locator(".big-act").click()
    clara.writes("Here I am again.")
    expect(said(kristina, "Here I am again.")).to_be_visible()
    expect(clara.theirs("Are you still there?")).to_have_count(0)


def test_the_phone_shuts_nobody_out(people: People) -> None:
    page = people.page(language="ru")
    page.emulate_media(reduced_motion="reduce")  # a colour on its way to another has no contrast of its own
    dora = Customer(page, "Dora")
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
                people.shoot(page, f"playground-6-{size['width']}-{language}-{'dark' if dark else 'light'}")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        page.locator(".composer button").first.click()
        page.locator(".pop").wait_for()
        found += complaints(page)
    people.complaints[:] = [one for one in people.complaints if not one.startswith(": Applying")]
    assert not found, "\n".join(found)
