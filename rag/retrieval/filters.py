"""Filters as people write them: ``key=value`` on the command line, an object in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from corpus.errors import UsageError
from corpus.types import Filter

END_OF_DAY = time.max
"""As of a day means as of its last microsecond, UTC."""

KEYS = ("collection", "type", "language", "since", "until", "source", "document", "meta.NAME")

SHORT_TYPES = {
    "pdf": "application/pdf",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "txt": "text/plain",
    "text": "text/plain",
    "html": "text/html",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "doc": "application/msword",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xls": "application/vnd.ms-excel",
    "odt": "application/vnd.oasis.opendocument.text",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "rtf": "application/rtf",
    "epub": "application/epub+zip",
    "eml": "message/rfc822",
    "ics": "text/calendar",
    "vcf": "text/vcard",
    "p7m": "application/pkcs7-mime",
    "tnef": "application/vnd.ms-tnef",
    "webarchive": "application/x-webarchive",
    "mbox": "application/mbox",
    "msg": "application/vnd.ms-outlook",
    "zip": "application/zip",
    "xml": "application/xml",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "ipynb": "application/x-ipynb+json",
}

_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo
es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu iw ja jv
ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne
ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st
su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
LANGUAGES = frozenset(_CODES.split())
"""ISO 639-1, and ``iw``, its earlier code for Hebrew, which the language detector still gives."""


def parse_filter(conditions: Iterable[str], as_of: str | None = None) -> dict[str, Any]:
    """Returns ``key=value`` conditions as :func:`read_filter` takes them; different keys narrow (both must hold).

    ``collection``, ``type``, ``language`` and ``document`` may be given again, which widens (either value).
    ``as_of`` is a day or an instant.

    Raises:
        UsageError: an unknown key, no value, one that nothing can have, or another key given twice.
    """
    wanted: dict[str, Any] = {} if as_of is None else {"as_of": as_of}
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
    read_filter(wanted)  # it is sent on, and what it cannot mean is told here
    return wanted


def read_filter(given: Mapping[str, Any]) -> Filter:
    """Builds a filter from JSON.

    Its names: ``collections, types, languages, since, until, source, documents, metadata, as_of``.

    Raises:
        UsageError: an unknown name, a value of the wrong type, or one that no document can have.
    """
    known = {
        "collections",
        "types",
        "languages",
        "since",
        "until",
        "source",
        "documents",
        "metadata",
        "as_of",
    }
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
    since, until = _moment(given.get("since")), _moment(given.get("until"))
    if since and until and since >= until:
        raise UsageError(
            f"No date is on or after {given['since']} and before {given['until']}.",
            code="bad_filter",
            hint="since is inclusive, until is not.",
        )
    return Filter(
        collections=_words(given, "collections"),
        content_types=tuple(_content_type(one) for one in _words(given, "types")),
        languages=tuple(_language(one) for one in _words(given, "languages")),
        since=since,
        until=until,
        metadata={str(k): str(v) for k, v in metadata.items()},
        source=str(given.get("source") or ""),
        documents=_words(given, "documents"),
        as_of=_instant(given.get("as_of")),
    )


def within_collection(filter: Filter, name: str) -> Filter:
    """Returns a filter that holds only in one collection.

    Raises:
        UsageError: the filter is limited to other collections.
    """
    if filter.collections and name not in filter.collections:
        raise UsageError(
            f"Nothing is both in collection {name!r} and in {' or '.join(map(repr, filter.collections))}.",
            code="bad_filter",
            hint="Name the collection once.",
        )
    return replace(filter, collections=(name,))


def _content_type(given: str) -> str:
    found = SHORT_TYPES.get(given.lower(), given.lower())
    if found not in SHORT_TYPES.values():
        raise UsageError(
            f"No document is of type {given!r}.",
            code="bad_filter",
            hint=f"There are: {', '.join(SHORT_TYPES)}.",
        )
    return found


def _language(given: str) -> str:
    code = given.lower().replace("_", "-").partition("-")[0]
    if code not in LANGUAGES:
        raise UsageError(
            f"{given!r} is not a language.", code="bad_filter", hint="Write its ISO 639-1 code: en, ja."
        )
    return code


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


def _instant(value: Any) -> datetime | None:
    """An instant, UTC; of a day without a time its last."""
    try:
        whole_day = date.fromisoformat(value)
    except (ValueError, TypeError):
        moment = _moment(value)
    else:
        moment = datetime.combine(whole_day, END_OF_DAY)
    try:
        return moment and moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:  # the first or the last hours that a date can have, of another zone
        raise _no_date(value) from None


def _no_date(value: Any) -> UsageError:
    return UsageError(f"{value!r} is not a date.", code="bad_filter", hint="Write it as 2025-04-01.")


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
            raise _no_date(value) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
