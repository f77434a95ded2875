"""Saying it on VK: from one message of ours to the one call that says it.

Owns what is asked of VK and what is tried instead where VK has surely not done it. It must never send again what may have
arrived under another random_id.
"""

from __future__ import annotations

import json

from bridge.connectors.vk import addresses, presses
from bridge.connectors.vk.client import Client
from bridge.connectors.vk.presses import Press
from bridge.connectors.vk.refusals import Absent, Unanswerable, refusal
from bridge.connectors.vk.uploads import Uploads, reference
from bridge.errors import Ambiguous, Rejected, SendError
from bridge.fields import Fields, whole
from bridge.messages import Message, NativeId


class Posts:
    """What a community says."""

    def __init__(self, client: Client, uploads: Uploads) -> None:
        self._client = client
        self._uploads = uploads

    async def send(self, peer: int, message: Message) -> NativeId:
        """Says it, once, however often it is asked: VK drops a repeat with the same random_id.

        `peer_ids` with one number rather than `peer_id`: only then does VK answer with the message's number in its
        conversation, by which it can be referred to in a group chat, too.
        """
        alone = len(message.attachments) == 1 and not message.text
        files = [await self._uploads.named(peer, file, alone=alone) for file in message.attachments]
        asked: dict[str, str | int | None] = {
            "peer_ids": str(peer),
            "random_id": addresses.random_id(message.key),
            "message": message.text or None,
            "attachment": ",".join(files) or None,
            "keyboard": presses.keyboard(message.buttons) if message.buttons else None,
        }
        forward = _answered(peer, message.reply_to)
        try:
            return await self._said(peer, await self._client.call("messages.send", **asked, forward=forward))
        except Unanswerable:
            if forward is None:
                raise
            return await self._said(peer, await self._client.call("messages.send", **asked))

    async def edit(self, native: NativeId, message: Message) -> None:
        """Changes what a message of ours says; the files that hang on it would fall off if they were not named again."""
        peer, number = _ours(native)
        attachment = await self._hanging(peer, number) if message.attachments else None
        await self._client.call(
            "messages.edit",
            peer_id=peer,
            cmid=number,
            message=message.text,
            attachment=attachment,
            keep_forward_messages=1,
            keep_snippets=1,
        )

    async def delete(self, native: NativeId) -> None:
        """Takes a message of ours back, for everybody; one that is no more has been taken back."""
        peer, number = _ours(native)
        try:
            done = await self._client.call(
                "messages.delete", peer_id=peer, cmids=str(number), delete_for_all=1
            )
            for one in done if isinstance(done, list) else []:
                if error := Fields(one).one("error"):
                    raise refusal(error)
        except Absent:
            return

    async def typing(self, peer: int) -> None:
        """Shows for some seconds that somebody types."""
        await self._client.call("messages.setActivity", peer_id=peer, type="typing")

    async def answered(self, press: Press) -> None:
        """The contact's button stops waiting."""
        await self._client.call(
            "messages.sendMessageEventAnswer", event_id=press.event, user_id=press.user, peer_id=press.peer
        )

    async def _said(self, peer: int, result: object) -> NativeId:
        """What was sent is called, in any of the shapes in which VK says so; "" where it does not: its echo will."""
        one = Fields(result[0]) if isinstance(result, list) and result else Fields(result)
        if error := one.one("error"):
            raise refusal(error)
        number = one.number("conversation_message_id") or one.number("cmid")
        if number and number > 0:
            return addresses.native(one.number("peer_id") or peer, number)
        id = whole(result) or one.number("message_id")
        if not id or id < 0:
            if result in (0, [0]) or one:
                return NativeId("")
            raise Ambiguous("VK did not say what became of it")
        try:
            found = Fields(await self._client.call("messages.getById", message_ids=str(id)))
        except SendError:
            return NativeId("")  # it is there all the same, and nobody may say otherwise
        sent = next(iter(found.many("items")), Fields(None))
        number = sent.number("conversation_message_id")
        return addresses.native(peer, number) if number and number > 0 else NativeId("")

    async def _hanging(self, peer: int, number: int) -> str | None:
        """The attachments of a message, named as a request names them."""
        found = await self.message(peer, number)
        kinds = [(one.words("type"), one.one(one.words("type"))) for one in found.many("attachments")]
        names = [
            reference("doc" if kind == "audio_message" else kind, held)
            for kind, held in kinds
            if kind != "link"
        ]
        return ",".join(filter(None, names)) or None

    async def message(self, peer: int, number: int) -> Fields:
        """A message as VK keeps it; nothing where it does not."""
        answer = await self._client.call(
            "messages.getByConversationMessageId", peer_id=peer, conversation_message_ids=str(number)
        )
        return next(iter(Fields(answer).many("items")), Fields(None))


def _answered(peer: int, native: NativeId | None) -> str | None:
    """What is answered, if it is of the same conversation."""
    found = addresses.message(native)
    if found is None or found[0] != peer:
        return None
    return json.dumps({"peer_id": peer, "conversation_message_ids": [found[1]], "is_reply": True})


def _ours(native: NativeId) -> tuple[int, int]:
    found = addresses.message(native)
    if found is None:
        raise Rejected("VK has not said what the message is called")
    return found
