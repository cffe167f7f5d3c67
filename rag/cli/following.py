"""``vouch ingest --watch``: what changes is ingested, and a round that fails is tried again by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import NotAllowedError, UsageError, VouchError

if TYPE_CHECKING:
    from rag.cli.progress import Interrupt
    from rag.cli.session import Session

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0

Ingest = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def ingest_what_changes(
    session: Session, params: Mapping[str, Any], ingest: Ingest, interrupt: Interrupt
) -> None:
    """Ingests, then what changes in the folders, until it is interrupted.

    A round that fails, or that a full disk stops, ends nothing: the same is tried again with what changes next, and
    after a pause that grows from 2 s to a minute. One that needs consent is not.

    Raises:
        VouchError: the first ingest fails, or the folders cannot be followed.
    """
    from ingest.watching import follow

    if params["dry_run"]:
        raise UsageError("A dry run ends when it is done; it follows nothing.", hint="Leave --watch out.")
    folders = [Path(one) for one in params["paths"]]
    rounds = follow(folders, session.settings().data_dir, interrupt)
    waiting = set(next(rounds))
    pause_s = due = 0.0
    if ingest(params)["stopped"] and not interrupt.asked:
        waiting.update(folders)
    session.note("Following the folders; Ctrl-C ends it.")
    for changed in rounds:
        waiting |= changed
        if not waiting or (not changed and time.monotonic() < due):
            continue
        if _is_done(session, {**params, "only": sorted(map(str, waiting))}, ingest):
            waiting.clear()
            pause_s = 0.0
        elif not interrupt.asked:
            pause_s = min(max(FIRST_PAUSE_S, 2 * pause_s), LONGEST_PAUSE_S)
            due = time.monotonic() + pause_s
            session.note(f"It is tried again in {pause_s:.0f} s, and with what changes next.")


def _is_done(session: Session, params: Mapping[str, Any], ingest: Ingest) -> bool:
    """Says whether a round need not be made again."""
    try:
        return not ingest(params)["stopped"]
    except NotAllowedError as error:  # nobody agrees to it meanwhile
        session.screen.error(error.message, error.hint)
        return True
    except VouchError as error:
        session.screen.error(error.message, error.hint)
        return False
