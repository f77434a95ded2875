"""The log: one line for each fact, for people or as JSON, with no secret in it.

Owns how facts of all libraries reach one stream. Whoever logs says what happened and the values; masking is not his
to remember.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Literal, TextIO
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bridge.text import masked

Level = Literal["debug", "info", "warning", "error"]

_SECRET_KEYS = ("token", "secret", "password", "authorization", "cookie", "api_key", "signature")
_SHORTEST_SECRET = 8  # a shorter value would blot out ordinary words
_LIBRARIES = ("uvicorn", "aiohttp", "sqlalchemy", "asyncio", "rq", "alembic", "fsspec", "httpx", "httpcore")
_ACCESS = ("uvicorn.access", "aiohttp.access")
_CONTROLS: dict[int, str] = {code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0))}
_IN_TRACEBACK = {code: shown for code, shown in _CONTROLS.items() if chr(code) not in "\n\t"}


def start(
    *, as_json: bool = False, level: Level = "info", secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Send all that this process logs to `stream` (stderr); `secrets` are values to mask wherever they stand."""
    out = stream or sys.stderr
    mask = Mask(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = _Handler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,
                mask,
                *_renderers(as_json, out),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)
    _quieten()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _report
    threading.excepthook = _report_thread


class Mask:
    """A step of the log's pipeline: every value loses its secrets, whatever it is made of."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        # As they stand in an address, too; the longest first, for one secret may begin another.
        self._secrets = sorted(known | {quote(secret, safe="") for secret in known}, key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Mask one fact."""
        return {key: self.value(item, key) for key, item in event.items()}

    def value(self, value: Any, key: str = "") -> Any:
        """The value without secrets: numbers as they are, containers item by item, all else as text."""
        if any(word in key.lower() for word in _SECRET_KEYS):
            return "***"
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.value(item, str(name)) for name, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return self.text(value if isinstance(value, str) else repr(value))

    def text(self, text: str) -> str:
        """The text without the secrets that are known, nor those known by their shape."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return masked(text)


def _renderers(as_json: bool, out: TextIO) -> list[Processor]:
    if as_json:
        return [structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        _one_line,
        structlog.dev.ConsoleRenderer(
            colors=out.isatty(),
            exception_formatter=structlog.dev.plain_traceback,
            pad_event_to=0,
            repr_native_str=True,
        ),
    ]


def _one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Show controls as escapes, so that no words of a stranger begin a line or paint the terminal."""
    shown = {"event": _CONTROLS, "exception": _IN_TRACEBACK, "stack": _IN_TRACEBACK}
    return {
        **event,
        **{key: str(event[key]).translate(table) for key, table in shown.items() if key in event},
    }


def _quieten() -> None:
    """Take the handlers of libraries away, so that all they log comes to ours, and hear only what is wrong."""
    for name in [*logging.root.manager.loggerDict]:
        logger = logging.getLogger(name)
        if name.partition(".")[0] in _LIBRARIES:
            logger.handlers.clear()
            logger.propagate = True
    for name in _LIBRARIES:
        # At "debug" too: they would write addresses with tokens and what customers say.
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _ACCESS:
        logging.getLogger(name).disabled = True


class _Handler(logging.StreamHandler[TextIO]):
    """The way out; a line that cannot be made is told by its place, for its values are unmasked."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        with contextlib.suppress(OSError, ValueError):  # the stream itself may be gone
            self.stream.write(f"a line of the log could not be written: {record.pathname}:{record.lineno}\n")


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger(__name__).critical("stopped by an error", exc_info=(kind, error, trace))


def _report_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        structlog.get_logger(__name__).critical(
            "a thread stopped by an error", exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
        )
