"""Meta's own description of the Graph API, to compare calls with besides our own rules.

Owns reading it (the form of facebook-business-sdk-codegen: a file a node, with its edges and their parameters) and
comparing. It must never be needed: tests bring it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.playground.facebook.ask import Ask
from bridge.playground.facebook.shapes import parsed

FOLDER = "messenger/facebook-business-sdk-codegen"
NEWER = {("POST", "subscriptions"): frozenset({"verify_token"})}
"""Parameters that the documentation has and the description does not."""


class Specification:
    """Edges of pages and apps with their parameters, and the words that some of these may be."""

    def __init__(
        self, edges: Mapping[tuple[str, str], list[dict[str, Any]]], enums: Mapping[str, list[str]]
    ) -> None:
        self._edges = edges
        self._enums = enums

    @classmethod
    def load(cls, folder: Path) -> Specification | None:
        """The description in a folder of specifications; None when there is none."""
        place = folder / FOLDER
        if not (place / "Page.json").is_file():
            return None
        edges = {
            (api["method"], api["endpoint"]): api["params"]
            for file in ("Application.json", "Page.json")
            for api in json.loads((place / file).read_bytes())["apis"]
            if api.get("endpoint")
        }
        enums = {
            one["name"]: one.get("values") or []
            for one in json.loads((place / "enum_types.json").read_bytes())
        }
        return cls(edges, enums)

    def compare(self, verb: str, edge: str, given: Mapping[str, Any]) -> list[str]:
        """In words, where a call differs from what is described."""
        params = self._edges.get((verb, edge))
        if params is None:
            return []
        known = {param["name"]: param for param in params}
        newer = NEWER.get((verb, edge), frozenset())
        problems = [
            f"{edge}.{name} is unknown"
            for name in given
            if name not in known and name not in Ask.COMMON | newer
        ]
        for name, param in known.items():
            if name in given:
                problems += self._value(f"{edge}.{name}", param["type"], given[name])
            elif param.get("required"):
                problems.append(f"{edge}.{name} is missing")
        return [f"specification: {one}" for one in problems]

    def _value(self, at: str, kind: str, value: Any) -> list[str]:
        if kind.startswith("list<"):
            inner = kind.removeprefix("list<").removesuffix(">")
            found = parsed(value)
            items = found.split(",") if isinstance(found, str) else found
            if not isinstance(items, list):
                return [f"{at} is no list"]
            return [problem for one in items for problem in self._value(at, inner, one)]
        if kind in self._enums:
            words = {word.lower() for word in self._enums[kind]}
            return [] if str(value).lower() in words else [f"{at} is no {kind}: {value}"]
        if kind == "Object" and at != "messages.tag":
            return [] if isinstance(parsed(value), dict) else [f"{at} is no object"]
        return []
