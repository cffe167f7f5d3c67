"""Fits when to answer "not in the documents" (``FITTED`` in ``rag.grounding.abstention``), and judges it held out.

    python -m bench.abstention --data folder --work folder

Answerable are the questions of every set; unanswerable its questions without gold, its questions once their
gold documents are taken from the hits, and the questions of the other sets in the same language. A set's two
classes count the same; so do the sets, but the sample thrice; and the kinds of the unanswerable by ``_KINDS``.
Left out are sets whose questions were written beside the passage that answers them: they use its words as nobody
does who has yet to find it. What is printed is held out: each set judged by a fit on the others ("new corpus"),
and by a fit on nine tenths of all questions ("new question").
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.datasets import Dataset, load, one_of_each
from bench.retrieval import open_set, set_parser, work_folder
from corpus.types import OWNER, Hit
from rag.asking.answers import DEFAULT_K
from rag.grounding.abstention import Signals, signals
from rag.measuring.calibration import REFUSED, auroc
from rag.measuring.calibration import fit as logistic
from rag.measuring.places import is_named
from rag.measuring.questions import Question
from rag.retrieval.library import CallersLibrary

Floats = NDArray[np.float64]

_RIDGE = 0.003
_FOREIGN = 60
_SAMPLE = 3.0
_KINDS = {"unanswerable": 3.0, "gold taken": 0.3, "foreign": 1.0}
"""Few are truly unanswerable, and of a question without its gold document another may hold the answer."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its signals. ``kind``: ``answerable``, ``unanswerable``, ``gold taken`` or ``foreign``."""

    corpus: str
    kind: str
    question: str
    signals: Signals


def main(arguments: Sequence[str] | None = None) -> int:
    """Fits, judges and prints; returns the exit code."""
    options = _parse(arguments)
    with work_folder(options.work) as work:
        found = one_of_each(load(options.data, work, options.sets))
        sets = [one for one in found if not one.short_answers]
        cases = [case for one in sets for case in _cases(one, sets, work, options.limit)]
    for cosine in (True, False):
        mine = [case for case in cases if (case.signals.cosine is not None) == cosine]
        if not mine:
            continue
        print(f"\n{'With' if cosine else 'Without'} cosine: {len(mine)} cases")
        numbers = fit(mine)
        corpora = sorted({case.corpus for case in mine})
        held = _held_out(mine, [case.question for case in mine])
        threshold = _threshold(mine, held)
        print(_judged("new question", mine, held, threshold))
        if len(corpora) > 1:
            print(_judged("new corpus", mine, _held_out(mine, [c.corpus for c in mine]), threshold))
        given = [round(float(n), 2) for n in (numbers if cosine else np.insert(numbers, 1, 0.0))]
        print(f"Logistic({', '.join(map(str, given))}, {threshold:.3f})")
    return 0


# ---- cases -----------------------------------------------------------------------------------------


