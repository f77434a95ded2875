"""A running bridge with the shipped configuration, and the people who use it by their browsers.

Owns starting and ending the process, and that no page complains in its console. Must never reach past the pages.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize

from tests.services import port

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0
DESK: ViewportSize = {"width": 1440, "height": 900}
Change = Callable[[dict[str, Any]], None]
PHONE: ViewportSize = {"width": 360, "height": 740}


class House:
    """The bridge as `make run` starts it, on a free port and with data of its own; `played` with its playground.

    The playground's bot takes seconds to load, so it is there only where somebody plays.
    """

    def __init__(self, folder: Path, change: Change | None = None, *, played: bool = False) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port()}"
        config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
        config["data"] = str(folder / "data")
        config["playground"] = played
        config["http"]["port"] = int(self.url.rpartition(":")[2])
        if change is not None:
            change(config)
        self.config = folder / "config.yaml"
        self.config.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return once its pages answer."""
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "bridge", "run", "--config", str(self.config)]
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the bridge did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        assert self._process is not None, "not started"
        self._process.terminate()
        self._process.wait(START_SECONDS)

    def kill(self) -> None:
        """Kill -9 with all it has started."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(START_SECONDS)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


class People:
    """Opens pages as this or that person, each in a browser of his own."""

    def __init__(self, browser: Browser, house: House, shots: Path | None) -> None:
        self._browser = browser
        self._house = house
        self._shots = shots
        self.complaints: list[str] = []
        self.forgiven: list[str] = []
        """What a browser may complain about in this test, in a part of its words."""

    def page(self, *, size: ViewportSize = DESK, language: str = "en", dark: bool = False) -> Page:
        """A new person's first page."""
        context = self._browser.new_context(
            viewport=size,
            locale=language,
            color_scheme="dark" if dark else "light",
            base_url=self._house.url,
        )
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("console", self._heard)
        return page

    def customer(self, *, size: ViewportSize = DESK, language: str = "en", dark: bool = False) -> Page:
        """Somebody on the shop's page."""
        page = self.page(size=size, language=language, dark=dark)
        page.goto("/site/shop")
        return page

    def agent(
        self, login: str, *, size: ViewportSize = DESK, language: str = "en", dark: bool = False
    ) -> Page:
        """Somebody of the house, come in by the welcome page."""
        page = self.page(size=size, language=language, dark=dark)
        page.goto(f"/?lang={language}")
        page.locator(f"button[value={login}]").click()
        page.wait_for_url(re.compile(r"/(desk|board)$"))
        page.locator("#live[data-connected=true]").wait_for()
        return page

    def shoot(self, page: Page, name: str) -> None:
        """Keeps a picture of the page, when somebody wants to look."""
        if self._shots is not None:
            self._shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self._shots / f"{name}.png", animations="disabled")

    def leave(self) -> None:
        """Closes every browser."""
        for context in self._browser.contexts:
            context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.location.get('url')}: {message.text}")


@contextmanager
def built(folder: Path, change: Change | None = None, *, played: bool = False) -> Iterator[House]:
    """A running bridge that does not outlive its test; `change` is made to the shipped configuration."""
    house = House(folder, change, played=played)
    try:
        house.start()
        yield house
    finally:
        house.kill()


@contextmanager
def opened(browser: Browser, house: House) -> Iterator[People]:
    """People who must not see their browser complain."""
    folder = os.environ.get("BRIDGE_SCREENSHOTS")
    people = People(browser, house, Path(folder) if folder else None)
    try:
        yield people
    finally:
        people.leave()
    left = [one for one in people.complaints if not any(part in one for part in people.forgiven)]
    assert not left, "\n".join(left)


def write(page: Page, text: str) -> None:
    """A customer opens the chat, if it is not open, writes and presses Enter."""
    page.locator("bridge-chat .chat").wait_for(state="attached")
    area = page.locator("bridge-chat textarea")
    if not area.is_visible():
        page.locator("bridge-chat .launcher").click()
    area.fill(text)
    area.press("Enter")
