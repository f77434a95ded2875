"""What VK's refusals mean, by their code and, where that says little, by the parameter they name."""

from __future__ import annotations

import json

import pytest

from bridge.connectors.vk import refusals
from bridge.errors import Ambiguous, BadConfig, ContactGone, Rejected, SendError
from bridge.fields import Fields
from tests.connectors.vk.payloads import names, payload
from tests.connectors.vk.server import SPECS


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("One of the parameters specified was missing or invalid: peer_ids is invalid, peer_id", ContactGone),
        ("photo is undefined", refusals.NoPicture),
        ("message is empty or invalid", Rejected),
        ("group_id not integer", BadConfig),
    ],
)
def test_a_wrong_parameter_is_told_by_its_name(said: str, meant: type[SendError]) -> None:
    assert type(refusals.refusal(Fields({"error_code": 100, "error_msg": said}))) is meant


@pytest.mark.parametrize("name", names("api-errors"))
def test_every_real_refusal_means_something(name: str) -> None:
    error = payload("api-errors", name)["error"]
    found = refusals.refusal(Fields(error))
    assert not isinstance(found, Ambiguous)
    assert not any(
        told["value"] in found.reason for told in error["request_params"] if len(told["value"]) > 6
    )


def test_every_error_of_messages_send_is_in_the_table() -> None:
    if not SPECS.exists():
        pytest.skip("VK's schema is not at hand: set BRIDGE_SHARED to its folder")
    codes = {
        name: held["code"] for name, held in json.loads((SPECS / "errors.json").read_text())["errors"].items()
    }
    methods = json.loads((SPECS / "messages" / "methods.json").read_text())["methods"]
    for method in ("messages.send", "messages.edit", "messages.delete", "messages.setActivity"):
        errors = next(one for one in methods if one["name"] == method)["errors"]
        for error in errors:
            code = codes[error["$ref"].rpartition("/")[2]]
            found = refusals.refusal(Fields({"error_code": code}))
            assert f"({code})" not in found.reason, f"{method}: {code}"
