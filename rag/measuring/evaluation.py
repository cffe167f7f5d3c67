"""Gold questions → how well retrieval finds the places that answer them.

::

    questions = read_questions(Path("questions.jsonl"))
    evaluation = evaluate(questions, search)           # search(text, k) -> hits, best first
    evaluation.summary()["en"]["MRR@10"]               # Interval(mean, low, high, n)
    compare(before.scores(), evaluation.scores())      # one Paired per measure

A passage *holds* a gold place when it is from its document and, at the grain asked for, stands on its page or
holds its text. Retrieval only: what is answered from the passages is not looked at.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from corpus.errors import UsageError
from corpus.language import fold, words
from corpus.types import Hit
from rag.measuring.measures import Position, SpanScores, rank_measures, span_scores
from rag.measuring.places import is_named
from rag.measuring.questions import Gold, Question
from rag.measuring.significance import Interval, Paired, bootstrap, paired_test

Grain = Literal["document", "page", "text"]
Unit = Literal["token", "character"]
Ranked = Literal["passages", "documents"]
Search = Callable[[str, int], Sequence[Hit]]
Scores = Mapping[str, Mapping[str, float]]
"""Question id → measure → value."""

DEPTH = 10
"""Passages looked at per question: the deepest measure is at 10."""

SPAN_DEPTH = 5
"""Passages that the span measures look at (only for gold with offsets)."""

DEEP = 100
"""The same where documents are ranked: several passages may be of one document."""

EVERYTHING = "all"
"""The name of the summary over all languages."""

_SHINGLE = 5
_SHARED = 0.8


@dataclass(frozen=True, slots=True)
class Row:
    """One question: what was found, the ranks (from 1) at which gold was, and every measure."""

    question: Question
    hits: tuple[Hit, ...]
    ranks: tuple[int, ...]
    measures: Mapping[str, float]
    time_ms: float

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents found, each at its best passage, best first."""
        return tuple(hit.source for hit in _first_of_each(self.hits))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every answerable question's row, and how many questions no document answers (they are not measured)."""

    rows: tuple[Row, ...]
    unanswerable: int

    def scores(self) -> Scores:
        """Returns each question's measures."""
        return {row.question.id: row.measures for row in self.rows}

    def summary(self) -> dict[str, dict[str, Interval]]:
        """Returns language → measure → mean with its 95 % interval, "all" first, over every question."""
        languages = sorted({row.question.language or "?" for row in self.rows})
        return {
            language: _means(rows)
            for language in (EVERYTHING, *languages)
            if (rows := [r for r in self.rows if language in (EVERYTHING, r.question.language or "?")])
        }

    def kinds(self) -> dict[str, dict[str, Interval]]:
        """Returns kind of question → measure → mean with its 95 % interval, for those that have a kind."""
        kinds = sorted({row.question.kind for row in self.rows if row.question.kind})
        return {kind: _means([row for row in self.rows if row.question.kind == kind]) for kind in kinds}


def _means(rows: Sequence[Row]) -> dict[str, Interval]:
    return {
        measure: bootstrap([row.measures[measure] for row in rows if measure in row.measures])
        for measure in dict.fromkeys(name for row in rows for name in row.measures)
    }


def evaluate(
    questions: Sequence[Question],
    search: Search,
    *,
    k: int = DEPTH,
    grain: Grain = "page",
    page_slack: int = 0,
    ranked: Ranked = "passages",
    unit: Unit = "token",
    on_row: Callable[[Row], None] = lambda row: None,
) -> Evaluation:
    """Searches every answerable question and measures what comes back.

    Args:
        questions: the question set. search: returns at most the given number of passages, best first. k:
        passages asked for, at least 10. grain: what a passage has to match; a gold place that has no page or
        no text is matched by document alone. page_slack: how many pages beside the gold one still count.
        ranked: what has a rank: every passage, or every document once, at its best passage (the custom of
            document collections such as BEIR; ask for many passages then, ``k`` = 100).
        unit: what the span measures count.
        on_row: called after each question, for progress.
    """
    rows = []
    for question in questions:
        if question.answerable:
            began = time.perf_counter()
            hits = tuple(search(question.text, max(k, DEPTH)))
            elapsed = (time.perf_counter() - began) * 1000
            counted = hits if ranked == "passages" else _first_of_each(hits)
            found = _found(question, counted, grain, page_slack)
            measures = dict(rank_measures(found, [gold.grade for gold in question.gold]))
            spans = _span_scores(question, hits[:SPAN_DEPTH], unit)
            if spans is not None:
                measures |= {f"{unit} {name}@{SPAN_DEPTH}": value for name, value in spans._asdict().items()}
            ranks = tuple(rank for rank, items in enumerate(found, start=1) if items)
            rows.append(Row(question, hits, ranks, measures, elapsed))
            on_row(rows[-1])
    return Evaluation(tuple(rows), len(questions) - len(rows))


