"""Measures answers through the product itself: ingest each set's documents, ask its questions of a model.

    python -m bench.answers                              the sample company, the built-in model
    python -m bench.answers --data folder --sets contoso every known set in a folder whose name has that word

Asked as any caller would ask: retrieval, abstention, prompt, model, citations. A question counts as *cited*
when a citation's words are from a gold document and, as far as the gold says, from its page and hold its
evidence.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets import Dataset, load, one_of_each
from bench.retrieval import located, open_set, set_parser, work_folder
from corpus.language import fold
from corpus.types import OWNER
from rag.asking.answering import answer
from rag.asking.answers import DEFAULT_K, Answer, Ask
from rag.grounding.citations import Citation
from rag.grounding.conflicts import as_told
from rag.measuring.evaluation import shares_text
from rag.measuring.places import is_named
from rag.measuring.questions import Gold, Question
from rag.prompts.screening import MARKERS
from rag.retrieval.library import CallersLibrary
from rag.words.terms import stems, weights

COLUMNS = (
    "answerable",
    "cited",
    "refused",
    "exact",
    "short answers",
    "of them right",
    "holds the answer",
    "token recall",
    "support",
    "conflicts told",
    "unanswerable",
    "abstained",
    "ms p50 / p95",
)
LEAST_OVERLAP = 0.5
"""Least share of the shorter of evidence and quote that must be the same characters of the document."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what came of it.

    ``holds`` is None where the set has no short answer to look for, ``recall`` where it has no answer at all.
    """

    question: Question
    answer: Answer
    cited: bool
    holds: bool | None
    recall: float | None
    time_ms: float

    @property
    def short(self) -> str:
        """The few words that answer by themselves, as the built-in model puts them first; "" when it gave none."""
        first = self.answer.text.split("\n")[0]
        said = MARKERS.sub("", first).strip()
        return "" if self.answer.abstained or _QUOTED.search(first) else said

    @property
    def exact(self) -> bool:
        """Whether those words are the gold answer, up to spelling."""
        return bool(self.short) and fold(self.short) == fold(self.question.answer)

    @property
    def right(self) -> bool:
        """Whether they and the gold answer hold each other: "within 30 days" and "30 days"."""
        short, gold = fold(self.short), fold(self.question.answer)
        return bool(short) and (short in gold or gold in short)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs every set and prints its table; returns the exit code."""
    options = _parse(arguments)
    rows = []
    with work_folder(options.work) as work:
        found = one_of_each(load(options.data, work, options.sets))
        sets = [dataset.thinned(options.limit) for dataset in found]
        if not sets:
            print("No set has such a name.", file=sys.stderr)
            return 2
        for dataset in sets:
            asked = ask_all(dataset, work, options.model, options.k)
            rows += [f"| {name} | {' | '.join(cells)} |" for name, cells in _cells(dataset, asked)]
            if options.misses:
                _print_misses(dataset, asked)
            if options.conflicts:
                for one in asked:
                    for conflict in one.answer.conflicts:
                        print(f"{one.question.id}: {one.question.text} {as_told(conflict)}")
    print("\n".join([f"| set | {' | '.join(COLUMNS)} |", "|---|" + "---|" * len(COLUMNS), *rows]))
    return 0


def ask_all(dataset: Dataset, work: Path, model: str, k: int) -> list[Asked]:
    """Ingests a set's documents and asks its questions, one after the other."""
    with open_set(work, dataset) as service:
        library = CallersLibrary(service.corpus, service.retriever, OWNER)
        questions = located(service, dataset)
        if questions:
            answer(
                Ask(questions[0].text, model, k=k), library, service.models
            )  # loads what is not to be timed
        asked = []
        for question in questions:
            began = time.perf_counter()
            given = answer(Ask(question.text, model, k=k), library, service.models)
            took = (time.perf_counter() - began) * 1000
            cited = any(is_gold(c, gold, dataset) for c in given.citations for gold in question.gold)
            holds = _holds(given, question.answer) if dataset.short_answers else None
            recall = token_recall(given.text, question.answer) if question.answer else None
            asked.append(Asked(question, given, cited, holds, recall, took))
        return asked


