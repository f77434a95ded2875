"""docs/telegram.md says what the tables of the code say, and config.yaml shows every key."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from bridge.config.edges import shipped
from bridge.connectors.telegram import kinds
from bridge.connectors.telegram.settings import TelegramSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "telegram.md").read_text()


def section(title: str) -> str:
    """What stands under a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def table(text: str) -> dict[str, str]:
    """Rows of a name and its words."""
    return dict(re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", text, re.MULTILINE))


def test_the_page_says_what_each_update_becomes() -> None:
    heard, _, unheard = section("What each update becomes").partition("These are not asked for")
    assert table(heard) == kinds.HEARD
    assert table(unheard) == kinds.UNHEARD


def test_the_page_says_what_each_message_becomes() -> None:
    shown, _, others = section("What each message becomes").partition("Unsupported content, ")
    assert table(shown) == {**kinds.FILES, **kinds.STRUCTURED}
    unsupported, _, service = others.partition("Nothing comes of")
    assert tuple(re.findall(r"`([a-z_]+)`", unsupported)) == kinds.UNSUPPORTED
    found = {
        kind: words
        for words, named in re.findall(r"^\| ([^|`]+) \| (`.+`) \|$", service, re.MULTILINE)
        for kind in re.findall(r"`([a-z_]+)`", named)
    }
    assert found == kinds.SERVICE


def test_page_and_shipped_config_show_every_key() -> None:
    keys = set(TelegramSettings.model_fields)
    assert set(table(PAGE.partition("\n## ")[0])) == keys
    config = (ROOT / "config.yaml").read_text()
    commented = re.search(r"^  # telegram:.*?(?=^\S)", config, re.MULTILINE | re.DOTALL)
    assert commented is not None
    found = yaml.safe_load(re.sub(r"^  # ", "", commented[0], flags=re.MULTILINE))["telegram"]
    assert set(found) == {"connector", "line"} | keys
    found["token"], found["webhook_secret"] = "7:AAtests", "sixteen-characters"
    TelegramSettings.model_validate({key: found[key] for key in keys})


def test_the_three_lines_of_the_page_are_enough() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    channel = yaml.safe_load(block)["channels"]["telegram"]
    assert channel == {"connector": "telegram", "line": "first", "token": "${TELEGRAM_TOKEN}"}
    assert "telegram" in shipped("connector")