def _cases(dataset: Dataset, sets: Sequence[Dataset], work: Path, limit: int) -> Iterator[Case]:
    own = dataset.thinned(limit).questions
    languages = {question.language for question in own}
    foreign = [
        question
        for other in sets
        if other.corpus != dataset.corpus
        for question in other.thinned(_FOREIGN).questions
        if question.language in languages
    ]
    step = max(1, len(foreign) // _FOREIGN)
    with open_set(work, dataset) as service:
        library = CallersLibrary(service.corpus, service.retriever, OWNER)

        def case(question: Question, kind: str, hits: Sequence[Hit]) -> Case:
            return Case(
                dataset.corpus,
                kind,
                question.text,
                signals(question.text, hits, library.rarity, library.lacks),
            )

        for question in own:
            hits = library.search(question.text, DEFAULT_K + 12).hits
            kind = "answerable" if question.answerable else "unanswerable"
            yield case(question, kind, hits[:DEFAULT_K])
            rest = [hit for hit in hits if not any(is_named(hit.source, g.document) for g in question.gold)]
            if question.answerable and rest and question.kind not in ("version-conflict", "multi-doc"):
                yield case(question, "gold taken", rest[:DEFAULT_K])
        for question in foreign[::step]:
            yield case(question, "foreign", library.search(question.text, DEFAULT_K).hits)


# ---- fitting ---------------------------------------------------------------------------------------


def fit(cases: Sequence[Case]) -> Floats:
    """Returns bias and weights by ridge-penalised logistic regression (Newton's method)."""
    rows, counts = _rows(cases), _counts(cases)
    return logistic(rows, _labels(cases), counts, np.zeros(rows.shape[1]), _RIDGE * float(counts.sum()))


def _rows(cases: Sequence[Case]) -> Floats:
    own = [[value for value in case.signals.weighed if value is not None] for case in cases]
    return np.hstack([np.ones((len(cases), 1)), np.array(own, dtype=np.float64)])


def _labels(cases: Sequence[Case]) -> Floats:
    return np.array([case.kind == "answerable" for case in cases], dtype=np.float64)


def _counts(cases: Sequence[Case]) -> Floats:
    """Returns what each case counts: sets alike but the sample more, their classes alike, the kinds by ``_KINDS``."""
    kinds: dict[str, dict[str, int]] = {}
    for case in cases:
        own = kinds.setdefault(case.corpus, {})
        own[case.kind] = own.get(case.kind, 0) + 1
    found = []
    for case in cases:
        own = kinds[case.corpus]
        others = sum(_KINDS[kind] for kind in own if kind != "answerable")
        share = 1.0 if case.kind == "answerable" else _KINDS[case.kind] / others
        found.append((_SAMPLE if case.corpus == "sample" else 1.0) * share / own[case.kind])
    return np.array(found) * (len(cases) / sum(found))


def _held_out(cases: Sequence[Case], groups: Sequence[str]) -> Floats:
    """Returns each case's chance by a fit without its group (of many groups: without its tenth of them)."""
    order = {group: at % 10 for at, group in enumerate(dict.fromkeys(groups))}
    folds = np.array([order[group] for group in groups])
    chances: Floats = np.zeros(len(cases))
    for fold in sorted(set(order.values())):
        numbers = fit([case for case, own in zip(cases, folds, strict=True) if own != fold])
        mine = folds == fold
        chances[mine] = 1 / (1 + np.exp(-_rows(cases)[mine] @ numbers))
    return chances


def _threshold(cases: Sequence[Case], chances: Floats) -> float:
    """Returns the chance below which the allowed share of the answerable lies, sets counted alike."""
    weights = _counts(cases) * _labels(cases)
    order = np.argsort(chances)
    below = np.cumsum(weights[order]) / weights.sum()
    return float(chances[order][int(np.searchsorted(below, REFUSED))])


# ---- what is printed -------------------------------------------------------------------------------


def _judged(name: str, cases: Sequence[Case], chances: Floats, threshold: float) -> str:
    kinds = ("unanswerable", "gold taken", "foreign")
    lines = [
        f"| {name} | refused | {' | '.join(f'{kind}: abstained, AUROC' for kind in kinds)} |",
        "|---|---|---|---|---|",
    ]
    for corpus in sorted({case.corpus for case in cases}):
        good = _of(cases, chances, corpus, "answerable")
        cells = [
            f"{np.mean(own < threshold):.2f}, {auroc(good, own) or 0.0:.2f} ({len(own)})"
            if len(own := _of(cases, chances, corpus, kind))
            else "-"
            for kind in kinds
        ]
        lines.append(f"| {corpus} | {np.mean(good < threshold):.3f} ({len(good)}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def _of(cases: Sequence[Case], chances: Floats, corpus: str, kind: str) -> Floats:
    mine = np.array([case.corpus == corpus and case.kind == kind for case in cases])
    return np.asarray(chances[mine], dtype=np.float64)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = set_parser("bench.abstention", __doc__)
    parser.set_defaults(limit=200)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
