"""How a command has an operation done: by the owner of its data folder, else as the owner for the while.

The owner is asked before anything is loaded that only an owner needs: that is most of the start of a command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from corpus.errors import UnavailableError, VouchError
from corpus.ownership import current_owner
from corpus.settings import Settings
from rag.owner.control import Cancelled, Emit, ask_owner, until_free

if TYPE_CHECKING:
    from ingest.sandbox.pool import ParserPool


_SET_AT_START = frozenset({"model_unknown", "model_no_key", "unknown_template", "bad_setting"})
"""Errors whose remedy is a setting or a key: the owner knows those that were there when it started."""
_RESTART = (
    "The folder is served by {owner}, with the settings and keys it started with: restart it after a change."
)


def call(
    settings: Settings,
    operation: str,
    params: Mapping[str, Any],
    *,
    emit: Emit = lambda event: None,
    cancelled: Cancelled = lambda: False,
    purpose: str = "vouch",
) -> Any:
    """Runs an operation of :mod:`rag.owner.operations`: through the folder's owner when there is one, else here.

    Raises:
        VouchError: what the operation raised.
    """

    def attempt() -> tuple[bool, Any]:
        try:
            asked, result = ask_owner(settings.data_dir, operation, params, emit, cancelled)
        except VouchError as error:
            if error.code in _SET_AT_START and (owner := current_owner(settings.data_dir)):
                error.hint = f"{error.hint} {_RESTART.format(owner=owner)}".strip()
            raise
        if asked:
            return True, result
        with _begun_parsers(settings, operation, params) as parsers:
            from rag.owner.operations import perform_alone

            return True, perform_alone(
                settings, operation, params, emit, cancelled, purpose=purpose, parsers=parsers
            )

    return until_free(settings.data_dir, attempt, cancelled)


@contextmanager
def _begun_parsers(
    settings: Settings, operation: str, params: Mapping[str, Any]
) -> Iterator[ParserPool | None]:
    """Starts a parsing child where one is likely to be needed, beside all that is loaded before a file is found."""
    if operation != "ingest" or params.get("dry_run") or current_owner(settings.data_dir):
        yield None
        return
    from ingest.sandbox.pool import ParserPool

    try:
        parsers = ParserPool(settings)
    except UnavailableError:  # an ingest that reads something says so
        yield None
        return
    with parsers:
        parsers.begin()
        yield parsers
