"""The page's way to a key: it is typed once, and a cookie that no script reads keeps it until the browser is closed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from corpus.catalog.keys import AccessKey
from rag.api.callers import COOKIE, AnyKey, needs_key
from rag.api.house import AnyHouse, OpenService
from rag.api.schemas import Shape

router = APIRouter(prefix="/api/session", tags=["session"])


class SignIn(Shape):
    """An access key."""

    key: Annotated[
        str,
        Field(min_length=1, max_length=200, description="As `vouch keys add` told it.", examples=["vouch_…"]),
    ]


class SessionShape(BaseModel):
    """Who asks."""

    user: str | None = Field(description="Null where no key is needed.", examples=["mia"])
    groups: list[str] = Field(description="The user's groups.", examples=[["hr"]])
    writes: bool = Field(
        description="Whether documents may be sent in, changed and taken out.", examples=[True]
    )
    expires_at: str | None = Field(
        description="When the key ends, if it does.", examples=["2027-03-31T00:00:00+00:00"]
    )


@router.get("", summary="Who am I?")
def show_session(key: AnyKey) -> SessionShape:
    """Says for whom the service takes the caller."""
    return _shape(key)


@router.post("", summary="Sign in")
def sign_in(
    house: AnyHouse, service: OpenService, request: Request, response: Response, given: SignIn
) -> SessionShape:
    """Keeps a key as a cookie, for a page of this service; programs send it with each request instead."""
    if not needs_key(house):
        return _shape(None)
    secret = given.key.strip()
    key = service.corpus.keys.find(secret)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, secret, httponly=True, samesite="strict", secure=secure)
    return _shape(key)


@router.delete("", status_code=204, summary="Sign out")
def sign_out(response: Response) -> None:
    """Takes the cookie away; the key itself stays."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


def _shape(key: AccessKey | None) -> SessionShape:
    if key is None:
        return SessionShape(user=None, groups=[], writes=True, expires_at=None)
    return SessionShape(
        user=key.user,
        groups=list(key.groups),
        writes=key.writes,
        expires_at=key.expires_at.isoformat() if key.expires_at else None,
    )
