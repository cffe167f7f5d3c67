"""Measures ingest time, memory and search latency as the corpus grows, through the product itself.

    python -m bench.scale --documents folder --chunks 1000,100000 --work ~/scale

Real files are ingested, in an order that mixes the folders, until the corpus has so many chunks; where the
files run out, the same text is cut into smaller chunks (VOUCH_CHUNK_TOKENS=28 VOUCH_CHUNK_CHARS=200). Then
real questions are searched one at a time.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from bench.datasets import SAMPLE
from corpus.catalog import CatalogFeed
from corpus.settings import load_settings
from corpus.types import OWNER
from corpus.vectors.exact import ExactIndex
from rag.bootstrap import open_service
from rag.measuring.questions import read_questions
from rag.service import Service

ENDINGS = frozenset({".docx", ".htm", ".html", ".md", ".pdf", ".txt"})
BATCH_FILES = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one row per size; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=Path, required=True, help="a folder with real documents")
    parser.add_argument("--chunks", default="1000,100000", help="sizes, by comma")
    parser.add_argument("--questions", type=Path, default=SAMPLE / "questions.jsonl")
    parser.add_argument("--work", type=Path, help="keep the corpora there (default: a temporary folder)")
    options = parser.parse_args(arguments)
    questions = [question.text for question in read_questions(options.questions)]
    found = [path for path in options.documents.rglob("*") if path.suffix.lower() in ENDINGS]
    files = sorted(found, key=lambda path: hashlib.sha256(str(path).encode()).digest())
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        print(
            "| chunks | without vector | documents | ingest s | chunks/s | peak MB, owner "
            "| peak MB, children | disk MB | search p50 ms | p95 ms | overlap@10 with exact |\n"
            + "|---" * 11
            + "|"
        )
        for size in (int(one) for one in options.chunks.split(",")):
            print(row(work / str(size), size, files, questions), flush=True)
    return 0


def row(folder: Path, size: int, files: Sequence[Path], questions: Sequence[str]) -> str:
    """Fills a corpus up to ``size`` chunks, asks every question twice, and returns a table row."""
    with open_service(load_settings({"data_dir": folder}), purpose="bench") as service:
        before = service.corpus.state().chunks
        began = time.perf_counter()
        with peak_memory() as peak:
            fill(service, size, files)
        took = time.perf_counter() - began
        state = service.corpus.state()
        for question in questions[:5]:  # the first searches load the model and the indexes
            service.search(question)
        times = [service.search(question).timings_ms["total"] for question in [*questions, *questions]]
        p50, p95 = np.percentile(times, [50, 95])
        agreed = overlap(service, questions)
        return (
            f"| {state.chunks} | {state.chunks_without_vector} | {state.documents} | {took:.0f} "
            f"| {(state.chunks - before) / took:.1f} | {peak['owner'] >> 20} | {peak['children'] >> 20} "
            f"| {state.disk_bytes >> 20} | {p50:.1f} | {p95:.1f} | {agreed:.4f} |"
        )


def fill(service: Service, size: int, files: Sequence[Path]) -> None:
    """Ingests files until the corpus has at least ``size`` chunks."""
    batch = min(BATCH_FILES, max(1, size // 200))
    for at in range(0, len(files), batch):
        if service.corpus.state().chunks >= size:
            return
        service.ingest(files[at : at + batch])
        state = service.corpus.state()
        print(f"  {state.documents} documents, {state.chunks} chunks", file=sys.stderr, flush=True)
    if service.corpus.state().chunks < size:
        print(f"  the files give no more than {service.corpus.state().chunks} chunks", file=sys.stderr)


def overlap(service: Service, questions: Sequence[str]) -> float:
    """Returns the mean share, in [0, 1], of the exact scan's ten best that the served dense search gives."""
    exact = ExactIndex(CatalogFeed(service.corpus.catalog), service.embedder.space.dimension)
    shares = []
    for question in questions:
        if not service.embedder.covers(question):
            continue
        vector = service.embedder.embed_query(question)
        served = service.corpus.search_dense(vector, 10, OWNER).ids.tolist()
        best = exact.search(vector, 10).ids.tolist()
        shares.append(len(set(served) & set(best)) / len(best))
    return float(np.mean(shares))


@contextmanager
def peak_memory() -> Iterator[dict[str, int]]:
    """Gives the largest resident sizes, in bytes, of this process and of its children together,
    looked at every 0.2 s.
    """
    peak = {"owner": 0, "children": 0}
    done = threading.Event()
    own = psutil.Process()

    def look() -> None:
        while not done.wait(0.2):
            peak["owner"] = max(peak["owner"], own.memory_info().rss)
            children = 0
            for child in own.children(recursive=True):
                try:
                    children += child.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            peak["children"] = max(peak["children"], children)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


if __name__ == "__main__":
    sys.exit(main())
