"""Kills an ingest at random moments, or at a named point, and looks whether anything was lost.

    python -m tests.storm --kills 200

A worker process changes files in a folder and ingests them, with removals, moves, erasures and folds among it,
and writes down what it is about to do and what was acknowledged. The driver kills it and opens the corpus: every
acknowledged document must be there, whole and at one version; every chunk must find itself; and in the end the
corpus must equal one made from scratch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import tempfile
import time
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event as EventType
from pathlib import Path
from typing import Any

from corpus.backup import verify
from corpus.catalog import CatalogFeed, documents
from corpus.crashpoints import VARIABLE
from corpus.errors import StorageError
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import OWNER
from ingest.discovery import discover
from ingest.pipeline import IngestOptions, IngestReport, IngestRequest, ingest
from tests.builders import SPACE, WordEmbedder

NAMES = [f"doc-{number}.txt" for number in range(8)]
WORDS = [
    "leave",
    "travel",
    "budget",
    "probe",
    "audit",
    "logger",
    "sensor",
    "office",
    "night",
    "limit",
    "price",
    "order",
    "stock",
    "claim",
]

BUILDER_DIED = 3
"""How a worker ends when the point was not its own but its builder's."""

WORKERS = get_context("forkserver")  # a worker starts with all modules loaded
WORKERS.set_forkserver_preload(["tests.storm"])


# ---- the worker ------------------------------------------------------------------------------------


def work(base: Path, seed: int, rounds: int, point: str = "", ready: EventType | None = None) -> None:
    """Changes and ingests until it is killed, dies at the point, or has done its rounds.

    What leads to the point is done in every round, all else by chance.
    """
    if point:
        os.environ[VARIABLE] = point
    rng = random.Random(seed)
    log = open(base / "log.jsonl", "a", encoding="utf-8")  # noqa: SIM115 - it lives as long as the process

    def note(kind: str) -> None:
        log.write(json.dumps({"kind": kind, "state": wanted_state(base)}) + "\n")
        log.flush()
        os.fsync(log.fileno())

    def wants(kind: str, chance: float) -> bool:
        return rng.random() < chance or point.startswith(f"{kind}.")

    with open_corpus(settings_of(base), SPACE) as corpus:
        if ready is not None:
            ready.set()
        for _ in range(rounds):
            names = rng.sample(NAMES, len(NAMES))
            there = [base / "files" / name for name in names if (base / "files" / name).exists()]
            for name in names[: rng.randint(1, 3)]:
                write_file(base, name, rng)
            erased: list[str] = []
            if there and wants("remove", 0.3):
                there.pop().unlink()
            if there and wants("erase", 0.1):
                path = there.pop()
                erased = ids_of(corpus, path.name)
                path.unlink()
            if len(there) > 1 and wants("move", 0.2):
                free = [base / "files" / name for name in NAMES if not (base / "files" / name).exists()]
                there.pop().rename(free[0] if free else there.pop())
            if there and wants("update", 0.2):
                os.utime(there.pop(), (1, rng.randrange(1 << 30)))
            note("begin")
            try:
                if erased:
                    corpus.erase(erased)
                run_ingest(corpus, base)
                note("ack")
                if wants("fold", 0.3) or wants("swap", 0.0):
                    corpus.dense.fold()
            except StorageError:
                if not point.startswith("fold."):
                    raise
                os._exit(BUILDER_DIED)


def write_file(base: Path, name: str, rng: random.Random) -> None:
    """Writes a file of up to 31 short paragraphs that no other file has, whole or not at all."""
    lines = [" ".join(rng.choices(WORDS, k=6)) for _ in range(rng.randint(1, 30))]
    temporary = base / "part"
    temporary.write_text(f"{name} {rng.random()}\n\n" + "\n\n".join(lines) + "\n", encoding="utf-8")
    os.replace(temporary, base / "files" / name)


def ids_of(corpus: Corpus, name: str) -> list[str]:
    """Returns the document of a file, if it has one."""
    with corpus.catalog.read() as db:
        return [one.id for one in documents.list_documents(db) if one.key.path == name]


def run_ingest(corpus: Corpus, base: Path) -> IngestReport:
    """Makes the corpus equal to the folder."""
    request = IngestRequest(discover([base / "files"]), "storm", IngestOptions(sync=True, consent=True))
    report = ingest(corpus, WordEmbedder(), request)
    assert not report.failed, report
    assert not report.stopped, report
    return report


def wanted_state(base: Path) -> dict[str, str | None]:
    """Returns the hash of each file's bytes, None for those that are not there."""
    found: dict[str, str | None] = {}
    for name in NAMES:
        path = base / "files" / name
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
    return found


def settings_of(base: Path) -> Settings:
    return Settings(data_dir=base / "data", min_free_mb=1)


# ---- the driver ------------------------------------------------------------------------------------


