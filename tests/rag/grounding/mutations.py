"""True sentences of the sample company's documents, and what becomes of them when something in them is altered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from bench.datasets import SAMPLE
from corpus.language import fold, sentences
from rag.words.figures import figures

PASSAGE_CHARS = 700


@dataclass(frozen=True)
class Told:
    """A sentence and the passage it stands in."""

    document: str
    passage: str
    sentence: str


@cache
def told(japanese: bool) -> list[Told]:
    """Returns the sentences of the sample's sources, each with the passage around it."""
    found = []
    for path in sorted((SAMPLE / "sources").glob("*.md")):
        if path.name != "README.md" and path.name.startswith("ja-") == japanese:
            text = path.read_text(encoding="utf-8")
            for passage in _passages(text):
                found += [
                    Told(path.name, passage, passage[start:end])
                    for start, end in sentences(passage)
                    if end - start >= 8 and not re.search(r"[\[\n「“\"]|^#", passage[start:end])
                ]
    return found


def _passages(text: str) -> Iterator[str]:
    spans = sentences(text)
    first = 0
    for at, (_, end) in enumerate(spans):
        if end - spans[first][0] >= PASSAGE_CHARS or at == len(spans) - 1:
            yield text[spans[first][0] : end]
            first = at + 1


_TURNED = [
    (" may ", " may not "), (" must ", " must not "), (" is not ", " is "), (" are not ", " are "),
    (" can ", " cannot "),
    (" are ", " are not "), (" is ", " is not "), (" before ", " after "), ("できる", "できない"),
    ("行う。", "行わない。"),
    ("ません", "ます"), ("できない", "できる"), ("する。", "しない。"), ("以上", "以下"), ("以内", "以降"),
]  # fmt: skip
_NAMES = (
    (r"(?<=[a-z,] )[A-Z][a-z]{3,}\b", "Zorblat"),
    (r"[ァ-ヶー]{3,}", "ゾルブラト"),
    (r"(?<![一-龠])[一-龠]{2}(?=さん|社長)", "蓑田"),
)


def altered(one: Told) -> list[str]:
    """Returns the sentence with one figure, name or denial of it changed, in every way that there is; none that
    the passage says, too.
    """
    text = one.sentence
    changed = []
    for figure in figures(text):
        at = next((k for k, c in enumerate(figure.text) if c in "0123456789"), None)
        if at is not None:
            digit = str((int(figure.text[at]) + 1) % 10 or 1)
            changed.append(
                text[: figure.start] + figure.text[:at] + digit + figure.text[at + 1 :] + text[figure.end :]
            )
    changed += [text.replace(old, new, 1) for old, new in _TURNED if old in text]
    for pattern, name in _NAMES:
        changed += [text[: m.start()] + name + text[m.end() :] for m in re.finditer(pattern, text)]
    return [text for text in changed if fold(text) not in fold(one.passage)]
