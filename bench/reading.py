"""Fits what each sign of an answering sentence counts for (``WORDS``, ``MEANING`` of ``rag.reading.sentences``).

    python -m bench.reading --data folder --work folder

From every set whose gold is words (evidence, a section, an answer) come the sentences of each question's passages,
with their signs and whether they are gold. The weights are those of a conditional logistic regression: the chance
that the sentence drawn is a gold one; sets count alike. Printed is how often gold is among the sentences an answer
would show: by the weights in the program, by a fit on all ("in-sample"), by fits on four fifths of the questions ("new
question") and by fits on the other sets ("new corpus"); then the weights of the fit on all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.answers import is_evidence
from bench.datasets import Dataset, load, one_of_each
from bench.retrieval import located, open_set, set_parser, work_folder
from corpus.language import fold
from corpus.types import OWNER, Hit
from rag.asking.answers import DEFAULT_K
from rag.measuring.places import is_named
from rag.measuring.questions import Question
from rag.prompts.prompting import ESTIMATE, Budget, build_prompt, read_prompt
from rag.reading.meaning import Embed, embed_with
from rag.reading.picking import pick
from rag.reading.sentences import rank
from rag.reading.signs import MEANING, WORDS, Candidate, Signs
from rag.retrieval.library import CallersLibrary
from rag.words.terms import weights

Floats = NDArray[np.float64]

_RIDGE, _STEPS = 0.003, 400
_BUDGET = Budget(1_000_000, 2_048, ESTIMATE)
_LEAST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Case:
    """A question's sentences with their signs, a row each, and which are gold; whether the cosine is among them."""

    corpus: str
    language: str
    question: str
    sentences: tuple[Candidate, ...]
    signs: Floats
    gold: NDArray[np.bool_]
    meaning: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Fits, judges and prints; returns the exit code."""
    options = _parse(arguments)
    with work_folder(options.work) as work:
        sets = [one.thinned(options.limit) for one in one_of_each(load(options.data, work, options.sets))]
        cases = [case for one in sets for case in _cases(one, work)]
    print(report(cases))
    return 0


# ---- cases -----------------------------------------------------------------------------------------


def _cases(dataset: Dataset, work: Path) -> Iterator[Case]:
    if not any(gold.text or question.answer for question in dataset.questions for gold in question.gold):
        return
    with open_set(work, dataset) as service:
        library = CallersLibrary(service.corpus, service.retriever, OWNER)
        embed = embed_with(service.embedder)
        for question in located(service, dataset):
            if question.answerable:
                hits = library.search(question.text, DEFAULT_K).hits
                yield case_of(dataset, question, hits, embed)


def case_of(dataset: Dataset, question: Question, hits: Sequence[Hit], embed: Embed) -> Case:
    """Returns the sentences of a question's hits that come into question, with their signs."""
    ranked = rank(read_prompt(build_prompt(question.text, hits, _BUDGET).messages), embed)
    signs = np.array([astuple(one.signs) for one in ranked], dtype=np.float64)
    gold = [_is_gold(dataset, question, one, hits[one.passage.marker - 1]) for one in ranked]
    return Case(
        dataset.corpus,
        question.language,
        question.text,
        tuple(ranked),
        signs.reshape(len(ranked), len(fields(Signs))),
        np.array(gold, dtype=bool),
        any(one.signs.meaning for one in ranked),
    )


def _is_gold(dataset: Dataset, question: Question, sentence: Candidate, hit: Hit) -> bool:
    """Says whether a sentence is of the gold: its words, the short answer, or on its page what the answer says."""
    start = hit.start + max(0, hit.text.find(sentence.text))
    for gold in question.gold:
        if not is_named(hit.source, gold.document):
            continue
        if gold.text:
            if is_evidence(start, start + len(sentence.text), sentence.text, gold):
                return True
        elif dataset.short_answers:
            if fold(question.answer) in fold(sentence.text):
                return True
        elif hit.page - dataset.page_slack <= gold.page <= hit.last_page + dataset.page_slack:
            asked, says = set(weights(question.text)), set(weights(sentence.text))
            shared = len((set(weights(question.answer)) - asked) & says)
            if shared >= max(_LEAST_WORDS, len(says - asked) / 2):
                return True
    return False


