"""Measures how well questions about companies that are not indexed are refused, with the decision that ships.

    python -m bench.absent --data folder --work folder [--limit 100] [--misses]

Each company of the quarterly reports is taken out of a copy of their corpus in turn: its own questions are then about
an absent subject, those about the others alone are answerable. Of every other set the questions of the other sets in
its language are the absent ones. Printed are the AUROC of the chance that the decision rests on, the share of the
answerable questions refused and of the absent ones refused, at the shipped threshold.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.datasets import Dataset, load, one_of_each
from bench.retrieval import open_set, set_parser, work_folder
from corpus.types import OWNER
from rag.asking.answers import DEFAULT_K
from rag.grounding.abstention import FITTED, looked_closely, signals
from rag.measuring.calibration import auroc
from rag.measuring.questions import Question
from rag.retrieval.library import CallersLibrary
from rag.service import Service

Judged = list[tuple[Question, float, bool]]
"""Questions, each with its chance of being answered by the corpus and whether it is refused."""

COLUMNS = ("answerable", "refused", "absent", "absent refused", "AUROC")
_COMPANY = re.compile(r"\b([A-Z]{3,5})\.pdf$")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs every set and prints the table; returns the exit code."""
    options = _parse(arguments)
    rows = []
    with work_folder(options.work) as work:
        sets = [one for one in one_of_each(load(options.data, work, options.sets)) if one.corpus != "sample"]
        for one in sets:
            with open_set(work, one) as service:
                held = {one.corpus: judge(service, _answerable(one, options.limit))}
                away = {
                    other.corpus: judge(service, _answerable(other, options.limit))
                    for other in sets
                    if other.corpus != one.corpus and _language(other) == _language(one)
                }
            for name, absent in away.items():
                rows.append(
                    _row(f"{one.name}: questions of {name}", held[one.corpus], absent, options.misses)
                )
            if one.corpus == "docugami":
                rows += _without_each_company(one, work, options.misses)
    print("\n".join([f"| corpus | {' | '.join(COLUMNS)} |", "|---|" + "---|" * len(COLUMNS), *rows]))
    return 0


def judge(service: Service, questions: Sequence[Question]) -> Judged:
    """Returns what the shipped decision says of each question, after the search that every command does."""
    library = CallersLibrary(service.corpus, service.retriever, OWNER)
    found = []
    for question in questions:
        hits = library.search(question.text, DEFAULT_K).hits
        seen = signals(question.text, hits, library.rarity, library.lacks)
        if FITTED.refuses(seen):
            seen = looked_closely(seen, question.text, hits, library.rarity, library.embed)
        found.append((question, FITTED.chance(seen) if hits else 0.0, not hits or FITTED.refuses(seen)))
    return found


def _without_each_company(dataset: Dataset, work: Path, misses: bool) -> list[str]:
    company = {one.id: {_company(gold.document) for gold in one.gold} for one in dataset.questions}
    rows = []
    for name in sorted(set().union(*company.values())):
        rest = replace(dataset, corpus=f"{dataset.corpus}-without", documents=())
        copy = work / "corpora" / rest.corpus
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(work / "corpora" / dataset.corpus, copy)
        with open_set(work, rest) as service:
            service.corpus.remove(_documents(service, name))
            about = [one for one in dataset.questions if company[one.id] == {name}]
            others = [one for one in dataset.questions if name not in company[one.id]]
            rows.append(
                _row(
                    f"{dataset.name}: {name} not indexed",
                    judge(service, others),
                    judge(service, about),
                    misses,
                )
            )
        shutil.rmtree(copy)
    return rows


def _documents(service: Service, company: str) -> list[str]:
    from corpus.catalog import documents

    with service.corpus.catalog.read() as db:
        return [one.id for one in documents.list_documents(db) if _company(one.key.path) == company]


def _company(document: str) -> str:
    found = _COMPANY.search(document)
    return found[1] if found else ""


def _answerable(dataset: Dataset, limit: int) -> tuple[Question, ...]:
    known = replace(dataset, questions=tuple(one for one in dataset.questions if one.answerable))
    return known.thinned(limit).questions


def _language(dataset: Dataset) -> str:
    return dataset.questions[0].language


def _row(name: str, answerable: Judged, absent: Judged, misses: bool) -> str:
    if misses:
        for wrong, judged in ((True, answerable), (False, absent)):
            for question, chance, refused in judged:
                if refused is wrong:
                    row = {
                        "corpus": name,
                        "question": question.text,
                        "chance": round(chance, 3),
                        "refused": refused,
                    }
                    print(json.dumps(row, ensure_ascii=False))
    good, bad = (np.array([chance for _, chance, _ in judged]) for judged in (answerable, absent))
    figure = auroc(good, bad)
    cells = [
        str(len(answerable)),
        f"{np.mean([refused for *_, refused in answerable]):.3f}",
        str(len(absent)),
        f"{np.mean([refused for *_, refused in absent]):.3f}",
        "-" if figure is None else f"{figure:.3f}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = set_parser("bench.absent", __doc__)
    parser.set_defaults(limit=100)
    parser.add_argument("--misses", action="store_true", help="print every wrong decision as a line of JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
