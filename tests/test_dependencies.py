"""What pyproject.toml names is locked and explained, and nothing else is."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME: list[str] = PYPROJECT["project"]["dependencies"]
TOOLS: list[str] = PYPROJECT["dependency-groups"]["build"] + PYPROJECT["dependency-groups"]["dev"]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in requirements}


def locked(file: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", (ROOT / file).read_text(), re.MULTILINE))


def test_every_dependency_has_its_line_in_the_table_and_none_is_left_over() -> None:
    page = (ROOT / "docs/decisions/dependencies.md").read_text()
    explained = {name.lower() for name in re.findall(r"^\| ([\w-]+) \|", page, re.MULTILINE)} - {"dependency"}
    assert explained == names(RUNTIME) | names(TOOLS)


def test_every_dependency_is_locked() -> None:
    assert names(RUNTIME) <= locked("requirements.txt").keys()
    assert names(RUNTIME) | names(TOOLS) <= locked("requirements-dev.txt").keys()


def test_the_tools_are_locked_to_the_versions_that_the_bridge_runs_on() -> None:
    assert locked("requirements.txt").items() <= locked("requirements-dev.txt").items()


def test_a_lock_names_every_extra_that_a_locked_package_asks_for() -> None:
    """Without it pip looks at the newest version of that package, which has no hash here, and installs nothing."""
    lock = (ROOT / "requirements-dev.txt").read_text()
    extras = dict(re.findall(r"^([a-z0-9-]+)(?:\[([a-z,]+)\])?==", lock, re.MULTILINE))
    for package in distributions():
        if package.name.lower() not in extras:
            continue
        for wanted in map(Requirement, package.requires or ()):
            if wanted.extras and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
                assert wanted.extras <= set(extras[wanted.name].split(",")), (
                    f"{package.name} asks for {wanted}"
                )


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_names_no_place_to_fetch_from(file: str) -> None:
    assert not re.findall(r"https?://|file://|--(?:extra-)?index-url|--find-links", (ROOT / file).read_text())


def test_the_changelog_knows_the_version_or_is_still_before_the_first() -> None:
    headings = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1:2] in ([], [PYPROJECT["project"]["version"]])
