"""The stand-in of Telegram: Bot API, webhooks and long polling, files, topics, groups, and the people who write."""

from bridge.playground.telegram.bots import Bot
from bridge.playground.telegram.chats import Group, Private
from bridge.playground.telegram.people import Person
from bridge.playground.telegram.presses import Press
from bridge.playground.telegram.telegram import Telegram

StandIn = Telegram

__all__ = ["Bot", "Group", "Person", "Press", "Private", "StandIn", "Telegram"]
