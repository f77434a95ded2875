"""Saying it on Telegram: from one message of ours to the one call that says it, files streamed out of the store.

Owns the choice of the call and what is tried instead where Telegram has surely not done it. It must never send again
what may have arrived.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from aiogram import Bot
from aiogram.methods import (
    DeleteBusinessMessages,
    DeleteMessage,
    DeleteMessages,
    EditMessageCaption,
    EditMessageText,
    SendAnimation,
    SendAudio,
    SendChatAction,
    SendDocument,
    SendMediaGroup,
    SendMessage,
    SendPhoto,
    SendVideo,
    SendVoice,
    TelegramMethod,
)
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMedia,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    ReplyParameters,
)

from bridge import text
from bridge.connector import Surroundings
from bridge.connectors.telegram import addresses, presses
from bridge.connectors.telegram.addresses import Place
from bridge.connectors.telegram.client import Client
from bridge.connectors.telegram.refusals import Absent, Moved, NoPicture, NoText, ThreadGone, Unchanged
from bridge.errors import Missing, Rejected, Unreachable
from bridge.fields import Fields
from bridge.messages import Attachment, Message, NativeId

_MB = 1_048_576
PHOTO_BYTES = 10 * _MB
VOICE_BYTES = _MB
"""What is larger goes as a file. https://core.telegram.org/bots/api#sending-files"""

_SINGLE: dict[str, Callable[..., TelegramMethod[Any]]] = {
    "photo": SendPhoto,
    "animation": SendAnimation,
    "video": SendVideo,
    "audio": SendAudio,
    "voice": SendVoice,
    "document": SendDocument,
}
"""As what a file is sent by itself → the call, whose field is of the same name."""
_MEMBER: dict[str, Callable[..., InputMedia]] = {
    "photo": InputMediaPhoto,
    "video": InputMediaVideo,
    "audio": InputMediaAudio,
    "document": InputMediaDocument,
}
_KINDS = {
    "image/jpeg": "photo",
    "image/png": "photo",
    "image/webp": "photo",
    "image/gif": "animation",
    "video/mp4": "video",
    "audio/mpeg": "audio",
    "audio/mp3": "audio",
    "audio/mp4": "audio",
    "audio/x-m4a": "audio",
    "audio/ogg": "voice",
    "audio/opus": "voice",
}