# ---- fitting ---------------------------------------------------------------------------------------


def fit(cases: Sequence[Case], meaning: bool) -> Signs:
    """Returns the weights: with the cosine from the cases that have it, else from all without it.

    Ridge-penalised, by gradient steps of their own size for each weight (Kingma & Ba 2015).
    """
    own = [case for case in cases if case.gold.any() and (case.meaning or not meaning)]
    mask = np.array([meaning or field.name != "meaning" for field in fields(Signs)], dtype=np.float64)
    if not own:
        return Signs()
    rows, gold = np.vstack([case.signs for case in own]) * mask, np.concatenate([case.gold for case in own])
    starts = np.cumsum([0, *(len(case.gold) for case in own)])[:-1]
    of = np.repeat(np.arange(len(own)), [len(case.gold) for case in own])
    groups = [(case.corpus, case.language) for case in own]
    counts = np.array([1 / groups.count(group) for group in groups]) / len(set(groups))
    numbers: Floats = np.zeros(rows.shape[1])
    slope, square = np.zeros_like(numbers), np.zeros_like(numbers)
    for step in range(1, _STEPS + 1):
        scores = rows @ numbers
        chances = np.exp(scores - np.maximum.reduceat(scores, starts)[of])
        among = chances * gold
        pull = chances / np.add.reduceat(chances, starts)[of] - among / np.add.reduceat(among, starts)[
            of
        ].clip(1e-300)
        gradient = rows.T @ (counts[of] * pull) + _RIDGE * numbers
        slope, square = 0.9 * slope + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        numbers = numbers - 0.1 * (slope / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return Signs(*numbers.tolist())


def shows_gold(case: Case, by: Signs) -> bool:
    """Says whether gold is among the sentences an answer would show by these weights."""
    scores = case.signs @ np.array(astuple(by))
    scored = [replace(one, score=float(score)) for one, score in zip(case.sentences, scores, strict=True)]
    order = sorted(range(len(scored)), key=lambda at: (-scored[at].score, scored[at].unit.order))
    gold = {id(scored[at].unit) for at in order if case.gold[at]}
    return any(id(one.unit) in gold for one in pick([scored[at] for at in order]))


def _held_out(cases: Sequence[Case], group: Callable[[Case], Hashable]) -> list[bool]:
    """Returns for each case whether gold is shown by a fit on the other groups."""
    fits = {
        (own, meaning): fit([case for case in cases if group(case) != own], meaning)
        for own in {group(case) for case in cases}
        for meaning in (False, True)
    }
    return [shows_gold(case, fits[group(case), case.meaning]) for case in cases]


# ---- what is printed -------------------------------------------------------------------------------


def report(cases: Sequence[Case]) -> str:
    """Returns the table of shares and the fitted weights."""
    order = {question: at % 5 for at, question in enumerate(dict.fromkeys(case.question for case in cases))}
    fitted = {meaning: fit(cases, meaning) for meaning in (False, True)}
    columns = {
        "in the program": [shows_gold(case, MEANING if case.meaning else WORDS) for case in cases],
        "in-sample": [shows_gold(case, fitted[case.meaning]) for case in cases],
        "new question": _held_out(cases, lambda case: order[case.question]),
        "new corpus": _held_out(cases, lambda case: case.corpus),
        "among all": [bool(case.gold.any()) for case in cases],
    }
    lines = [f"| set | questions | {' | '.join(columns)} |", "|---|---|" + "---|" * len(columns)]
    groups = [f"{case.corpus} ({case.language})" for case in cases]
    for group in sorted(set(groups)):
        mine = [at for at, own in enumerate(groups) if own == group]
        cells = [f"{np.mean([found[at] for at in mine]):.3f}" for found in columns.values()]
        lines.append(f"| {group} | {len(mine)} | {' | '.join(cells)} |")
    for meaning, name in ((False, "WORDS"), (True, "MEANING")):
        given = (f"{field.name}={getattr(fitted[meaning], field.name):.1f}" for field in fields(Signs))
        lines.append(f"{name} = Signs({', '.join(given)})")
    return "\n".join(lines)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = set_parser("bench.reading", __doc__)
    parser.set_defaults(limit=160)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
