"""All calls to a provider: their retries, its breaker and its share of connections.

The only owner of retries (the SDKs' own are off). A call is retried before its first text only.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Generator

from corpus.errors import ModelError, UnavailableError
from rag.models.attempts import (
    STOPPED,
    Attempt,
    Clocks,
    Delta,
    Failed,
    Fault,
    Finish,
    LoopThread,
    Source,
    Stop,
)
from rag.models.breaker import Breaker, RetryBudget

MOST_ATTEMPTS = 3
"""Requests sent for one answer, the first one and its retries."""


class UpstreamError(ModelError):
    """A provider's failure. ``partial``: text had already been given out; ``attempts``: requests sent."""

    def __init__(self, fault: Fault, *, partial: bool = False, attempts: int = 1) -> None:
        super().__init__(fault.message, code=fault.code, hint=fault.hint)
        self.partial = partial
        self.attempts = attempts
        self.retry_after_s = fault.retry_after_s


class OverloadedError(UnavailableError):
    """Every call allowed to this model is under way; ``retry_after_s`` says when to come back."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(
            message, code="model_busy", hint=f"Ask again in {retry_after_s:.0f} s, or raise max_concurrent."
        )
        self.retry_after_s = retry_after_s


class Provider:
    """All calls to one model of a provider, from any thread.

    ``name`` is told to whoever asks, so it is no address; models of one server share ``breaker`` and ``budget``.
    """

    def __init__(
        self,
        name: str,
        loop: LoopThread,
        *,
        max_concurrent: int = 8,
        breaker: Breaker | None = None,
        budget: RetryBudget | None = None,
    ) -> None:
        self.name = name
        self.breaker = breaker or Breaker()
        self._budget = budget or RetryBudget()
        self._loop = loop
        self._slots = threading.BoundedSemaphore(max_concurrent)
        self._max_concurrent = max_concurrent
        self._max_attempts = MOST_ATTEMPTS
        self._jitter: Callable[[float, float], float] = random.uniform

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
                raise UpstreamError(STOPPED, attempts=attempt - 1)
            wait_s = self.breaker.admit()
            if wait_s:
                raise UpstreamError(self._down(wait_s), attempts=attempt - 1)
            call = Attempt(self._loop, source, clocks, deadline, stop)
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
            except Failed as failed:
                fault = failed.fault
                outcome = None if fault is STOPPED or stop.is_set else fault.outage
            finally:
                call.close()
                self.breaker.record(outcome)
            pause = max(fault.retry_after_s, 0.0) + self._jitter(0.0, min(8.0, 0.5 * 2**attempt))
            again = fault.retry and not began and attempt < self._max_attempts and not stop.is_set
            if not again or time.monotonic() + pause >= deadline or not self._budget.spend():
                raise UpstreamError(fault, partial=began, attempts=attempt)
            if stop.wait(pause):
                raise UpstreamError(STOPPED, attempts=attempt)

    def _down(self, wait_s: float) -> Fault:
        return Fault(
            "model_unavailable",
            f"{self.name} kept failing and is not being called for another {wait_s:.0f} s.",
            "Ask again later, or choose another model.",
            retry_after_s=wait_s,
        )
