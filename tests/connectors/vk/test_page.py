"""docs/vk.md and config.yaml say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from bridge.config.edges import shipped
from bridge.connectors.vk import kinds
from bridge.connectors.vk.settings import VkSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "vk.md").read_text()


def section(title: str) -> str:
    """What stands below a heading."""
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def table(text: str) -> dict[str, str]:
    """Rows of a name and its words."""
    return dict(re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", text, re.MULTILINE))


def grouped(text: str) -> dict[str, str]:
    """Rows of words and the names that they are said of."""
    return {
        kind: words
        for words, named in re.findall(r"^\| ([^|`]+) \| (`.+`) \|$", text, re.MULTILINE)
        for kind in re.findall(r"`([a-z_]+)`", named)
    }


def test_the_page_says_what_each_event_becomes() -> None:
    heard, _, unheard = section("What each event becomes").partition("Nothing comes of these")
    assert table(heard) == kinds.HEARD
    assert grouped(unheard) == kinds.UNHEARD


def test_the_page_says_what_each_message_becomes() -> None:
    shown, _, others = section("What each message becomes").partition("Unsupported content, ")
    assert table(shown) == {**kinds.FILES, **kinds.PERHAPS, **kinds.SHOWN}
    unsupported, _, actions = others.partition("Nothing comes of")
    assert tuple(re.findall(r"`([a-z_]+)`", unsupported)) == kinds.UNSUPPORTED
    assert grouped(actions) == kinds.ACTIONS


def test_page_and_shipped_config_show_every_key() -> None:
    keys = set(VkSettings.model_fields)
    assert set(table(PAGE.partition("\n## ")[0])) == keys
    config = (ROOT / "config.yaml").read_text()
    commented = re.search(r"^  # vk:.*?(?=^\S|^  # \w+:|^$)", config, re.MULTILINE | re.DOTALL)
    assert commented is not None
    found = yaml.safe_load(re.sub(r"^  # ", "", commented[0], flags=re.MULTILINE))["vk"]
    assert set(found) == {"connector", "line"} | keys
    found["token"], found["secret"] = "vk1.a.tests", "sixteen-characters"
    VkSettings.model_validate({key: found[key] for key in keys})


def test_the_lines_of_the_page_are_enough() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    channel = yaml.safe_load(block)["channels"]["vk"]
    assert channel == {"connector": "vk", "line": "first", "group_id": 123456789, "token": "${VK_TOKEN}"}
    assert "vk" in shipped("connector")
