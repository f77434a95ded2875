"""What each method of the Bot API may carry (Bot API 10.3), and how a value of each kind is read.

Owns the table. It must never decide what a broken rule leads to: methods answer as the server does, and a broken rule is
written down beside the call besides.
"""

from __future__ import annotations

from typing import Any

from bridge.playground.rules import (
    Kinds,
    Unfit,
    a_bool,
    a_float,
    a_list,
    a_str,
    an_int,
    an_object,
    read,
)

# +sending: of everything that sends. The last three are old names that the server still takes.
# A text may be longer here than a message is: markup is taken away before it is measured.
_TABLE = """
+where business_connection_id:str chat_id:chat! message_thread_id:int direct_messages_topic_id:int
+sent +where disable_notification:bool protect_content:bool allow_paid_broadcast:bool message_effect_id:str suggested_post_parameters:object reply_parameters:object allow_sending_without_reply:bool reply_to_message_id:int
+sending +sent reply_markup:markup ephemeral_message_parameters:object receiver_user_id:int callback_query_id:str
+caption caption:str parse_mode:mode caption_entities:list(0..100)
+target business_connection_id:str chat_id:chat message_id:int inline_message_id:str
getMe
logOut
close
getUpdates offset:int limit:int(1..100) timeout:int(0..50) allowed_updates:list
setWebhook url:str! certificate:file ip_address:str max_connections:int(1..100) allowed_updates:list drop_pending_updates:bool secret_token:str(1..256)
deleteWebhook drop_pending_updates:bool
getWebhookInfo
sendMessage +sending text:str! parse_mode:mode entities:list(0..100) link_preview_options:object disable_web_page_preview:bool
sendPhoto +sending +caption photo:file! show_caption_above_media:bool has_spoiler:bool
sendDocument +sending +caption document:file! thumbnail:file disable_content_type_detection:bool
sendVoice +sending +caption voice:file! duration:int
sendAudio +sending +caption audio:file! duration:int performer:str title:str thumbnail:file
sendVideo +sending +caption video:file! duration:int width:int height:int thumbnail:file cover:file start_timestamp:int show_caption_above_media:bool has_spoiler:bool supports_streaming:bool
sendAnimation +sending +caption animation:file! duration:int width:int height:int thumbnail:file show_caption_above_media:bool has_spoiler:bool
sendVideoNote +sending video_note:file! duration:int length:int(1..640) thumbnail:file
sendSticker +sending sticker:file! emoji:str
sendLocation +sending latitude:float! longitude:float! horizontal_accuracy:float(0..1500) live_period:int heading:int(1..360) proximity_alert_radius:int(1..100000)
sendVenue +sending latitude:float! longitude:float! title:str! address:str! foursquare_id:str foursquare_type:str google_place_id:str google_place_type:str
sendContact +sending phone_number:str! first_name:str! last_name:str vcard:str(0..2048)
sendMediaGroup +sent media:list(2..10)!
forwardMessage +where from_chat_id:chat! message_id:int! video_start_timestamp:int disable_notification:bool protect_content:bool message_effect_id:str suggested_post_parameters:object
copyMessage +where +caption from_chat_id:chat! message_id:int! video_start_timestamp:int show_caption_above_media:bool disable_notification:bool protect_content:bool allow_paid_broadcast:bool message_effect_id:str suggested_post_parameters:object reply_parameters:object reply_markup:markup allow_sending_without_reply:bool reply_to_message_id:int
editMessageText +target text:str! parse_mode:mode entities:list(0..100) link_preview_options:object reply_markup:markup disable_web_page_preview:bool
editMessageCaption +target +caption show_caption_above_media:bool reply_markup:markup
editMessageMedia +target media:object! reply_markup:markup
editMessageReplyMarkup +target reply_markup:markup
deleteMessage chat_id:chat! message_id:int!
deleteMessages chat_id:chat! message_ids:list(1..100)!
sendChatAction business_connection_id:str chat_id:chat! message_thread_id:int action:action!
setMessageReaction chat_id:chat! message_id:int! reaction:list is_big:bool
answerCallbackQuery callback_query_id:str! text:str(0..200) show_alert:bool url:str cache_time:int
getFile file_id:str!
getUserProfilePhotos user_id:int! offset:int limit:int(1..100)
getChat chat_id:chat!
getChatMember chat_id:chat! user_id:int!
getChatAdministrators chat_id:chat! return_bots:bool
getChatMemberCount chat_id:chat!
leaveChat chat_id:chat!
setChatTitle chat_id:chat! title:str(1..128)!
setChatDescription chat_id:chat! description:str(0..255)
pinChatMessage business_connection_id:str chat_id:chat! message_id:int! disable_notification:bool
unpinChatMessage business_connection_id:str chat_id:chat! message_id:int
unpinAllChatMessages chat_id:chat!
getForumTopicIconStickers
createForumTopic chat_id:chat! name:str(1..128)! icon_color:int icon_custom_emoji_id:str
editForumTopic chat_id:chat! message_thread_id:int! name:str(0..128) icon_custom_emoji_id:str
closeForumTopic chat_id:chat! message_thread_id:int!
reopenForumTopic chat_id:chat! message_thread_id:int!
deleteForumTopic chat_id:chat! message_thread_id:int!
unpinAllForumTopicMessages chat_id:chat! message_thread_id:int!
editGeneralForumTopic chat_id:chat! name:str(1..128)!
closeGeneralForumTopic chat_id:chat!
reopenGeneralForumTopic chat_id:chat!
hideGeneralForumTopic chat_id:chat!
unhideGeneralForumTopic chat_id:chat!
unpinAllGeneralForumTopicMessages chat_id:chat!
setMyCommands commands:list(0..100)! scope:object language_code:str
getMyCommands scope:object language_code:str
deleteMyCommands scope:object language_code:str
setMyName name:str(0..64) language_code:str
getMyName language_code:str
setMyDescription description:str(0..512) language_code:str
getMyDescription language_code:str
setMyShortDescription short_description:str(0..120) language_code:str
getMyShortDescription language_code:str
setChatMenuButton chat_id:chat menu_button:object
getChatMenuButton chat_id:chat
"""

ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
MODES = frozenset({"html"})
"""MarkdownV2 and Markdown are not read here: nothing of ours writes them."""


def _chat(value: Any) -> int | str:
    if isinstance(value, str) and value.startswith("@"):
        return value
    return an_int(value)


def _mode(value: Any) -> str:
    if a_str(value).lower() not in MODES:
        raise Unfit("must be HTML; this stand-in reads nothing else")
    return str(value)


def _action(value: Any) -> str:
    if value not in ACTIONS:
        raise Unfit("is no action")
    return str(value)


KINDS: Kinds = {
    "int": an_int,
    "float": a_float,
    "bool": a_bool,
    "str": a_str,
    "object": an_object,
    "list": a_list,
    "markup": an_object,
    "chat": _chat,
    "file": a_str,
    "mode": _mode,
    "action": _action,
}
RULES = read(_TABLE)
