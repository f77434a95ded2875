"""What README and docs promise exists: links, make targets, commands, metrics."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.main import get_command

from bridge import metrics
from bridge.cli import cli

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
HOUSE = metrics.House({"first": 1}, {"first": 0}, {"queued": (1, 2.5)})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if ":" not in link]
    missing = [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
    assert not missing


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        code = re.findall(r"`([^`]+)`|^((?:make )[^#\n]+)", page.read_text(), re.MULTILINE)
        named = {
            word for pair in code for found in pair for word in re.findall(r"^make ([a-z-]+)", found.strip())
        }
        assert named <= targets, page
    assert {"run", "test", "check"} <= targets


def test_every_command_that_operations_or_readme_names_exists() -> None:
    known = get_command(cli)
    commands: dict[str, object] = getattr(known, "commands", {})
    named = set(re.findall(r"`bridge ([a-z][a-z-]*)", OPERATIONS + (ROOT / "README.md").read_text()))
    assert {"run", "worker", "migrate"} <= named
    assert named <= commands.keys()


def test_every_role_that_operations_names_can_be_run() -> None:
    from bridge.app import ROLES

    assert set(re.findall(r"--roles ([a-z]+)", OPERATIONS)) == set(ROLES)


def test_operations_explains_each_metric_that_is_told_and_no_other() -> None:
    explained = set(re.findall(r"^\| `(bridge_[a-z_]+)(?:\{[a-z,]+\})?` \|", OPERATIONS, re.MULTILINE))
    told = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(metrics.exposition(HOUSE).decode())
        if family.name.startswith("bridge_")
    }
    assert explained == told


def test_operations_names_the_labels_of_each_metric() -> None:
    explained = dict(
        re.findall(r"^\| `(bridge_[a-z_]+?)(?:_total)?\{([a-z,]+)\}` \|", OPERATIONS, re.MULTILINE)
    )
    metrics.RECEIVED.labels("docs").inc(0)
    metrics.POSTS.labels("desk:docs", "accepted").inc(0)
    metrics.CHANNEL_UP.labels("channel:docs").set(1)
    labels = {
        family.name: {name for sample in family.samples for name in sample.labels if name != "le"}
        for family in text_string_to_metric_families(metrics.exposition(HOUSE).decode())
        if family.name.startswith("bridge_")
    }
    assert {name: set(words.split(",")) for name, words in explained.items()} == {
        name: words for name, words in labels.items() if words
    }