def compare(first: Scores, second: Scores) -> list[Paired]:
    """Returns a paired test of every measure that both runs have, over the questions that both have.

    Raises:
        UsageError: the runs have no question in common.
    """
    common = sorted(first.keys() & second.keys())
    if not common:
        raise UsageError(
            "The two runs have no question in common.",
            code="bad_run",
            hint="Compare runs over the same question set.",
        )
    measures = dict.fromkeys(name for own in common for name in first[own] if name in second[own])
    paired = []
    for measure in measures:
        both = [own for own in common if measure in first[own] and measure in second[own]]
        before, after = ([run[own][measure] for own in both] for run in (first, second))
        paired.append(paired_test(before, after, measure=measure))
    return paired


@dataclass(frozen=True, slots=True)
class Ablated:
    """What a part of retrieval is worth: the run without it, compared with the whole one measure by measure.

    A measure whose ``difference`` is below 0 is worse without the part.
    """

    part: str
    evaluation: Evaluation
    compared: tuple[Paired, ...]


def ablate(
    whole: Evaluation, parts: Iterable[str], measure: Callable[[str], Evaluation]
) -> Iterator[Ablated]:
    """Yields, for each part, the run that ``measure`` makes without it, compared with the whole one."""
    for part in parts:
        without = measure(part)
        yield Ablated(part, without, tuple(compare(whole.scores(), without.scores())))


def write_scores(path: Path, evaluation: Evaluation) -> None:
    """Writes every question's measures as JSONL, for :func:`compare` with another run later."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for row in evaluation.rows:
            line = {"id": row.question.id, "ranks": row.ranks, "measures": dict(row.measures)}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_scores(path: Path) -> Scores:
    """Reads what :func:`write_scores` wrote.

    Raises:
        UsageError: it is not such a file.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        return {
            str(line["id"]): {str(name): float(value) for name, value in line["measures"].items()}
            for line in lines
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{path} is not a saved run: {error}.",
            code="bad_run",
            hint="Save one with: vouch eval --save FILE",
        ) from None


# ---- one question ----------------------------------------------------------------------------------


def _found(question: Question, hits: Sequence[Hit], grain: Grain, page_slack: int) -> list[set[int]]:
    return [
        {number for number, gold in enumerate(question.gold) if holds(hit, gold, grain, page_slack)}
        for hit in hits
    ]


def _first_of_each(hits: Sequence[Hit]) -> list[Hit]:
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.source, hit)
    return list(best.values())


def holds(hit: Hit, gold: Gold, grain: Grain = "page", page_slack: int = 0) -> bool:
    """Says whether a passage holds a gold place, at the grain asked for.

    A document is named by its path or the end of it, with or without the file's ending. A page holds when the
    passage touches it, give or take ``page_slack``. A text holds when four fifths of the shorter of the two
    (passage, gold text) stand in the longer, by runs of five letters and digits: a passage inside a gold
    section counts, and so does a passage around a gold sentence; a passage that ends in the middle of the
    sentence does not.
    """
    if not is_named(hit.source, gold.document):
        return False
    if grain == "page" and gold.page:
        return hit.page - page_slack <= gold.page <= hit.last_page + page_slack
    if grain == "text" and gold.text:
        return shares_text(hit.text, gold.text)
    return True


def shares_text(first: str, second: str) -> bool:
    """Says whether the shorter of two texts stands in the longer, up to small differences."""
    shorter, longer = sorted((_shingles(first), _shingles(second)), key=len)
    return bool(shorter) and len(shorter & longer) >= _SHARED * len(shorter)


def _shingles(text: str) -> frozenset[str]:
    letters = "".join(c for c in fold(text) if c.isalnum())
    return frozenset(letters[i : i + _SHINGLE] for i in range(max(1, len(letters) - _SHINGLE + 1)) if letters)


def _span_scores(question: Question, hits: Sequence[Hit], unit: Unit) -> SpanScores | None:
    golds = [gold for gold in question.gold if gold.start >= 0]
    if not golds:
        return None
    wanted = [place for gold in golds for place in _positions(gold.document, gold.start, gold.text, unit)]
    given: list[Position] = []
    for hit in hits:
        # Under the gold's name for the document, so that both sides speak of the same one.
        document = next((gold.document for gold in golds if is_named(hit.source, gold.document)), hit.source)
        given.extend(_positions(document, hit.start, hit.text, unit))
    return span_scores(wanted, given)


def _positions(document: str, start: int, text: str, unit: Unit) -> Iterator[Position]:
    offsets = range(len(text)) if unit == "character" else (word.start for word in words(text))
    for offset in offsets:
        yield document, start + offset
