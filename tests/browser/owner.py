"""The site of somebody who has put the chat on it: another origin, with a policy and styles of its own.

Owns serving that one page. Must never help the chat beyond its one script tag.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Widgets and more</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<script src="{bridge}/site/{channel}/widget.js" {data} async></script>
</head>
<body><h1>Widgets and more</h1><button id="theirs">Buy</button></body>
</html>
"""
STYLE = """
* { color: rgb(255, 0, 0) !important; font-size: 40px !important; background: rgb(255, 255, 0) !important; }
html { font-size: 62.5%; }
button { display: none; }
#theirs { display: block; }
"""


class Owner:
    """One page at an address of its own; `data` stands in the tag of the script."""

    def __init__(self, bridge: str, number: int) -> None:
        self.url = f"http://localhost:{number}"
        self.bridge = bridge
        self.channel = "shop"
        self.data = ""

    @property
    def policy(self) -> str:
        """As strict as a page can be that still has the chat on it."""
        return (
            f"default-src 'none'; script-src {self.bridge}; connect-src {self.bridge};"
            f" img-src data: {self.bridge}; style-src 'self'; base-uri 'none'; form-action 'none'"
        )

    def page(self) -> bytes:
        """The page as it is now."""
        return PAGE.format(bridge=self.bridge, channel=self.channel, data=self.data).encode()


@contextmanager
def owned(bridge: str) -> Iterator[Owner]:
    """A site that is served for as long as its test lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            style = self.path == "/style.css"
            body = STYLE.encode() if style else owner.page()
            self.send_response(200)
            self.send_header("Content-Type", "text/css" if style else "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", owner.policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    owner = Owner(bridge, server.server_port)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield owner
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
