"""The committer: one thread per process that writes what all callers want, many commands in one transaction.

Owns batching, the retry in halves and the moment at which callers are answered: after COMMIT, never before. It must
never know what a command decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import random
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future as ThreadFuture
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import sqlalchemy.exc
import structlog

from bridge import metrics
from bridge.conversations.database import Database
from bridge.conversations.effects import Effects
from bridge.conversations.lines import Rules
from bridge.conversations.work import Needs, Work
from bridge.conversations.writes import Conflict
from bridge.errors import BridgeError, Unavailable, Unwritable

log = structlog.get_logger()

T = TypeVar("T")
GATHER = 0.004
"""Seconds worth waiting for company under load: what a transaction costs, it costs once."""
UNHURRIED = 0.015
"""The same where nobody waits for an answer by HTTP."""
BUSY = 0.025
"""Company is likely when the last transaction ended so short a while ago."""
MOST_WAITING = 2000
"""More commands than this are not let in: who is told so at once can repeat, who waits too long cannot."""
SLOWEST = 30.0
"""Seconds after which a caller is told that nothing could be stored; a repeat finds what was, by its key."""
PATIENCE = 12
"""How often one command is run again when other processes keep changing the same rows."""


class Command(ABC, Generic[T]):
    """Something to be decided and written. `fold` decides first and puts last, so that a refusal leaves no trace."""

    @abstractmethod
    def needs(self, needs: Needs) -> None:
        """Names what has to be loaded."""

    @abstractmethod
    def fold(self, work: Work) -> T:
        """Decides on the loaded state and puts the outcome into the transaction; raises `Refused`."""

    def finish(self, work: Work, result: T) -> T:
        """What is left to do by SQL once everything is written, still inside the transaction."""
        return result


@dataclass(slots=True)
class _Call:
    command: Command[Any]
    answer: Callable[[Any, BaseException | None], None]
    loop: asyncio.AbstractEventLoop | None
    result: Any = None
    error: BaseException | None = None
    refusal: BridgeError | None = None
    """set when the command refused after it had put something: it is left out of the next run"""


class _Tainted(Exception):
    """A refused command left something in the transaction: it is run again without that command."""


class Committer:
    """Takes commands from any thread or event loop and answers each after its commit."""

    def __init__(
        self,
        database: Database,
        rules: Rules,
        on_commit: Callable[[Effects], None],
        *,
        batch: int = 200,
        gather: float = GATHER,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._rules = rules
        self._on_commit = on_commit
        self._batch = batch
        self._gather = gather
        self._clock = clock
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._stopping = False
        self._ended = 0.0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finishes what was submitted, then ends the thread."""
        self._stopping = True
        self._calls.put(None)
        self._thread.join(timeout=30)
        while not self._calls.empty():
            if (late := self._calls.get_nowait()) is not None:
                late.error = Unavailable("the bridge is stopping")
                self._answer([late])

    async def run(self, command: Command[T]) -> T:
        """Commits the command; raises what it refused, or `Unavailable` when nothing could be stored."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._submit(command, _resolver(future), loop)
        try:
            async with asyncio.timeout(SLOWEST):
                return await future
        except TimeoutError:
            raise Unavailable("the database takes too long") from None

    def run_sync(self, command: Command[T]) -> T:
        """The same for threads without a loop."""
        future: ThreadFuture[T] = ThreadFuture()
        self._submit(command, _resolver(future), None)
        return future.result()

    def _submit(
        self,
        command: Command[Any],
        answer: Callable[[Any, BaseException | None], None],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        if self._stopping:
            raise Unavailable("the bridge is stopping")
        if self._calls.qsize() > MOST_WAITING:
            raise Unavailable("more is waiting to be stored than can be stored soon")
        self._calls.put(_Call(command, answer, loop))

    def _run(self) -> None:
        while (calls := self._collect()) is not None:
            effects = Effects()
            try:
                self._commit(calls, effects)
            except Exception as error:  # the thread must outlive every error; each caller is told of it
                log.exception("committer failed", calls=len(calls))
                for call in calls:
                    call.error = call.error or error
            try:
                if effects:
                    self._on_commit(effects)
            except Exception:  # a hint: what is due is found in SQL
                log.exception("a commit could not be told on")
            self._answer(calls)
            self._ended = time.monotonic()

    def _collect(self) -> list[_Call] | None:
        """Waits for the first command and takes what else is waiting; None when it is time to end."""
        first = self._calls.get()
        if first is None:
            return None
        if time.monotonic() - self._ended < BUSY:
            time.sleep(self._gather)
        calls = [first]
        while len(calls) < self._batch:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                break
            if call is None:
                self._calls.put(None)
                break
            calls.append(call)
        return calls

    def _commit(self, calls: list[_Call], effects: Effects, patience: int = PATIENCE) -> None:
        """Runs the calls in one transaction; what cannot be written together is run again in halves."""
        try:
            effects.merge(self._transaction(calls))
        except Exception as error:  # noqa: BLE001 -- whatever one command does, its neighbours go on
            self._again(calls, effects, patience, error)

    def _again(self, calls: list[_Call], effects: Effects, patience: int, reason: Exception) -> None:
        if _out_of_reach(reason):
            self._give_up(calls, reason)
        elif isinstance(reason, _Tainted):
            self._commit(calls, effects, patience)
        elif len(calls) > 1:
            middle = len(calls) // 2
            self._commit(calls[:middle], effects)
            self._commit(calls[middle:], effects)
        elif patience and (isinstance(reason, Conflict | sqlalchemy.exc.IntegrityError) or _passing(reason)):
            # Two processes that met must not meet again at once.
            time.sleep(random.uniform(0, 0.002 * (PATIENCE - patience + 1)))  # noqa: S311
            # A row that somebody holds costs seconds each time: everybody behind would wait for it.
            self._commit(calls, effects, min(patience - 1, 1) if _is_held(reason) else patience - 1)
        else:
            log.error(
                "command cannot be written",
                command=type(calls[0].command).__name__,
                error=_in_short(reason),
                at=traceback.format_tb(reason.__traceback__)[-2:],
            )
            may_pass = _passing(reason) or isinstance(reason, Conflict | sqlalchemy.exc.IntegrityError)
            calls[0].error = (Unavailable if may_pass else Unwritable)("this could not be stored")

    def _transaction(self, calls: list[_Call]) -> Effects:
        with self._database.write() as connection:
            work = Work(connection, self._rules, self._clock())
            needs = Needs()
            for call in calls:
                call.error = None
                call.command.needs(needs)
            work.load(needs)
            for call in calls:
                if call.refusal is not None:
                    call.error = call.refusal
                    continue
                before = work.puts
                try:
                    call.result = call.command.fold(work)
                except BridgeError as refusal:
                    call.error = refusal
                    if work.puts != before:
                        # It has put something and then refused: none of it may be written.
                        call.refusal = refusal
                        raise _Tainted from refusal
            work.write()
            for call in calls:
                if call.error is None:
                    call.result = call.command.finish(work, call.result)
        metrics.COMMITS.inc()
        metrics.BATCH.observe(len(calls))
        return work.effects

    def _give_up(self, calls: list[_Call], error: Exception) -> None:
        log.error("nothing could be stored", calls=len(calls), error=_in_short(error))
        self._database.writer.dispose()
        # Who waits behind would only wait as long for the same answer.
        with contextlib.suppress(queue.Empty):
            while (call := self._calls.get_nowait()) is not None:
                calls.append(call)
            self._calls.put(None)
        for call in calls:
            call.error = Unavailable("the database is out of reach; nothing was stored")

    def _answer(self, calls: list[_Call]) -> None:
        """Answers each caller in his own loop: one wake-up per loop, however many callers."""
        loops: dict[asyncio.AbstractEventLoop | None, list[_Call]] = {}
        for call in calls:
            loops.setdefault(call.loop, []).append(call)
        for loop, theirs in loops.items():
            if loop is None:
                _resolve(theirs)
            else:
                try:
                    loop.call_soon_threadsafe(_resolve, theirs)
                except RuntimeError:
                    log.debug("callers have gone away with their loop", calls=len(theirs))


def _resolve(calls: list[_Call]) -> None:
    for call in calls:
        call.answer(call.result, call.error)


def _resolver(future: Any) -> Callable[[Any, BaseException | None], None]:
    def answer(result: Any, error: BaseException | None) -> None:
        if future.cancelled() or future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    return answer


def _in_short(error: Exception) -> str:
    """What went wrong without the values it went wrong with: those may be a contact's words, or unprintable."""
    words = str(error).splitlines()
    return ascii(f"{type(error).__name__}: {words[0] if words else ''}")


def _passing(error: Exception) -> bool:
    """True for a deadlock or a serialization failure: the same command may succeed the next moment.

    A locked SQLite file is out of reach: the driver has waited for it already, and in halves that wait would multiply.
    """
    return isinstance(error, sqlalchemy.exc.OperationalError) and _state(error) in ("40001", "40P01", "55P03")


def _out_of_reach(error: Exception) -> bool:
    """True when no command could be stored now, whichever it were."""
    if isinstance(error, sqlalchemy.exc.OperationalError):
        # 54: one row is larger than an index can take
        return not _passing(error) and not _state(error).startswith("54")
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        return error.connection_invalidated
    return isinstance(error, sqlalchemy.exc.TimeoutError | OSError)


def _is_held(error: Exception) -> bool:
    """True when another process has kept a row locked for as long as we wait."""
    return isinstance(error, sqlalchemy.exc.OperationalError) and _state(error) == "55P03"


def _state(error: sqlalchemy.exc.OperationalError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
