"""The keys of a channel, each by itself; and what a file is shown as."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bridge.connectors.facebook import files
from bridge.connectors.facebook.settings import FacebookSettings
from bridge.messages import Attachment, FileId
from tests.connectors.facebook.house import PAGE, SECRET, TOKEN, VERIFY

GOOD = {"page_id": PAGE, "token": TOKEN, "app_secret": SECRET, "verify_token": VERIFY}


@pytest.mark.parametrize(
    "wrong",
    [
        {"page_id": "my page"},
        {"page_id": -5},
        {"page_id": True},
        {"token": "a b"},
        {"token": ""},
        {"app_secret": "short"},
        {"verify_token": "with a space"},
        {"api_url": "graph.facebook.com"},
        {"version": "23"},
        {"app_id": "x"},
        {"unknown": 1},
    ],
)
def test_a_wrong_key_is_refused_without_its_value(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        FacebookSettings.model_validate(GOOD | wrong)
    assert TOKEN not in str(caught.value)
    assert FacebookSettings.model_validate(GOOD | {"page_id": int(PAGE)}).page_id == PAGE


def test_a_picture_that_is_too_large_for_one_goes_as_a_file() -> None:
    assert files.kind(Attachment(FileId(1), "a.png", "image/png", files.PICTURE)) == "image"
    assert files.kind(Attachment(FileId(1), "a.png", "image/png", files.PICTURE + 1)) == "file"
