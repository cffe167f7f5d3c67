"""Gold questions → how good a model's answers are: what is kept of it as the model's own measurement.

An answerable question is *cited* when a citation's words are from a gold document and, as far as the gold says,
from its page and hold its evidence; it *holds the answer* when the quoted words have the gold answer in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from corpus.errors import VouchError
from corpus.language import fold
from rag.asking.answers import Answer
from rag.grounding.citations import Citation
from rag.measuring.evaluation import shares_text
from rag.measuring.measurements import Measurement
from rag.measuring.places import is_named
from rag.measuring.questions import Gold, Question

LEAST_OVERLAP = 0.5
"""Least share of the shorter of evidence and quote that must be the same characters of the document."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A question and what came of it; no answer where the model failed."""

    question: Question
    answer: Answer | None
    time_ms: float

    @property
    def cited(self) -> bool:
        """Says whether a gold place is among the citations."""
        citations = self.answer.citations if self.answer else ()
        return any(is_gold(one, gold) for one in citations for gold in self.question.gold)

    @property
    def holds(self) -> bool:
        """Says whether the quoted words hold the gold answer, up to spelling."""
        quotes = "\n".join(one.quote for one in self.answer.citations) if self.answer else ""
        return fold(self.question.answer) in fold(quotes)


def grade(
    questions: Sequence[Question],
    ask: Callable[[Question], Answer],
    clock: Callable[[], float],
    on_answer: Callable[[], None] = lambda: None,
) -> list[Graded]:
    """Asks every question once, one after the other. ``clock`` gives seconds; a failed answer is counted as one."""
    graded = []
    for question in questions:
        began = clock()
        try:
            answer = ask(question)
        except VouchError as error:
            if error.code in _HOPELESS:  # the next would end as this one
                raise
            answer = None
        whole = answer if answer is None or answer.complete else None
        graded.append(Graded(question, whole, (clock() - began) * 1000))
        on_answer()
    return graded


_HOPELESS = frozenset({
    "model_unknown", "model_not_chat", "model_not_installed", "model_no_key", "model_bad_settings", "bad_setting",
    "model_key_refused", "model_not_served", "model_quota_spent",
})  # fmt: skip


def measurement(graded: Sequence[Graded], path: Path, k: int) -> Measurement:
    """Returns what is kept of a run: shares in [0, 1], None where nothing was there to measure.

    Tokens are means over the answers that a model was asked for; cost is the sum of all, in US dollars at the
    card's prices; latencies are of whole answers, in milliseconds.
    """
    answers = [(one, one.answer) for one in graded if one.answer is not None]
    known = [(one, answer) for one, answer in answers if one.question.answerable]
    unknown = [answer for one, answer in answers if not one.question.answerable]
    short = [one for one, _ in known if one.question.answer]
    asked = [answer.usage for _, answer in answers if answer.prompt is not None]
    supports = [a.support for _, a in known if a.support is not None and not a.abstained]
    costs = [usage.cost_usd for usage in asked]
    times = [one.time_ms for one, _ in answers]
    p50, p95 = (float(one) for one in np.percentile(times, [50, 95])) if times else (None, None)
    return Measurement(
        questions=path.name,
        sha256=_sha256(path),
        measured_at=datetime.now(UTC).date().isoformat(),
        k=k,
        answerable=sum(one.question.answerable for one in graded),
        unanswerable=sum(not one.question.answerable for one in graded),
        failed=len(graded) - len(answers),
        cited=_mean([one.cited for one, _ in known]),
        holds_answer=_mean([one.holds for one in short]),
        support=_mean(supports),
        refused=_mean([answer.abstained for _, answer in known]),
        abstained=_mean([answer.abstained for answer in unknown]),
        input_tokens=_mean([usage.input_tokens for usage in asked], 1),
        output_tokens=_mean([usage.output_tokens for usage in asked], 1),
        cost_usd=None
        if any(one is None for one in costs)
        else round(sum(c for c in costs if c is not None), 6),
        p50_ms=None if p50 is None else round(p50, 1),
        p95_ms=None if p95 is None else round(p95, 1),
    )


def is_gold(citation: Citation, gold: Gold) -> bool:
    """Says whether a citation is of a gold place: its document, and its evidence or else its page."""
    if not is_named(citation.source, gold.document):
        return False
    if gold.start >= 0:
        shared = min(citation.end, gold.end) - max(citation.start, gold.start)
        return shared >= LEAST_OVERLAP * min(citation.end - citation.start, gold.end - gold.start)
    if gold.page and citation.page != gold.page:
        return False
    return not gold.text or shares_text(citation.quote, gold.text)


def _mean(values: Sequence[float], digits: int = 4) -> float | None:
    return round(sum(values) / len(values), digits) if values else None


def _sha256(path: Path) -> str:
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for one in files:
        digest.update(one.read_bytes())
    return digest.hexdigest()[:16]
