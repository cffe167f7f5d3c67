"""The service behind the routes: starting, ready, draining. Routes get it through dependencies."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request

from corpus.errors import UnavailableError, VouchError
from corpus.types import ANYONE, Caller
from rag.bootstrap import Service
from rag.jobs import Jobs

log = logging.getLogger(__name__)

DRAIN_S = 20.0


class House:
    """Opens the service in the background, so that the port answers at once, and closes it in order."""

    def __init__(self, opener: Callable[[], Service]) -> None:
        self._opener = opener
        self._service: Service | None = None
        self._jobs: Jobs | None = None
        self.failure: VouchError | None = None
        self._stopping_at: float | None = None
        self._ready = threading.Event()
        self._open_streams = 0
        self._lock = threading.Lock()

    def open(self) -> None:
        """Opens the service on this thread; a failure is kept and told to every caller."""
        try:
            service = self._opener()
            jobs = Jobs(service)
            jobs.start()
        except VouchError as error:
            self.failure = error
            log.error("the service cannot open: %s", error)
        except Exception as error:
            log.exception("the service cannot open")
            self.failure = VouchError(f"{type(error).__name__}: {error}", code="internal")
        else:
            self._service, self._jobs = service, jobs
        finally:
            self._ready.set()

    def close(self) -> None:
        """Lets the current document finish, then closes everything."""
        self.drain()
        self._ready.wait()
        if self._jobs is not None:
            self._jobs.stop()
        if self._service is not None:
            self._service.close()

    def drain(self) -> None:
        """From now on nothing new begins; what streams has 20 seconds to end."""
        if self._stopping_at is None:
            self._stopping_at = time.monotonic()

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
        return self._stopping_at is not None and time.monotonic() - self._stopping_at > DRAIN_S

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

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Counts an answer that is under way."""
        with self._lock:
            self._open_streams += 1
        try:
            yield
        finally:
            with self._lock:
                self._open_streams -= 1


def get_house(request: Request) -> House:
    """The app's house."""
    house = request.app.state.house
    assert isinstance(house, House)
    return house


def get_service(request: Request) -> Service:
    """The open service, or the reason why there is none."""
    return get_house(request).service


def get_jobs(request: Request) -> Jobs:
    """The open service's queue."""
    return get_house(request).jobs


def get_caller() -> Caller:
    """Who asks. Until there are keys and users, every HTTP caller is the public; a request never says who it is."""
    return ANYONE


AnyHouse = Annotated[House, Depends(get_house)]
OpenService = Annotated[Service, Depends(get_service)]
OpenJobs = Annotated[Jobs, Depends(get_jobs)]
AnyCaller = Annotated[Caller, Depends(get_caller)]
