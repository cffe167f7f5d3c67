"""Errors → HTTP: the only place that knows status codes, and the one shape every error has."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from corpus.errors import (
    BusyError,
    EmbeddingError,
    LimitError,
    ModelError,
    NotAllowedError,
    NotFoundError,
    ParseError,
    StorageError,
    UnavailableError,
    UsageError,
    VouchError,
)
from rag.api.envelope import openai_error, openai_status, retry_headers, speaks_openai
from rag.api.readers import retell, wants_japanese
from rag.models.upstream import UpstreamError

log = logging.getLogger(__name__)

RETRY_AFTER_S = 2

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
"""What goes with every 401 (RFC 9110, 15.5.2)."""

_STATUS: tuple[tuple[type[VouchError], int], ...] = (
    (UsageError, 422),
    (NotFoundError, 404),
    (NotAllowedError, 409),
    (ParseError, 422),
    (LimitError, 413),
    (BusyError, 503),
    (StorageError, 507),
    (EmbeddingError, 503),
    (ModelError, 502),
    (UnavailableError, 503),
)
_BY_CODE: Mapping[str, int] = {
    "no_key": 401,
    "bad_key": 401,
    "key_expired": 401,
    "key_revoked": 401,
    "key_only_reads": 403,
    "context_too_long": 422,
    "damaged": 503,
    "model_bad_settings": 409,
    "model_no_key": 409,
    "model_not_installed": 409,
    "model_rate_limited": 503,
    "model_timeout": 504,
    "no_picture": 404,
    "read_only": 503,
    "moved": 503,
    "too_many_jobs": 429,
}

_HTTP_WORDS: Mapping[int, tuple[str, str, str]] = {
    400: ("bad_request", "The request cannot be read.", "See /docs for what is expected."),
    404: ("no_route", "There is nothing at this address.", "The routes are listed at /docs."),
    405: ("no_method", "This address does not take that method.", "The routes are listed at /docs."),
    413: ("too_large", "The request is larger than this address takes.", "Send less at once."),
}


def status_of(error: VouchError) -> int:
    """Returns the HTTP status of an error."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def body_of(error: VouchError) -> dict[str, dict[str, str]]:
    """Returns the one shape every error has."""
    return {"error": {"code": error.code, "message": _sendable(error.message), "hint": _sendable(error.hint)}}


def internal_error() -> VouchError:
    """The error that is told in place of one that nobody foresaw."""
    return VouchError(
        "The service failed on this request.", code="internal", hint="The log says why; other requests go on."
    )


def answer_error(error: VouchError, *, japanese: bool = False, **beside: Any) -> JSONResponse:
    """Returns an error as a response, with Retry-After where a later request may go better.

    ``beside`` stands in the body next to the error.
    """
    status = status_of(error)
    wait_s = _wait_s(error, status)
    headers = {"Retry-After": str(wait_s)} if wait_s is not None else {}
    headers |= _CHALLENGE if status == 401 else {}
    return JSONResponse(retell(body_of(error), japanese) | beside, status, headers=headers)


def answer_openai(error: VouchError, **beside: Any) -> JSONResponse:
    """Returns an error as a response under ``/v1``; as :func:`answer_error`."""
    status = openai_status(status_of(error), error.code)
    headers = retry_headers(status, _wait_s(error, status), asked=isinstance(error, UpstreamError))
    headers |= _CHALLENGE if status == 401 else {}
    return JSONResponse(openai_body(error) | beside, status, headers=headers)


def openai_body(error: VouchError) -> dict[str, Any]:
    """Returns the shape that an error has under ``/v1``."""
    status = openai_status(status_of(error), error.code)
    param = "model" if error.code == "model_unknown" else getattr(error, "param", None)
    return openai_error(status, error.code, _sendable(error.message), _sendable(error.hint), param)


def _wait_s(error: VouchError, status: int) -> int | None:
    """Returns the seconds after which a request may go better, None where time changes nothing."""
    retry: float = getattr(error, "retry_after_s", 0.0) or RETRY_AFTER_S
    return max(1, round(retry)) if status in (429, 503) else None


def install(app: FastAPI) -> None:
    """Has the app answer every error in that shape."""
    app.add_exception_handler(VouchError, _on_vouch_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


def _on_vouch_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, VouchError)
    openai = speaks_openai(request.scope["path"])
    answer = answer_openai(error) if openai else answer_error(error, japanese=wants_japanese(request))
    if answer.status_code >= 500:
        log.warning("%s %s: %s (%s)", request.method, request.scope["path"], error.message, error.code)
    return answer


def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    """Says which field is wrong. What was sent is not repeated: it may be huge, or no JSON."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    if (wanted := _wanted_type(request)) and first["loc"][0] == "body":
        sent = request.headers.get("content-type", "").partition(";")[0].strip() or "of no type"
        words = f"The body is {sent}; this address takes {wanted}."
        return _answer(
            request, 415, "wrong_content_type", words, f"Send it with the header content-type: {wanted}"
        )
    if first["type"] == "json_invalid":
        why = str(first.get("ctx", {}).get("error", "it cannot be read")).removesuffix(" at")
        words = f"The body is not JSON: {why} (at character {first['loc'][-1]})"
        where = ""
    elif "UploadFile" in first["msg"]:
        words = f"{where} is no file: it has no file name"
    else:
        words = f"{where or 'The body'}: {first['msg'].removeprefix('Value error, ')}"
    return _answer(
        request, 422, "invalid_request", f"{words.rstrip('.')}.", "See /docs for what is expected.", where
    )


def _wanted_type(request: Request) -> str:
    """Returns the media type that the address takes, where the request has a body of another one; else ""."""
    field = getattr(request.scope.get("route"), "body_field", None)
    wanted: str = field.field_info.media_type if field is not None else ""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if sent == wanted or not has_body or (wanted.endswith("/json") and sent.endswith("+json")):
        return ""
    return wanted


def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    other = ("http", f"The request cannot be answered: {error.detail}.", "The routes are listed at /docs.")
    code, message, hint = _HTTP_WORDS.get(error.status_code, other)
    answer = _answer(request, error.status_code, code, message, hint)
    answer.headers.update(error.headers or {})
    return answer


def _on_bug(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return (answer_openai if speaks_openai(request.scope["path"]) else answer_error)(internal_error())


def _answer(
    request: Request, status: int, code: str, message: str, hint: str, param: str = ""
) -> JSONResponse:
    if speaks_openai(request.scope["path"]):
        status = openai_status(status, code)
        body = openai_error(status, code, _sendable(message), hint, _sendable(param) or None)
        return JSONResponse(body, status, headers=retry_headers(status, None, asked=False))
    return JSONResponse({"error": {"code": code, "message": _sendable(message), "hint": hint}}, status)


def _sendable(text: str) -> str:
    """A lone surrogate in what somebody sent must not break the answer that refuses it."""
    return text.encode("utf-8", "replace").decode()
