"""Asks English questions as people in a hurry write them, and measures what that costs.

    python -m bench.careless [--data path/to/sets --sets contoso,18f --work ~/corpora]   one word misspelt
    python -m bench.careless --small [...]                                               all in small letters

A slip is drawn for each question from its own number: two letters that change places, one left out, another one, or
one twice, within a small word of five letters or more, half of the time the longest. It is asked with the spelling put
right, and without. Sets, corpora and options are those of :mod:`bench.retrieval`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from string import ascii_lowercase

from bench.datasets import Dataset, load
from bench.retrieval import measure, open_set, set_parser, work_folder
from corpus.language import STOP_WORDS
from corpus.types import OWNER
from rag.measuring.evaluation import compare
from rag.service import Service
from rag.words.stemming import stem

MEASURES = ("hit@1", "hit@5", "MRR@10", "nDCG@10")
_WORD = re.compile(r"(?<![^\W_])[a-z]{5,}(?![^\W_])")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; returns the exit code."""
    parser = set_parser("bench.careless", __doc__)
    parser.add_argument("--small", action="store_true", help="ask in small letters, without a slip")
    options = parser.parse_args(arguments)
    columns = ["as asked", "in small letters"] if options.small else ["as asked", "misspelt", "put right"]
    columns = ["set", "questions", "measure", *columns, "better / worse"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    with work_folder(options.work) as work:
        for dataset in (one.thinned(options.limit) for one in load(options.data, work, options.sets)):
            english = tuple(question for question in dataset.questions if question.text.isascii())
            if english:
                with open_set(work, dataset) as service:
                    show = small_letters if options.small else slips_put_right
                    print(show(service, replace(dataset, questions=english)), flush=True)
    return 0


def small_letters(service: Service, dataset: Dataset) -> str:
    """Returns a set's rows, asked as they are and in small letters."""
    small = replace(
        dataset, questions=tuple(replace(one, text=one.text.lower()) for one in dataset.questions)
    )
    asked, written = measure(service, dataset).scores(), measure(service, small).scores()
    return "\n".join(
        f"| {dataset.name} | {len(dataset.questions)} | {one.measure} | {one.first:.3f} | {one.second:.3f} "
        f"| {one.better} / {one.worse} |"
        for one in compare(asked, written)
        if one.measure in MEASURES
    )


def slips_put_right(service: Service, dataset: Dataset) -> str:
    """Returns a set's rows, asked as they are, misspelt and put right, and how the words were read."""
    slips = {question.id: misspelt(question.text, question.id) for question in dataset.questions}
    wrong = replace(
        dataset, questions=tuple(replace(one, text=slips[one.id][0]) for one in dataset.questions)
    )
    asked = measure(service, dataset).scores()
    left = measure(service, wrong, "spelling").scores()
    right = measure(service, wrong).scores()
    rows = []
    for first, second in zip(compare(asked, left), compare(left, right), strict=True):
        if first.measure in MEASURES:
            rows.append(
                f"| {dataset.name} | {len(dataset.questions)} | {first.measure} | {first.first:.3f} "
                f"| {first.second:.3f} | {second.second:.3f} | {second.better} / {second.worse} |"
            )
    return "\n".join([*rows, "", _told(service, dataset, slips), ""])


def _told(service: Service, dataset: Dataset, slips: dict[str, tuple[str, str]]) -> str:
    def read(text: str) -> str:
        return service.retriever.search(text, 1, OWNER).read_as

    changed = [(one, *slips[one.id]) for one in dataset.questions if slips[one.id][1]]
    found = [(_stems(read(text)) >= _stems(word), read(text) == text) for _, text, word in changed]
    touched = sum(read(one.text) != " ".join(one.text.split()) for one in dataset.questions)
    right = sum(one for one, _ in found)
    left = sum(same for one, same in found if not one)
    return (
        f"Of {len(changed)} slips {right} are read as meant (or have the same stem), {left} stay, "
        f"{len(found) - right - left} are read as another word; {touched} questions that are spelt right are changed."
    )


def misspelt(text: str, seed: str) -> tuple[str, str]:
    """Returns a text with a slip in one of its words, and that word; the text and "" where it has none to slip in."""
    random = Random(seed)
    words = [match for match in _WORD.finditer(text) if match.group() not in STOP_WORDS]
    if not words:
        return text, ""
    chosen = (
        max(words, key=lambda one: one.end() - one.start()) if random.random() < 0.5 else random.choice(words)
    )

    word = chosen.group()
    at = random.randrange(1, len(word) - 1)
    slip = random.choice(
        [
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + random.choice(ascii_lowercase) + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        ]
    )
    return text[: chosen.start()] + slip + text[chosen.end() :], word


def _stems(text: str) -> set[str]:
    return set(map(stem, re.findall("[a-z]+", text.lower())))


if __name__ == "__main__":
    sys.exit(main())
