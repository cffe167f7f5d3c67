"""Kills an ingest at random moments, or at a named point, and looks whether anything was lost.

    python -m tests.storm --kills 200

A worker process changes files in a folder and ingests them, with removals and folds among it, and writes down
what it is about to do and what was acknowledged. The driver kills it and opens the corpus: every acknowledged
document must be there, whole and at one version; every chunk must find itself; and in the end the corpus must
equal one made from scratch.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from corpus.backup import verify
from corpus.catalog import CatalogFeed, documents
from corpus.errors import StorageError
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import OWNER
from ingest.discovery import discover
from ingest.pipeline import IngestReport, IngestRequest, ingest
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


# ---- the worker ------------------------------------------------------------------------------------


def work(base: Path, seed: int, rounds: int) -> None:
    """Changes and ingests until it is killed, or has done its rounds."""
    rng = random.Random(seed)
    log = open(base / "log.jsonl", "a", encoding="utf-8")  # noqa: SIM115 - it lives as long as the process

    def note(kind: str, state: dict[str, str | None]) -> None:
        log.write(json.dumps({"kind": kind, "state": state}) + "\n")
        log.flush()
        os.fsync(log.fileno())

    with open_corpus(settings_of(base), SPACE) as corpus:
        print("ready", flush=True)
        for _ in range(rounds):
            touched = rng.sample(NAMES, rng.randint(1, 3))
            for name in touched:
                path = base / "files" / name
                if rng.random() < 0.2 and path.exists():
                    path.unlink()
                else:
                    lines = [" ".join(rng.choices(WORDS, k=6)) for _ in range(rng.randint(1, 30))]
                    temporary = base / "part"
                    temporary.write_text(
                        f"{name} {rng.random()}\n\n" + "\n\n".join(lines) + "\n", encoding="utf-8"
                    )
                    os.replace(temporary, path)
            note("begin", wanted_state(base))
            run_ingest(corpus, base)
            note("ack", wanted_state(base))
            if rng.random() < 0.3:
                with contextlib.suppress(StorageError):  # its builder may be the one that is killed
                    corpus.dense.fold()
    print("finished", flush=True)


def run_ingest(corpus: Corpus, base: Path) -> IngestReport:
    """Makes the corpus equal to the folder."""
    request = IngestRequest(discover([base / "files"]), "storm", sync=True, consent=True)
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
        child = self._start({}, rounds=10_000)
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "ready", child.communicate()
        time.sleep(wait_s)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        self.kills += 1
        self.check()

    def crash_at(self, point: str, rounds: int = 6) -> bool:
        """Lets a worker (or its child) die at a named point, and checks what it left;
        says whether it died there.
        """
        child = self._start({"VOUCH_CRASH_AT": point}, rounds)
        out, err = child.communicate(timeout=240)
        assert child.returncode in (0, -signal.SIGKILL), err
        died = child.returncode == -signal.SIGKILL
        assert died or "finished" in out, err
        self.check()
        return died

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

    def _start(self, environment: dict[str, str], rounds: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.storm", "--work", str(self.base)]
        command += ["--seed", str(self.rng.randrange(1 << 30)), "--rounds", str(rounds)]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
            env={**os.environ, **environment},
        )

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
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.seed, given.rounds)
        return
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
