"""Connectors face customers: one file (or one folder) each, loaded only when a channel is configured for it."""
