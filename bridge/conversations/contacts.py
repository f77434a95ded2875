"""Who the contact is: the name and the e-mail address that he tells us. Pure.

Owns what counts as an e-mail address and what agents see of an introduction. It must never ask for anything: the bot,
the chat's own form and the desk do.
"""

from __future__ import annotations

import re
from datetime import datetime

from bridge.conversations import posts
from bridge.conversations.changes import Change, Dialog, Draft
from bridge.conversations.lines import Rules
from bridge.errors import Refused
from bridge.messages import AgentId

LONGEST_NAME = 100
_LONGEST_EMAIL = 254
_EMAIL = re.compile(
    r"[^\s@<>()\[\]\\,;:\"]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]"
)


def email(words: str) -> str | None:
    """The e-mail address that these words consist of; None when they are anything else."""
    found = words.strip("<>.,;! \n").removeprefix("mailto:")
    local, _, domain = found.rpartition("@")
    if len(found) > _LONGEST_EMAIL or ".." in found or local.endswith(".") or not _EMAIL.fullmatch(found):
        return None
    return f"{local}@{domain.lower()}"


def checked(name: str, address: str | None) -> tuple[str, str | None]:
    """A name and an e-mail address as they are kept; raises `Refused`, in words for the contact."""
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME:
        raise Refused(f"a name may have {LONGEST_NAME} characters at most")
    if not address or not address.strip():
        if not name:
            raise Refused("tell a name or an e-mail address")
        return name, None
    found = email(address)
    if found is None:
        raise Refused("this is no e-mail address: write it like ann@example.org")
    return name, found


def introduced(
    dialog: Dialog, name: str, address: str | None, now: datetime, rules: Rules, *, by: AgentId | None = None
) -> Change | None:
    """The contact, or an agent for him, says who he is; None when all of that was known."""
    draft = Draft(dialog, now)
    introduce(draft, name, address, rules, by=by)
    return draft.change() if draft.dialog != dialog else None


def introduce(
    draft: Draft, name: str, address: str | None, rules: Rules, *, by: AgentId | None = None
) -> None:
    """Keeps what is new of it, and tells the agents."""
    dialog = draft.dialog
    after = {"name": name or dialog.name, "email": address or dialog.email}
    if after == {"name": dialog.name, "email": dialog.email}:
        return
    draft.set(**after)
    who = ", ".join(filter(None, after.values()))
    posts.mirror(draft, draft.tell_inside("introduced", f"The contact is {who}.", **after), rules)
    draft.act("introduced", by, **after)
    posts.show(draft, rules)
