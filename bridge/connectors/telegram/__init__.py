"""The customers' bot on Telegram: updates by webhook or by asking, answers, files, health."""

from bridge.connectors.telegram.connector import TelegramConnector

__all__ = ["TelegramConnector"]
