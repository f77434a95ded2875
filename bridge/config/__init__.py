"""config.yaml as typed, checked data: `load` is the only way in, ConfigError the only way it fails.

Owns what may be configured and how a mistake is told. It must never connect to anything or start anything.
"""

from bridge.config.edges import edge_class
from bridge.config.model import Config
from bridge.config.reading import load

__all__ = ["Config", "edge_class", "load"]
