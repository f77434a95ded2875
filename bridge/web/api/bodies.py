"""What may be sent to the API: one body per verb, told apart by `action`, each meaning one of bridge.actions.

Owns the border between JSON and verbs: unknown fields and wrong types end here. It must never judge a verb.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from bridge import actions as a
from bridge.messages import Priority
from bridge.ports import Mode
from bridge.web.api.parameters import LARGEST, IdText, Moment, Name, Words

Seq = Annotated[int, Field(strict=True, ge=1, le=LARGEST)]
Seqs = Annotated[list[Seq], Field(min_length=1, max_length=500)]
Languages = dict[Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")], Words]
Announcement = Annotated[Languages, Field(max_length=50)]


class Body(BaseModel):
    """No field that is not known here."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Reply(Body):
    """An agent's words: `auto` by the safe-side rule, `send` to the contact, `note` for colleagues only.

    `reply_to` is the seq of the message of this dialog that is answered.
    """

    text: Words = ""
    mode: Mode = "auto"
    attachments: Annotated[list[IdText], Field(max_length=20)] = []
    reply_to: Seq | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip() and not self.attachments:
            raise ValueError("write something or attach a file")
        return self


class Duty(Body):
    """Whether I am there for my lines."""

    on: StrictBool


class Here(Body):
    """An agent has a dialog before him and types in it, or not; `private` when what he types is a note."""

    typing: StrictBool = False
    private: StrictBool = False


class Task(Body):
    """What the developers set themselves to do, without anybody having asked for it."""

    title: Name
    text: Words = ""
    priority: Priority = Priority.normal


class Verb(Body):
    """The base of what can be done to a dialog, a ticket or a wish."""

    means: ClassVar[Callable[..., Any]]

    def verb(self) -> Any:
        """The verb this body means."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "action"}
        return self.means(
            **{name: tuple(value) if name == "seqs" else value for name, value in fields.items()}
        )


class Claim(Verb):  # noqa: D101 -- bridge.actions says what each verb means
    means = a.Claim
    action: Literal["claim"]
    force: StrictBool = False


class Release(Verb):  # noqa: D101
    means = a.Release
    action: Literal["release"]


class Pass(Verb):  # noqa: D101
    means = a.Pass
    action: Literal["pass"]
    line: Name
    note: Words = ""
    priority: Priority | None = None


class Snooze(Verb):  # noqa: D101
    means = a.Snooze
    action: Literal["snooze"]
    until: Moment


class Resolve(Verb):  # noqa: D101
    means = a.Resolve
    action: Literal["resolve"]


class Reopen(Verb):  # noqa: D101
    means = a.Reopen
    action: Literal["reopen"]


class Prioritise(Verb):  # noqa: D101
    means = a.Prioritise
    action: Literal["prioritise"]
    priority: Priority


class Introduce(Verb):  # noqa: D101
    means = a.Introduce
    action: Literal["introduce"]
    name: Words = ""
    email: Words = ""


class Undo(Verb):  # noqa: D101
    means = a.Undo
    action: Literal["undo"]
    seq: Seq
    keep: StrictBool = False


class Retry(Verb):  # noqa: D101
    means = a.Retry
    action: Literal["retry"]
    seq: Seq


class Edit(Verb):  # noqa: D101
    means = a.Edit
    action: Literal["edit"]
    seq: Seq
    text: Words


class Delete(Verb):  # noqa: D101
    means = a.Delete
    action: Literal["delete"]
    seq: Seq


class Promote(Verb):  # noqa: D101
    means = a.Promote
    action: Literal["promote"]
    seqs: Seqs
    title: Name
    line: Name | None = None
    note: Words = ""
    priority: Priority = Priority.normal
    tell: StrictBool = True


class FileWish(Verb):
    """`title` makes a new wish of the message; `wish` adds the contact to those who ask for that one."""

    means = a.FileWish
    action: Literal["wish"]
    seq: Seq
    title: Annotated[Name, Field(min_length=0)] = ""
    text: Words = ""
    wish: IdText | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if bool(self.title.strip()) == (self.wish is not None):
            raise ValueError("give either the title of a new wish or the id of a known one")
        return self


class Quote(Verb):  # noqa: D101
    means = a.Quote
    action: Literal["quote"]
    seqs: Seqs


class Note(Verb):  # noqa: D101
    means = a.Note
    action: Literal["note"]
    text: Words


class HandBack(Verb):  # noqa: D101
    means = a.HandBack
    action: Literal["hand_back"]
    draft: Words


class Answer(Verb):  # noqa: D101
    means = a.Answer
    action: Literal["answer"]
    text: Words
    resolve: StrictBool = True


class SetDue(Verb):  # noqa: D101
    means = a.SetDue
    action: Literal["due"]
    due_at: Moment | None


class Accept(Verb):  # noqa: D101
    means = a.Accept
    action: Literal["accept"]
    title: Annotated[Name, Field(min_length=0)] = ""


class PickUp(Verb):  # noqa: D101
    means = a.PickUp
    action: Literal["pick_up"]
    deadline: Moment
    priority: Priority
    force: StrictBool = False


class AskBack(Verb):  # noqa: D101
    means = a.AskBack
    action: Literal["ask_back"]
    text: Words


class Clarify(Verb):  # noqa: D101
    means = a.Clarify
    action: Literal["clarify"]
    text: Words


class Ship(Verb):  # noqa: D101
    means = a.Ship
    action: Literal["ship"]
    announcement: Announcement = {}


class Approve(Verb):  # noqa: D101
    means = a.Approve
    action: Literal["approve"]
    announcement: Announcement = {}


class TellAgain(Verb):  # noqa: D101
    means = a.TellAgain
    action: Literal["tell_again"]


class Decline(Verb):  # noqa: D101
    means = a.Decline
    action: Literal["decline"]
    reason: Words


OnDialog = Annotated[
    Claim
    | Release
    | Pass
    | Snooze
    | Resolve
    | Reopen
    | Prioritise
    | Introduce
    | Undo
    | Retry
    | Edit
    | Delete
    | Promote
    | FileWish,
    Field(discriminator="action"),
]
OnTicket = Annotated[
    Claim | Note | Quote | Pass | HandBack | Answer | Resolve | Reopen | Prioritise | SetDue,
    Field(discriminator="action"),
]
OnWish = Annotated[
    Accept | PickUp | AskBack | Clarify | Ship | Approve | TellAgain | Decline | Reopen,
    Field(discriminator="action"),
]
