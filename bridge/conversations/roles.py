"""Who may do what: one table of verbs and roles. Pure.

Owns what docs/operations.md says about roles, word for word; reading is for everybody of the house. It must never ask
what state a thing is in: the transitions do.
"""

from __future__ import annotations

from typing import Final, Literal

from bridge import actions as a
from bridge.actions import Role
from bridge.errors import NotAllowed

Subject = Literal["dialog", "ticket", "wish"]
Verb = a.DialogAction | a.TicketAction | a.WishAction

ROLES: Final[tuple[Role, ...]] = ("agent", "lead", "developer", "admin")
DESK: Final = frozenset[Role]({"agent", "lead", "admin"})
"""Those who work with contacts."""
BUILDERS: Final = frozenset[Role]({"developer", "lead", "admin"})
"""Those who make what contacts wish for."""
LEADS: Final = frozenset[Role]({"lead", "admin"})
"""Those who may take over what somebody else has."""
ALL: Final = frozenset[Role](ROLES)

_ON_WISHES: Final[dict[type[Verb], frozenset[Role]]] = {
    a.Accept: DESK,
    a.PickUp: BUILDERS,
    a.AskBack: BUILDERS,
    a.Clarify: DESK,
    a.Ship: BUILDERS,
    a.Approve: DESK,
    a.TellAgain: ALL,
    a.Decline: ALL,
    a.Reopen: ALL,
}


def allowed(subject: Subject, verb: type[Verb]) -> frozenset[Role]:
    """The roles that may do this to such a thing: dialogs and tickets are the desk's, wishes have two sides."""
    return _ON_WISHES[verb] if subject == "wish" else DESK


def check(agent: a.Agent, subject: Subject, verb: Verb) -> None:
    """Raises `NotAllowed` for what is not his to do."""
    roles = allowed(subject, type(verb))
    if agent.role not in roles:
        raise NotAllowed("only agents do that" if roles == DESK else "only developers do that")


def works(agent: a.Agent) -> None:
    """Raises `NotAllowed` unless he is one of those who work with contacts."""
    if agent.role not in DESK:
        raise NotAllowed("only agents do that")


def builds(agent: a.Agent) -> None:
    """Raises `NotAllowed` unless he is one of those who make things."""
    if agent.role not in BUILDERS:
        raise NotAllowed("only developers do that")


def leads(agent: a.Agent) -> bool:
    """Whether he may take over what a colleague has."""
    return agent.role in LEADS
