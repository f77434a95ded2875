"""Who is in a group and what he may do there: the ChatMember objects.

Owns statuses and rights. It must never enforce them: methods ask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]

ADMIN_RIGHTS = (
    "can_be_edited",
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
    "can_manage_tags",
)
MEMBER_RIGHTS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)


@dataclass(slots=True)
class Member:
    """One account's place in a group."""

    user: dict[str, Any]
    status: Status = "member"
    rights: set[str] = field(default_factory=set)
    """of an administrator those he has, of a restricted member those left to him"""

    @property
    def inside(self) -> bool:
        """Whether he is in the group."""
        return self.status not in {"left", "kicked"}

    @property
    def admin(self) -> bool:
        return self.status in {"creator", "administrator"}

    def may(self, right: str) -> bool:
        """Whether he has an administrator's right."""
        return self.status == "creator" or (self.status == "administrator" and right in self.rights)

    def may_send(self, right: str) -> bool:
        """Whether he may send what needs this right of a member."""
        return self.inside and (self.status != "restricted" or right in self.rights)

    def wire(self) -> dict[str, Any]:
        """The ChatMember object."""
        found: dict[str, Any] = {"user": self.user, "status": self.status}
        if self.status == "creator":
            found["is_anonymous"] = "is_anonymous" in self.rights
        elif self.status == "administrator":
            found |= {right: right in self.rights for right in ADMIN_RIGHTS}
        elif self.status == "restricted":
            found |= {"is_member": True, "until_date": 0}
            found |= {right: right in self.rights for right in MEMBER_RIGHTS}
        elif self.status == "kicked":
            found["until_date"] = 0
        return found
