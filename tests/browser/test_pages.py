"""What the pages promise beside the main story: nothing typed is lost, nobody is fooled, everybody can read them."""

from __future__ import annotations

import base64
import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect

from tests.browser.house import DESK, PHONE, House, People, built, opened, write

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STATIC = Path(__file__).parents[2] / "bridge" / "web" / "static"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
NASTY = [
    "<script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 1'>",
    '"><svg onload=window.broken=1>',
    'javascript:window.broken=1 https://example.com/"onmouseover="window.broken=1',
    "\u202etxt.exe \u2066 right to left",
    "{{constructor.constructor('window.broken=1')()}}",
]


def arrive(people: People, text: str, login: str = "kristina") -> tuple[Page, Page]:
    """A customer who has written, and an agent who looks at the dialog."""
    customer = people.customer()
    write(customer, text)
    expect(customer.locator("bridge-chat [data-mark=delivered]")).to_be_visible()
    agent = people.agent(login)
    agent.locator(".row", has_text=text).click()
    expect(agent.locator(".log .said", has_text=text)).to_be_visible()
    return customer, agent


def test_a_first_reply_can_be_undone_or_kept_as_a_note_before_it_goes_out(people: People) -> None:
    customer, agent = arrive(people, "Is anybody there about invoice 7?")
    area = agent.locator(".composer textarea")
    area.fill("who takes this?")
    area.press("Enter")
    held = agent.locator(".said", has_text="who takes this?")
    expect(held.locator(".hold")).to_have_text(re.compile(r"Goes out in \d+ s"))
    people.shoot(agent, "held")
    held.locator("[data-act=undo]").click()
    expect(held).to_contain_text("Taken back before it went out")
    expect(area).to_have_value("who takes this?")

    agent.locator("[data-act=release]").click()
    expect(agent.locator("[data-act=claim]")).to_be_visible()
    area.fill("this one is for Lisa")
    area.press("Enter")
    note = agent.locator(".said", has_text="this one is for Lisa")
    note.locator("[data-act=keep]").click()
    expect(note.locator(".badge.note")).to_be_visible()
    area.fill("Yes, how can I help?")
    area.press("Enter")
    expect(customer.locator("bridge-chat")).to_contain_text("Yes, how can I help?")
    expect(customer.locator("bridge-chat")).not_to_contain_text("who takes this?")
    expect(customer.locator("bridge-chat")).not_to_contain_text("for Lisa")


def test_drafts_of_reply_and_note_never_mix_and_outlive_a_reload(people: People) -> None:
    _, agent = arrive(people, "A question about drafts")
    area = agent.locator(".composer textarea")
    area.fill("to the customer")
    agent.locator(".modes").get_by_text("Note").click()
    expect(area).to_have_value("")
    area.fill("to colleagues")
    agent.locator(".modes").get_by_text("Reply").click()
    expect(area).to_have_value("to the customer")
    agent.reload()
    expect(area).to_have_value("to the customer")
    agent.locator(".modes").get_by_text("Note").click()
    expect(area).to_have_value("to colleagues")
    area.press("Enter")
    expect(agent.locator(".said.note", has_text="to colleagues")).to_be_visible()
    agent.locator(".modes").get_by_text("Reply").click()
    expect(area).to_have_value("to the customer")


def test_of_two_who_claim_one_wins_and_the_other_is_told_by_name(people: People) -> None:
    _, kristina = arrive(people, "Who is faster?")
    lisa = people.agent("lisa")
    kristina.route(
        "**/api/v1/events*", lambda route: route.abort()
    )  # her screen does not hear of Lisa's claim
    kristina.reload()
    expect(kristina.locator("[data-act=claim]")).to_be_visible()
    lisa.goto(kristina.url)
    lisa.locator("[data-act=claim]").click()
    expect(lisa.locator(".subject-head")).to_contain_text("yours")
    kristina.locator("[data-act=claim]").click()
    expect(kristina.locator(".actions .problem")).to_have_text("Lisa was faster.")
    kristina.unroute("**/api/v1/events*")
    expect(kristina.locator(".subject-head")).to_contain_text("with Lisa")
    expect(kristina.locator(".composer")).to_have_attribute("data-mode", "note")
    people.complaints.clear()  # the browser tells of a cut line and of an answer 409 in its console


def test_what_is_written_while_the_house_is_down_arrives_once_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    with built(tmp_path) as house, opened(browser, house) as people:
        customer, agent = arrive(people, "Before the night")
        house.stop()
        write(customer, "Written in the dark, one")
        write(customer, "Written in the dark, two")
        expect(customer.locator("bridge-chat [data-mark=sending]")).to_have_count(2)
        expect(customer.locator("bridge-chat")).to_contain_text("No connection")
        expect(agent.locator("#live")).to_have_text("Reconnecting…")
        agent.locator(".composer textarea").fill("Half a sent")
        people.shoot(customer, "offline")
        house.start()
        expect(customer.locator("bridge-chat [data-mark=delivered]")).to_be_visible()
        for text in ("Written in the dark, one", "Written in the dark, two"):
            expect(agent.locator(".log .said", has_text=text)).to_have_count(1)
            expect(customer.locator("bridge-chat .bubble", has_text=text)).to_have_count(1)
        expect(agent.locator(".composer textarea")).to_have_value("Half a sent")
        people.complaints[:] = [one for one in people.complaints if "net::ERR" not in one]


