"""A Facebook page, its Messenger conversations answered by agents."""

from bridge.connectors.facebook.connector import FacebookConnector

__all__ = ["FacebookConnector"]
