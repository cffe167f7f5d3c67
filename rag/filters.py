"""Filters as people write them: ``key=value`` on the command line, an object in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from corpus.errors import UsageError
from corpus.types import Filter

KEYS = ("collection", "type", "language", "since", "until", "source", "document", "meta.NAME")

SHORT_TYPES = {
    "pdf": "application/pdf",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "txt": "text/plain",
    "text": "text/plain",
    "html": "text/html",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


def parse_filter(conditions: Iterable[str]) -> Filter:
    """Reads ``key=value`` conditions; different keys narrow (both must hold).

    ``collection``, ``type``, ``language`` and ``document`` may be given again, which widens (either value).

    Raises:
        UsageError: an unknown key, no value, a date that is none, or another key given twice.
    """
    wanted: dict[str, Any] = {}
    for condition in conditions:
        key, equals, value = condition.partition("=")
        key, value = key.strip(), value.strip()
        if not equals or not value:
            raise UsageError(
                f"A filter is key=value, not {condition!r}.",
                code="bad_filter",
                hint=f"Keys: {', '.join(KEYS)}.",
            )
        if key in ("collection", "type", "language", "document"):
            wanted.setdefault(f"{key}s", []).append(value)
        elif key in ("since", "until", "source"):
            _set_once(wanted, key, value, key)
        elif key.startswith("meta.") and len(key) > 5:
            _set_once(wanted.setdefault("metadata", {}), key[5:], value, key)
        else:
            raise UsageError(
                f"There is no filter {key!r}.",
                code="bad_filter",
                hint=f"Keys: {', '.join(KEYS)}.",
            )
    return read_filter(wanted)


def read_filter(given: Mapping[str, Any]) -> Filter:
    """Builds a filter from JSON.

    Its names: ``collections, types, languages, since, until, source, documents, metadata``.

    Raises:
        UsageError: an unknown name, a value of the wrong type, or a date that is none.
    """
    known = {"collections", "types", "languages", "since", "until", "source", "documents", "metadata"}
    unknown = sorted(set(given) - known)
    if unknown:
        raise UsageError(
            f"There is no filter {unknown[0]!r}.", code="bad_filter", hint=f"Known: {sorted(known)}."
        )
    metadata = given.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise UsageError(
            f"The filter's metadata is no object: {metadata!r}.",
            code="bad_filter",
            hint='Write it as {"metadata": {"team": "hr"}}.',
        )
    return Filter(
        collections=_words(given, "collections"),
        content_types=tuple(SHORT_TYPES.get(one.lower(), one) for one in _words(given, "types")),
        languages=_words(given, "languages"),
        since=_moment(given.get("since")),
        until=_moment(given.get("until")),
        metadata={str(k): str(v) for k, v in metadata.items()},
        source=str(given.get("source") or ""),
        documents=_words(given, "documents"),
    )


def _set_once(target: dict[str, Any], name: str, value: str, key: str) -> None:
    if target.setdefault(name, value) != value:
        raise UsageError(
            f"The filter {key!r} is given twice: {target[name]!r} and {value!r}.",
            code="bad_filter",
            hint="Give it once.",
        )


def _words(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = given.get(name) or ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise UsageError(
            f"The filter's {name} are no texts: {value!r}.",
            code="bad_filter",
            hint=f'Write them as {{"{name}": ["…", "…"]}}.',
        )
    return tuple(value)


def _moment(value: Any) -> datetime | None:
    """A date or a time, ISO 8601; without a zone it is UTC."""
    if not value:
        return None
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            raise UsageError(
                f"{value!r} is not a date.", code="bad_filter", hint="Write it as 2025-04-01."
            ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
