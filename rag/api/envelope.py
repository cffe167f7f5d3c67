"""Errors under ``/v1`` as OpenAI's clients read them: ``{"error": {"message", "type", "param", "code"}}``.

What to do stands in the message too, since chat clients show nothing else. OpenAI's own client sends a failed
request again by itself, unless ``x-should-retry`` says no: a model that failed has been asked again already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "/v1/"

_CODES: Mapping[str, str] = {
    "model_unknown": "model_not_found",
    "question_too_long": "context_length_exceeded",
    "query_too_long": "context_length_exceeded",
    "context_too_long": "context_length_exceeded",
    "bad_key": "invalid_api_key",
}
"""Where OpenAI has a code of its own that clients act upon; every other code is Vouch's."""

_STATUSES: Mapping[str, int] = {
    "question_too_long": 400,
    "context_too_long": 400,
    "model_rate_limited": 429,
}
_TYPES: Mapping[int, str] = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def speaks_openai(path: str) -> bool:
    """Says whether an address answers in OpenAI's shapes."""
    return path.startswith(PREFIX)


def openai_status(status: int, code: str) -> int:
    """Returns the status under ``/v1`` of what has ``status`` elsewhere: a request that is wrong in itself is 400."""
    return _STATUSES.get(code) or (400 if status in (409, 422) else status)


def openai_error(status: int, code: str, message: str, hint: str, param: str | None = None) -> dict[str, Any]:
    """Returns the body of an error; ``status`` is that of the answer."""
    kind = _TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
    said = f"{message} {hint}".rstrip()
    return {"error": {"message": said, "type": kind, "param": param, "code": _CODES.get(code, code)}}


def retry_headers(status: int, retry_after_s: int | None, *, asked: bool) -> dict[str, str]:
    """Returns the headers that tell a client when to come back, and whether to do so by itself.

    Args:
        status: of the answer.
        retry_after_s: seconds to wait first; None where waiting changes nothing.
        asked: whether a model was asked, as often as that made sense.
    """
    again = retry_after_s is not None and not asked
    headers = {"x-should-retry": "true" if again else "false"} if status >= 400 else {}
    return headers if retry_after_s is None else headers | {"Retry-After": str(retry_after_s)}
