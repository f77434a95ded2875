"""The web desk reads SQL itself: it takes its place in the configuration, and nothing is ever posted to it."""

from __future__ import annotations

from pathlib import Path

from bridge import app
from bridge.config import load
from bridge.desks.web import WebDesk

ROOT = Path(__file__).parents[2]
TWO_DESKS = """
secret: in the tests only
lines: {first: {speaks: true, desks: [web, crm]}}
channels: {shop: {connector: site, line: first, desks: [crm, web]}}
desks:
  web: {desk: web}
  crm: {desk: webhook, url: "http://127.0.0.1:9/", secret: in the tests only}
"""


def test_it_is_found_by_its_name_and_declares_that_it_reads() -> None:
    made = app.parts(load(ROOT / "config.yaml", {}))
    assert made.desks == {"web": WebDesk}
    assert WebDesk.reads


def test_a_line_posts_to_its_other_desks_only(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(TWO_DESKS)
    config = load(path, {})
    rules = app.parts(config).rules
    assert config.lines["first"].desks == ["web", "crm"]
    assert [tuple(line.desks) for line in rules.lines.values()] == [("crm",)]
    assert [tuple(channel.desks) for channel in rules.channels.values()] == [("crm",)]
