"""The service behind the routes: starting, ready, draining. Routes get it through dependencies."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request

from corpus.durable import can_write
from corpus.errors import UnavailableError, VouchError
from rag.jobs import Jobs
from rag.models.attempts import Stop
from rag.service import Service

log = logging.getLogger(__name__)

LOOKED_EVERY_S = 5.0
"""How often a service that opened on a full or read-only disk looks whether that has ended, in seconds."""

ENDING_S = 2.0
"""How long what was asked before has to end, when such a service opens anew, in seconds."""

MAX_COMMANDS = 1000
"""How many other commands' work may be done at a time."""

MAX_FOLLOWERS = 64
"""How many callers may follow jobs at a time."""


class Visit:
    """A place among those who are answered at a time.

    ``stop`` ends the work; ``leave`` gives the place up.
    """

    def __init__(self, leave: Callable[[Visit], None]) -> None:
        self.stop = Stop()
        self._leave = leave

    def leave(self) -> None:
        """Gives the place up; a second time does nothing."""
        self._leave(self)


class _Room:
    """A bounded number of places."""

    def __init__(self, places: int, what: str) -> None:
        self._places = places
        self._what = what
        self._taken: set[Visit] = set()
        self._lock = threading.Lock()

    def enter(self) -> Visit:
        with self._lock:
            if len(self._taken) >= self._places:
                raise UnavailableError(
                    f"{self._places} {self._what} already.",
                    code="overloaded",
                    hint="Ask again in a few seconds.",
                )
            visit = Visit(self._exit)
            self._taken.add(visit)
            return visit

    def is_empty(self) -> bool:
        with self._lock:
            return not self._taken

    def stop(self) -> None:
        with self._lock:
            taken = tuple(self._taken)
        for visit in taken:
            visit.stop.set()

    def _exit(self, visit: Visit) -> None:
        with self._lock:
            self._taken.discard(visit)


