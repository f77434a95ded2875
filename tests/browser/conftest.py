"""A running bridge for the tests of one module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.house import House, People, built, opened


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A bridge that anybody may use; ends with the module."""
    with built(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture
def people(browser: Browser, house: House) -> Iterator[People]:
    """Those who use it; a complaint in a browser's console fails the test."""
    with opened(browser, house) as people:
        yield people
