"""Compares the ways to run the embedder, on the passages of a corpus, each in a process of its own.

    python -m bench.embedding path/to/data-folder [--passages 400] [--threads 2]

The data folder is one that `vouch ingest` made; its passages are embedded anew and compared with what
sentence-transformers gives in float32. Whether another precision costs quality shows `bench.retrieval`, run once
for each with VOUCH_EMBED_PRECISION and a work folder of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from corpus.catalog import CatalogFeed
from corpus.catalog.database import open_database
from corpus.embedding import SentenceTransformerEmbedder, open_embedder
from corpus.embedding.compiled import OpenVino, Precision
from corpus.embedding.embedder import batches
from corpus.embedding.exported import ensure_export, export_folder, graph_in, unit_rows
from corpus.embedding.model import ModelFolder, find_model
from corpus.embedding.reference import Reference
from corpus.embedding.runtime import OnnxRuntime, Runtime
from corpus.embedding.tokens import LENGTH_STEP, Tokens
from corpus.settings import load_settings
from corpus.types import Float32

WAYS = (
    "sentence-transformers float32",
    "ONNX Runtime float32",
    "OpenVINO float32",
    "OpenVINO bfloat16",
    "OpenVINO int8",
)
ROUNDS = 3
QUERIES = ("How many days of leave do I get?", "Who approves the deductible for care out of the network?")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.embedding", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "folder", type=Path, help="a data folder with documents in a language the model knows"
    )
    parser.add_argument("--passages", type=int, default=400)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    embedder = open_embedder(load_settings({"data_dir": options.folder, "embed_precision": "float32"}))
    if options.way:
        print(json.dumps(measure(options.way, embedder, options)))
        return 0
    print(
        "| | passages/s | query ms | load s | peak MB | least cosine with the reference | alone = batched |"
    )
    print("|---|---|---|---|---|---|---|")
    expected: Float32 | None = None
    for way in WAYS:
        command = [sys.executable, "-m", "bench.embedding", str(options.folder), "--way", way]
        command += ["--passages", str(options.passages), "--threads", str(options.threads)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        rows = np.load(found["rows"])
        expected = rows if expected is None else expected
        print(
            f"| {way} | {found['rate']:.0f} | {found['query_ms']:.1f} | {found['load_s']:.1f} "
            f"| {found['peak_mb']} | {(rows * expected).sum(axis=1).min():.6f} | {found['alone']:.6f} |",
            flush=True,
        )
    return 0


def measure(way: str, embedder: SentenceTransformerEmbedder, options: argparse.Namespace) -> dict[str, Any]:
    """Embeds the passages by themselves, three times; the best rate counts, as the machine has other work too."""
    model = find_model("all-MiniLM-L6-v2")
    tokens = Tokens(model)
    texts = passages(options.folder, embedder, options.passages)
    encode, load_s = loaded(way, model, tokens, options)
    lengths = tokens.count(texts)
    rows = np.empty((len(texts), model.dimension), dtype=np.float32)
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for batch in batches(lengths):
            rows[batch] = unit_rows(encode([texts[row] for row in batch]))
        took.append(time.perf_counter() - began)
    some = range(0, len(texts), max(1, len(texts) // 30))
    alone = min(float(unit_rows(encode([texts[row]]))[0] @ rows[row]) for row in some)
    times = []
    for at in range(40):
        began = time.perf_counter()
        encode([QUERIES[at % len(QUERIES)]])
        times.append(time.perf_counter() - began)
    kept = Path(tempfile.gettempdir()) / f"bench-embedding-{way.replace(' ', '-')}.npy"
    np.save(kept, rows)
    return {
        "rate": len(texts) / min(took),
        "query_ms": float(np.median(times)) * 1000,
        "load_s": load_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "alone": alone,
        "rows": str(kept),
    }


def loaded(way: str, model: ModelFolder, tokens: Tokens, options: argparse.Namespace) -> tuple[Any, float]:
    """Returns what embeds a batch of texts, ready, and the seconds that took."""
    if way.startswith("sentence-transformers"):
        began = time.perf_counter()
        reference = Reference(model, model.weights_sha256(), options.threads)
        return (lambda texts: reference.encode(texts).rows), time.perf_counter() - began
    precision = cast(Precision, way.rpartition(" ")[2])
    model = replace(
        model, precision="int8" if precision == "int8" else "float32"
    )  # one graph serves the other two
    space = model.space()
    if problem := ensure_export(model, space, options.folder):
        raise SystemExit(problem)
    graph = graph_in(export_folder(options.folder, space))
    began = time.perf_counter()
    runtime: Runtime = (
        OnnxRuntime(graph, options.threads)
        if way.startswith("ONNX")
        else OpenVino(graph, precision, options.threads)
    )
    took = time.perf_counter() - began
    return (lambda texts: runtime.run(*tokens.pad(tokens.encode(texts), LENGTH_STEP))[0]), took


def passages(folder: Path, embedder: SentenceTransformerEmbedder, most: int) -> list[str]:
    """Returns different passages of the corpus that the model knows the language of, spread over it."""
    database = open_database(folder)
    with CatalogFeed(database).snapshot() as snapshot:
        found = [f"{row.context}\n\n{row.text}" if row.context else row.text for row in snapshot.text_rows()]
    database.close()
    covered = [text for text in dict.fromkeys(found) if embedder.covers(text)]
    return covered[:: max(1, len(covered) // most)][:most]


if __name__ == "__main__":
    sys.exit(main())
