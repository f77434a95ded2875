"""The mind: what a dialog, ticket or wish becomes when something happens; never how it is sent."""
