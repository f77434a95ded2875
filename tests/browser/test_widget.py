"""The chat on a site, as visitors live with it: nothing typed is lost, nobody is fooled, everybody can use it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, FilePayload, Locator, Page, ViewportSize, expect

from tests.browser.house import DESK, PHONE, House, People, built, opened, write
from tests.browser.owner import Owner, owned

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STATIC = Path(__file__).parents[2] / "bridge" / "web" / "static"
NAUGHTY = (Path(__file__).parents[1] / "data" / "naughty_strings.txt").read_text(encoding="utf-8")
SECRET = "between-owner-and-bridge"
SIZES = """buttons => buttons.map(button => {
  const { width, height } = button.getBoundingClientRect();
  return { width, height, look: button.outerHTML };
})"""
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)

WHOLE_AGAIN = """() => {
    const root = document.querySelector("bridge-chat").shadowRoot;
    const tick = () => new Promise((resolve) => setTimeout(resolve, 20));
    const up = async () => (await fetch("/readyz").catch(() => ({ ok: false }))).ok;
    const whole = () => root.querySelector(".state").hidden && !root.querySelector("[data-mark=sending]");
    return { after: (async () => {
        while (!(await up())) await tick();
        const back = performance.now();
        while (!whole()) await tick();
        return performance.now() - back;
    })() };
}"""
"""Milliseconds from the return of the server to a screen on which nothing waits any more."""


def changed(config: dict[str, Any]) -> None:
    """The shop may be on every site and knows signed customers; the kiosk promises more than it keeps."""
    shop = config["channels"]["shop"]
    shop["origins"] = ["*"]
    shop["identity_secret"] = SECRET
    config["channels"]["kiosk"] = shop | {"targets": {"first_response": "2s"}, "origins": []}
    config["limits"]["messages_per_minute"] = 10_000
    config["limits"]["sessions_per_minute"] = 1000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with built(tmp_path_factory.mktemp("house"), changed) as house:
        yield house


@pytest.fixture
def owner(house: House) -> Iterator[Owner]:
    with owned(house.url) as owner:
        yield owner


def chat(page: Page) -> Locator:
    return page.locator("bridge-chat")


def delivered(page: Page) -> None:
    """What the visitor wrote last has reached the bridge."""
    expect(chat(page).locator("[data-mark=delivered]")).to_be_visible()


def answer(people: People, text: str, words: str) -> Page:
    """An agent claims the dialog in which this was said, and answers."""
    agent = people.agent("kristina")
    agent.locator(".row", has_text=text).click()
    agent.locator("[data-act=claim]").click()
    expect(agent.locator("[data-act=release]")).to_be_visible()
    reply(agent, words)
    return agent


def reply(agent: Page, words: str) -> None:
    agent.locator(".composer textarea").fill(words)
    agent.locator(".composer textarea").press("Enter")


def forgive(people: People, *fragments: str) -> None:
    """The browser itself tells of refused and cut requests in its console."""
    people.complaints[:] = [one for one in people.complaints if not any(part in one for part in fragments)]


# --- on somebody else's page


def test_one_tag_puts_the_chat_on_a_page_with_the_strictest_policy(people: People, owner: Owner) -> None:
    visitor = people.page()
    visitor.goto(owner.url)
    launcher = chat(visitor).locator(".launcher")
    expect(launcher).to_be_visible()
    launcher.click()
    write(visitor, "Hello from the owner's site")
    delivered(visitor)
    picture = FilePayload(name="photo.png", mimeType="image/png", buffer=PIXEL)
    chat(visitor).locator("input[type=file]").set_input_files(picture)
    expect(chat(visitor).locator(".chips progress")).to_have_count(0)
    chat(visitor).locator(".send").click()
    expect(chat(visitor).locator(".file img")).to_have_js_property("naturalWidth", 1)
    answer(people, "photo.png", "Hello to the owner's site")
    expect(chat(visitor)).to_contain_text("Hello to the owner's site")
    forgive(people, "blob:")  # this owner lets nobody preview a picture that is still on its way


def test_styles_of_the_page_stay_out_and_ours_stay_in(people: People, owner: Owner) -> None:
    visitor = people.page()
    visitor.goto(owner.url)
    before = visitor.evaluate("getComputedStyle(document.querySelector('#theirs')).cssText")
    write(visitor, "Is this red?")
    delivered(visitor)
    bubble = chat(visitor).locator(".mine .bubble")
    assert bubble.evaluate("element => getComputedStyle(element).fontSize") == "16px"
    assert bubble.evaluate("element => getComputedStyle(element).color") == "rgb(255, 255, 255)"
    assert visitor.evaluate("getComputedStyle(document.querySelector('#theirs')).cssText") == before
    assert visitor.evaluate("document.querySelectorAll('style, link[href*=widget]').length") == 0
    people.shoot(visitor, "owner")


def test_a_site_that_is_not_named_is_told_so(people: People, owner: Owner) -> None:
    owner.channel = "kiosk"
    visitor = people.page()
    visitor.goto(owner.url)
    write(visitor, "May I?")
    expect(chat(visitor).locator(".mark.failed")).to_be_visible()
    expect(chat(visitor).locator(".words")).to_have_text("May I?")
    people.complaints.clear()  # the browser itself reports what it did not let through


def test_a_signed_customer_has_one_conversation_in_all_his_browsers_and_a_forger_none(
    people: People, owner: Owner
) -> None:
    expires = int(time.time()) + 3600
    lines = ["shop", "c-17", "Анна К.", "anna@example.org", str(expires)]
    signature = hmac.new(SECRET.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()
    tag = f'data-name="Анна К." data-email="anna@example.org" data-expires="{expires}"'
    owner.data = f'{tag} data-identity="c-17" data-signature="{signature}"'
    first, second = people.page(), people.page()
    first.goto(owner.url)
    write(first, "From my telephone")
    delivered(first)
    second.goto(owner.url)
    expect(chat(second)).to_contain_text("From my telephone")
    agent = people.agent("kristina")
    agent.locator(".row", has_text="From my telephone").click()
    expect(agent.locator("#side")).to_contain_text("anna@example.org")
    expect(agent.locator("#side")).to_contain_text("Анна К.")

    owner.data = f'{tag} data-identity="c-18" data-signature="{signature}"'
    forger = people.page()
    forger.goto(owner.url)
    chat(forger).locator(".launcher").click()
    expect(chat(forger).locator(".state")).to_contain_text("signature does not fit")
    write(forger, "I am somebody else")
    expect(chat(forger).locator(".mark.failed")).to_be_visible()
    forgive(people, "403")


# --- nothing is lost


def test_a_killed_server_loses_nothing_typed_and_the_screen_is_whole_within_a_second(
    browser: Browser, tmp_path: Path
) -> None:
    with built(tmp_path) as house, opened(browser, house) as people:
        visitor = people.customer()
        write(visitor, "Before the night")
        delivered(visitor)
        answer(people, "Before the night", "Good evening")
        expect(chat(visitor)).to_contain_text("Good evening")
        area = chat(visitor).locator("textarea")
        took = []
        for night in ("first", "second", "third"):
            house.kill()
            write(visitor, f"Written in the {night} night")
            write(visitor, f"Still dark in the {night}")
            area.fill("half a sent")
            expect(chat(visitor).locator(".state")).to_contain_text("No connection")
            people.shoot(visitor, "offline")
            measured = visitor.evaluate_handle(WHOLE_AGAIN)
            house.start()
            took.append(measured.evaluate("(measured) => measured.after"))
            delivered(visitor)
            expect(area).to_have_value("half a sent")
            expect(chat(visitor).locator(".mine", has_text=night)).to_have_count(2)
        assert min(took) < 1000, took  # the machine may be busy with something else, but not each time
        visitor.reload()
        expect(chat(visitor).locator(".mine")).to_have_count(7)
        expect(chat(visitor)).to_contain_text("Good evening")
        expect(chat(visitor).locator("textarea")).to_have_value("half a sent")
        forgive(people, "net::ERR", "503")


def test_what_could_not_be_sent_outlives_the_page_and_another_tab(people: People) -> None:
    visitor = people.customer()
    write(visitor, "Hello before the tunnel")
    delivered(visitor)
    visitor.route("**/site/shop/messages", lambda route: route.abort())
    write(visitor, "In the tunnel")
    chat(visitor).locator("textarea").fill("and half a")
    expect(chat(visitor).locator("[data-mark=sending]")).to_be_visible()
    other = visitor.context.new_page()
    other.goto("/site/shop")
    expect(chat(other).locator(".mine", has_text="In the tunnel")).to_be_visible()
    delivered(other)
    visitor.reload()
    expect(chat(visitor).locator(".mine", has_text="In the tunnel")).to_have_count(1)
    expect(chat(visitor).locator("textarea")).to_have_value("and half a")
    forgive(people, "net::ERR")


def test_a_line_that_died_in_sleep_is_drawn_anew_at_once_without_a_hole(people: People) -> None:
    visitor = people.customer()
    write(visitor, "I close the lid now")
    delivered(visitor)
    visitor.context.set_offline(True)
    expect(chat(visitor).locator(".state")).to_contain_text("No connection", timeout=20_000)
    agent = answer(people, "I close the lid", "You sleep, we work")
    reply(agent, "Done!")
    visitor.context.set_offline(False)
    expect(chat(visitor)).to_contain_text("Done!", timeout=2000)
    expect(chat(visitor)).to_contain_text("You sleep, we work")
    forgive(people, "net::ERR")


def test_pictures_come_by_paste_and_drop_with_previews_and_can_be_dropped_again(people: People) -> None:
    visitor = people.customer()
    write(visitor, "Pictures follow")
    delivered(visitor)
    give = """(target, [kind, encoded]) => {
        const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], `${kind}.png`, { type: "image/png" }));
        target.dispatchEvent(kind === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    picture = base64.b64encode(PIXEL).decode()
    chat(visitor).locator("textarea").evaluate(give, ["paste", picture])
    chat(visitor).locator(".log").evaluate(give, ["drop", picture])
    chips = chat(visitor).locator(".chips li")
    expect(chips).to_have_count(2)
    expect(chips.locator("img")).to_have_count(2)
    expect(chips.locator("progress")).to_have_count(0)
    visitor.reload()
    expect(chips).to_have_count(2)
    chat(visitor).get_by_role("button", name="Remove drop.png").click()
    expect(chips).to_have_count(1)
    chat(visitor).locator(".send").click()
    expect(chat(visitor).locator(".mine .file img")).to_have_count(1)


# --- who is there


def test_unread_messages_are_counted_on_the_launcher_and_in_the_title_until_they_are_read(
    people: People,
) -> None:
    visitor = people.customer()
    write(visitor, "Count for me")
    delivered(visitor)
    expect(chat(visitor)).to_contain_text("a person answers")
    visitor.keyboard.press("Escape")
    expect(chat(visitor).locator(".chat")).to_be_hidden()
    expect(chat(visitor).locator(".launcher")).to_be_focused()
    agent = answer(people, "Count for me", "One")
    expect(chat(visitor).locator(".badge")).to_have_text("1")
    reply(agent, "Two")
    expect(chat(visitor).locator(".badge")).to_have_text("2")
    expect(visitor).to_have_title(re.compile(r"^\(2\) "))
    expect(chat(visitor).locator(".launcher")).to_have_attribute("aria-label", "Open the chat (2)")
    expect(agent.locator(".said", has_text="Two")).to_contain_text("Delivered")
    people.shoot(visitor, "unread")
    visitor.keyboard.press("Enter")
    expect(chat(visitor).locator("textarea")).to_be_focused()
    expect(chat(visitor).locator(".badge")).to_be_hidden()
    expect(visitor).to_have_title(re.compile(r"^[^(]"))
    expect(agent.locator(".said", has_text="Two")).to_contain_text("Read")
    expect(chat(visitor).locator("[data-mark=read]")).to_be_visible()


def test_each_side_sees_the_other_type(people: People) -> None:
    visitor = people.customer()
    write(visitor, "Do you see me type?")
    delivered(visitor)
    agent = answer(people, "Do you see me type?", "Not yet")
    expect(chat(visitor)).to_contain_text("Not yet")
    chat(visitor).locator("textarea").press_sequentially("And now")
    ask = """async (path) => (await fetch(path, { headers: { "X-Bridge": "1" } })).json()"""
    dialog = agent.url.rpartition("/")[2].rpartition("=")[2]
    number = re.search(r"\d+", dialog)
    assert number is not None, agent.url
    here = f"/api/v1/dialogs/{number[0]}/here"
    assert any(one["kind"] == "contact" and one["typing"] for one in agent.evaluate(ask, here)["here"])
    agent.evaluate(
        """(path) => fetch(path, { method: "POST", body: '{"typing": true}',
            headers: { "X-Bridge": "1", "Content-Type": "application/json" } })""",
        here,
    )
    expect(chat(visitor).locator(".typing")).to_have_text("Kristina is typing…")
    people.shoot(visitor, "typing")
    expect(chat(visitor).locator(".typing")).to_have_text("", timeout=10_000)


def test_who_is_not_answered_in_time_is_asked_for_an_address_once(people: People) -> None:
    visitor = people.page()
    visitor.goto("/site/kiosk")
    write(visitor, "Is anybody in the kiosk?")
    delivered(visitor)
    field = chat(visitor).get_by_label("Your e-mail")
    expect(field).to_be_visible(timeout=15_000)
    people.shoot(visitor, "ask")
    field.fill("carl@example")
    chat(visitor).get_by_role("button", name="Save").click()
    expect(chat(visitor).get_by_role("alert")).not_to_be_empty()
    field.fill("carl@example.org")
    field.press("Enter")
    expect(chat(visitor)).to_contain_text("We will also write to carl@example.org")
    agent = people.agent("kristina")
    agent.locator(".row", has_text="Is anybody in the kiosk?").click()
    expect(agent.locator("#side")).to_contain_text("carl@example.org")
    write(visitor, "And now?")
    visitor.wait_for_timeout(5000)
    expect(field).to_be_hidden()
    forgive(people, "409")


def test_agents_see_from_which_page_and_campaign_a_visitor_writes(people: People, owner: Owner) -> None:
    visitor = people.page()
    visitor.goto(f"{owner.url}/?utm_source=letter&utm_campaign=spring&secret=1#top")
    expect(chat(visitor).locator(".launcher")).to_be_visible()
    visitor.goto(f"{owner.url}/prices?secret=2")
    write(visitor, "What does the large one cost?")
    delivered(visitor)
    agent = people.agent("kristina")
    agent.locator(".row", has_text="What does the large one").click()
    place = owner.url.removeprefix("http://")
    expect(agent.locator("#side")).to_contain_text(f"{place}/prices?utm_source=letter&utm_campaign=spring")
    expect(agent.locator("#side")).not_to_contain_text("secret")


# --- everybody can use it, and nobody is fooled


def test_the_keyboard_alone_is_enough_and_stays_inside_until_escape(people: People) -> None:
    visitor = people.customer()
    write(visitor, "No mouse here")
    delivered(visitor)
    seen = set()
    for _ in range(12):
        visitor.keyboard.press("Tab")
        assert visitor.evaluate("document.activeElement.localName") == "bridge-chat"
        seen.add(visitor.evaluate("document.activeElement.shadowRoot.activeElement.className"))
    assert {"log", "send", "attach", "sound", "shut"} <= seen
    chat(visitor).locator(".sound").press("Enter")
    expect(chat(visitor).locator(".sound")).to_have_attribute("aria-pressed", "false")
    visitor.keyboard.press("Escape")
    expect(chat(visitor).locator(".launcher")).to_be_focused()
    visitor.reload()
    expect(chat(visitor).locator(".sound")).to_have_attribute("aria-pressed", "false")


def test_a_screen_reader_is_told_what_is_what(people: People) -> None:
    visitor = people.customer()
    write(visitor, "Read me aloud")
    delivered(visitor)
    root = chat(visitor)
    expect(root.get_by_role("dialog", name="Chat")).to_be_visible()
    log = root.get_by_role("log", name="Conversation")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log).to_have_attribute("aria-busy", "false")
    for name in ("Send", "Attach files", "Close the chat", "Sound"):
        expect(root.get_by_role("button", name=name, exact=True)).to_be_visible()
    expect(root.get_by_role("textbox", name="Write a message")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])
