"""Who asks over HTTP, by the access key that a request comes with. Every route that tells of documents depends on it.

Without keys everybody is the public, as long as no other machine reaches the service. A program sends its key as
``Authorization: Bearer``, the page as a cookie that ``POST /api/session`` sets.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from corpus.catalog.keys import AccessKey
from corpus.errors import NotAllowedError
from corpus.types import ANYONE, Caller
from rag.api.house import AnyHouse, House, OpenService

COOKIE = "vouch_key"

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="access key",
    description="A key that `vouch keys add` made; needed once there is one.",
)
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    scheme_name="session",
    description="The key, as `POST /api/session` keeps it.",
)

_Sent = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_Kept = Annotated[str | None, Depends(_cookie)]


def needs_key(house: House) -> bool:
    """Says whether nobody gets in without a key: one was made, or other machines reach the service."""
    return house.closed or house.service.corpus.keys.any()


# As in :mod:`rag.api.house`, none of these waits for anything: the keys are held in memory.


async def get_key(house: AnyHouse, service: OpenService, sent: _Sent, kept: _Kept) -> AccessKey | None:
    """The key that a request comes with; None where none is needed.

    Raises:
        NotAllowedError: it comes with none (``no_key``), or with one that lets nobody in.
    """
    if not needs_key(house):
        return None
    secret = sent.credentials if sent is not None else kept
    if not secret:
        raise NotAllowedError(
            "This service answers who has an access key, and the request came with none.",
            code="no_key",
            hint="Send it as Authorization: Bearer KEY. The owner of the service makes one: vouch keys add NAME",
        )
    return service.corpus.keys.find(secret)


AnyKey = Annotated[AccessKey | None, Depends(get_key)]


async def get_caller(key: AnyKey) -> Caller:
    """Who asks; nothing else in a request says who it is."""
    return ANYONE if key is None else key.caller


async def get_writer(key: AnyKey) -> Caller:
    """Who asks to change documents.

    Raises:
        NotAllowedError: (``key_only_reads``) the key does not allow it.
    """
    if key is not None and not key.writes:
        raise NotAllowedError(
            f"The access key {key.id} of {key.user} asks and reads; it changes no documents.",
            code="key_only_reads",
            hint=f"The owner of the service can allow it: vouch keys change {key.id} --write",
        )
    return await get_caller(key)


async def is_let_in(house: AnyHouse, sent: _Sent, kept: _Kept) -> bool:
    """Says whether a request gets in, where an answer is due to everybody: those who do not are told less."""
    service = house.peek()
    if service is None or house.failure is not None:
        return not house.closed
    try:
        await get_key(house, service, sent, kept)
    except NotAllowedError:
        return False
    return True


AnyCaller = Annotated[Caller, Depends(get_caller)]
Writer = Annotated[Caller, Depends(get_writer)]
LetIn = Annotated[bool, Depends(is_let_in)]
