"""What a question asks for, and who gives way to whom, for the tests of names and editions."""

from __future__ import annotations

import numpy as np

from rag.retrieval.naming import Naming, asks_for_newest, gives_way, wanted_of


def wanted(question: str) -> dict[str, float]:
    return wanted_of(question, lambda words: None)


def first_of(question: str, *names: Naming) -> int:
    """Returns which of passages that are all twins of each other gives way least."""
    alike = 1.0 - np.eye(len(names))
    return int(np.argmin(gives_way(wanted(question), asks_for_newest(question), names, alike)))
