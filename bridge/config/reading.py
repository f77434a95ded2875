"""From the file config.yaml to a Config.

Owns YAML and where relative paths begin. It must never accept what it does not understand.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.engine import make_url

from bridge.config.mistakes import checked, joined
from bridge.config.model import Config
from bridge.config.values import Environment
from bridge.errors import ConfigError


def load(path: Path, env: Mapping[str, str]) -> Config:
    """Read and check a whole configuration; relative paths in it begin at the file's own folder."""
    config = checked(Config, _tree(path), context=Environment(env))
    config.rules({})  # every check across sections, before anything is started
    return _placed(config, path.absolute().parent)


def _tree(path: Path) -> Any:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), "is no text in UTF-8") from error
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            raise ConfigError(str(path), "is empty; the shipped config.yaml shows what belongs in it")
        _check_node(root, (), ())
        tree = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ConfigError(place, f"is no YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(str(path), f"is no YAML: {error}") from None
    if not isinstance(tree, dict):
        raise ConfigError(str(path), "must be keys with values, like channels: and lines:")
    return tree


def _check_node(node: yaml.Node, steps: tuple[str | int, ...], above: tuple[yaml.Node, ...]) -> None:
    """Refuse what YAML takes silently: a key given twice, a key that is no text, an anchor inside itself."""
    if any(node is outer for outer in above):
        raise ConfigError(joined(*steps), "an anchor may not contain itself")
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _check_node(item, (*steps, index), (*above, node))
    elif isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(joined(*steps) or "config", f"line {_line(key)}: a key must be one word")
            place = joined(*steps, key.value)
            if key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
                raise ConfigError(
                    place, f"line {_line(key)}: YAML does not read this key as text; put it in quotes"
                )
            if key.value in seen:
                raise ConfigError(place, f"given twice, in line {seen[key.value]} and in line {_line(key)}")
            seen[key.value] = _line(key)
            _check_node(value, (*steps, key.value), (*above, node))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _placed(config: Config, folder: Path) -> Config:
    """The same with absolute paths and the addresses that were left out."""
    data = folder / config.data
    sections = {
        "data": data,
        "database": config.database.model_copy(update={"url": _database(config.database.url, folder, data)}),
        "files": config.files.model_copy(update={"url": _files(config.files.url, folder, data)}),
    }
    return config.model_copy(update=sections)


def _database(url: str, folder: Path, data: Path) -> str:
    if not url:
        return f"sqlite:///{data / 'bridge.db'}"
    parts = make_url(url)
    if parts.drivername == "sqlite" and parts.database and not parts.database.startswith("file:"):
        parts = parts.set(database=str(folder / parts.database))
    return parts.render_as_string(hide_password=False)


def _files(url: str, folder: Path, data: Path) -> str:
    scheme, separator, place = url.partition("://")
    if not url:
        return f"file://{data / 'files'}"
    if not separator:
        return f"file://{folder / url}"
    return f"file://{folder / place}" if scheme in ("file", "local") else url
