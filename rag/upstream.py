"""One call to a provider: its clocks, its retries, its breaker and its share of connections.

The only owner of retries (the SDKs' own are off). A call is retried before its first text only, and an
answer is complete only when the provider said so. Every call runs as one task on a loop of its own
thread, so that giving up closes the provider's connection at once, wherever it was waiting.
"""

from __future__ import annotations

import asyncio
import queue
import random
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from corpus.errors import ModelError, UnavailableError


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

    ``alive`` marks thought without text; ``finish`` is the terminal signal.
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


class UpstreamError(ModelError):
    """A provider's failure. ``partial``: text had already been given out; ``attempts``: requests sent."""

    def __init__(self, fault: Fault, *, partial: bool = False, attempts: int = 1) -> None:
        super().__init__(fault.message, code=fault.code, hint=fault.hint)
        self.partial = partial
        self.attempts = attempts
        self.retry_after_s = fault.retry_after_s


class OverloadedError(UnavailableError):
    """Every connection allowed to this provider is in use; ``retry_after_s`` says when to come back."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(
            message, code="model_busy", hint=f"Ask again in {retry_after_s:.0f} s, or raise max_concurrent."
        )
        self.retry_after_s = retry_after_s


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


# ---- a provider's health ---------------------------------------------------------------------------


@dataclass(slots=True)
class Breaker:
    """Stops calling a provider that keeps failing.

    Opens after ``failures`` within ``window_s``; after ``rest_s`` lets one call through, and closes
    when that one succeeds. (The constants are judgement, after the pattern in Nygard, *Release It!*.)
    """

    failures: int = 5
    window_s: float = 30.0
    rest_s: float = 30.0
    now: Callable[[], float] = time.monotonic
    _seen: deque[float] = field(default_factory=deque)
    _opened: float | None = None
    _probing: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self) -> float:
        """Returns 0 when a call may go out (while half open: one), else the seconds until the next may."""
        with self._lock:
            if self._opened is None:
                return 0.0
            left = self._opened + self.rest_s - self.now()
            if left > 0:
                return left
            if self._probing:
                return 1.0
            self._probing = True
            return 0.0

    def record(self, outage: bool | None) -> None:
        """Counts one attempt: True for an outage, False for a reply, None for neither (the caller left)."""
        with self._lock:
            probing, self._probing = self._probing, False
            if outage is None:
                return
            if not outage:
                self._opened = None
                self._seen.clear()
                return
            now = self.now()
            self._seen.append(now)
            while self._seen and self._seen[0] < now - self.window_s:
                self._seen.popleft()
            if probing or len(self._seen) >= self.failures:
                self._opened = now

    @property
    def is_open(self) -> bool:
        """Says whether calls are being held back."""
        return self._opened is not None


@dataclass(slots=True)
class RetryBudget:
    """Keeps retries below a share of the requests: each request earns ``share``, each retry costs 1."""

    share: float = 0.1
    most: float = 10.0
    _tokens: float = 10.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def earn(self) -> None:
        """Counts a request."""
        with self._lock:
            self._tokens = min(self.most, self._tokens + self.share)

    def spend(self) -> bool:
        """Takes one retry, or returns False when there is none left."""
        with self._lock:
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


class Source(Protocol):
    """One request that can be sent: opens the reply, and explains its exceptions."""

    def pieces(self) -> AsyncIterator[Piece]:
        """Sends the request and yields what comes back; cancelling closes the connection."""

    def explain(self, error: BaseException) -> Fault:
        """Returns what an exception from ``pieces`` means, without secrets."""


class Provider:
    """All calls to one provider, from any thread."""

    def __init__(
        self,
        name: str,
        loop: LoopThread,
        *,
        max_concurrent: int = 8,
        max_attempts: int = 3,
        breaker: Breaker | None = None,
        budget: RetryBudget | None = None,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.name = name
        self.breaker = breaker or Breaker()
        self._budget = budget or RetryBudget()
        self._loop = loop
        self._slots = threading.BoundedSemaphore(max_concurrent)
        self._max_concurrent = max_concurrent
        self._max_attempts = max_attempts
        self._jitter = jitter

    def stream(self, source: Source, clocks: Clocks, stop: Stop | None = None) -> Generator[Delta | Finish]:
        """Yields the text as it comes, then one :class:`Finish`.

        Closing the generator, or ``stop.set()`` from another thread, closes the connection.

        Raises:
            OverloadedError: ``max_concurrent`` calls are under way.
            UpstreamError: the call failed (``code`` and ``attempts`` say how), was cut off, or the
                breaker is open (``model_unavailable``).
        """
        if not self._slots.acquire(blocking=False):
            raise OverloadedError(
                f"All {self._max_concurrent} calls to {self.name} are in use.", retry_after_s=2.0
            )
        try:
            yield from self._attempts(source, clocks, stop or Stop())
        finally:
            self._slots.release()

    def _attempts(self, source: Source, clocks: Clocks, stop: Stop) -> Generator[Delta | Finish]:
        deadline = time.monotonic() + clocks.total_s
        self._budget.earn()
        for attempt in range(1, self._max_attempts + 1):
            if stop.is_set:
                raise UpstreamError(_STOPPED, attempts=attempt - 1)
            wait_s = self.breaker.admit()
            if wait_s:
                raise UpstreamError(self._down(wait_s), attempts=attempt - 1)
            call = _Call(self._loop, source, clocks, deadline, stop)
            began = False
            outcome: bool | None = None
            try:
                for item in call:
                    if isinstance(item, Finish):
                        outcome = False
                        item = Finish(item.reason, item.input_tokens, item.output_tokens, attempt)
                    began = True
                    yield item
                return
            except _Failed as failed:
                fault = failed.fault
                outcome = None if fault is _STOPPED or stop.is_set else fault.outage
            finally:
                call.close()
                self.breaker.record(outcome)
            pause = max(fault.retry_after_s, 0.0) + self._jitter(0.0, min(8.0, 0.5 * 2**attempt))
            again = fault.retry and not began and attempt < self._max_attempts and not stop.is_set
            if not again or time.monotonic() + pause >= deadline or not self._budget.spend():
                raise UpstreamError(fault, partial=began, attempts=attempt)
            if stop.wait(pause):
                raise UpstreamError(_STOPPED, attempts=attempt)

    def _down(self, wait_s: float) -> Fault:
        return Fault(
            "model_unavailable",
            f"{self.name} kept failing and is not being called for another {wait_s:.0f} s.",
            "The passages are shown without an answer; ask again later or choose another model.",
            retry_after_s=wait_s,
        )


_STOPPED = Fault("stopped", "The call was stopped before its end.")


class _Failed(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


_WINDOW = 64
"""Pieces read ahead of a slow reader."""


class _Call:
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
                raise _Failed(item)
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
        self._inbox.put(_STOPPED)  # so that no reader ever hangs
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
            tokens_in = piece.input_tokens if piece.input_tokens is not None else tokens_in
            tokens_out = piece.output_tokens if piece.output_tokens is not None else tokens_out
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
