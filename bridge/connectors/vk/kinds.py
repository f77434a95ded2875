"""Every kind of event and of attachment that VK has, and what becomes of it here.

Owns these tables; docs/vk.md shows them. An attachment that is in none of them is new: it is named, never dropped.
"""

from __future__ import annotations

HEARD = {
    "message_new": "a message of the contact; what is in it stands below",
    "message_edit": "an edit of his message, or of one of ours on VK's own page",
    "message_reply": "what was said in the community's name: ours has arrived, or a person's or program's own words",
    "message_allow": "the contact lets the community write to him",
    "message_deny": "the contact forbids the community to write to him",
    "message_read": "he has read our message, and all above it",
    "message_typing_state": "he types now",
    "message_reaction_event": "his reaction to a message",
    "message_event": "a press of a button",
    "user_block": "the contact stands on the community's blacklist and cannot be written to",
    "user_unblock": "he stands on it no longer",
    "market_order_new": "a line in his dialog: what he has ordered in the community's shop",
    "lead_forms_new": "a line in his dialog: the form that he has filled in",
    "vkpay_transaction": "a line in his dialog: what he has paid",
}
"""Events that are asked for, as far as VK lets them be chosen."""

UNHEARD = {
    "group_join": "he reads the community's news; he has said nothing",
    "group_leave": "he reads the community's news no longer; he has said nothing",
    "like_add": "somebody likes something",
    "like_remove": "somebody likes it no longer",
    "wall_post_new": "the community's public wall",
    "wall_repost": "the community's public wall",
    "wall_schedule_post_new": "the community's public wall",
    "wall_schedule_post_delete": "the community's public wall",
    "wall_reply_new": "public comments are answered where they stand",
    "wall_reply_edit": "public comments are answered where they stand",
    "wall_reply_delete": "public comments are answered where they stand",
    "wall_reply_restore": "public comments are answered where they stand",
    "photo_new": "the community's photos",
    "photo_comment_new": "public comments are answered where they stand",
    "photo_comment_edit": "public comments are answered where they stand",
    "photo_comment_delete": "public comments are answered where they stand",
    "photo_comment_restore": "public comments are answered where they stand",
    "video_new": "the community's films",
    "video_comment_new": "public comments are answered where they stand",
    "video_comment_edit": "public comments are answered where they stand",
    "video_comment_delete": "public comments are answered where they stand",
    "video_comment_restore": "public comments are answered where they stand",
    "audio_new": "the community's music",
    "board_post_new": "public discussions are answered where they stand",
    "board_post_edit": "public discussions are answered where they stand",
    "board_post_delete": "public discussions are answered where they stand",
    "board_post_restore": "public discussions are answered where they stand",
    "market_comment_new": "public comments are answered where they stand",
    "market_comment_edit": "public comments are answered where they stand",
    "market_comment_delete": "public comments are answered where they stand",
    "market_comment_restore": "public comments are answered where they stand",
    "market_order_edit": "the shop's own work on an order",
    "poll_vote_new": "a vote in a public poll",
    "group_officers_edit": "who manages the community",
    "group_change_settings": "the community's settings",
    "group_change_photo": "the community's looks",
    "donut_subscription_create": "who pays for the community's extra news; he has said nothing",
    "donut_subscription_prolonged": "who pays for the community's extra news; he has said nothing",
    "donut_subscription_cancelled": "who pays for the community's extra news; he has said nothing",
    "donut_subscription_expired": "who pays for the community's extra news; he has said nothing",
    "donut_subscription_price_changed": "who pays for the community's extra news; he has said nothing",
    "donut_money_withdraw": "the community's money",
    "donut_money_withdraw_error": "the community's money",
    "app_payload": "what a game or another app of the community tells itself",
}
"""Events that nobody needs to hear of: what comes of them all the same is answered and left."""

FILES = {
    "photo": "a file: the largest size",
    "doc": "a file",
    "audio_message": "a voice message",
    "graffiti": "a file",
    "sticker": "a file",
}
"""Attachments that are files."""

PERHAPS = {
    "audio": "a file if VK hands it over, else a line with its name",
    "video": "a file if VK hands it over, else a line with its title and address",
    "video_message": "a file if VK hands it over, else a line with its address",
}
"""Attachments of which VK mostly shows but a page."""

SHOWN = {
    "geo": "a place: name and coordinates",
    "poll": "question and answers",
    "link": "its address, unless the text holds it",
}
"""Contents that are shown as what they are."""

UNSUPPORTED = (
    "wall",
    "wall_reply",
    "market",
    "market_album",
    "market_market_album",
    "gift",
    "story",
    "article",
    "podcast",
    "podcasts",
    "podcast_episode",
    "call",
    "group_call_in_progress",
    "video_playlist",
    "audio_playlist",
    "artist",
    "album",
    "event",
    "note",
    "page",
    "mini_app",
    "app",
    "app_action",
    "money_transfer",
    "money_request",
    "pretty_cards",
    "posted_photo",
    "curator",
    "narrative",
    "donut_link",
    "widget",
    "group",
    "textlive",
    "situational_theme",
    "textpost_publish",
    "user",
    "clip",
    "short_video",
    "sticker_pack",
    "sticker_preview",
    "miniapp",
    "ugc_sticker",
)
"""Attachments that are shown as a line that names them, with what can be said of them in words."""

ACTIONS = {
    "chat_photo_update": "the chat's looks",
    "chat_photo_remove": "the chat's looks",
    "chat_title_update": "the chat's looks",
    "conversation_style_update": "the chat's looks",
    "chat_create": "a chat was made",
    "chat_invite_user": "people came",
    "chat_invite_user_by_link": "people came",
    "chat_invite_user_by_message_request": "people came",
    "chat_invite_user_by_call": "people came",
    "chat_invite_user_by_call_join_link": "people came",
    "chat_kick_user": "somebody left",
    "chat_kick_user_call_block": "somebody left",
    "chat_kick_don": "somebody left",
    "chat_pin_message": "something was pinned",
    "chat_unpin_message": "something was pinned",
    "chat_screenshot": "somebody took a picture of the chat",
    "chat_group_call_started": "a call of the chat",
}
"""What VK itself writes into a group chat; nobody has said anything to us."""