def test_the_chat_fits_its_screen(people: People, size: ViewportSize, language: str, dark: bool) -> None:
    look = f"{size['width']}-{language}-{'dark' if dark else 'light'}"
    visitor = people.customer(size=size, language=language, dark=dark)
    words = "Сайт не открывается, что делать?" if language == "ru" else "My site does not open, what now?"
    people.shoot(visitor, f"widget-closed-{look}")
    write(visitor, f"{words} https://example.com/{'long' * 30}")
    delivered(visitor)
    picture = FilePayload(name="снимок экрана.png", mimeType="image/png", buffer=PIXEL)
    chat(visitor).locator("input[type=file]").set_input_files(picture)
    expect(chat(visitor).locator(".chips progress")).to_have_count(0)
    people.shoot(visitor, f"widget-{look}")
    box = chat(visitor).locator(".chat").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    if size is PHONE:
        assert (box["width"], box["height"]) == (size["width"], size["height"])
        buttons = chat(visitor).locator(".chat button:visible").evaluate_all(SIZES)
        assert buttons
        assert [size for size in buttons if min(size["width"], size["height"]) < 44] == []
    assert visitor.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visitor.goto("/site/shop/chat")
    expect(chat(visitor).locator(".mine")).to_have_count(1)
    people.shoot(visitor, f"widget-page-{look}")
    assert visitor.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visitor.evaluate("document.documentElement.scrollHeight <= innerHeight")
    visitor.goto("/site/shop/form")
    people.shoot(visitor, f"form-{look}")
    assert visitor.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visitor.evaluate("document.documentElement.lang") == language