def is_gold(citation: Citation, gold: Gold, dataset: Dataset) -> bool:
    """Says whether a citation is of a gold place: its document, and its evidence or else its page."""
    if not is_named(citation.source, gold.document):
        return False
    if dataset.grain == "page" and gold.page and abs(citation.page - gold.page) > dataset.page_slack:
        return False
    return is_evidence(citation.start, citation.end, citation.quote, gold)


def is_evidence(start: int, end: int, words: str, gold: Gold) -> bool:
    """Says whether words of the gold's document, at these offsets, hold its evidence (or it names none)."""
    if gold.start >= 0:
        shared = min(end, gold.end) - max(start, gold.start)
        return shared >= LEAST_OVERLAP * min(end - start, gold.end - gold.start)
    return not gold.text or shares_text(words, gold.text)


def token_recall(said: str, gold: str) -> float:
    """Returns the share, in [0, 1], of the gold answer's distinct words of meaning that the answer says (Japanese:
    pairs of characters); references in square brackets are none.
    """
    wanted = set(weights(_REFERENCE.sub(" ", gold)))
    return len(wanted & stems(said)) / len(wanted) if wanted else 0.0


_REFERENCE = re.compile(r"\[[^\[\]]*\]")
_QUOTED = re.compile(r"[“「«]")


def _holds(given: Answer, wanted: str) -> bool:
    """Says whether the quoted words hold the gold answer, up to spelling."""
    return fold(wanted) in fold("\n".join(citation.quote for citation in given.citations))


# ---- what is printed -------------------------------------------------------------------------------


def _cells(dataset: Dataset, asked: Sequence[Asked]) -> Iterator[tuple[str, list[str]]]:
    languages = sorted({one.question.language for one in asked})
    for language in ["", *languages] if len(languages) > 1 else [""]:
        rows = [one for one in asked if language in ("", one.question.language)]
        known = [one for one in rows if one.question.answerable]
        unknown = [one for one in rows if not one.question.answerable]
        short = [one for one in known if one.holds is not None]
        told = [one for one in short if one.short]
        recalls = [one.recall for one in known if one.recall is not None]
        supports = [one.answer.support for one in rows if one.answer.support is not None]
        p50, p95 = np.percentile([one.time_ms for one in rows], [50, 95])
        yield (
            f"{dataset.name} ({language})" if language else dataset.name,
            [
                str(len(known)),
                _share([one.cited for one in known]),
                _share([one.answer.abstained for one in known]),
                _share([one.exact for one in short]),
                _share([bool(one.short) for one in short]),
                _share([one.right for one in told]),
                _share([bool(one.holds) for one in short]),
                f"{np.mean(recalls):.3f}" if recalls else "-",
                f"{np.mean(supports):.3f}" if supports else "-",
                str(sum(bool(one.answer.conflicts) for one in rows)),
                str(len(unknown)),
                _share([one.answer.abstained for one in unknown]),
                f"{p50:.0f} / {p95:.0f}",
            ],
        )


def _share(found: Sequence[bool]) -> str:
    return f"{sum(found) / len(found):.3f}" if found else "-"


def _print_misses(dataset: Dataset, asked: Sequence[Asked]) -> None:
    for one in asked:
        if one.answer.abstained == one.question.answerable or (one.question.answerable and not one.cited):
            found = [[c.source, c.page, c.quote] for c in one.answer.citations]
            gold = [[g.document, g.page, g.text] for g in one.question.gold]
            row = {
                "set": dataset.name,
                "id": one.question.id,
                "question": one.question.text,
                "gold": gold,
                "cited": found,
                "abstained": one.answer.abstained,
                "confidence": one.answer.confidence,
            }
            print(json.dumps(row, ensure_ascii=False))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = set_parser("bench.answers", __doc__)
    parser.add_argument(
        "--model", default="extractive", help="the model that answers (default: the built-in)"
    )
    parser.add_argument("--k", type=int, default=DEFAULT_K, help="passages for each question")
    parser.add_argument("--misses", action="store_true", help="print every miss as a line of JSON")
    parser.add_argument("--conflicts", action="store_true", help="print every conflict that was told")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