class House:
    """Opens the service in the background, so that the port answers at once, and closes it in order.

    Args:
        opener: opens the service.
        drain_s: how long answers that are under way may go on once the service stops, in seconds.
        closed: whether nobody gets in without an access key, also as long as there is none.
    """

    def __init__(self, opener: Callable[[], Service], drain_s: float, *, closed: bool = False) -> None:
        self.closed = closed
        self._opener = opener
        self._drain_s = drain_s
        self._opened: tuple[Service, Jobs] | None = None
        self.failure: VouchError | None = None
        self._stopping_at: float | None = None
        self._stopping = threading.Event()
        self._changing = threading.Lock()  # held while the service is opened anew, or closed
        self._ready = threading.Event()
        self._asks = _Room(0, "")
        self._followers = _Room(MAX_FOLLOWERS, "callers follow jobs")
        self._others = _Room(MAX_COMMANDS, "commands are being done")
        self._overdue: threading.Timer | None = None

    def open(self) -> None:
        """Opens the service on this thread; a failure is kept and told to every caller.

        One that opened on a full or read-only disk answers, and opens anew once it can be written and nobody is being
        answered.
        """
        try:
            self.failure = self._open()
        finally:
            self._ready.set()
        if self._is_read_only():
            threading.Thread(target=self._open_anew, name="opening anew", daemon=True).start()

    def close(self) -> None:
        """Lets the current document finish, then closes everything."""
        self.drain()
        self._ready.wait()
        if self._overdue is not None:
            self._overdue.cancel()
        with self._changing:
            if self._opened is not None:
                service, jobs = self._opened
                jobs.stop()
                service.close()

    def drain(self) -> None:
        """From now on nothing new begins, documents included; what streams has 20 seconds to end."""
        if self._stopping_at is None:
            self._stopping_at = time.monotonic()
            self._stopping.set()
            if (opened := self._opened) is not None:
                opened[1].halt()
            self._overdue = threading.Timer(self._drain_s, self._asks.stop)
            self._overdue.daemon = True
            self._overdue.start()

    def _open(self) -> VouchError | None:
        """Opens the service and its queue; returns why it cannot be."""
        try:
            service = self._opener()
            try:
                self._warm(service)
                jobs = Jobs(service)
                jobs.start()
            except BaseException:
                service.close()
                raise
        except VouchError as error:
            log.error("the service cannot open: %s", error)
            return error
        except Exception as error:
            log.exception("the service cannot open")
            return VouchError(f"{type(error).__name__}: {error}", code="internal")
        self._asks = _Room(service.settings.max_concurrent_asks, "questions are being answered")
        self._opened = service, jobs
        if self.draining:
            jobs.halt()
        return None

    def _open_anew(self) -> None:
        """Opens a service again that cannot write, each time it is in vain after twice the wait."""
        wait_s = LOOKED_EVERY_S
        while not self._stopping.wait(wait_s) and self._is_read_only():
            if self._can_write():
                with self._changing:
                    # Who asks from here on is told to come again in a moment.
                    opened, self._opened = self._opened, None
                    if opened is None or not self._is_quiet():
                        self._opened = opened
                        continue
                    log.warning("The data folder can be written again: the service opens anew.")
                    _shut(*opened)
                    del opened
                    while not self.draining and self._open() is not None:
                        self._stopping.wait(LOOKED_EVERY_S)
                wait_s *= 2

    def _is_read_only(self) -> bool:
        return self._opened is not None and self._opened[0].corpus.catalog.read_only

    def _can_write(self) -> bool:
        if (opened := self._opened) is None:
            return False
        corpus, settings = opened[0].corpus, opened[0].settings
        return can_write(corpus.folder, max(1, settings.min_free_mb))

    def _is_quiet(self) -> bool:
        """Says whether all that was being answered has ended, waiting a while for it; nothing new begins meanwhile."""
        for _ in range(20):
            if self._stopping.wait(ENDING_S / 20):
                return False
        return self._asks.is_empty() and self._others.is_empty()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Keeps the service open while another command's work is done by it."""
        visit = self._others.enter()
        try:
            yield
        finally:
            visit.leave()

    def wait_until_open(self) -> None:
        """Returns once opening has succeeded or failed."""
        self._ready.wait()

    @property
    def draining(self) -> bool:
        """Says whether the service is stopping."""
        return self._stopping_at is not None

    @property
    def overdue(self) -> bool:
        """Says whether what still streams must end now."""
        return self._stopping_at is not None and time.monotonic() - self._stopping_at >= self._drain_s

    @property
    def service(self) -> Service:
        """The open service.

        Raises:
            UnavailableError: it is starting or stopping.
            VouchError: it could not open.
        """
        return self._both()[0]

    @property
    def jobs(self) -> Jobs:
        """The open service's queue; raises as :attr:`service` does."""
        return self._both()[1]

    def _both(self) -> tuple[Service, Jobs]:
        if self._stopping_at is not None:
            raise UnavailableError("The service is stopping.", code="stopping", hint="Try again in a moment.")
        if self.failure is not None:
            raise self.failure
        if (opened := self._opened) is None:
            raise UnavailableError("The service is starting.", code="starting", hint="Try again in a moment.")
        return opened

    def peek(self) -> Service | None:
        """Returns the service if it is open, also while it stops."""
        return self._opened[0] if self._opened is not None else None

    def ask(self) -> Visit:
        """Takes a place for a question.

        Raises:
            UnavailableError: all are taken (``max_concurrent_asks``), or the service is starting or stopping.
        """
        self.service  # noqa: B018 - it raises when there is none
        return self._asks.enter()

    def follow(self) -> Visit:
        """Takes a place for following a job; raises as :meth:`ask` does."""
        return self._followers.enter()

    def _warm(self, service: Service) -> None:
        """Loads what the first question would wait for; what cannot be loaded is told to who asks for it."""
        try:
            service.warm()
        except VouchError as error:
            log.warning("not everything is ready: %s", error)


def _shut(service: Service, jobs: Jobs) -> None:
    """Closes both; a fault is told and keeps neither of them."""
    for close in (jobs.stop, service.close):
        try:
            close()
        except Exception:  # whatever it is, the next service is worth more than a clean end
            log.exception("not everything could be closed")


# None of these waits for anything: on the loop itself they cost no thread, and no turn of the interpreter.


async def get_house(request: Request) -> House:
    """The app's house."""
    house = request.app.state.house
    assert isinstance(house, House)
    return house


AnyHouse = Annotated[House, Depends(get_house)]


async def get_service(house: AnyHouse) -> Service:
    """The open service, or the reason why there is none."""
    return house.service


async def get_jobs(house: AnyHouse) -> Jobs:
    """The open service's queue."""
    return house.jobs


OpenService = Annotated[Service, Depends(get_service)]
OpenJobs = Annotated[Jobs, Depends(get_jobs)]