def test_the_theme_may_be_the_owners_choice(people: People, owner: Owner) -> None:
    owner.data = 'data-theme="dark" data-lang="ru"'
    visitor = people.page()
    visitor.goto(owner.url)
    write(visitor, "Темно")
    delivered(visitor)
    ground = "getComputedStyle(document.querySelector('bridge-chat').shadowRoot.querySelector('.chat')).backgroundColor"
    assert visitor.evaluate(ground) == "rgb(23, 33, 42)"
    expect(chat(visitor).get_by_role("button", name="Отправить")).to_be_visible()


def hostile() -> list[str]:
    """Strings that want to be more than text: those of the list of naughty strings that could run, and our own."""
    found = [json.loads(line) for line in NAUGHTY.splitlines() if line]
    known = [one for one in found if re.search(r"<|javascript:|on\w+=|\{\{|data:", one, re.IGNORECASE)]
    own = [
        f"{opening}{payload}{closing}"
        for payload in ("alert(1)", "confirm`1`", "window.broken=1", "prompt(document.cookie)")
        for opening, closing in (
            ("<script>", "</script>"),
            ("<img src=x onerror=", ">"),
            ("<svg/onload=", ">"),
            ("javascript:", ""),
            ('https://x.example/" onmouseover="', '"'),
            ("https://x.example/'><script>", "</script>"),
            ("data:text/html,<script>", "</script>"),
            ("<iframe srcdoc='<script>", "</script>'>"),
            ("<details open ontoggle=", ">"),
            ("<a href=javascript:", ">x</a>"),
            ("{{constructor.constructor('", "')()}}"),
            ("</textarea><script>", "</script>"),
            ("<math><mtext></p><style><img src=x onerror=", ">"),
            ("]]><script>", "</script>"),
            ("\u202e<script>", "</script>"),
            ("<body onload=", ">"),
            ("<input autofocus onfocus=", ">"),
            ("<video><source onerror=", ">"),
            ("http://[::1]/<script>", "</script>"),
            ("&lt;script&gt;", "&lt;/script&gt;"),
            ("vbscript:", ""),
            ("<base href=//x.example/>", ""),
            ("<meta http-equiv=refresh content='0;url=javascript:", "'>"),
            ("<template><script>", "</script></template>"),
        )
    ]
    return [*own, *known]


