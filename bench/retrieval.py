"""Measures retrieval through the product itself: ingest each set's documents, ask its questions.

    make eval                                    the sample company
    make eval DATA=folder                        and every known set in a folder (see bench/README.md)
    python -m bench.retrieval --data folder --sets contoso,18f --save runs/new --against runs/old

Settings are those of every command (VOUCH_* variables), so two settings are compared by two runs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets import Dataset, load
from corpus.settings import load_settings
from corpus.types import OWNER, Hit
from rag.bootstrap import open_service
from rag.measuring.evaluation import (
    DEEP,
    EVERYTHING,
    Ablated,
    Evaluation,
    ablate,
    compare,
    evaluate,
    read_scores,
    write_scores,
)
from rag.measuring.places import is_named, locate, run_names
from rag.measuring.questions import Question, write_trec_run
from rag.measuring.significance import Interval, Paired
from rag.retrieval.ranking import PARTS
from rag.service import Service

COLUMNS = ("hit@1", "hit@5", "hit@10", "Recall@10", "MRR@10", "nDCG@10")
ABLATED = ("hit@5", "MRR@10", "nDCG@10")
SPAN_COLUMNS = ("character recall@5", "character precision@5", "character iou@5")


@dataclass(frozen=True, slots=True)
class Measured:
    """A set's results."""

    dataset: Dataset
    evaluation: Evaluation
    ablated: Sequence[Ablated] = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs every set and prints its table; returns the exit code."""
    options = _parse(arguments)
    with work_folder(options.work) as work:
        datasets = [dataset.thinned(options.limit) for dataset in load(options.data, work, options.sets)]
        if not datasets:
            print("No set has such a name.", file=sys.stderr)
            return 2
        measured = []
        for corpus in dict.fromkeys(dataset.corpus for dataset in datasets):
            same = [dataset for dataset in datasets if dataset.corpus == corpus]
            with open_set(work, same[0]) as service:
                for dataset in same:
                    whole = measure(service, dataset)
                    ablated = list(ablations(service, dataset, whole)) if options.ablate else []
                    measured.append(Measured(dataset, whole, ablated))
    print(table(measured))
    if options.ablate:
        print(ablation(measured))
    if options.save:
        save(options.save, measured)
    if options.against:
        print(comparison(options.against, measured))
    return 0


def measure(service: Service, dataset: Dataset, without: str = "") -> Evaluation:
    """Asks every question of a set, of all parts of the search or without one."""
    questions: Sequence[Question] = dataset.questions
    if dataset.spans:
        questions = located(service, dataset)
        lost = sum(gold.start < 0 for question in questions for gold in question.gold)
        if lost:
            print(f"{dataset.name}: {lost} gold texts do not stand in the stored documents", file=sys.stderr)

    retriever = service.search_without(without) if without else service.retriever

    def search(query: str, k: int) -> Sequence[Hit]:
        return retriever.shown(retriever.search(query, k, OWNER), OWNER).hits

    if questions:
        search(questions[0].text, 1)  # the first search loads the model; it is not what is timed
    return evaluate(
        questions,
        search,
        k=DEEP if dataset.ranked == "documents" else 10,
        grain=dataset.grain,
        page_slack=dataset.page_slack,
        ranked=dataset.ranked,
        unit="character",
    )


# ---- what is printed -------------------------------------------------------------------------------


def table(measured: Sequence[Measured]) -> str:
    """Returns the results as Markdown tables, with 95 % intervals on MRR@10."""
    lines = [
        f"| set | questions | {' | '.join(COLUMNS)} | 95 % of MRR@10 | ms p50 / p95 |",
        "|---|---|" + "---|" * len(COLUMNS) + "---|---|",
    ]
    spans = []
    for name, summary, times in _summaries(measured):
        cells = [f"{summary[column].mean:.3f}" for column in COLUMNS]
        mrr = summary["MRR@10"]
        p50, p95 = np.percentile(times, [50, 95])
        lines.append(
            f"| {name} | {mrr.n} | {' | '.join(cells)} "
            f"| {mrr.low:.3f} to {mrr.high:.3f} | {p50:.1f} / {p95:.1f} |"
        )
        if SPAN_COLUMNS[0] in summary:
            spans.append(f"| {name} | " + " | ".join(f"{summary[c].mean:.3f}" for c in SPAN_COLUMNS) + " |")
    if spans:
        lines += ["", f"| set | {' | '.join(SPAN_COLUMNS)} |", "|---|" + "---|" * len(SPAN_COLUMNS), *spans]
    return "\n".join(lines)


def _summaries(measured: Sequence[Measured]) -> Iterator[tuple[str, dict[str, Interval], list[float]]]:
    for one in measured:
        summary = one.evaluation.summary()
        # One language alone is the whole set.
        for language in [EVERYTHING] if len(summary) == 2 else summary:
            rows = [r for r in one.evaluation.rows if language in (EVERYTHING, r.question.language or "?")]
            name = one.dataset.name if language == EVERYTHING else f"{one.dataset.name} ({language})"
            yield name, summary[language], [row.time_ms for row in rows]


def ablations(service: Service, dataset: Dataset, whole: Evaluation) -> Iterator[Ablated]:
    """Yields what each part of the search is worth on a set."""
    return ablate(whole, PARTS, lambda part: measure(service, dataset, part))


def ablation(measured: Sequence[Measured]) -> str:
    """Returns, for each set, what the search loses without each of its parts, with a paired test."""
    lines = [
        "",
        "| set | without | measure | all parts | without it | change | 95 % | p | better / worse |",
        "|---|" + "---|" * 8,
    ]
    for one in measured:
        for part in one.ablated:
            for paired in part.compared:
                if paired.measure in ABLATED:
                    lines.append(f"| {one.dataset.name} | {part.part} | {_paired(paired)} |")
    return "\n".join(lines)


def _paired(paired: Paired) -> str:
    change = paired.difference
    return (
        f"{paired.measure} | {paired.first:.3f} | {paired.second:.3f} "
        f"| {change.mean:+.3f} | {change.low:+.3f} to {change.high:+.3f} | {paired.p_value:.4f} "
        f"| {paired.better} / {paired.worse}"
    )


def comparison(folder: Path, measured: Sequence[Measured]) -> str:
    """Returns every measure's change against a saved run, with a paired test."""
    lines = [
        "",
        "| set | measure | before | now | change | 95 % | p | better / worse |",
        "|---|" + "---|" * 7,
    ]
    for one in measured:
        path = folder / f"{_slug(one.dataset.name)}.jsonl"
        if not path.exists():
            continue
        for paired in compare(read_scores(path), one.evaluation.scores()):
            lines.append(f"| {one.dataset.name} | {_paired(paired)} |")
    return "\n".join(lines)


