"""Names, texts, files, titles and notes that would run as code elsewhere are words on the desk, in every view of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.house import built, opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _attacks() -> list[str]:
    """More than a hundred ways in which words have become code elsewhere."""
    run = "window.broken=1;alert(1)"
    handlers = [
        "onload",
        "onerror",
        "onclick",
        "onfocus",
        "onmouseover",
        "ontoggle",
        "onanimationstart",
        "onbegin",
    ]
    tags = [
        "img src=x",
        "svg",
        "body",
        "input autofocus",
        "details open",
        "iframe src=x",
        "video src=x",
        "math",
        "marquee",
    ]
    crossed = [f"<{tag} {handler}={run}>" for tag in tags for handler in handlers]
    quotes = [
        f"{mark}><img src=x onerror={run}>"
        for mark in ('"', "'", "`", "--", "]]>", "</title>", "</textarea>")
    ]
    schemes = [
        f"{scheme}{run}"
        for scheme in ("javascript:", "JaVaScRiPt:", "java\tscript:", "vbscript:", "data:text/html,<script>")
    ]
    others = [
        f"<script>{run}</script>", f"<ScRiPt>{run}</sCrIpT>", f"<script\n>{run}</script\n>", f"<<script>{run}//<</script>",
        "<script src=//evil.example/x.js></script>", f"<svg><script>{run}</script></svg>", f"<svg/onload={run}>",
        f"<math><mtext><style><img src=x onerror={run}></style>", f"<template><img src=x onerror={run}></template>",
        f"<noscript><p title='</noscript><img src=x onerror={run}>'>", f"<a href='javascript:{run}'>x</a>",
        f"<form action='javascript:{run}'><button>x</button></form>", f"<object data='javascript:{run}'>",
        f"<embed src='javascript:{run}'>", f"<base href='javascript:{run}//'>", "<base href='https://evil.example/'>",
        f"<meta http-equiv=refresh content='0;url=javascript:{run}'>", "<link rel=stylesheet href=//evil.example/x.css>",
        f"<style>@import '//evil.example';*{{background:url(javascript:{run})}}</style>", f"<img src='javascript:{run}'>",
        f'https://example.com/"onmouseover="{run}', f"https://example.com/<script>{run}</script>",
        f"{{{{constructor.constructor('{run}')()}}}}", f"${{{run}}}", f"#{{{run}}}", f"<%= {run} %>", "[x](javascript:alert(1))",
        "__proto__", "constructor", "toString", f"';{run}//", f"\\';{run}//", f"&lt;script&gt;{run}&lt;/script&gt;",
        "\u202e<script>alert(1)</script>", "\ufeff<script>alert(1)</script>", f"<img\x0bsrc=x\x0conerror={run}>",
        "<x style=animation-name:x onanimationstart=alert(1)>", "<img srcset=x onerror=alert(1)>",
    ]  # fmt: skip
    return [*crossed, *quotes, *schemes, *others]


@pytest.mark.timeout(400)
def test_no_words_of_strangers_or_colleagues_ever_run_on_the_desk(browser: Browser, tmp_path: Path) -> None:
    attacks = _attacks()
    assert len(set(attacks)) >= 100
    limits = {"messages_per_minute": 100_000, "sessions_per_minute": 100_000}
    with (
        built(tmp_path, lambda config: config.update(limits=limits)) as house,
        opened(browser, house) as people,
    ):
        agent = people.agent("sam")
        agent.on("dialog", lambda dialog: people.complaints.append(f"a dialog: {dialog.message}"))

        def ask(path: str, body: Any, **headers: str) -> Any:
            answer = agent.request.post(path, data=body, headers={"X-Bridge": "1", **headers})
            assert answer.ok, (path, body, answer.text())
            return answer.json()

        dialogs, bearers = [], []
        for number, attack in enumerate(attacks):
            token = ask("/site/shop/session", {})["token"]
            bearer = {"Authorization": f"Bearer {token}"}
            words = {
                "text": f"{attack} {number}",
                "name": attack[:100],
                "client_id": f"m{number}",
                "page": attack,
            }
            place, seq = ask("/site/shop/messages", words, **bearer)["id"].split(".")
            dialogs.append(place)
            bearers.append(bearer)
            name = "".join(f"%{byte:02X}" for byte in attack.encode())
            file = agent.request.post(
                "/api/v1/files",
                data=b"x",
                headers={"X-Bridge": "1", "X-File-Name": name, "Content-Type": "text/plain"},
            ).json()["id"]
            note = {"text": f"note {attack}", "mode": "note", "attachments": [file]}
            ask(f"/api/v1/dialogs/{place}/reply", note, **{"Idempotency-Key": f"n{number}"})
            act = f"/api/v1/dialogs/{place}/actions"
            ask(act, {"action": "promote", "seqs": [int(seq)], "title": attack, "note": attack})
            ask(act, {"action": "wish", "seq": int(seq), "title": attack, "text": attack})

        for view in ("queue", "all", "tickets", "wishes"):
            agent.locator(f"[data-act={view}]").click()
            agent.locator(".row").first.wait_for()
            if view != "queue":
                expect(agent.get_by_role("button", name="Show more")).to_be_visible()
            while (more := agent.get_by_role("button", name="Show more")).count():
                rows = agent.locator(".row").count()
                more.click()
                expect(agent.locator(".row")).not_to_have_count(rows)
            if view == "all":  # what has been opened stays open when something comes
                ask("/site/shop/messages", {"text": "Again", "client_id": "again"}, **bearers[0])
                expect(agent.locator("a.row").first).to_have_attribute("href", f"#dialog/{dialogs[0]}")
            links = agent.locator("a.row").evaluate_all("rows => rows.map((row) => row.hash)")
            assert len(links) >= 100, view
            step = 1 if view == "all" else 12
            for link in links[::step] if view != "queue" else []:
                agent.evaluate("(hash) => (location.hash = hash)", link)
                ready = ".log .said.note" if view == "all" else ".page h2"
                expect(agent.locator(ready).first).to_be_visible()
        agent.goto(f"/desk#dialog/{dialogs[0]}")
        for typed in ("onerror", "<script", "javascript:", "constructor"):
            agent.keyboard.press("Control+k")
            agent.keyboard.type(typed)
            expect(agent.locator("dialog.palette li.found").first).to_be_visible()
            agent.keyboard.press("Escape")
        assert agent.evaluate("window.broken") is None
        assert agent.locator("script:not([src])").count() == 0
        assert agent.locator("#side a[href^='javascript' i], .log a[href^='javascript' i]").count() == 0
