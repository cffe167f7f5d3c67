"""One request to a provider: a task on a loop of its own thread, under its clocks, that any thread can end.

Giving up closes the provider's connection at once, wherever it was waiting. An answer is complete only when
the provider said so.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Clocks:
    """How long a call may take, in seconds.

    ``idle_s`` runs between pieces that carry text or thought; a server's keep-alive comments do not
    reset it. ``total_s`` covers every attempt and the waiting between them.
    """

    connect_s: float = 5.0
    first_token_s: float = 60.0
    idle_s: float = 60.0
    total_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Piece:
    """What one chunk of a reply brought.

    ``alive`` marks thought without text; ``finish`` is the terminal signal; tokens are this piece's own, so that
    a reply's are their sum.
    """

    text: str = ""
    alive: bool = False
    finish: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """More text of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The provider's own word that the answer is complete: ``stop``, ``length``, ``content_filter`` or its
    term.

    Token counts are the provider's, None where it reports none. ``attempts`` counts requests sent.
    """

    reason: str
    input_tokens: int | None
    output_tokens: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What an exception of the provider's SDK means.

    ``retry``: sending the same request again may help. ``outage``: it counts against the provider's
    health. ``retry_after_s``: the least wait the provider asked for.
    """

    code: str
    message: str
    hint: str = ""
    retry: bool = False
    outage: bool = False
    retry_after_s: float = 0.0


class Stop:
    """Lets another thread end a call:
    ``set()`` wakes whoever waits for the provider and closes the connection.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._cancel: Callable[[], object] | None = None

    def set(self) -> None:
        """Ends the call that is under way and any that would follow."""
        with self._lock:
            self._event.set()
            cancel = self._cancel
        if cancel:
            cancel()

    @property
    def is_set(self) -> bool:
        """Says whether the caller has left."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleeps, and returns True at once when stopped."""
        return self._event.wait(seconds)

    def guard(self, cancel: Callable[[], object] | None) -> None:
        """Names what to cancel when stopped (None: nothing any more); cancels at once if that was before."""
        with self._lock:
            self._cancel = cancel
            fire = self._event.is_set()
        if fire and cancel:
            cancel()


class LoopThread:
    """An asyncio loop on a daemon thread, started when first needed. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        """Returns the running loop."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="vouch-models", daemon=True
                )
                self._thread.start()
            return self._loop

    def close(self, last: Iterable[Callable[[], Awaitable[None]]] = ()) -> None:
        """Cancels what still runs, awaits what is to be done ``last``, and stops the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_end(last), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        loop.close()


async def _end(last: Iterable[Callable[[], Awaitable[None]]]) -> None:
    mine = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not mine]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.gather(*(act() for act in last), return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
    await asyncio.get_running_loop().shutdown_default_executor()


class Source(Protocol):
    """One request that can be sent: opens the reply, and explains its exceptions."""

    def pieces(self) -> AsyncIterator[Piece]:
        """Sends the request and yields what comes back; cancelling closes the connection."""

    def explain(self, error: BaseException) -> Fault:
        """Returns what an exception from ``pieces`` means, without secrets."""


STOPPED = Fault("stopped", "The call was stopped before its end.")


class Failed(Exception):
    """An attempt that ended with a fault."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


_WINDOW = 64
"""Pieces read ahead of a slow reader."""


class Attempt:
    """One attempt: iterate in one thread; ``close`` ends it and its connection."""

    def __init__(self, loop: LoopThread, source: Source, clocks: Clocks, deadline: float, stop: Stop) -> None:
        self._inbox: queue.SimpleQueue[Delta | Finish | Fault] = queue.SimpleQueue()
        self._space = asyncio.Semaphore(_WINDOW)
        self._loop = loop.loop()
        self._stop = stop
        self._ended = threading.Event()
        self._work = _produce(source, clocks, deadline, self._inbox.put, self._space)
        self._loop.call_soon_threadsafe(self._start)
        stop.guard(self._cancel)

    def __iter__(self) -> Generator[Delta | Finish]:
        while True:
            item = self._inbox.get()
            if isinstance(item, Fault):
                raise Failed(item)
            if not self._ended.is_set():
                self._loop.call_soon_threadsafe(self._space.release)
            yield item
            if isinstance(item, Finish):
                return

    def close(self) -> None:
        """Cancels the attempt if it still runs, and waits until its connection is let go."""
        self._stop.guard(None)
        self._cancel()
        self._ended.wait(2)

    def _start(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(self._end)

    def _cancel(self) -> None:
        if not self._ended.is_set():
            self._loop.call_soon_threadsafe(lambda: self._task.cancel())

    def _end(self, task: asyncio.Task[None]) -> None:
        self._inbox.put(STOPPED)  # so that no reader ever hangs
        self._ended.set()


async def _produce(
    source: Source,
    clocks: Clocks,
    deadline: float,
    put: Callable[[Delta | Finish | Fault], None],
    space: asyncio.Semaphore,
) -> None:
    """Sends one request and puts what comes of it, at the end a Finish or a Fault
    (neither when cancelled).
    """
    try:
        put(await _follow(source, clocks, deadline, put, space))
    except Exception as error:  # whatever an SDK raises becomes a Fault here; the SDK's own classes miss some
        put(source.explain(error))


async def _follow(
    source: Source,
    clocks: Clocks,
    deadline: float,
    put: Callable[[Delta | Finish | Fault], None],
    space: asyncio.Semaphore,
) -> Finish | Fault:
    reason = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    began = False
    loop = asyncio.get_running_loop()
    ends = loop.time() + max(0.0, deadline - time.monotonic())
    limit = loop.time() + clocks.first_token_s
    pieces = source.pieces()
    async with aclosing(pieces):  # type: ignore[type-var]
        while True:
            try:
                async with asyncio.timeout_at(min(limit, ends)):
                    piece = await anext(pieces, None)
            except TimeoutError:
                if reason:
                    break
                return _late(clocks, began, total=loop.time() >= ends)
            except Exception:
                if reason:  # the terminal signal came; what breaks after it takes nothing away
                    break
                raise
            if piece is None:
                break
            tokens_in = _plus(tokens_in, piece.input_tokens)
            tokens_out = _plus(tokens_out, piece.output_tokens)
            reason = piece.finish or reason
            if piece.text:
                put(Delta(piece.text))
                await space.acquire()
            if piece.text or piece.alive:
                began = True
                limit = loop.time() + clocks.idle_s
            if reason:
                limit = loop.time() + min(clocks.idle_s, 5.0)
    if reason:
        return Finish(reason, tokens_in, tokens_out, 1)
    return Fault(
        "model_cut_off",
        "The model's reply ended without saying that it was complete.",
        "What came is shown as a part; ask again.",
        retry=True,
        outage=True,
    )


def _plus(so_far: int | None, more: int | None) -> int | None:
    """Adds counts as LangChain means them: what the pieces of a reply count goes together."""
    return so_far if more is None else (so_far or 0) + more


def _late(clocks: Clocks, began: bool, total: bool) -> Fault:
    if total:
        return Fault(
            "model_timeout",
            f"The model's answer took longer than {clocks.total_s:g} s (total_s).",
            "Ask again, or raise total_s for this model.",
            outage=True,
        )
    name, seconds = ("idle_s", clocks.idle_s) if began else ("first_token_s", clocks.first_token_s)
    what = "sent nothing more" if began else "sent no text"
    return Fault(
        "model_timeout",
        f"The model {what} for {seconds:g} s ({name}).",
        f"Ask again, or raise {name} for this model; a local model may need minutes.",
        outage=True,
    )
