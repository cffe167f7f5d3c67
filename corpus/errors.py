"""Every error a user can meet derives from :class:`VouchError`.

::

    VouchError                  code, message (what happened, where), hint (what to do)
    ├── UsageError              the request itself is wrong: bad option, query, filter, settings
    ├── NotFoundError           no such document, collection, version, job
    ├── NotAllowedError         the thing needs a confirmation or a right the caller lacks
    ├── ParseError              one file cannot be read; the others go on
    ├── LimitError              a size, time or memory limit was reached
    ├── StorageError            the disk: full, read-only, damaged, of a newer version
    │   ├── DamagedError        a stored file is not what was written
    │   └── BusyError           another process owns the data folder
    ├── EmbeddingError          model missing, wrong weights, wrong space
    ├── ModelError              the language model: unknown, no key, failed, cut off
    └── UnavailableError        not now: starting, stopping, overloaded

Codes are stable snake_case and documented in ``docs/errors.md``. Messages give the value, the place and
the remedy; only the outer rooms (``rag/cli``, ``rag/api``) turn them into exit and status codes.
"""

from __future__ import annotations

import errno

from corpus.patterns import pattern

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_ROOM = ("failed to map segment", "cannot allocate memory")
"""What glibc's loader says of a library that it cannot map."""
_LOCKED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})

_BREAKS = pattern("[\n-\r\x1c-\x1e\x85\u2028\u2029]+")


class VouchError(Exception):
    """An error meant for people.

    Args:
        message: one sentence, on one line: what happened, with the value and the place.
        code: stable snake_case identifier.
        hint: what still works and what to do next.
    """

    code = "error"

    def __init__(self, message: str, *, code: str = "", hint: str = "") -> None:
        message = _BREAKS.sub(" ", message)  # a file's name may hold one, and a library's own words
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(VouchError):
    """The request itself is wrong."""

    code = "usage"


class NotFoundError(VouchError):
    """There is no such thing."""

    code = "not_found"


class NotAllowedError(VouchError):
    """A confirmation or a right is missing."""

    code = "not_allowed"


class ParseError(VouchError):
    """One file cannot be read."""

    code = "unreadable"


class LimitError(VouchError):
    """A size, time or memory limit was reached."""

    code = "limit"


class StorageError(VouchError):
    """The disk does not do what it must."""

    code = "storage"


class DamagedError(StorageError):
    """A stored file is not what was written."""

    code = "damaged"


class BusyError(StorageError):
    """Another process owns the data folder."""

    code = "busy"


class EmbeddingError(VouchError):
    """The embedding model is missing, altered, or of another space."""

    code = "embedding"


class ModelError(VouchError):
    """The language model cannot answer."""

    code = "model"


class UnavailableError(VouchError):
    """Not now: starting, stopping or overloaded."""

    code = "unavailable"


def disk_code(error: OSError, otherwise: str = "storage") -> str:
    """Returns the code of what a disk refused: ``disk_full``, ``read_only``, or ``otherwise``."""
    return "disk_full" if error.errno in _FULL else "read_only" if error.errno in _LOCKED else otherwise


def out_of_memory(error: BaseException) -> UnavailableError | None:
    """Returns what to tell when there was no memory left, or no room for a library in the address space; None of an
    error that says nothing of the kind.
    """
    said = str(error).lower()
    wanting = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    loading = isinstance(error, OSError | ImportError) and any(words in said for words in _NO_ROOM)
    if not (wanting or loading):
        return None
    return UnavailableError(
        "There is not enough memory for this.",
        code="out_of_memory",
        hint="What was committed is kept. Free some memory, or allow Vouch more (ulimit -v, the container's limit).",
    )


def unwritten(what: str, path: object, error: OSError, hint: str) -> StorageError:
    """Returns what to tell when a file of the data folder cannot be written, with the code of why."""
    message = f"{what} cannot be written to {path}: {error.strerror or error}."
    return StorageError(message, code=disk_code(error), hint=hint)


def not_permitted(error: PermissionError) -> StorageError:
    """Returns what to tell when the system forbids something that no part of the program foresaw."""
    what = error.filename or error.filename2 or "something it needs"
    return StorageError(
        f"Vouch may not use {what}: {error.strerror or error}.",
        code="not_permitted",
        hint="Run it as the user whom the data folder and the files belong to, or change their permissions.",
    )
