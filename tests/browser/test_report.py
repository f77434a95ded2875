"""The report on promises in a browser: what it says, how it looks, and that it says the same without the plots."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.house import DESK, PHONE, House, People, opened, write

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A bridge that promises more than anybody can keep: an answer within a second."""
    house = House(tmp_path_factory.mktemp("house"))
    config = yaml.safe_load(house.config.read_text(encoding="utf-8"))
    config["channels"]["shop"]["targets"]["first_response"] = "1s"
    config["channels"]["shop"]["by_priority"] = {}
    house.config.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    try:
        house.start()
        yield house
    finally:
        house.kill()


@pytest.fixture
def people(browser: Browser, house: House) -> Iterator[People]:
    with opened(browser, house) as people:
        yield people


def late(people: People, text: str) -> None:
    """A question that Kristina answers when it is too late."""
    customer = people.customer()
    write(customer, text)
    expect(customer.locator("bridge-chat [data-mark=delivered]")).to_be_visible()
    agent = people.agent("kristina")
    agent.locator(".row", has_text=text).click()
    expect(agent.locator(".subject-head .due[data-state=late]")).to_be_visible()
    agent.locator("[data-act=claim]").click()
    agent.get_by_label("Write to the customer").fill("Sorry!")
    agent.get_by_label("Write to the customer").press("Enter")
    expect(customer.locator("bridge-chat")).to_contain_text("Sorry!")


def test_a_broken_promise_is_in_every_group_with_its_cause_and_in_the_sheet(people: People) -> None:
    late(people, "Is anybody there?")
    lead = people.agent("sam")
    lead.locator("#menu summary").click()
    lead.get_by_role("link", name="Report").click()
    expect(lead.locator("#figures")).to_contain_text("0 %")
    expect(lead.locator("section.group")).to_have_count(4)
    for title, row in (("By channel", "shop"), ("By agent", "Kristina"), ("By line", "First line")):
        section = lead.get_by_role("region", name=title, exact=True).first
        expect(section.locator("tr", has_text=row)).to_contain_text("0 %")
    breaches = lead.locator("#breaches")
    expect(breaches.locator(".causes li")).to_have_count(1)
    line = breaches.locator("tbody tr").first
    expect(line).to_contain_text("Kristina")
    people.shoot(lead, "report-story")
    with lead.expect_download() as download:
        lead.get_by_role("link", name="Why promises broke as CSV").click()
    [broken] = csv.DictReader(io.StringIO(Path(download.value.path()).read_text(), newline=""))
    assert broken["answered_by"] == "Kristina"
    line.get_by_role("link").click()
    expect(lead.locator(".log .said", has_text="Is anybody there?")).to_be_visible()


def test_the_days_asked_for_stand_in_the_address(people: People) -> None:
    people.forgiven.append("status of 422")  # each plot asks for itself and is refused at its own time
    lead = people.agent("sam")
    lead.goto("/report?from=2026-01-01&to=2026-01-31")
    expect(lead.locator("#groups")).to_contain_text("Nothing was promised in these days.")
    lead.get_by_label("To").fill("2026-02-01")
    expect(lead).to_have_url(re.compile("to=2026-02-01"))
    lead.reload()
    expect(lead.get_by_label("To")).to_have_value("2026-02-01")
    lead.get_by_label("From").fill("2020-01-01")
    expect(lead.get_by_role("alert")).to_contain_text("days")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])
def test_the_report_fits_its_screen(people: People, size: ViewportSize, language: str, dark: bool) -> None:
    page: Page = people.agent("sam", size=size, language=language, dark=dark)
    page.goto(f"/report?lang={language}")
    expect(page.locator("section.group")).to_have_count(4)
    people.shoot(page, f"report-{size['width']}-{language}-{'dark' if dark else 'light'}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
