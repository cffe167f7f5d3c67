"""What an exception of a provider's SDK means, whatever SDK it is: from its status, its body and its kind."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from rag.models.attempts import Fault

_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_OUTAGE = frozenset({500, 502, 503, 504, 529})
_NO_CONNECTION = frozenset(
    {
        "APIConnectionError", "ModelConnectionError", "ConnectError", "ConnectionError", "APITimeoutError",
        "TransportError", "ModelTimeoutError", "HTTPClientError", "ClientOSError", "ClientConnectionError",
    }
)  # fmt: skip
_SPENT = ("insufficient_quota", "quota", "credit", "billing", "spend", "payment")
_TOO_LONG = (
    "context_length_exceeded", "context length", "context window", "prompt is too long", "prompt too long",
    "maximum context", "too many tokens", "exceeds the available context", "exceeds the maximum number of tokens",
    "exceed context limit", "input is too long", "`inputs` tokens + `max_new_tokens`",
)  # fmt: skip
_BAD_KEY = ("api_key_invalid", "api key not valid", "invalid api key", "incorrect api key")
_STATUS_OF = {
    # What stands in the place of a status in an event of a stream: OpenAI's, Anthropic's and Google's words, then
    # those of AWS, in any call.
    "server_error": 500, "api_error": 500, "overloaded_error": 529, "rate_limit_error": 429,
    "rate_limit_exceeded": 429, "insufficient_quota": 429, "authentication_error": 401, "permission_error": 403,
    "billing_error": 402, "not_found_error": 404, "invalid_request_error": 400, "request_too_large": 413,
    "timeout_error": 504, "resource_exhausted": 429, "unavailable": 503, "internal": 500,
    "throttlingexception": 429, "toomanyrequestsexception": 429, "servicequotaexceededexception": 402,
    "serviceunavailableexception": 503, "internalserverexception": 500, "modelstreamerrorexception": 500,
    "modelnotreadyexception": 503, "modeltimeoutexception": 504, "accessdeniedexception": 403,
    "unrecognizedclientexception": 403, "expiredtokenexception": 403, "invalidsignatureexception": 403,
    "resourcenotfoundexception": 404, "validationexception": 400,
}  # fmt: skip


def explain(error: BaseException, secrets: Sequence[str] = ()) -> Fault:
    """Returns what any SDK's exception means, from its status, its body and its kind; without the secrets."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    body = next((body for one in _chain(error) if (body := _body(one)) is not None), None)
    told = redacted(
        _line(body) or _own_words(error), secrets
    )  # before it is cut, or half a key would be left
    status = _status(error, body)
    said, low = told[:300], told.casefold()
    if "ContextOverflowError" in kinds or (
        status in (400, 413, 422, None) and any(words in low for words in _TOO_LONG)
    ):
        return Fault(
            "context_too_long", f"The prompt is too long for the model. {said}", "Ask for fewer passages."
        )
    if status in (401, 403) or (status == 400 and any(words in low for words in _BAD_KEY)):
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
    wait_s = _retry_after(error, told)
    if status == 402 or (status == 429 and _is_spent(low, wait_s)):
        return Fault(
            "model_quota_spent", f"The provider says that the quota is spent ({status}). {said}",
            "Top the account up, or choose another model.",
        )  # fmt: skip
    if status == 429:
        return Fault(
            "model_rate_limited", f"The provider asks to slow down (429). {said}", "Ask again later.",
            retry=True, retry_after_s=wait_s,
        )  # fmt: skip
    if status is not None:
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
    if kinds & {"APIError", "ResponseError"}:
        return Fault(
            "model_failed", f"The provider broke off with an error. {said}", "Ask again.", outage=True
        )
    return Fault(
        "model_bad_reply", f"The provider's reply cannot be read ({type(error).__name__}).",
        "Check that base_url is the address of such a provider.", outage=True,
    )  # fmt: skip


def _is_spent(low: str, wait_s: float) -> bool:
    """Says whether a 429 is of an empty account. Where the provider names a wait, or a rate, it is not."""
    if "insufficient_quota" in low:
        return True
    if "rate_limit" in low or "rate limit" in low or "per minute" in low or "perminute" in low:
        return False
    by_day = "per day" in low or "perday" in low
    return any(word in low for word in _SPENT) and (by_day or not wait_s)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields an exception and those it was raised from: LangChain wraps some of the SDKs'."""
    seen: BaseException | None = error
    for _ in range(4):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__


def _status(error: BaseException, body: Any) -> int | None:
    """Returns the HTTP status (400 and above), or the one that stands for what an event of a stream says."""
    for one in _chain(error):
        response = getattr(one, "response", None)
        found = [getattr(one, "status_code", None), getattr(one, "code", None)]
        if isinstance(response, Mapping):  # botocore's
            found.append(response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
        else:
            found.append(getattr(response, "status_code", None))
        for status in found:
            if isinstance(status, int) and 400 <= status < 600:
                return status
    names = (str(body.get(name, "")).casefold() for name in _KINDS) if isinstance(body, Mapping) else ()
    return next((_STATUS_OF[name] for name in names if name in _STATUS_OF), None)


def _own_words(error: BaseException) -> str:
    """Returns what an exception without a response says; with one, its words repeat the address."""
    if any(getattr(one, "response", None) is not None for one in _chain(error)):
        return ""
    return _line(getattr(error, "message", ""))


def _body(error: BaseException) -> Any:
    """Returns the error in an exception's body: a mapping, a text, or None."""
    found = getattr(error, "body", None) or getattr(error, "details", None)
    response = getattr(error, "response", None)
    if found is None and isinstance(response, Mapping):
        found = {name.lower(): value for name, value in response.get("Error", {}).items()}
    elif found is None and response is not None:  # one of which no more than its text was kept
        try:
            found = json.loads(response.text)
        except Exception:  # it is no JSON, or was never read
            return None
    elif found is None:
        found = getattr(error, "error", None)  # Ollama's
    if isinstance(found, list) and found:
        found = found[0]
    for _ in range(2):  # Anthropic's events have it twice
        if isinstance(found, Mapping) and isinstance(found.get("error"), Mapping):
            found = found["error"]
    return found


_KINDS = ("code", "type", "status")


def _line(body: Any) -> str:
    """Returns what a body says, in one line; nothing of a page of HTML, which is some proxy's."""
    if isinstance(body, Mapping):  # FastAPI's servers say "detail"
        text = " ".join(str(body[key]) for key in ("message", "detail", "error", *_KINDS) if body.get(key))
        if delay := re.search(r"retryDelay\W+\d+(\.\d+)?s", str(body.get("details", ""))):
            text += f" ({delay.group()})"
    else:
        text = body if isinstance(body, str) and "<" not in body else ""
    text = re.sub(r"<[^>]{0,200}>", " ", text)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _retry_after(error: BaseException, told: str) -> float:
    """Returns the seconds a provider asks to wait, 0 when it names none (RFC 9110, section 10.2.3; Google says
    it in the body, as retryDelay).
    """
    for one in _chain(error):
        response = getattr(one, "response", None)
        if isinstance(response, Mapping):
            headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        else:
            headers = getattr(response, "headers", None) or {}
        if wait_s := _wait(headers):
            return wait_s
    delay = re.search(r"retryDelay\W+(\d+(?:\.\d+)?)s", told)
    return float(delay.group(1)) if delay else 0.0


def _wait(headers: Mapping[str, str]) -> float:
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