def save(folder: Path, measured: Sequence[Measured]) -> None:
    """Writes each set's per-question measures (for ``--against``) and its TREC run."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in measured:
        slug = _slug(one.dataset.name)
        write_scores(folder / f"{slug}.jsonl", one.evaluation)
        names = run_names(one.dataset.questions)
        ranked = ((row.question.id, names(row.question, row.documents)) for row in one.evaluation.rows)
        write_trec_run(folder / f"{slug}.trec", ranked)


# ---- the corpus ------------------------------------------------------------------------------------


@contextmanager
def open_set(work: Path, dataset: Dataset) -> Iterator[Service]:
    settings = load_settings({"data_dir": work / "corpora" / dataset.corpus})
    with open_service(settings, purpose="bench") as service:
        began = time.perf_counter()
        report = service.ingest(dataset.documents, collection=dataset.corpus)
        took = time.perf_counter() - began
        read = [file for file in report.files if file.chunks]
        print(
            f"{dataset.corpus}: {len(read)} documents read, {report.unchanged} unchanged, "
            f"{report.failed} failed, {sum(file.chunks for file in read)} passages, {took:.1f} s",
            file=sys.stderr,
            flush=True,
        )
        for file in report.files:
            if file.state == "failed":
                print(f"  {file.path}: {file.message}", file=sys.stderr)
        yield service


def located(service: Service, dataset: Dataset) -> list[Question]:
    """Returns a set's questions with the offsets of their gold texts in the stored documents."""
    return locate(dataset.questions, lambda document: _stored_text(service, document))


def _stored_text(service: Service, named: str) -> str:
    from corpus.catalog import documents

    with service.corpus.catalog.read() as db:
        found = [one for one in documents.list_documents(db) if is_named(one.key.path, named)]
    return service.corpus.text(found[0].id)[1] if found else ""


@contextmanager
def work_folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="vouch-eval-") as folder:
        yield Path(folder)


def _slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.casefold()).split())


def set_parser(program: str, about: str | None) -> argparse.ArgumentParser:
    """Returns a parser of what all measurements over question sets are given: which sets, how many, where."""
    parser = argparse.ArgumentParser(prog=program, description=(about or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, help="folder of question sets; without it only the sample")
    parser.add_argument(
        "--sets",
        type=lambda text: text.split(","),
        default=[],
        help="words in the names of the sets to run, by comma",
    )
    parser.add_argument("--limit", type=int, default=0, help="at most so many questions a set, spread evenly")
    parser.add_argument(
        "--work", type=Path, help="keep the corpora here and use them again (default: temporary)"
    )
    return parser


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = set_parser("bench.retrieval", __doc__)
    parser.add_argument(
        "--save", type=Path, help="write per-question measures and TREC runs into this folder"
    )
    parser.add_argument(
        "--against", type=Path, help="a folder written by --save: print paired tests against it"
    )
    parser.add_argument(
        "--ablate", action="store_true", help="measure again without each part of the search, and compare"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