def test_whatever_is_said_named_attached_or_linked_stays_text(people: People, house: House) -> None:
    strings = hostile()
    assert len(strings) >= 100
    visitor = people.page()
    dialogs: list[str] = []

    def opened_one(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    visitor.on("dialog", opened_one)
    visitor.goto("/site/shop")
    write(visitor, "Here they come")
    delivered(visitor)
    token = visitor.evaluate("JSON.parse(localStorage.getItem('bridge:chat:shop:token'))")
    dialog = visitor.evaluate(
        """async (token) => (await (await fetch("/site/shop/session", {
            method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) })).json()).dialog""",
        token,
    )
    refused = visitor.evaluate(
        """async ([strings, token]) => {
            const call = async (path, body, headers) => (await fetch(`/site/shop/${path}`, {
                method: "POST", body, headers: { Authorization: `Bearer ${token}`, ...headers } })).json();
            const answers = [];
            for (const [place, text] of strings.entries()) {
                const name = { "X-File-Name": encodeURIComponent(text), "Content-Type": "image/png" };
                const file = await call("files", "x", name);
                const body = { text, client_id: `xss-${place}`, page: text.slice(0, 2000), referrer: text.slice(0, 2000),
                    name: text.slice(0, 100), attachments: [file.id] };
                answers.push(await call("messages", JSON.stringify(body), { "Content-Type": "application/json" }));
            }
            return answers.filter((answer) => !answer.id);
        }""",
        [strings, token],
    )
    assert refused == []
    expect(chat(visitor).locator(".mine")).to_have_count(len(strings) + 1, timeout=30_000)
    shown = chat(visitor).locator(".mine .words").all_text_contents()
    assert {" ".join(text.split()) for text in shown} >= {" ".join(text.split()) for text in strings}
    agent = people.agent("sam")
    agent.on("dialog", opened_one)
    agent.goto(f"/desk#dialog/{dialog}")
    expect(agent.locator(".log .said").nth(50)).to_be_visible()
    for page in (visitor, agent):
        page.wait_for_timeout(500)
        assert page.evaluate("window.broken") is None
        links = page.locator("a[href]").evaluate_all("found => found.map((link) => link.protocol)")
        assert set(links) <= {"http:", "https:", ":"}  # the last is of an address that leads nowhere
    assert dialogs == []
    assert people.complaints == []


# --- buttons, the form, the size


def test_a_button_of_the_bot_is_pressed_once_and_said_as_words(people: People) -> None:
    visitor = people.customer()
    write(visitor, "Show me what you can do")
    delivered(visitor)
    asks = {
        "id": "9.9",
        "seq": 9,
        "author": {"kind": "bot", "name": "Bot"},
        "text": "What is it about?",
        "said_at": "2100-01-01T00:00:00+00:00",
        "attachments": [],
        "buttons": [{"command": "person", "label": "A <b>person</b>"}],
    }
    stream = f"id: 1\nevent: message\ndata: {json.dumps(asks)}\n\n"
    visitor.route(
        "**/site/shop/events*", lambda route: route.fulfill(body=stream, content_type="text/event-stream")
    )
    visitor.reload()
    button = chat(visitor).get_by_role("button", name="A <b>person</b>")
    with visitor.expect_request("**/site/shop/messages") as pressed:
        button.click()
    said = pressed.value.post_data_json
    assert said is not None
    assert (said["text"], said["command"]) == ("A <b>person</b>", "person")
    expect(button).to_have_count(0)
    expect(chat(visitor).locator(".mine", has_text="A <b>person</b>")).to_have_count(1)


def test_who_has_written_a_letter_finds_it_in_the_chat_too(people: People) -> None:
    page = people.page()
    page.goto("/site/shop/form")
    page.get_by_label("Your e-mail").fill("wanda@example.org")
    page.get_by_label("Your message").fill("A letter that goes on in the chat")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="See it in the chat").click()
    expect(chat(page).locator(".mine")).to_have_text(re.compile("A letter that goes on in the chat"))
    answer(people, "A letter that goes on", "Dear Wanda")
    expect(chat(page)).to_contain_text("Dear Wanda")


