"""Desks face agents: one file each, loaded only when configured."""
