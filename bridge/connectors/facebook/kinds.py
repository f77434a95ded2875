"""Every kind of event and of attachment that Messenger has, and what becomes of it here.

Owns these tables; docs/facebook.md shows them. An attachment that is in none of them is new: it is named, never dropped.
"""

from __future__ import annotations

HEARD = {
    "message": "a message of the contact, one that he has taken back, or an echo of what was said in the page's name",
    "message_edit": "an edit of his message",
    "postback": "a press of a button; Get Started is the command start",
    "referral": "he came back by a link or an advertisement",
    "optin": "he came by a plugin, or asked for news",
    "reaction": "his reaction to a message",
    "response_feedback": "his thumb up or down for an answer, as a reaction",
    "delivery": "our messages have arrived, up to a moment",
    "read": "he has read our messages, up to a moment",
    "checkout_update": "a line in his dialog: where a purchase shall go",
    "payment": "a line in his dialog: what he has paid",
    "pre_checkout": "a line in his dialog: what he is about to pay",
    "order": "a line in his dialog: what he has ordered",
    "messaging_feedback": "a line in his dialog: how he rates the service",
    "messaging_customer_information": "a line in his dialog: what he has filled in",
    "in_thread_lead_form_submit": "a line in his dialog: what he has filled in",
    "policy_enforcement": "kept for people: Facebook has restricted the page, or lifts that",
}
"""What an update of a conversation may hold."""

UNHEARD = {
    "account_linking": "he has signed in to the site, or out; he has said nothing",
    "pass_thread_control": "another app hands the conversation over",
    "take_thread_control": "another app takes the conversation",
    "request_thread_control": "another app asks for the conversation",
    "app_roles": "which of the page's apps is the first",
    "game_play": "a round of a game",
    "optout": "he wants no marketing messages; he has said nothing",
    "typing": "he types; Messenger does not tell it of itself",
}
"""What nobody needs to hear of: it is answered and left."""

CHANGES = (
    "feed",
    "mention",
    "ratings",
    "leadgen",
    "conversations",
    "comments",
    "live_comments",
    "live_videos",
    "story_insights",
    "videos",
    "picture",
    "name",
    "category",
    "description",
    "about",
    "website",
    "phone",
    "location",
    "hours",
    "email",
    "publisher_subscriptions",
    "product_review",
    "group_feed",
    "inbox_labels",
    "message_template_status_update",
)
"""What changes on the page itself: public talk is answered where it stands."""

FILES = {
    "image": "photo",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "sticker": "sticker",
    "animated_image": "photo",
    "gif": "photo",
    "story_mention": "photo",
}
"""Attachments that are files, and what they are called here."""

POSTS = {
    "reel": "video",
    "ig_reel": "video",
    "post": "photo",
    "ig_post": "photo",
    "share": "photo",
    "ig_story": "photo",
    "story": "photo",
    "ephemeral": "photo",
}
"""Attachments that are a file where Facebook hands it over, and else a line with title and address."""

LINKS = ("fallback", "link")
"""Attachments that are an address with its title."""
