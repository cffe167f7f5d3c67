"""The service behind the routes: starting, ready, draining. Routes get it through dependencies."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from corpus.durable import can_write
from corpus.errors import UnavailableError, VouchError
from corpus.types import ANYONE, Caller
from rag.attempts import Stop
from rag.jobs import Jobs
from rag.service import Service

log = logging.getLogger(__name__)

LOOKED_EVERY_S = 5.0
"""How often a service that opened on a full or read-only disk looks whether that has ended, in seconds."""

ENDING_S = 2.0
"""How long what was asked before has to end, when such a service opens anew, in seconds."""

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
    """

    def __init__(self, opener: Callable[[], Service], drain_s: float) -> None:
        self._opener = opener
        self._drain_s = drain_s
        self._service: Service | None = None
        self._jobs: Jobs | None = None
        self.failure: VouchError | None = None
        self._stopping_at: float | None = None
        self._stopping = threading.Event()
        self._changing = threading.Lock()  # held while the service is opened anew, or closed
        self._ready = threading.Event()
        self._asks = _Room(0, "")
        self._followers = _Room(MAX_FOLLOWERS, "callers follow jobs")
        self._overdue: threading.Timer | None = None

    def open(self) -> None:
        """Opens the service on this thread; a failure is kept and told to every caller.

        One that opened on a full or read-only disk answers, and opens anew once it can be written.
        """
        self._open()
        if self._service is not None and self._service.corpus.catalog.read_only:
            threading.Thread(target=self._open_anew, name="opening anew", daemon=True).start()

    def _open_anew(self) -> None:
        while not self._stopping.wait(LOOKED_EVERY_S):
            service, jobs = self._service, self._jobs
            if service is None or jobs is None or not service.corpus.catalog.read_only:
                return
            folder, room = service.corpus.folder, max(1, service.settings.min_free_mb)
            if not self._asks.is_empty() or not can_write(folder, room):
                continue
            with self._changing:
                if self.draining:
                    return
                self._service = self._jobs = None  # who asks now is told to come again in a moment
                self._stopping.wait(ENDING_S)
                jobs.stop()
                service.close()
                log.warning("The data folder can be written again: the service opens anew.")
                self._open()

    def _open(self) -> None:
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
            self.failure = error
            log.error("the service cannot open: %s", error)
        except Exception as error:
            log.exception("the service cannot open")
            self.failure = VouchError(f"{type(error).__name__}: {error}", code="internal")
        else:
            self._asks = _Room(service.settings.max_concurrent_asks, "questions are being answered")
            self._service, self._jobs = service, jobs
        finally:
            self._ready.set()

    def close(self) -> None:
        """Lets the current document finish, then closes everything."""
        self.drain()
        self._ready.wait()
        if self._overdue is not None:
            self._overdue.cancel()
        with self._changing:
            if self._jobs is not None:
                self._jobs.stop()
            if self._service is not None:
                self._service.close()

    def drain(self) -> None:
        """From now on nothing new begins, documents included; what streams has 20 seconds to end."""
        if self._stopping_at is None:
            self._stopping_at = time.monotonic()
            self._stopping.set()
            if self._jobs is not None:
                self._jobs.halt()
            self._overdue = threading.Timer(self._drain_s, self._asks.stop)
            self._overdue.daemon = True
            self._overdue.start()

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
        if self._stopping_at is not None:
            raise UnavailableError("The service is stopping.", code="stopping", hint="Try again in a moment.")
        return self._opened()

    @property
    def jobs(self) -> Jobs:
        """The open service's queue; raises as :attr:`service` does."""
        self.service  # noqa: B018 - it raises when there is none
        assert self._jobs is not None
        return self._jobs

    def _opened(self) -> Service:
        if self.failure is not None:
            raise self.failure
        if self._service is None:
            raise UnavailableError("The service is starting.", code="starting", hint="Try again in a moment.")
        return self._service

    def peek(self) -> Service | None:
        """Returns the service if it is open, also while it stops."""
        return self._service

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


async def get_caller() -> Caller:
    """Who asks.

    Until there are keys and users, every HTTP caller is the public; a request never says who it is.
    """
    return ANYONE


OpenService = Annotated[Service, Depends(get_service)]
OpenJobs = Annotated[Jobs, Depends(get_jobs)]
AnyCaller = Annotated[Caller, Depends(get_caller)]
