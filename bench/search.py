"""Measures searching: how long it takes, how much at a time, for whom, and what it costs as a corpus grows.

    python -m bench.search --documents folder --work ~/search [--chunks 1000,10000,100000,1000000] [--only access,start]

The corpora are made by ``bench.corpora`` and kept in ``--work``, as is the peer's store; everything else is measured
anew in each run, warm, the query's embedding included. What is printed is Markdown; ``growth.svg`` in ``--work``
shows the costs over the sizes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import psutil

from bench import corpora, datasets
from bench.growth import draw
from bench.peers import Rows, open_langchain, read_rows
from bench.served import on_disk, over_http, server, starts
from bench.timing import head, row, timed, unspent
from corpus.catalog.changes import CatalogFeed
from corpus.types import OWNER, PUBLIC, Caller, Float32, Int64
from rag.bootstrap import open_service
from rag.retrieval.retriever import RECIPE, Retriever
from rag.service import Service

K = 10
CLIENTS = 32
PARTS = ("neighbours", "latency", "access", "clients", "peers", "start", "growth")


@dataclass(slots=True)
class Bench:
    """One run: where the corpora are, what is asked, and what each size was found to cost."""

    work: Path
    questions: Sequence[str]
    parts: frozenset[str]
    seconds: float
    grown: dict[int, dict[str, float]] = field(default_factory=dict)

    def does(self, part: str) -> bool:
        """Says whether a part is to be measured."""
        return part in self.parts


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the corpora, measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=Path, required=True, help="a folder with real documents")
    parser.add_argument("--work", type=Path, required=True, help="keeps the corpora")
    parser.add_argument("--chunks", default="1000,10000,100000", help="sizes, by comma")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}: by comma")
    parser.add_argument("--questions", type=int, default=200, help="how many of the sets' questions")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long clients search each time")
    options = parser.parse_args(arguments)
    sizes = sorted(int(size) for size in options.chunks.split(","))
    corpora.make(options.work, options.documents, sizes)
    asked = read_questions(options.documents, options.work / "questions", options.questions)
    bench = Bench(options.work, asked, frozenset(options.only.split(",")), options.seconds)
    print(f"{date.today()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {len(asked)} questions\n")
    for size in sizes:
        measure(bench, size)
    if bench.does("growth") and len(sizes) > 1:
        draw(options.work / "growth.svg", bench.grown)
        print(f"\nDrawn: {options.work / 'growth.svg'}")
    return 0


def read_questions(documents: Path, work: Path, count: int) -> list[str]:
    """Returns questions of the sets whose documents lie in the folder, evenly from each and mixed; else the sample's.

    JSQuAD's are left out: its passages lie in no file that is read.
    """
    work.mkdir(parents=True, exist_ok=True)
    found = datasets.one_of_each(list(datasets.load(documents, work)))
    sets = [one for one in found if one.corpus not in ("sample", "jsquad")] or found
    share = -(-count // len(sets))
    texts = [[question.text for question in one.thinned(share).questions] for one in sets]
    mixed = [own[at] for at in range(share) for own in texts if at < len(own)]
    return mixed[:count]


def measure(bench: Bench, size: int) -> None:
    """Measures one corpus, first in this process, then through a server."""
    folder = bench.work / str(size)
    print(f"\n## {size:,} chunks, load {os.getloadavg()[0]:.1f}\n")
    cost = bench.grown.setdefault(size, {})
    with open_service(corpora.settings_of(folder), purpose="bench") as service:
        rows = read_rows(service.corpus)
        warm(service, bench.questions)
        state = service.corpus.state()
        print(
            f"{state.chunks:,} chunks ({state.chunks_without_vector:,} without a vector) of {state.documents:,} "
            f"documents, {service.embedder.space.model} by {service.embedder.running().backend}, "
            f"dense: {state.dense.mode}\n"
        )
        cost["chunks"], cost["disk"] = state.chunks, state.disk_bytes
        if bench.does("neighbours"):
            neighbours(service, rows, bench.questions)
        if bench.does("latency") or bench.does("growth"):
            cost["p50"], cost["p95"] = latency(service, rows, bench.questions)
        if bench.does("access"):
            by_access(service, rows, bench.questions)
        if bench.does("clients"):
            in_threads(service, bench)
        if bench.does("peers"):
            peers(service, rows, bench)
    if bench.does("growth") or bench.does("latency") or bench.does("clients"):
        with server(folder) as (port, process):
            counts = (1, CLIENTS) if bench.does("clients") else (1,)
            over_http(port, process, bench.questions, K, counts, bench.seconds)
            used = psutil.Process(process.pid).memory_full_info()
            cost["memory"] = used.uss
            print(
                f"\nServer after that: {used.rss >> 20} MB resident, {used.uss >> 20} MB of it its own; "
                f"on disk {state.disk_bytes >> 20} MB: {on_disk(folder)}"
            )
    if bench.does("start"):
        starts(folder, bench.questions)


def warm(service: Service, questions: Sequence[str]) -> None:
    """Loads what the first searches would wait for."""
    service.warm()
    service.search(questions[0])
    opened = getattr(service.corpus.dense, "warm", None)
    if opened is not None:
        opened()
    for question in questions[:40]:
        service.search(question, K)


def latency(service: Service, rows: Rows, questions: Sequence[str]) -> tuple[float, float]:
    """Prints how long searches take and their steps; returns p50 and p95."""
    covered = [question for question in questions if service.embedder.covers(question)]
    print(head("recall@10 of the dense leg against exact"))
    took = timed(lambda question: service.search(question, K), [*questions, *questions])
    print(row("search in the service", took, ""))
    plain = Retriever(service.corpus, service.embedder, service.settings, RECIPE.without("late"))
    took_plain = timed(lambda question: plain.search(question, K, OWNER), [*questions, *questions])
    print(row("without late interaction", took_plain, ""))
    english = timed(lambda question: service.search(question, K), covered)
    print(
        row("of these, questions that the embedder reads", english, f"{recall(service, rows, covered):.4f}")
    )
    steps: dict[str, list[float]] = {}
    for question in covered:
        for step, ms in service.search(question, K).timings_ms.items():
            steps.setdefault(step, []).append(ms)
    print("\n" + head())
    for step, own in steps.items():
        print(row(step, unspent(own)))
    p50, p95 = np.percentile(took[:, 0], [50, 95])
    return float(p50), float(p95)


def recall(
    service: Service,
    rows: Rows,
    questions: Sequence[str],
    caller: Caller = OWNER,
    allowed: Int64 | None = None,
) -> float:
    """Returns the share of the exact ten nearest that the served dense search has in its first ten."""
    depth = service.settings.candidates
    shares = []
    for question in questions:
        vector = service.embedder.embed_query(question)
        served = service.corpus.search_dense(vector, depth, caller).ids[:K]
        best = rows.nearest(vector, K, allowed)
        shares.append(len(np.intersect1d(served, best)) / max(1, len(best)))
    return statistics.fmean(shares)


def by_access(service: Service, rows: Rows, questions: Sequence[str]) -> None:
    """Prints what a search takes for callers who may see a part of the documents."""
    covered = [question for question in questions if service.embedder.covers(question)]
    callers = [("all (its owner)", OWNER), ("all (public)", Caller(frozenset({PUBLIC})))]
    callers += [(f"1 in {share}", Caller(frozenset({corpora.principal(share)}))) for share in corpora.SHARES]
    took: dict[str, list[Float32]] = {name: [] for name, _ in callers}
    for _, caller in callers:
        timed(partial(service.search, k=K, caller=caller), questions[:10])
    for question in questions:  # by turns, so that what else the machine does meets all alike
        for name, caller in callers:
            took[name].append(timed(partial(service.search, k=K, caller=caller), [question]))
    print("\n" + head("p95 to open", "documents", "passages with vector", "recall@10"))
    all_of = {name: np.concatenate(own) for name, own in took.items()}
    open_p95 = float(np.percentile(all_of[callers[0][0]][:, 0], 95))
    for name, caller in callers:
        allowed = service.corpus.scope(caller)
        seen = len(rows.ids) if allowed is None else int(np.isin(rows.versions, allowed).sum())
        found = recall(service, rows, covered[:50], caller, allowed)
        documents = "" if allowed is None else len(allowed)
        ratio = f"{np.percentile(all_of[name][:, 0], 95) / open_p95:.2f}"
        print(row(f"may see {name}", all_of[name], ratio, documents, seen, f"{found:.4f}"))


def in_threads(service: Service, bench: Bench) -> None:
    """Prints how much threads of one process find together, against one."""
    one, many = (_rate(service, bench, threads) for threads in (1, CLIENTS))
    print(
        f"\nIn the service: {one:.0f} searches a second by one thread, {many:.0f} by {CLIENTS} "
        f"({many / one:.2f} times)."
    )


def _rate(service: Service, bench: Bench, threads: int) -> float:
    """Returns how many searches a second so many threads make together."""
    asked, until = cycle(bench.questions), time.perf_counter() + bench.seconds

    def work() -> int:
        done = 0
        while time.perf_counter() < until:
            service.search(next(asked), K)
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        return sum(one.result() for one in [pool.submit(work) for _ in range(threads)]) / bench.seconds


def neighbours(service: Service, rows: Rows, questions: Sequence[str]) -> None:
    """Prints how near neighbours are: of rows among themselves, and of the questions."""
    chosen = np.random.default_rng(0).permutation(len(rows.ids))[:500]
    covered = [question for question in questions if service.embedder.covers(question)]
    queries = np.stack([service.embedder.embed_query(question) for question in covered])
    print("| cosine with | p5 | p25 | p50 | p75 | p95 |\n|---|---|---|---|---|---|")
    for name, own, twins in (("a passage", rows.vectors[chosen], True), ("a question", queries, False)):
        cosines = own @ rows.vectors.T
        if twins:
            cosines[cosines > 1 - 1e-4] = -1.0
        best = -np.partition(-cosines, K, axis=1)[:, :K]
        best.sort(axis=1)
        for which, column in (("nearest", best[:, -1]), ("tenth", best[:, 0])):
            shown = " | ".join(f"{value:.3f}" for value in np.percentile(column, [5, 25, 50, 75, 95]))
            print(f"| {name}'s {which} | {shown} |")
    print()


def peers(service: Service, rows: Rows, bench: Bench) -> None:
    """Prints the exact scan and LangChain with Chroma beside the dense leg and the whole search."""
    embedder = service.embedder
    covered = [question for question in bench.questions if embedder.covers(question)]
    best = {question: rows.nearest(embedder.embed_query(question), K) for question in covered}

    def texts() -> dict[int, str]:
        with CatalogFeed(service.corpus.catalog).snapshot() as snapshot:
            return {one.chunk_id: one.text for one in snapshot.text_rows()}

    langchain = open_langchain(
        bench.work / f"langchain-{service.settings.data_dir.name}", rows, texts, embedder
    )
    depth = service.settings.candidates

    def ours(question: str) -> Sequence[int]:
        found = service.corpus.search_dense(embedder.embed_query(question), depth, OWNER).ids[:K]
        return list(found.tolist())

    def plain(question: str) -> Sequence[int]:
        return list(rows.nearest(embedder.embed_query(question), K).tolist())

    print("\n" + head("recall@10 against exact"))
    ways = {
        "Vouch, dense leg alone": ours,
        "LangChain + Chroma": lambda question: langchain(question, K),
        "exact scan, numpy": plain,
    }
    for name, way in ways.items():
        timed(way, covered[:10])
        took = timed(way, covered)
        shares = [len(set(way(question)) & set(best[question].tolist())) / K for question in covered]
        print(row(name, took, f"{statistics.fmean(shares):.4f}"))
    took = timed(lambda question: service.search(question, K), covered)
    print(row("Vouch, the whole search (both legs, access, texts)", took, ""))


if __name__ == "__main__":
    sys.exit(main())
