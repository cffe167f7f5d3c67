"""When a provider is not called at all, and when not once more: its breaker and its share of retries."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


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
