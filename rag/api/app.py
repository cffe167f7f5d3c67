"""The application: guards, routes, documentation, and a service that opens while the port already answers."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

from anyio.to_thread import run_sync
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from rag.api import failures
from rag.api.guards import BrowserHeaders, Heads, HostGuard, SizeGuard
from rag.api.house import House
from rag.api.routes import completions, documents, health, jobs, page, questions, session
from rag.api.schemas import ErrorBody
from rag.service import Service

MAX_JSON_BYTES = 256 << 10
MAX_CONVERSATION_BYTES = 1 << 20

DESCRIPTION = """
Answers questions from a company's own documents, and vouches for every answer with the page it came from.

Every error has one shape: `{"error": {"code", "message", "hint"}}`; under `/v1` it is OpenAI's. Offsets count
Unicode code points, half-open and 0-based, into the text of one document version; pages count from 1.
"""


def create_app(
    opener: Callable[[], Service],
    hosts: Collection[str] = (),
    version: str = "0",
    *,
    drain_s: float,
    closed: bool = False,
) -> FastAPI:
    """Makes the application.

    Args:
        opener: opens the service; called on a thread of its own once the port is bound.
        hosts: the host names it answers to; none given: to every name.
        version: shown in the documentation.
        drain_s: how long answers that are under way may go on once the service stops, in seconds.
        closed: whether nobody gets in without an access key, also as long as there is none.
    """
    house = House(opener, drain_s, closed=closed)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=house.open, name="opening", daemon=True).start()
        yield
        await run_sync(house.close)

    app = FastAPIOffline(
        docs_url="/docs",
        redoc_url=None,
        title="Vouch",
        version=version,
        description=DESCRIPTION,
        lifespan=lifespan,
        responses={
            "4XX": {"model": ErrorBody, "description": "The request cannot be answered; the body says why."},
            "5XX": {"model": ErrorBody, "description": "The service cannot answer now; the body says why."},
        },
    )
    app.state.house = house
    failures.install(app)
    for routes in (questions, completions, documents, jobs, session, health, page):
        app.include_router(routes.router)
    app.mount("/page", page.parts)
    larger = {"/api/documents": documents.MAX_UPLOAD_BYTES, completions.PATH: MAX_CONVERSATION_BYTES}
    app.add_middleware(SizeGuard, limit=MAX_JSON_BYTES, limits=larger)
    app.add_middleware(HostGuard, hosts=hosts)
    app.add_middleware(BrowserHeaders)
    app.add_middleware(Heads)
    return app
