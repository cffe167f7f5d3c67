"""Where uploaded files wait to be read: a folder for each job, which goes once the job is finished."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from corpus.catalog import Database, records
from corpus.catalog.database import ASIDE

INCOMING = ".incoming"
"""Ends the name of a folder that is being received: no job has it yet."""


def uploads_folder(data_folder: Path) -> Path:
    """Returns the folder in which the jobs' own folders lie; it is made with the first upload."""
    return data_folder / "uploads"


def sweep_uploads(catalog: Database) -> None:
    """Deletes what no job waits for any more: half received, kept for no job, or left after a job's end by a kill.

    For the owner, while nothing is received. What a catalog that a restore put aside may wait for stays as long as
    that one does.
    """
    folder = uploads_folder(catalog.path.parent)
    with suppress(OSError):  # there is none, or it cannot be read: then nothing can be deleted either
        if not (left := set(os.listdir(folder))):
            return
        with catalog.read() as db:
            jobs = records.job_states(db)
        aside = any(ASIDE in path.name for path in catalog.copies())
        for name in left:
            if name.endswith(INCOMING) or (jobs[name] in records.FINISHED if name in jobs else not aside):
                shutil.rmtree(folder / name, ignore_errors=True)
