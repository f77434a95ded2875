"""Real events and answers of VK, read where they lie beside the repository.

Owns finding them. Must never copy one into the project.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("BRIDGE_SHARED", ROOT.parent / "shared"))
PAYLOADS = SHARED / "payloads" / "vk"


def names(folder: str) -> list[str]:
    """The payloads of a folder; none where they are not at hand."""
    return sorted(path.name for path in (PAYLOADS / folder).glob("*.json"))


def payload(folder: str, name: str) -> Any:
    """One payload; the test that wants it is skipped where it is not at hand."""
    path = PAYLOADS / folder / name
    if not path.exists():
        pytest.skip("the real payloads are not at hand: set BRIDGE_SHARED to their folder")
    return json.loads(path.read_text("utf-8-sig"))
