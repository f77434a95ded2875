"""docs/facebook.md and config.yaml say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from bridge.config.edges import shipped
from bridge.connectors.facebook import kinds
from bridge.connectors.facebook.settings import FacebookSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "facebook.md").read_text()


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
        for words, named in re.findall(r"^\| ([^|`]+) \| (`.+) \|$", text, re.MULTILINE)
        for kind in re.findall(r"`([a-z_]+)`", named)
    }


def test_the_page_says_what_each_event_becomes() -> None:
    heard, _, rest = section("What each event becomes").partition("Nothing comes of these")
    unheard, _, changes = rest.partition("Nor of what changes")
    assert table(heard) == kinds.HEARD
    assert grouped(unheard) == kinds.UNHEARD
    assert tuple(re.findall(r"`([a-z_]+)`", changes)) == kinds.CHANGES


def test_the_page_says_what_each_message_becomes() -> None:
    named = grouped(section("What each message becomes"))
    others = {"location", "template", "appointment_booking"}
    assert set(named) == {*kinds.FILES, *kinds.POSTS, *kinds.LINKS} | others


def test_page_and_shipped_config_show_every_key() -> None:
    keys = set(FacebookSettings.model_fields)
    assert set(table(PAGE.partition("\n## ")[0])) == keys
    config = (ROOT / "config.yaml").read_text()
    commented = re.search(r"^  # facebook:.*?(?=^\S|^  # \w+:|^$)", config, re.MULTILINE | re.DOTALL)
    assert commented is not None
    found = yaml.safe_load(re.sub(r"^  # ", "", commented[0], flags=re.MULTILINE))["facebook"]
    assert set(found) == {"connector", "line"} | keys
    secrets = {"token": "EAAG", "app_secret": "c" * 32, "verify_token": "v" * 8}
    FacebookSettings.model_validate({key: found[key] for key in keys} | secrets)


def test_the_lines_of_the_page_are_enough() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    channel = yaml.safe_load(block)["channels"]["facebook"]
    assert (channel.pop("connector"), channel.pop("line")) == ("facebook", "first")
    secrets = {"token": "EAAG", "app_secret": "c" * 32, "verify_token": "v" * 8}
    FacebookSettings.model_validate(channel | secrets)
    assert "facebook" in shipped("connector")