class Posts:
    """What the bot says."""

    def __init__(self, client: Client, around: Surroundings) -> None:
        self._client = client
        self._around = around

    async def send(self, place: Place, message: Message) -> NativeId:
        """Says it; a topic that is gone, a group that has moved or a picture that is none changes only how."""
        as_document = False
        for _ in range(3):
            try:
                return _native(
                    place, await self._client.call(await self._method(place, message, as_document))
                )
            except ThreadGone:
                if place.thread is None:
                    raise
                place = replace(place, thread=None)
            except Moved as moved:
                place = replace(place, chat=moved.chat)
            except NoPicture:
                if as_document:
                    raise
                as_document = True
        raise Rejected("Telegram takes it neither here nor there")

    async def edit(self, native: NativeId, words: str) -> None:
        """Changes what a message of ours says."""
        place, numbers = _ours(native)
        what = {"message_id": numbers[0], **_where(place)}
        try:
            try:
                await self._client.call(EditMessageText(text=words, **what))
            except NoText:
                await self._client.call(EditMessageCaption(caption=words, **what))
        except Unchanged:
            return

    async def delete(self, native: NativeId) -> None:
        """Takes a message of ours back; one that is no more has been taken back."""
        place, numbers = _ours(native)
        method: TelegramMethod[Any]
        if place.connection:
            method = DeleteBusinessMessages(
                business_connection_id=place.connection, message_ids=list(numbers)
            )
        elif len(numbers) > 1:
            method = DeleteMessages(chat_id=place.chat, message_ids=list(numbers))
        else:
            method = DeleteMessage(chat_id=place.chat, message_id=numbers[0])
        try:
            await self._client.call(method)
        except Absent:
            return

    async def typing(self, place: Place) -> None:
        """Shows for five seconds that somebody types."""
        where = {name: value for name, value in _where(place).items() if name != "direct_messages_topic_id"}
        await self._client.call(SendChatAction(action="typing", **where))

    async def _method(self, place: Place, message: Message, as_document: bool) -> TelegramMethod[Any]:
        files = message.attachments
        options: dict[str, Any] = {**_where(place), "reply_parameters": _answered(place, message.reply_to)}
        if len(files) > 1:
            return SendMediaGroup(media=await self._album(message, as_document), **options)
        options["reply_markup"] = _keyboard(message)
        if not files:
            return SendMessage(text=message.text, **options)
        kind = "document" if as_document else _kind(files[0])
        if kind == "document":
            options["disable_content_type_detection"] = True
        options[kind] = await self._stored(files[0])
        return _SINGLE[kind](caption=message.text or None, **options)

    async def _album(self, message: Message, as_document: bool) -> list[Any]:
        """Its members; documents and sounds stand among their like only."""
        wanted = {_kind(file) for file in message.attachments}
        alike = wanted <= {"photo", "video"} or wanted == {"audio"}
        members: list[Any] = []
        for file in message.attachments:
            member = _MEMBER["document" if as_document or not alike else _kind(file)]
            caption = None if members else message.text or None
            members.append(member(media=await self._stored(file), caption=caption))
        return members

    async def _stored(self, attachment: Attachment) -> InputFile:
        """A file of the store, begun: what cannot be read is known before anything is written."""
        try:
            _, place, _ = await self._around.router.read.file(attachment.id)
            chunks = self._around.files.open(place)
            first = await anext(chunks, b"")
        except (Missing, FileNotFoundError):
            raise Rejected("the file is not in the store any more") from None
        except OSError as error:
            raise Unreachable(f"the store of files is out: {type(error).__name__}") from error
        return _Stored(text.filename(attachment.name), first, chunks)


class _Stored(InputFile):
    """A file that is read while it is sent."""

    def __init__(self, name: str, first: bytes, rest: AsyncIterator[bytes]) -> None:
        super().__init__(filename=name)
        self._first = first
        self._rest = rest

    async def read(self, bot: Bot) -> AsyncGenerator[bytes, None]:
        yield self._first
        async for chunk in self._rest:
            yield chunk


def _where(place: Place) -> dict[str, Any]:
    """The fields of a call that say where."""
    where = {
        "chat_id": place.chat,
        "message_thread_id": place.thread,
        "direct_messages_topic_id": place.direct,
        "business_connection_id": place.connection or None,
    }
    return {name: value for name, value in where.items() if value is not None}


def _answered(place: Place, native: NativeId | None) -> ReplyParameters | None:
    """What is answered, if it is in the same chat; where it is gone the words go out all the same."""
    found = addresses.messages(native)
    if found is None or not found[0].holds(place):
        return None
    return ReplyParameters(message_id=found[1][0], allow_sending_without_reply=True)


def _keyboard(message: Message) -> InlineKeyboardMarkup | None:
    if not message.buttons:
        return None
    rows = [
        [InlineKeyboardButton(text=label, callback_data=presses.carried(command, number))]
        for number, (command, label) in enumerate(message.buttons)
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _kind(attachment: Attachment) -> str:
    """As what Telegram shows a file; by its type, for its name may say anything."""
    kind = _KINDS.get(attachment.type.partition(";")[0].strip().lower(), "document")
    limit = {"photo": PHOTO_BYTES, "voice": VOICE_BYTES}.get(kind)
    return "document" if limit is not None and attachment.size > limit else kind


def _native(place: Place, result: object) -> NativeId:
    """What was sent is called; "" while the server itself still waits with it."""
    sent = result if isinstance(result, list) else [result]
    numbers = [number for one in sent if (number := Fields(one).number("message_id"))]
    return place.native(*numbers) if numbers else NativeId("")


def _ours(native: NativeId) -> tuple[Place, tuple[int, ...]]:
    found = addresses.messages(native)
    if found is None:
        raise Rejected("Telegram has not said what the message is called")
    return found
