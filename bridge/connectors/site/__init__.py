"""The chat on one's own site: a session, messages, files, and an event stream that resumes without a hole."""

from bridge.connectors.site.connector import SiteConnector

__all__ = ["SiteConnector"]
