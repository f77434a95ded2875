"""axe finds nothing to complain of: every page, in both themes and languages, on a phone and a large screen."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.house import DESK, PHONE, People, write

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def axe() -> str:
    """The engine, as its package brings it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def complaints(page: Page) -> list[str]:
    """Each rule that is broken, with the elements that break it."""
    page.evaluate(axe())
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(({violations}) => violations)",
        RULES,
    )
    return [
        f"{page.url} {one['id']}: {one['help']}\n    "
        + "\n    ".join(f"{node['target']} {node['html'][:120]}" for node in one["nodes"][:3])
        for one in found
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])
def test_no_page_shuts_anybody_out(people: People, size: ViewportSize, language: str, dark: bool) -> None:
    look = f"{size['width']} {language} {'dark' if dark else 'light'}"
    found: list[str] = []

    visitor = people.page(size=size, language=language, dark=dark)
    for path, sign in (
        ("/", "#demo button"),
        ("/login", "#password"),
        ("/login?link=x", "button:visible"),
        ("/site/nowhere", "h1"),
    ):
        visitor.goto(path)
        expect(visitor.locator(sign).last).to_be_visible()
        found += complaints(visitor)
    visitor.goto("/site/shop")
    write(visitor, f"My site does not open. {look}")
    expect(visitor.locator("bridge-chat [data-mark=delivered]")).to_be_visible()
    found += complaints(visitor)

    agent = people.agent("kristina", size=size, language=language, dark=dark)
    agent.goto(f"/desk?lang={language}")
    row = agent.locator(".row", has_text=look)
    expect(row).to_be_visible()
    found += complaints(agent)
    row.click()
    message = agent.locator(".log .said", has_text=look)
    message.locator("input").check()
    found += complaints(agent)
    agent.locator("[data-act=wish]").click()
    form = agent.locator("dialog.form")
    found += complaints(agent)
    form.locator("[name=title]").fill(f"A quick look {look}")
    form.locator("button[type=submit]").click()
    expect(form).to_have_count(0)
    message.locator("input").check()
    agent.locator("[data-act=ticket]").click()
    form.locator("button[type=submit]").click()
    expect(form).to_have_count(0)
    if size["width"] < 1000:
        agent.locator(".to-side").click()
    agent.locator("#side .links a").first.click()
    expect(agent.locator(".quotes li")).to_have_count(1)
    found += complaints(agent)

    developer = people.agent("dana", size=size, language=language, dark=dark)
    developer.goto(f"/board?lang={language}")
    card = developer.locator(".card", has_text=look)
    expect(card).to_be_visible()
    found += complaints(developer)
    card.click()
    expect(developer.locator("#details [data-act=pick]")).to_be_visible()
    found += complaints(developer)
    developer.locator("#details [data-act=pick]").click()
    expect(developer.locator("dialog.form")).to_be_visible()
    found += complaints(developer)

    lead = people.agent("sam", size=size, language=language, dark=dark)
    lead.goto(f"/report?lang={language}")
    expect(lead.locator("section.group")).to_have_count(4)
    found += complaints(lead)
    lead.goto(f"/password?lang={language}")
    expect(lead.locator("#new")).to_be_visible()
    found += complaints(lead)

    # The browser tells of a page answered 404, and of the styles that the engine itself would like to apply.
    people.complaints[:] = [one for one in people.complaints if not re.search(r"\b404\b|^: Applying", one)]
    assert not found, "\n".join(found)
