"""What a stranger would like a worker to run: it leaves a mark when it is so much as imported."""

from __future__ import annotations

import os
from pathlib import Path

Path(os.environ["BRIDGE_TEST_TRAP"]).touch()


def spring(*_: object) -> None:
    """Nothing more: being imported is bad enough."""
