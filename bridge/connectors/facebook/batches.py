"""A delivery of Facebook's, taken apart: one call may hold a thousand updates, of several pages, in several lists.

Owns the reading of the envelope and the order of what is in it. It must never drop a part that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bridge import text
from bridge.connectors.facebook import addresses
from bridge.fields import Fields

LISTS = ("messaging", "standby")
"""Where updates of conversations stand; `standby` while another app has the conversation."""


@dataclass(frozen=True, slots=True)
class Item:
    """One update, with the envelope it would have if it had come alone; `unread` says why it cannot be read."""

    raw: object
    alone: dict[str, object]
    at: float = 0.0
    left: str = ""
    unread: str = ""


def apart(raw: object, page: str) -> list[Item]:
    """The updates of a delivery, those that were said earlier first; of the same moment as they stand."""
    envelope = Fields(raw)
    entries = envelope.items("entry")
    if not entries:
        return [
            Item(raw, raw if isinstance(raw, dict) else {"entry": [raw]}, unread="it is no event of Facebook")
        ]
    items = [item for entry in entries for item in _entry(envelope.value("object"), entry, page)]
    return sorted(items, key=lambda item: item.at)


def _entry(kind: object, raw: object, page: str) -> Iterator[Item]:
    entry = Fields(raw)
    head = {name: entry.value(name) for name in ("id", "time") if name in entry}
    whole = {"object": kind, "entry": [raw]}
    at = _at(entry.value("time"), 0.0)
    of = addresses.identity(entry.value("id"))
    if of and of != page:
        yield Item(
            raw,
            whole,
            at,
            unread=f"it is of another page, {text.excerpt(of, 64)}; this channel is page {page}",
        )
        return
    found = False
    for name in LISTS:
        for one in entry.items(name):
            found = True
            alone = {"object": kind, "entry": [head | {name: [one]}]}
            yield Item(one, alone, _at(Fields(one).value("timestamp"), at))
    for change in entry.items("changes"):
        found = True
        yield _change(change, {"object": kind, "entry": [head | {"changes": [change]}]}, at)
    if not found:
        yield Item(raw, whole, at, unread="it holds no event")


def _change(raw: object, alone: dict[str, object], at: float) -> Item:
    """What has changed on the page; of conversations only where it looks like an update of one."""
    change = Fields(raw)
    value = change.one("value")
    if value.one("sender") or value.one("recipient"):
        return Item(change.value("value"), alone, _at(value.value("timestamp"), at))
    name = text.excerpt(change.words("field"), 64)
    if not name:
        return Item(raw, alone, at, unread="it is no event of Facebook")
    return Item(raw, alone, at, left=name)


def _at(value: object, otherwise: float) -> float:
    moment = addresses.moment(value)
    return moment.timestamp() if moment is not None else otherwise