def test_the_contact_form_works_without_javascript_and_keeps_the_address(
    browser: Browser, people: People, house: House
) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=house.url, locale="en")
    page = context.new_page()
    page.goto("/site/shop/form")
    page.get_by_label("Your name").fill("Vera <b>V</b>")
    page.get_by_label("Your e-mail").fill("vera@example.org")
    page.get_by_label("Your message").fill("I would rather write a letter.\nTwo lines.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("has arrived")
    page.go_back()
    context.close()
    agent = people.agent("kristina")
    agent.locator(".row", has_text="rather write a letter").click()
    expect(agent.locator("#side")).to_contain_text("vera@example.org")
    expect(agent.locator("#side")).to_contain_text("Vera <b>V</b>")


def test_all_that_the_tag_loads_is_small(people: People) -> None:
    visitor = people.page()
    loaded: list[str] = []
    visitor.on("response", lambda response: loaded.append(response.url))
    visitor.goto("/site/shop/chat")
    expect(chat(visitor).locator("textarea")).to_be_visible()
    names = {url.partition("/static/")[2] for url in loaded if url.endswith(".js") and "/static/" in url}
    assert names == {
        *(f"widget/{path.name}" for path in STATIC.glob("widget/*.js") if path.name != "load.js"),
        "dom.js",
        "stream.js",
    }
    names.add("widget/load.js")
    assert sum(len(gzip.compress((STATIC / name).read_bytes())) for name in names) < 20_000


def test_both_languages_of_the_widget_have_the_same_words() -> None:
    keys = re.findall(
        r"^    (\w+):", (STATIC / "widget" / "words.js").read_text(encoding="utf-8"), re.MULTILINE
    )
    half = len(keys) // 2
    assert keys[:half] == keys[half:]
    assert "write_here" in keys
