"""How a command has an operation done: by the owner of its data folder, else as the owner for the while.

The owner is asked before anything is loaded that only an owner needs: that is most of the start of a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpus.settings import Settings
from rag.control import Cancelled, Emit, ask_owner, until_free


def call(
    settings: Settings,
    operation: str,
    params: Mapping[str, Any],
    *,
    emit: Emit = lambda event: None,
    cancelled: Cancelled = lambda: False,
    purpose: str = "vouch",
) -> Any:
    """Runs an operation of :mod:`rag.operations`: through the folder's owner when there is one, else here.

    Raises:
        VouchError: what the operation raised.
    """

    def attempt() -> tuple[bool, Any]:
        asked, result = ask_owner(settings.data_dir, operation, params, emit, cancelled)
        if asked:
            return True, result
        from rag.operations import perform_alone

        return True, perform_alone(settings, operation, params, emit, cancelled, purpose=purpose)

    return until_free(settings.data_dir, attempt, cancelled)
