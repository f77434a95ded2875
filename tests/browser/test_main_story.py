"""The main story, lived in browsers: from a question to an answer, from an idea to "told 1 of 1"."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.house import People, write

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def chat(page: Page) -> Locator:
    return page.locator("bridge-chat")


def said(page: Page, text: str) -> Locator:
    """A message on the desk."""
    return page.locator(".log .said", has_text=text)


def test_a_customer_is_answered_gets_help_of_a_specialist_and_hears_when_his_wish_is_there(
    people: People,
) -> None:
    anna = people.customer()
    kristina = people.agent("kristina")

    # A new dialog stands in the queue with less than two minutes to go.
    write(anna, "Hello! How do I point my domain at your servers?")
    expect(chat(anna).locator("[data-mark=delivered]")).to_be_visible()
    expect(chat(anna)).to_contain_text("a person answers within 2 minutes")
    row = kristina.locator(".row", has_text="point my domain")
    expect(row.locator(".due")).to_have_text(re.compile(r"^(1:\d\d|0:\d\d|2:00)$"))
    first = row.locator(".due").inner_text()
    expect(row.locator(".due")).not_to_have_text(first)
    people.shoot(kristina, "1-queue")
    people.shoot(anna, "1-customer")

    # Kristina claims it and answers; the answer arrives and the clock is met.
    row.click()
    kristina.locator("[data-act=claim]").click()
    expect(kristina.locator(".system", has_text="Kristina claimed the dialog")).to_be_visible()
    expect(kristina.locator(".subject-head .due")).to_be_visible()
    reply(kristina, "Set the name servers to ns1 and ns2.example. It takes an hour at most.")
    expect(chat(anna)).to_contain_text("Set the name servers to ns1")
    expect(said(kristina, "Set the name servers")).to_contain_text(re.compile("Delivered|Read"))
    expect(kristina.locator(".subject-head .due")).to_have_count(0)
    expect(kristina.locator(".subject-head .status")).to_have_text("waiting")
    people.shoot(kristina, "2-answered")

    # A harder question becomes a ticket of two chosen messages, with the second line.
    write(anna, "Since then mail to my own domain bounces.")
    write(anna, "The error says 550 relay not permitted, see https://example.com/log")
    for text in ("bounces", "550 relay"):
        said(kristina, text).locator("input[type=checkbox]").check()
    expect(kristina.locator(".picked")).to_contain_text("2 messages chosen")
    people.shoot(kristina, "3-chosen")
    kristina.locator("[data-act=ticket]").click()
    form = kristina.locator("dialog.form")
    form.get_by_label("Title").fill("Mail bounces after the move")
    expect(form.get_by_label("Line", exact=True)).to_have_value("second")
    form.get_by_label("Priority").select_option("high")
    form.get_by_label("Note for the line").fill("Domain moved today, MX looks right to me.")
    people.shoot(kristina, "4-ticket-form")
    form.get_by_role("button", name="Make ticket").click()
    expect(form).to_have_count(0)
    expect(kristina.locator("#side")).to_contain_text("Mail bounces after the move")
    expect(chat(anna)).to_contain_text("We have passed this on as ticket")

    # Tom of the second line sees it, and hands it back with a draft. He cannot write to Anna.
    tom = people.agent("tom")
    tom.locator("[data-act=tickets]").click()
    tom.locator(".row", has_text="Mail bounces").click()
    expect(tom.locator(".quotes li")).to_have_count(2)
    expect(tom.locator(".story")).to_contain_text("MX looks right to me")
    tom.locator("[data-act=claim]").click()
    expect(tom.locator(".subject-head")).to_contain_text("yours")
    tom.get_by_label("Answer for the customer, as a draft").fill(
        "Relaying was off for your domain; it is on now."
    )
    people.shoot(tom, "5-ticket")
    tom.locator("[data-act=hand_back]").click()
    expect(tom.locator(".subject-head .status")).to_have_text("back with a draft")

    # Kristina answers from the draft.
    kristina.locator("#side .links a", has_text="Mail bounces").click()
    draft = kristina.get_by_label("Answer to the customer")
    expect(draft).to_have_value("Relaying was off for your domain; it is on now.")
    draft.fill("Relaying was off for your domain; it is on now. Sorry for the trouble!")
    people.shoot(kristina, "6-handed-back")
    kristina.locator("[data-act=answer]").click()
    expect(chat(anna)).to_contain_text("it is on now. Sorry for the trouble!")
    expect(kristina.locator(".subject-head .status")).to_have_text("resolved")
    kristina.get_by_role("link", name="Open the dialog").click()

    # An idea becomes a wish; Dana picks it up and ships it.
    write(anna, "Thank you! By the way: a dark theme for the control panel would be lovely.")
    said(kristina, "dark theme").locator("input[type=checkbox]").check()
    kristina.locator("[data-act=wish]").click()
    form.get_by_label("Title").fill("Dark theme of the control panel")
    form.get_by_role("button", name="File as wish").click()
    expect(form).to_have_count(0)
    expect(kristina.locator("#side")).to_contain_text("Dark theme of the control panel")
    expect(kristina.locator(".system", has_text="Wish #1: Dark theme")).to_be_visible()
    reply(kristina, "A fine idea, I have passed it on to our developers.")

    dana = people.agent("dana")
    card = dana.locator(".card", has_text="Dark theme")
    expect(card).to_contain_text("asked by 1")
    card.click()
    details = dana.locator("#details")
    expect(details.locator("blockquote")).to_contain_text("would be lovely")
    people.shoot(dana, "7-board")
    details.locator("[data-act=pick]").click()
    dana.locator("dialog.form").get_by_label("Priority").select_option("high")
    people.shoot(dana, "8-pick-up")
    dana.locator("dialog.form").get_by_role("button", name="Pick up").click()
    expect(dana.locator("dialog.form")).to_have_count(0)
    scheduled = dana.locator("[data-column=scheduled] .card")
    expect(scheduled).to_contain_text("high")
    details.locator("[data-act=ship]").click()
    words = dana.locator("dialog.form").get_by_label("English")
    expect(words).to_have_value(re.compile("Dark theme of the control panel"))
    words.fill("The dark theme is here: Settings, Appearance.")
    dana.locator("dialog.form").get_by_role("button", name="Ship").click()
    shipped = dana.locator("[data-column=shipped] .card")
    expect(shipped).to_contain_text("announcement in review")

    # Kristina reads the announcement and lets it go; Anna is told, and the board says so.
    kristina.locator("[data-act=wishes]").click()
    kristina.locator(".row", has_text="announcement to review").click()
    expect(kristina.get_by_label("English")).to_have_value("The dark theme is here: Settings, Appearance.")
    people.shoot(kristina, "9-review")
    kristina.locator("[data-act=approve]").click()
    expect(chat(anna)).to_contain_text("The dark theme is here: Settings, Appearance.")
    expect(dana.locator("[data-column=ended] .card")).to_contain_text("told 1 of 1")
    people.shoot(dana, "10-told")
    people.shoot(anna, "10-customer")
    kristina.locator(".askers a").click()
    expect(said(kristina, "The dark theme is here")).to_be_visible()
    people.shoot(kristina, "11-dialog")


def reply(page: Page, text: str) -> None:
    """An agent writes to the customer and presses Enter."""
    page.get_by_label("Write to the customer").fill(text)
    page.get_by_label("Write to the customer").press("Enter")
