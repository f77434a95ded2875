"""The steps from one schema to the next, run by Alembic. Only schema.py calls them."""
