"""Which connectors and desks there are: the files of two folders, and classes of one's own.

Owns the way from a name in config.yaml to a class. A file that nobody configured is never imported.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Literal, TypeVar

import bridge
from bridge.config.mistakes import nearest
from bridge.errors import ConfigError

Kind = Literal["connector", "desk"]
T = TypeVar("T")

_SHARED = {"commands"}  # what all desks have in common is no desk


def shipped(kind: Kind) -> list[str]:
    """The names of the connectors or desks that the bridge brings along."""
    folders = [str(Path(folder) / f"{kind}s") for folder in bridge.__path__]
    names = {module.name for module in pkgutil.iter_modules(folders)}
    return sorted(name for name in names - _SHARED if not name.startswith("_"))


def check_name(path: str, kind: Kind, name: str) -> None:
    """Refuse the name of a connector or desk that the bridge does not bring along; classes are checked on import."""
    known = shipped(kind)
    if ":" not in name and name not in known:
        own = "; for one of your own write dotted.module:Class"
        raise ConfigError(path, f"no such {kind}{nearest(name, known)}{own}")


def edge_class(path: str, kind: Kind, name: str, base: type[T]) -> type[T]:
    """Import the connector or desk that `name` stands for; `path` is where config.yaml names it."""
    module_name, colon, class_name = name.partition(":")
    if not colon:
        check_name(path, kind, name)
        module_name = f"bridge.{kind}s.{name}"
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ConfigError(path, f"cannot import {module_name}: {error}") from error
    if colon:
        found = [getattr(module, class_name, None)]
    else:
        found = [made for made in vars(module).values() if _is_own(made, module_name, base)]
    match found:
        case [type() as made] if issubclass(made, base):
            return made
    wanted = f"a class {class_name}" if colon else "exactly one class"
    raise ConfigError(path, f"{module_name} must have {wanted} that is a {base.__name__}")


def _is_own(made: object, module_name: str, base: type) -> bool:
    return (
        isinstance(made, type)
        and issubclass(made, base)
        and not inspect.isabstract(made)
        and f"{made.__module__}.".startswith(f"{module_name}.")
    )
