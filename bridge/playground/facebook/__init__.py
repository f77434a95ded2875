"""The stand-in of Facebook: the Graph API's part for Messenger, its webhooks and files, and the people who write to pages."""

from bridge.playground.facebook.chats import Chat, Said
from bridge.playground.facebook.facebook import Facebook
from bridge.playground.facebook.pages import App, Page
from bridge.playground.facebook.people import Person

StandIn = Facebook

__all__ = ["App", "Chat", "Facebook", "Page", "Person", "Said", "StandIn"]
