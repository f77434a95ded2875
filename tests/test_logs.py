"""What the log shows, and what it never shows."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
import structlog

from bridge import logs

TELEGRAM = "1234567890:AAcanaryCanaryCanaryCanaryCanary12345"
SLACK = "xoxb-1234567890-canarycanary"
DATABASE = "postgresql://bridge:canary-pass@db/bridge"
OWN = "canary/of+our own=1"
CANARIES = (TELEGRAM, SLACK, "canary-pass", OWN, "canary%2Fof%2Bour%20own%3D1")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, hooks = logging.root, (sys.excepthook, threading.excepthook)
    handlers, level = root.handlers[:], root.level
    loggers = {name: logging.getLogger(name) for name in logging.root.manager.loggerDict}
    levels = {name: (logger.level, logger.disabled) for name, logger in loggers.items()}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, (old_level, disabled) in levels.items():
        loggers[name].setLevel(old_level)
        loggers[name].disabled = disabled
    logging.captureWarnings(capture=False)
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()


@pytest.fixture(params=[False, True], ids=["text", "json"])
def out(request: pytest.FixtureRequest) -> io.StringIO:
    stream = io.StringIO()
    logs.start(as_json=request.param, level="info", secrets={OWN}, stream=stream)
    return stream


class Holder:
    def __repr__(self) -> str:
        return f"<Holder of {SLACK}>"


def fail() -> None:
    raise ValueError(f"https://api.telegram.org/bot{TELEGRAM}/getMe failed for {OWN}") from OSError(DATABASE)


def facts_with_canaries() -> None:
    log, library = structlog.get_logger("bridge.x"), logging.getLogger("aiohttp.client")
    event = f"calling {TELEGRAM}"
    log.info(event, url=DATABASE, deep={"list": [SLACK, {"x": (OWN,)}]}, holder=Holder())
    log.bind(bound=SLACK).warning("bound", raw=SLACK.encode(), error=ValueError(OWN))
    log.info(
        "by name", password="canary-pass", bot_token="canary-pass", headers={"Authorization": "canary-pass"}
    )
    log.info("in an address", url="https://h/?q=canary%2Fof%2Bour%20own%3D1")
    library.warning("to %s with %s", DATABASE, {"x": OWN})
    try:
        fail()
    except ValueError:
        log.exception("failed")
        library.exception("failed with %s", SLACK)
    library.warning("a stack", stack_info=True)


def test_no_secret_reaches_the_log_neither_in_values_nor_in_tracebacks(out: io.StringIO) -> None:
    facts_with_canaries()

    written = out.getvalue()
    assert "Traceback" in written
    assert "getMe failed" in written
    assert "***" in written
    assert [canary for canary in CANARIES if canary in written] == []


def test_an_error_that_nobody_caught_is_logged_without_secrets(out: io.StringIO) -> None:
    thread = threading.Thread(target=fail, name="hands")
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)

    written = out.getvalue()
    assert "a thread stopped by an error" in written
    assert "stopped by an error" in written.replace("a thread stopped by an error", "")
    assert [canary for canary in CANARIES if canary in written] == []


def test_a_line_that_cannot_be_formatted_shows_none_of_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    logs.start(stream=stream)
    too_few = (OWN,)
    logging.getLogger("clumsy").warning("%d of %s", *too_few)

    assert "could not be written" in stream.getvalue()
    assert "test_logs.py" in stream.getvalue()
    assert OWN not in stream.getvalue() + "".join(capsys.readouterr())


def test_a_whole_process_that_dies_of_an_error_keeps_its_secrets() -> None:
    program = (
        "from bridge import logs; import os\n"
        "logs.start(secrets={os.environ['OWN']})\n"
        "raise ValueError(os.environ['OWN'] + os.environ['DATABASE'])\n"
    )
    env = {**os.environ, "OWN": OWN, "DATABASE": DATABASE}
    died = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False
    )

    assert died.returncode == 1
    assert "ValueError: ***postgresql://bridge:***@db" in died.stderr
    assert [canary for canary in CANARIES if canary in died.stderr + died.stdout] == []


def test_json_is_one_object_a_line_with_the_fact_its_time_level_and_logger() -> None:
    stream = io.StringIO()
    logs.start(as_json=True, stream=stream)
    structlog.get_logger("bridge.x").info(
        "reply accepted", dialog=7, text='a "quoted"\nтекст', ok=True, gone=None
    )
    logging.getLogger("elsewhere").warning("shutting down")

    ours, theirs = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "reply accepted",
        "level": "info",
        "logger": "bridge.x",
        "dialog": 7,
        "text": 'a "quoted"\nтекст',
        "ok": True,
        "gone": None,
    }
    assert (theirs["event"], theirs["level"], theirs["logger"]) == (
        "shutting down",
        "warning",
        "elsewhere",
    )


def test_json_stays_json_whatever_is_masked() -> None:
    stream = io.StringIO()
    logs.start(as_json=True, stream=stream)
    facts_with_canaries()
    structlog.get_logger().info("it said 'token=abc\"' and", reply='{"password": "x"}', raw="secret=\\")

    assert all(json.loads(line)["event"] for line in stream.getvalue().splitlines())


def test_a_fact_for_people_is_one_line_whatever_strangers_write() -> None:
    stream = io.StringIO()
    logs.start(stream=stream)
    structlog.get_logger().info(
        "received\n\x1b[1m", name="Eve\n2026-01-01 [info] all is well\x1b[31m\x9b2J\r", to="\x1b[2J"
    )
    (line,) = stream.getvalue().splitlines()
    assert r"received\n\x1b[1m" in line
    assert r"Eve\n2026-01-01" in line
    assert "\x1b" not in line
    assert "\x9b" not in line


def test_only_what_is_as_grave_as_the_level_is_written() -> None:
    stream = io.StringIO()
    logs.start(level="warning", stream=stream)
    for log in (structlog.get_logger("bridge.x"), logging.getLogger("other")):
        log.info("usual")
        log.warning("strange")

    assert stream.getvalue().count("strange") == 2
    assert "usual" not in stream.getvalue()


def test_libraries_come_through_our_stream_and_stay_quiet_even_at_debug() -> None:
    for name in ("uvicorn", "uvicorn.error", "sqlalchemy.engine.Engine", "aiohttp.server"):
        logging.getLogger(name).addHandler(logging.StreamHandler(io.StringIO()))
        logging.getLogger(name).propagate = False
    stream = io.StringIO()
    logs.start(level="debug", stream=stream)
    structlog.get_logger().debug("ours")
    logging.getLogger("sqlalchemy.engine.Engine").info("SELECT what a customer said")
    for name in ("uvicorn.access", "aiohttp.access"):
        logging.getLogger(name).error("GET /hooks/shop?secret=1")
    logging.getLogger("uvicorn.error").error("a request failed")
    logging.getLogger("aiohttp.server").error("a connection failed")

    written = stream.getvalue()
    assert [line for line in ("ours", "a request failed", "a connection failed") if line not in written] == []
    assert "SELECT" not in written
    assert "GET" not in written


def test_warnings_of_python_go_to_the_log(out: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"deprecated {SLACK}", DeprecationWarning, stacklevel=1)

    assert "deprecated" in out.getvalue()
    assert SLACK not in out.getvalue()


def test_starting_twice_writes_every_fact_once() -> None:
    stream = io.StringIO()
    logs.start(stream=stream)
    logs.start(stream=stream)
    structlog.get_logger().info("once")

    assert stream.getvalue().count("once") == 1


def test_values_bound_to_the_context_stand_in_every_fact(out: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(channel="shop"):
        structlog.get_logger().info("received")
        logging.getLogger("other").warning("slow")

    assert out.getvalue().count("shop") == 2
