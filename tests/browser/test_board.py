"""The developers' board in browsers: who is faster, question and answer, tasks, and all of it by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.house import People, write

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def wish(people: People, title: str) -> tuple[Page, Page]:
    """A customer's idea that Kristina has filed; the customer's page and hers."""
    customer = people.customer()
    write(customer, f"Please build this: {title}")
    agent = people.agent("kristina")
    agent.locator(".row", has_text=title).click()
    agent.locator(".log .said", has_text=title).locator("input[type=checkbox]").check()
    agent.locator("[data-act=wish]").click()
    agent.locator("dialog.form [name=title]").fill(title)
    agent.locator("dialog.form button[type=submit]").click()
    expect(agent.locator("dialog.form")).to_have_count(0)
    return customer, agent


def card(page: Page, title: str) -> Locator:
    return page.locator(".card", has_text=title)


def column(page: Page, name: str) -> Locator:
    return page.locator(f"[data-column={name}]")


def test_of_two_who_pick_up_at_once_one_wins_and_the_other_is_told_by_whom(people: People) -> None:
    wish(people, "Undo for everything")
    dana, sam = people.agent("dana"), people.agent("sam")
    sam.goto("/board")
    for developer in (dana, sam):
        card(developer, "Undo for everything").click()
        developer.locator("#details [data-act=pick]").click()
        expect(developer.locator("dialog.form")).to_be_visible()
    dana.locator("dialog.form button[type=submit]").click()
    expect(dana.locator("dialog.form")).to_have_count(0)
    sam.locator("dialog.form button[type=submit]").click()
    expect(sam.locator("dialog.form .problem")).to_have_text("Dana was faster.")
    sam.keyboard.press("Escape")
    expect(column(sam, "scheduled")).to_contain_text("Undo for everything")
    expect(sam.locator("#details [data-act=pick]")).to_have_count(0)
    # A lead may still take it over, and Dana's page says so.
    sam.locator("#details [data-act=over]").click()
    sam.locator("dialog.form button[type=submit]").click()
    expect(dana.locator("#details dl")).to_contain_text("Sam")
    expect(dana.locator("#details [data-act=ship]")).to_have_count(0)
    people.complaints.clear()  # the browser tells of an answer 409 in its console


def test_a_question_goes_to_the_agents_and_comes_back_with_its_answer(people: People) -> None:
    _, agent = wish(people, "Sort by colour")
    dana = people.agent("dana")
    card(dana, "Sort by colour").click()
    dana.locator("#details [data-act=ask]").click()
    dana.get_by_label("What do you want to know?").fill("By hue, or by brightness?")
    dana.locator("dialog.form button[type=submit]").click()
    expect(dana.locator("#details .question")).to_contain_text("By hue, or by brightness?")
    expect(card(dana, "Sort by colour")).to_contain_text("asks the agents")

    # Kristina sees it in the dialog, and among the wishes; she answers.
    expect(agent.locator(".log .system", has_text="Dana asks about wish")).to_be_visible()
    agent.locator("#side .links a", has_text="Sort by colour").click()
    expect(agent.locator(".question")).to_contain_text("Dana asks")
    people.shoot(agent, "question-desk")
    agent.locator("[data-act=answer]").click()
    agent.get_by_label("Your answer").fill("By hue, like a rainbow.")
    agent.locator("dialog.form button[type=submit]").click()
    expect(agent.locator(".question")).to_have_count(0)

    expect(card(dana, "Sort by colour")).not_to_contain_text("asks the agents")
    expect(dana.locator("#details .question")).to_have_count(0)
    expect(dana.locator("#details .story")).to_contain_text("By hue, like a rainbow.")
    people.shoot(dana, "question-answered")


def test_a_task_is_made_done_and_announced_to_nobody_all_by_keyboard(people: People) -> None:
    dana = people.agent("dana")
    dana.keyboard.press("n")
    dana.get_by_label("Title").fill("Rotate the keys")
    dana.keyboard.press("Enter")
    expect(dana.locator("#details h1")).to_contain_text("Rotate the keys")
    expect(column(dana, "accepted")).to_contain_text("Rotate the keys")
    expect(dana.locator("#details [data-act=ask]")).to_have_count(0)
    dana.keyboard.press("p")
    expect(dana.get_by_label("Deadline")).to_be_visible()
    dana.locator("dialog.form").get_by_label("Priority").focus()
    dana.locator("dialog.form button[type=submit]").press("Enter")
    expect(dana.locator("dialog.form")).to_have_count(0)
    expect(column(dana, "scheduled")).to_contain_text("Rotate the keys")
    dana.keyboard.press("s")
    expect(column(dana, "ended")).to_contain_text("Rotate the keys")
    expect(dana.locator("#details .status")).to_have_text("done")
    dana.keyboard.press("Escape")
    expect(dana.locator("#details")).to_be_hidden()
    dana.keyboard.press("?")
    expect(dana.locator("dialog")).to_contain_text("Pick up")
    people.shoot(dana, "board-keys")
    dana.keyboard.press("Escape")
    dana.keyboard.press("/")
    dana.keyboard.type("no such thing")
    expect(column(dana, "ended")).to_contain_text("Nothing matches the filter.")
    dana.locator("input[type=search]").fill("rotate")
    expect(card(dana, "Rotate the keys")).to_be_visible()
    dana.keyboard.press("Escape")
    dana.keyboard.press("ArrowDown")
    expect(card(dana, "Rotate the keys").locator("a")).to_be_focused()
    dana.keyboard.press("Enter")
    expect(dana).to_have_url(re.compile(r"#wish/\d+$"))


def test_agents_look_at_the_board_and_build_nothing(people: People) -> None:
    wish(people, "A quiet mode")
    lisa = people.agent("lisa")
    lisa.goto("/board")
    expect(lisa.locator("[data-act=task]")).to_have_count(0)
    card(lisa, "A quiet mode").click()
    expect(lisa.locator("#details [data-act=accept]")).to_be_visible()
    expect(lisa.locator("#details [data-act=pick]")).to_have_count(0)
    lisa.locator("#details [data-act=accept]").click()
    expect(column(lisa, "accepted")).to_contain_text("A quiet mode")
    for key in ("p", "s", "n"):
        lisa.keyboard.press(key)
    expect(lisa.locator("dialog")).to_have_count(0)