class Storm:
    """One folder, one corpus, and a worker that is killed again and again."""

    def __init__(self, base: Path, seed: int = 0) -> None:
        self.base = base
        self.rng = random.Random(seed)
        self.kills = 0
        (base / "files").mkdir(parents=True)

    def kill_once(self, wait_s: float) -> None:
        """Starts a worker, kills it after ``wait_s`` seconds of work, and checks what it left."""
        ready = WORKERS.Event()
        child = self._start(10_000, "", ready)
        assert ready.wait(60), child.exitcode
        time.sleep(wait_s)
        child.kill()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        self.kills += 1
        self.check()

    def crash_at(self, point: str, rounds: int = 4) -> None:
        """Lets a worker (or its child) die at a named point, and checks what it left."""
        child = self._start(rounds, point)
        child.join(240)
        assert child.exitcode in (-signal.SIGKILL, BUILDER_DIED), f"{point}: {child.exitcode}"
        self.check()

    def check(self) -> None:
        """Opens the corpus as the next start would, and holds it against the log."""
        acked, begun = self._log()
        with open_corpus(settings_of(self.base), SPACE) as corpus:
            find_every_chunk(corpus)  # at once, whatever state the indexes were left in
            wait_until_well(corpus)
            assert verify(corpus).problems == (), verify(corpus).problems
            with corpus.catalog.read() as db:
                live = {one.key.path: one.live.sha256 for one in documents.list_documents(db) if one.live}
            for name in NAMES:
                allowed = {acked.get(name), *(state[name] for state in begun)}
                assert live.get(name) in allowed, f"{name} is {live.get(name)}, not one of {allowed}"
            find_every_chunk(corpus)
            assert corpus.lexical.state().rows == corpus.state().chunks, corpus.state()

    def finish(self) -> None:
        """Finishes the ingest and compares with a corpus made from scratch."""
        with open_corpus(settings_of(self.base), SPACE) as corpus:
            run_ingest(corpus, self.base)
            corpus.lexical.rebuild()
            corpus.dense.fold()
            mine = answers(corpus)
        with tempfile.TemporaryDirectory() as clean:
            shutil.copytree(self.base / "files", Path(clean) / "files")
            with open_corpus(settings_of(Path(clean)), SPACE) as corpus:
                run_ingest(corpus, Path(clean))
                corpus.dense.fold()
                assert answers(corpus) == mine

    def _start(self, rounds: int, point: str, ready: EventType | None = None) -> ForkServerProcess:
        seed = self.rng.randrange(1 << 30)
        child = WORKERS.Process(target=work, args=(self.base, seed, rounds, point, ready))
        child.start()
        return child

    def _log(self) -> tuple[dict[str, str | None], list[dict[str, str | None]]]:
        """Returns the last acknowledged state, and what was begun since."""
        acked: dict[str, str | None] = {}
        begun: list[dict[str, str | None]] = []
        path = self.base / "log.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            entry = json.loads(line)
            if entry["kind"] == "ack":
                acked, begun = entry["state"], []
            else:
                begun.append(entry["state"])
        return acked, begun


def find_every_chunk(corpus: Corpus) -> None:
    """Every live chunk is found by its own vector, and every retired one is not."""
    with CatalogFeed(corpus.catalog).snapshot() as snapshot:
        rows = [
            (own, vector)
            for batch in snapshot.vector_batches()
            for own, vector in zip(batch.ids.tolist(), batch.vectors, strict=True)
        ]
    for own, vector in rows:
        found = corpus.search_dense(vector, 10, OWNER)
        twins = [score for score in found.scores.tolist() if score > 1 - 1e-6]
        assert own in found.ids.tolist() or len(twins) == 10, f"chunk {own:016x} does not find itself"
    assert corpus.dense.state().rows == len(rows)


def wait_until_well(corpus: Corpus) -> None:
    """Waits until both indexes have mended themselves and caught up with what was never acknowledged."""
    deadline = time.monotonic() + 60
    while True:
        corpus.search_lexical("leave", 1, OWNER)
        states = (corpus.dense.state(), corpus.lexical.state())
        behind = any(state.seq < corpus.state().seq for state in states)
        if not behind and not any(state.problem or state.rebuilding for state in states):
            return
        assert time.monotonic() < deadline, states
        time.sleep(0.05)


def answers(corpus: Corpus) -> list[Any]:
    """What the corpus says to a few questions: texts and order, whatever ids its folder gave."""
    found: list[Any] = []
    for query in ("leave travel budget", "probe", "night limit price", "claim stock order logger"):
        lexical = corpus.search_lexical(query, 1000, OWNER)
        ranked = list(zip(lexical.ids.tolist(), lexical.scores.tolist(), strict=True))
        hits = corpus.hits(ranked, {}, OWNER, 1000)
        found.append(sorted((round(hit.score, 4), hit.source, hit.text) for hit in hits))
        dense = corpus.search_dense(WordEmbedder().embed_query(query), 1000, OWNER)
        ranked = list(zip(dense.ids.tolist(), dense.scores.tolist(), strict=True))
        hits = corpus.hits(ranked, {}, OWNER, 1000)
        found.append(sorted((round(hit.score, 4), hit.source, hit.text) for hit in hits))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vouch-storm-") as base:
        storm = Storm(Path(base) / "storm", given.seed)
        began = time.monotonic()
        for number in range(given.kills):
            storm.kill_once(storm.rng.uniform(0.0, 2.5))
            if (number + 1) % 10 == 0:
                print(f"{number + 1} kills, {time.monotonic() - began:.0f} s, nothing lost", flush=True)
        storm.finish()
        print(f"{given.kills} kills: nothing lost, and the finished corpus equals a clean one")


if __name__ == "__main__":
    main()
