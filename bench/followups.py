"""Measures follow-up questions over the sample company: what carrying over from the turns before is worth.

    python -m bench.followups [--work folder] [--model NAME] [--misses]

Each question of ``bench/followups.jsonl`` is put in four ways: as it was asked, without the turns before; with the
turn before beside it; made to stand alone by rule (with ``--model``: by that model); and as a person would put it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.answers import is_gold
from bench.datasets import SAMPLE, Dataset, sample
from bench.retrieval import located, open_set, work_folder
from corpus.types import OWNER
from rag.asking.answering import answer
from rag.asking.answers import Answer, Ask
from rag.measuring.evaluation import shares_text
from rag.measuring.places import is_named
from rag.measuring.questions import Question, read_questions
from rag.prompts.prompting import Message
from rag.retrieval.library import CallersLibrary

FILE = Path(__file__).with_name("followups.jsonl")
COLUMNS = ("questions", "gold found", "gold cited", "refused", "unanswerable", "abstained")


@dataclass(frozen=True, slots=True)
class Conversation:
    """A follow-up, the asker's turns before it, and the question as a person would put it by itself."""

    question: Question
    before: tuple[str, ...]
    by_hand: str


WAYS: dict[str, Callable[[Conversation], Ask]] = {
    "as asked": lambda one: Ask(one.question.text),
    "the turn before beside it": lambda one: Ask(f"{one.question.text} {one.before[-1]}"),
    "made to stand alone": lambda one: Ask(
        one.question.text, history=tuple(Message("user", turn) for turn in one.before)
    ),
    "by hand": lambda one: Ask(one.by_hand),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Asks every question in every way and prints the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bench.followups", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument(
        "--work", type=Path, help="keep the corpus here and use it again (default: temporary)"
    )
    parser.add_argument("--model", default="extractive", help="who answers (default: the built-in model)")
    parser.add_argument("--misses", action="store_true", help="print every miss as a line of JSON")
    options = parser.parse_args(arguments)
    rows = []
    with work_folder(options.work) as work:
        dataset = replace(sample(SAMPLE, work)[1], questions=tuple(read_questions(FILE)))
        with open_set(work, dataset) as service:
            library = CallersLibrary(service.corpus, service.retriever, OWNER)
            conversations = _conversations(located(service, dataset))
            for name, way in WAYS.items():
                given = [
                    answer(replace(way(one), model=options.model), library, service.models, rewrite_s=10)
                    for one in conversations
                ]
                for language in ("en", "ja"):
                    asked = [
                        pair
                        for pair in zip(conversations, given, strict=True)
                        if pair[0].question.language == language
                    ]
                    rows.append(f"| {name}, {language} | {' | '.join(_cells(asked, dataset))} |")
                if options.misses:
                    _print_misses(name, list(zip(conversations, given, strict=True)), dataset)
    print("\n".join([f"| read | {' | '.join(COLUMNS)} |", "|---|" + "---|" * len(COLUMNS), *rows]))
    return 0


def _conversations(questions: Sequence[Question]) -> list[Conversation]:
    rows = {row["id"]: row for row in map(json.loads, FILE.read_text(encoding="utf-8").splitlines())}
    return [Conversation(one, tuple(rows[one.id]["before"]), rows[one.id]["standalone"]) for one in questions]


def _is_cited(question: Question, given: Answer, dataset: Dataset) -> bool:
    return any(is_gold(citation, gold, dataset) for citation in given.citations for gold in question.gold)


def _is_found(question: Question, given: Answer) -> bool:
    return any(
        is_named(passage.hit.source, gold.document) and shares_text(passage.hit.text, gold.text)
        for passage in given.passages
        for gold in question.gold
    )


def _cells(asked: Sequence[tuple[Conversation, Answer]], dataset: Dataset) -> list[str]:
    known = [(one.question, given) for one, given in asked if one.question.answerable]
    unknown = [given for one, given in asked if not one.question.answerable]
    counts = (
        sum(_is_found(*pair) for pair in known),
        sum(_is_cited(*pair, dataset) for pair in known),
        sum(given.abstained for _, given in known),
        len(unknown),
        sum(given.abstained for given in unknown),
    )
    return [str(len(known)), *map(str, counts)]


def _print_misses(name: str, asked: Sequence[tuple[Conversation, Answer]], dataset: Dataset) -> None:
    for one, given in asked:
        wrong = given.abstained == one.question.answerable
        if wrong or (one.question.answerable and not _is_cited(one.question, given, dataset)):
            row = {
                "read": name,
                "id": one.question.id,
                "question": one.question.text,
                "as": given.standalone_question,
                "abstained": given.abstained,
                "confidence": given.confidence,
                "cited": [[each.source, each.quote] for each in given.citations][:2],
            }
            print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
