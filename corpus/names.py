"""What people may call a collection, a principal or a piece of metadata: checked here and nowhere else.

A name is short plain text: it can be shown in a terminal and a page, stored in any database, and typed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from corpus.errors import UsageError
from corpus.patterns import pattern
from corpus.types import PUBLIC

MAX_NAME_CHARS = 200
MAX_VALUE_CHARS = 1000
MAX_METADATA = 100
"""Most pairs of metadata on one document."""

# Control characters, line and paragraph separators, lone surrogates, noncharacters, and the marks that turn
# the direction of text around: none can be seen, and some are commands to a terminal.
_INVISIBLE = pattern(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_PRINCIPAL = pattern(rf"{PUBLIC}|(user|group):\S+")


def read_name(value: str, what: str, *, most: int = MAX_NAME_CHARS) -> str:
    """Returns a name as it was given.

    Args:
        value: what was given.
        what: what it names, for the message ("collection's name").
        most: longest, in characters.

    Raises:
        UsageError: (``bad_name``) it is blank, too long, or not plain text.
    """
    if not value.strip():
        raise UsageError(f"The {what} is empty.", code="bad_name", hint="Leave it out, or give it a value.")
    return _plain(value, what, most)


def read_collection(value: str) -> str:
    """Returns a collection's name as it was given.

    Raises:
        UsageError: (``bad_name``) it is blank, too long, or not plain text.
    """
    return read_name(value, "collection's name")


def read_principals(names: Iterable[str]) -> frozenset[str]:
    """Returns an access list: ``public``, ``user:NAME`` and ``group:NAME``. An empty one is nobody's.

    Raises:
        UsageError: (``bad_principal``, ``bad_name``) one is none of these.
    """
    found = frozenset(read_name(name, "principal") for name in names)
    for name in sorted(found):
        if not _PRINCIPAL.fullmatch(name):
            raise UsageError(
                f"There is no principal {name!r}.",
                code="bad_principal",
                hint="Write public, user:NAME or group:NAME.",
            )
    return found


def read_metadata(given: Mapping[str, str]) -> dict[str, str]:
    """Returns what people say of a document. Keys are names; a value may be empty.

    Raises:
        UsageError: (``bad_metadata``, ``bad_name``) too many pairs, a blank key, or text that is not plain.
    """
    if len(given) > MAX_METADATA:
        raise UsageError(
            f"{len(given)} pairs of metadata; the limit is {MAX_METADATA}.",
            code="bad_metadata",
            hint="Keep what is filtered by.",
        )
    return {
        read_name(key, "metadata's name"): _plain(value, f"metadata {shown(key)!r}", MAX_VALUE_CHARS)
        for key, value in given.items()
    }


def shown(value: str) -> str:
    """Returns a text that is safe to show: each character that no name may hold becomes U+FFFD."""
    return _INVISIBLE.sub("\ufffd", value)


def _plain(value: str, what: str, most: int) -> str:
    if len(value) > most:
        raise UsageError(
            f"The {what} has {len(value)} characters; the limit is {most}.",
            code="bad_name",
            hint="Choose a shorter one.",
        )
    if _INVISIBLE.search(value):
        raise UsageError(
            f"The {what} {shown(value)!r} is not plain text.",
            code="bad_name",
            hint="It must be valid UTF-8 without control characters.",
        )
    return value