def test_files_go_both_ways_and_pictures_are_seen(people: People) -> None:
    customer, agent = arrive(people, "A file follows")
    picture = FilePayload(name="снимок <b>.png", mimeType="image/png", buffer=PIXEL)
    customer.locator("bridge-chat input[type=file]").set_input_files(picture)
    expect(customer.locator("bridge-chat .chips")).to_contain_text("снимок")
    customer.locator("bridge-chat .send").click()
    seen = agent.locator(".log .file img")
    expect(seen).to_be_visible()
    agent.wait_for_function("document.querySelector('.log .file img').naturalWidth === 1")
    customer.wait_for_function(
        "document.querySelector('bridge-chat').shadowRoot.querySelector('.file img').naturalWidth === 1"
    )

    agent.locator("[data-act=claim]").click()
    expect(agent.locator("[data-act=release]")).to_be_visible()
    guide = FilePayload(name="guide.txt", mimeType="text/plain", buffer=b"Read me.")
    agent.locator(".composer input[type=file]").set_input_files(guide)
    expect(agent.locator(".composer .chips")).to_contain_text("guide.txt")
    agent.locator(".composer [type=submit]").click()
    link = customer.locator("bridge-chat a.file", has_text="guide.txt")
    with customer.expect_download() as download:
        link.click()
    assert Path(download.value.path()).read_bytes() == b"Read me."


def test_strangers_words_and_names_stay_text_everywhere(people: People) -> None:
    customer = people.customer()
    for text in NASTY:
        write(customer, text)
    expect(customer.locator("bridge-chat [data-mark=delivered]")).to_be_visible()
    expect(customer.locator("bridge-chat .mine")).to_have_count(len(NASTY))
    agent = people.agent("sam")
    agent.locator(".row", has_text="{{constructor").click()
    for text in NASTY:
        expect(agent.locator(".log .said", has_text=text)).to_be_visible()
    for page in (customer, agent):
        assert page.evaluate("window.broken") is None
        assert page.locator("script:not([src])").count() == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])
def test_every_page_fits_its_screen(people: People, size: ViewportSize, language: str, dark: bool) -> None:
    look = f"{size['width']}-{language}-{'dark' if dark else 'light'}"

    def fits(page: Page, name: str) -> None:
        people.shoot(page, f"{name}-{look}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert page.evaluate("document.documentElement.lang") == language

    words = (
        "Мой сайт не открывается, что делать?"
        if language == "ru"
        else "My site does not open, what can I do?"
    )
    customer = people.page(size=size, language=language, dark=dark)
    customer.goto("/")
    fits(customer, "welcome")
    customer.goto("/login")
    fits(customer, "login")
    customer.goto("/site/shop")
    write(customer, f"{words} {look}")
    expect(customer.locator("bridge-chat [data-mark=delivered]")).to_be_visible()
    fits(customer, "site")

    agent = people.agent("kristina", size=size, language=language, dark=dark)
    agent.goto(f"/desk?lang={language}")
    row = agent.locator(".row", has_text=look)
    expect(row).to_be_visible()
    fits(agent, "desk")
    row.click()
    message = agent.locator(".log .said", has_text=look)
    message.locator("input").check()
    agent.locator(".modes button").nth(1).click()
    agent.locator(".composer textarea").fill(words)
    agent.locator(".composer textarea").press("Enter")
    expect(agent.locator(".said.note")).to_be_visible()
    fits(agent, "dialog")
    agent.locator("[data-act=ticket]").click()
    fits(agent, "form")
    agent.locator("dialog.form button[type=submit]").click()
    expect(agent.locator("dialog.form")).to_have_count(0)
    if size["width"] < 1000:
        agent.locator(".to-side").click()
    agent.locator("#side .links a").first.click()
    expect(agent.locator(".quotes li")).to_have_count(1)
    fits(agent, "ticket")

    developer = people.agent("dana", size=size, language=language, dark=dark)
    developer.goto(f"/board?lang={language}")
    expect(developer.locator("#columns section")).to_have_count(5)
    fits(developer, "board")


def test_pages_are_for_those_who_have_come_in(people: People) -> None:
    page = people.page()
    for path in ("/desk", "/board"):
        page.goto(path)
        expect(page).to_have_url(re.compile(r"/login$"))
    page.goto("/login?link=spent")
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_role("alert")).to_contain_text("used already or is too old")
    page.goto("/site/nowhere")
    expect(page.get_by_role("heading")).to_have_text("There is no such page")
    people.complaints.clear()  # the browser tells of a page answered 403 or 404 in its console

    agent = people.agent("lisa")
    agent.locator("#menu summary").click()
    agent.get_by_role("button", name="Sign out").click()
    agent.goto("/desk")
    expect(agent).to_have_url(re.compile(r"/login$"))


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"login=kristina", {"Sec-Fetch-Site": "cross-site"}, 403),
        (b"login=nobody", {}, 403),
        (b"login=" + b"x" * 5000, {}, 413),
        (b"\xff\xfe", {}, 403),
        (b"[1]", {"Content-Type": "application/json"}, 403),
    ],
)
def test_the_door_of_the_demo_is_only_for_its_own_agents_and_from_its_own_page(
    house: House, body: bytes, headers: dict[str, str], status: int
) -> None:
    request = urllib.request.Request(f"{house.url}/demo/login", body, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    with refused.value as answer:
        assert answer.status == status
        assert json.load(answer)["error"]["reason"]
        assert "Set-Cookie" not in answer.headers


def test_both_languages_have_the_same_words(people: People) -> None:
    page = people.page()
    page.goto("/")
    keys = page.evaluate(
        """async () => {
            const { WORDS } = await import("/static/words.js");
            await import("/static/words/desk.js");
            return Object.values(WORDS).map((words) => Object.keys(words).sort());
        }"""
    )
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_bridge_without_a_playground_has_no_door_to_it(people: People) -> None:
    people.forgiven.append("404")
    page = people.page()
    for path in ("/playground", "/playground/api/state", "/playground/telegram/bot1:x/getMe"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 404
    page.goto("/")
    expect(page.locator("a[href='/playground']")).to_have_count(0)
