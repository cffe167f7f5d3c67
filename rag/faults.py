"""What an exception of a provider's SDK means, whatever SDK it is: from its status, its body and its kind."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime

from rag.attempts import Fault

_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_OUTAGE = frozenset({500, 502, 503, 504, 529})
_NO_CONNECTION = frozenset(
    {
        "APIConnectionError", "ModelConnectionError", "ConnectError", "ConnectionError", "APITimeoutError",
        "TransportError", "ModelTimeoutError",
    }
)  # fmt: skip
_SPENT = ("insufficient_quota", "quota", "credit", "billing", "spend", "payment")
_TOO_LONG = (
    "context_length_exceeded", "context length", "context window", "prompt is too long", "maximum context",
    "too many tokens", "exceeds the available context",
)  # fmt: skip


def explain(error: BaseException) -> Fault:
    """Returns what any SDK's exception means, from its status, its body and its kind."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    status = _status(error)
    said = _said(error)
    low = said.casefold()
    if "ContextOverflowError" in kinds or (
        status in (400, 413, 422, None) and any(t in low for t in _TOO_LONG)
    ):
        return Fault(
            "context_too_long", f"The prompt is too long for the model. {said}", "Ask for fewer passages."
        )
    if status in (401, 403):
        return Fault(
            "model_key_refused",
            f"The provider refused the key ({status}). {said}",
            "Check the key and its rights.",
        )
    if status == 404:
        return Fault(
            "model_not_served", f"The provider does not know this model or address (404). {said}",
            "Check model and base_url.",
        )  # fmt: skip
    if status in (402, 429) and any(word in low for word in _SPENT):
        return Fault(
            "model_quota_spent", f"The provider says that the quota is spent ({status}). {said}",
            "Top the account up, or choose another model.",
        )  # fmt: skip
    wait_s = _retry_after(error)
    if status == 429:
        return Fault(
            "model_rate_limited", f"The provider asks to slow down (429). {said}", "Ask again later.",
            retry=True, retry_after_s=wait_s,
        )  # fmt: skip
    if status is not None and status >= 400:
        return Fault(
            "model_failed", f"The provider answered with status {status}. {said}",
            "Ask again, or choose another model.",
            retry=status in _AGAIN, outage=status in _OUTAGE, retry_after_s=wait_s,
        )  # fmt: skip
    if kinds & _NO_CONNECTION:
        cause = type(error.__cause__ or error.__context__ or error).__name__
        return Fault(
            "model_unreachable", f"The provider cannot be reached, or the connection broke ({cause}).",
            "Check base_url and that the server runs.", retry=True, outage=True,
        )  # fmt: skip
    if isinstance(error, ValueError) and "No generation chunks" in str(error):
        return Fault(
            "model_cut_off", "The model's reply ended without saying that it was complete.", "Ask again.",
            retry=True, outage=True,
        )  # fmt: skip
    if "APIError" in kinds and status is None:
        return Fault(
            "model_failed", f"The provider broke off with an error. {said}", "Ask again.", outage=True
        )
    return Fault(
        "model_bad_reply", f"The provider's reply cannot be read ({type(error).__name__}).",
        "Check that base_url is an OpenAI-compatible address.", outage=True,
    )  # fmt: skip


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    if status is None:
        status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _said(error: BaseException) -> str:
    """Returns what the provider said, in one short line: from the body where there is one."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(inner, Mapping):  # FastAPI's servers say "detail"
        text = " ".join(str(inner[key]) for key in ("message", "detail", "code", "type") if inner.get(key))
    else:  # a page of HTML is some proxy's and says nothing of the matter
        text = inner if isinstance(inner, str) and "<" not in inner else ""
    if not text and _status(error) is None:
        text = str(getattr(error, "message", ""))
    text = re.sub(r"<[^>]{0,200}>", " ", text)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def _retry_after(error: BaseException) -> float:
    """Returns the seconds a provider asks to wait, 0 when it names none (RFC 9110, section 10.2.3)."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        if value := headers.get("retry-after-ms"):
            return max(0.0, float(value) / 1000)
        value = headers.get("retry-after", "")
        if re.fullmatch(r"\d+(\.\d+)?", value):
            return float(value)
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, (when - datetime.datetime.now(when.tzinfo)).total_seconds())


_SECRET = re.compile(r"\b(?:sk|pk|key|gsk|xai|hf|AIza)[-_]?[A-Za-z0-9_\-]{12,}|Bearer\s+\S+", re.IGNORECASE)


def redacted(text: str, secrets: Sequence[str]) -> str:
    """Returns the text without these secrets, and without whatever looks like a key."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "[key]")
    return _SECRET.sub("[key]", text)
