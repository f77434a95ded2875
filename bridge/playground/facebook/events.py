"""What a page is told: the shape of each event, and the field under which it goes out.

Owns the words of Messenger's webhooks. It must never change a chat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.playground.facebook.chats import Chat, Said
from bridge.playground.facebook.files import File
from bridge.playground.facebook.reactions import NAMES

if TYPE_CHECKING:
    from bridge.playground.facebook.facebook import Facebook

Json = dict[str, Any]


class Events:
    """Tells pages what happens in their chats."""

    def __init__(self, facebook: Facebook) -> None:
        self._facebook = facebook

    def written(self, said: Said) -> None:
        """A person has said something."""
        self._tell(said.chat, "message", "messages", {"message": self._message(said)}, said.at, said.mid)

    def edited(self, said: Said) -> None:
        """He has changed it; Facebook counts how often."""
        edit = {"mid": said.mid, "text": said.text, "num_edit": said.edits}
        self._tell(said.chat, "edit", "message_edits", {"message_edit": edit})

    def unsent(self, said: Said) -> None:
        """He has taken it back."""
        self._tell(said.chat, "unsend", "messages", {"message": {"mid": said.mid, "is_deleted": True}})

    def reacted(self, said: Said, emoji: str, *, on: bool) -> None:
        """He has put a reaction on a message, or taken it away."""
        about: Json = {"mid": said.mid, "action": "react" if on else "unreact"}
        if on:
            about |= {"reaction": NAMES.get(emoji, "other"), "emoji": emoji}
        self._tell(said.chat, "reaction", "message_reactions", {"reaction": about})

    def pressed(self, chat: Chat, title: str, payload: str, mid: str, ref: str = "") -> None:
        """He has pressed a button, or Get Started, to which a link may have led him."""
        postback: Json = {"title": title, "payload": payload, "mid": mid}
        if ref:
            postback["referral"] = _referral(ref)
        self._tell(chat, "postback", "messaging_postbacks", {"postback": postback})

    def referred(self, chat: Chat, ref: str) -> None:
        """He has followed a link into a conversation that there was."""
        self._tell(chat, "referral", "messaging_referrals", {"referral": _referral(ref)})

    def shown(self, said: Said) -> None:
        """The page has said something: its echo, and that it has arrived."""
        message = self._message(said) | {"is_echo": True}
        if said.app is not None:
            message["app_id"] = int(said.app)
        if said.metadata is not None:
            message["metadata"] = said.metadata
        self._tell(said.chat, "echo", "message_echoes", {"message": message}, said.at, own=True)
        delivery = {"mids": [said.mid], "watermark": said.at}
        self._tell(said.chat, "delivery", "message_deliveries", {"delivery": delivery})

    def read(self, chat: Chat) -> None:
        """He has looked at all that there is."""
        self._tell(chat, "read", "message_reads", {"read": {"watermark": chat.read_by_person}})

    def _tell(
        self, chat: Chat, kind: str, field: str, what: Json, at: int = 0, mid: str = "", *, own: bool = False
    ) -> None:
        parties = {"id": chat.person.id}, {"id": chat.page.id}
        sender, recipient = reversed(parties) if own else parties
        event = {"sender": sender, "recipient": recipient, "timestamp": at or self._facebook.stamp(), **what}
        chat.page.tell(kind, field, event, mid, chat.person.id)

    def _message(self, said: Said) -> Json:
        found: Json = {"mid": said.mid}
        if said.text:
            found["text"] = said.text
        if said.payload is not None:
            found["quick_reply"] = {"payload": said.payload}
        if said.reply_to is not None:
            found["reply_to"] = {"mid": said.reply_to.mid}
        attachments = [self._attachment(file) for file in said.files]
        if said.template is not None:
            attachments.append({"type": "template", "payload": said.template})
        if attachments:
            found["attachments"] = attachments
        return found

    def _attachment(self, file: File) -> Json:
        payload: Json = {"url": self._facebook.link(file)}
        if file.sticker is not None:
            payload["sticker_id"] = file.sticker
        return {"type": file.kind, "payload": payload}


def _referral(ref: str) -> Json:
    return {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
