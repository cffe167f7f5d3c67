"""A corpus that is written to and looked after, also by one that is killed amid it, for the tests of its upkeep."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from corpus.crashpoints import VARIABLE
from corpus.store import Corpus
from corpus.types import OWNER

ERASED = "zyzzyva"
"""A word that stands nowhere else."""


def scores(corpus: Corpus, query: str) -> list[tuple[int, float]]:
    found = corpus.search_lexical(query, 100, OWNER)
    return list(zip(found.ids.tolist(), found.scores.tolist(), strict=True))


DIE = f"""
import sys
from pathlib import Path
from corpus.store import open_corpus
from tests.builders import SPACE, put, settings_for
with open_corpus(settings_for(Path(sys.argv[1])), SPACE) as corpus:
    if sys.argv[2:]:
        corpus.erase(sys.argv[2:])
    else:
        put(corpus, "late.txt", ["another {ERASED} limit"])
"""


def die_at(point: str, folder: Path, *documents: str) -> None:
    """Erases these documents, or commits one when there are none, and is killed at a named point."""
    command = [sys.executable, "-c", DIE, str(folder), *documents]
    ran = subprocess.run(command, env={**os.environ, VARIABLE: point}, capture_output=True, text=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
