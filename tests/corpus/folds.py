"""Folds again and again under queries, and prints what a leak would show in.

    python -m tests.corpus.folds FOLDER TIMES

Generations are built in this process: the same files without a child's start of seconds each time.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from pathlib import Path

import corpus.vectors.folding as dense_room
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER
from tests.builders import SPACE, new_version, word_vector
from tests.corpus.dense import build_as_a_child, wait_until


def main(folder: Path, times: int) -> None:
    """Folds ``times`` times, one document out and one in before each, while two threads search."""
    dense_room.build_in_child = build_as_a_child  # type: ignore[assignment]
    wrong: list[str] = []
    asked = 0
    stop = threading.Event()
    memory: list[float] = []
    handles: list[int] = []
    with open_corpus(Settings(data_dir=folder, dense="chroma"), SPACE) as corpus:
        ids = [put(corpus, f"{number}.txt", number) for number in range(60)]
        corpus.publish()
        corpus.dense.fold()
        corpus.dense.warm()  # type: ignore[attr-defined]

        def ask() -> None:
            nonlocal asked
            while not stop.wait(0.005):
                asked += 1
                query = f"leave {asked % 60} {asked % 10}"
                try:
                    for caller in (OWNER, ANYONE):
                        dense = corpus.search_dense(word_vector(query), 10, caller)
                        lexical = corpus.search_lexical(query, 10, caller)
                        if (len(dense), len(lexical)) != (10, 10):
                            wrong.append(f"{query}: {len(dense)} dense, {len(lexical)} lexical")
                except Exception as error:  # whatever it is, it is what this looks for
                    wrong.append(repr(error))

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(times):
            corpus.remove([ids[number]])
            ids.append(put(corpus, f"new-{number}.txt", number))
            corpus.publish()
            corpus.dense.fold()
            gc.collect()
            memory.append(memory_mb())
            handles.append(len(os.listdir("/proc/self/fd")))
        stop.set()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(list((folder / "dense").glob("gen-*"))) == 1)
        state = corpus.state()
    found = {
        "wrong": wrong,
        "asked": asked,
        "problems": state.problems,
        "mode": state.dense.mode,
        "generation": state.dense.generation,
        "memory_mb": memory,
        "open_files": handles,
    }
    print(json.dumps(found))


def put(corpus: Corpus, path: str, number: int) -> str:
    """Commits ten lines that no other number has."""
    lines = [f"leave {number} {line}" for line in range(10)]
    return corpus.commit(new_version(path, lines), "\n".join(lines).encode()).document_id


def memory_mb() -> float:
    """Returns what this process holds in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
