"""The web: pages, REST API, health. It is handed the router and never reaches into the conversations."""
