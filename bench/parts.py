"""The benchmark's own processes: starting, asking and ending them.

Ends only what it started, by its process id.
"""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import psutil

from bench.account import Arrival, Sent
from bench.load import Target
from bench.marker import Marker, find
from bench.sink import Record

ROOT = Path(__file__).parent.parent
STOP_TIMEOUT = 20.0


@contextmanager
def started(
    command: list[str], log: Path, environment: Mapping[str, str], **pipes: int
) -> Iterator[subprocess.Popen[str]]:
    """A process with its output in `log`, ended with all its children at the end."""
    with log.open("a") as out:
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": out} | pipes
        process = subprocess.Popen(command, cwd=ROOT, env=dict(environment), stderr=out, text=True, **streams)
    try:
        yield process
    finally:
        end(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def end(process: subprocess.Popen[str]) -> None:
    """Asks a process to stop, and kills what is left of its tree when it does not."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(family, timeout=STOP_TIMEOUT)
    for left in alive:
        left.kill()


def answers(port: int, path: str) -> bool:
    """Whether a page of a local server answers 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def wait_for(port: int, path: str, process: subprocess.Popen[str], log: Path, timeout: float = 60.0) -> float:
    """Waits until a page answers and returns the seconds it took.

    Raises RuntimeError with the end of the log when the process ends or takes too long.
    """
    began = time.monotonic()
    while not answers(port, path):
        if process.poll() is not None or time.monotonic() - began > timeout:
            raise RuntimeError(f"{process.args!r} does not answer on {path}:\n{log.read_text()[-3000:]}")
        time.sleep(0.02)
    return time.monotonic() - began


class Generator:
    """The generator's process, asked by one JSON line at a time."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    @contextmanager
    def start(
        cls, target: Target, connections: int, seed: int, work: Path, environment: Mapping[str, str]
    ) -> Iterator[Self]:
        """A generator against one target."""
        log = work / "load.log"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with started([sys.executable, "-m", "bench.load"], log, environment, **pipes) as process:
            generator = cls(process, log)
            generator._ask({"target": asdict(target), "connections": connections, "seed": seed})
            yield generator

    def do(self, command: str, **options: object) -> dict[str, Any]:
        """Lets the generator do one thing and returns what it reports."""
        return self._ask({"do": command} | options)

    def _ask(self, question: dict[str, object]) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the generator was started without pipes")
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the generator ended:\n{self._log.read_text()[-3000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def arrivals(self) -> list[Arrival]:
        """The agents' texts that have come down the visitors' event streams."""
        return [
            Arrival(Marker(author, visitor, number), key, at)
            for author, visitor, number, key, at in self.do("heard")["arrivals"]
            if author == "agent"
        ]


def acknowledged(report: dict[str, Any]) -> list[Sent]:
    """The messages of one of the generator's reports that were acknowledged."""
    return [
        Sent(Marker(author, visitor, number), sent_at, acked_at)
        for author, visitor, number, sent_at, acked_at in report["acked"]
    ]


class Sink:
    """The sink's process, asked over its control pages."""

    def __init__(self, port: int) -> None:
        self.port = port

    @classmethod
    @contextmanager
    def start(cls, work: Path, environment: Mapping[str, str]) -> Iterator[Self]:
        """A sink of its own."""
        log = work / "sink.log"
        command = [sys.executable, "-m", "bench.sink"]
        with started(command, log, environment, stdout=subprocess.PIPE) as process:
            line = process.stdout.readline() if process.stdout is not None else ""
            if not line:
                raise RuntimeError(f"the sink did not start:\n{log.read_text()[-3000:]}")
            yield cls(json.loads(line)["port"])

    @property
    def desk(self) -> str:
        """Where a desk posts to."""
        return f"http://127.0.0.1:{self.port}/desk"

    def count(self) -> int:
        """The number of posts so far, of whatever kind."""
        return int(self._get("/count")["count"])

    def records(self) -> list[Record]:
        """Every post so far."""
        return [Record(**record) for record in self._get("/records")]

    def reset(self) -> None:
        """Forgets every post."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/reset", method="POST")
        with urllib.request.urlopen(request, timeout=30):
            pass

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=120) as answer:
            return json.load(answer)


def customers_arrivals(records: list[Record]) -> list[Arrival]:
    """The customers' texts among the sink's records."""
    arrivals = []
    for record in records:
        marker = find(record.text) if record.kind == "post" else None
        if marker is not None and marker.author == "customer":
            arrivals.append(Arrival(marker, record.key, record.at))
    return arrivals


def dialogs(records: list[Record]) -> dict[str, str]:
    """The dialog of each visitor, as the desk learned it."""
    found = {}
    for record in records:
        marker = find(record.text) if record.kind == "post" else None
        if marker is not None:
            found[str(marker.visitor)] = record.dialog
    return found
