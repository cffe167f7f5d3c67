"""Gold places × a corpus → the documents they name, where their texts stand, and which are not there."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import PurePosixPath

from corpus.language import Normalised, fold, normalise
from rag.measuring.questions import Gold, Question

_TOLD = 5
_TOLD_CHARS = 60


class NamedDocuments:
    """The paths of documents, by every name that a gold place may give them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: dict[str, str] = {}
        for path in paths:
            for name in _names(path):
                self._by_name.setdefault(name, path)

    def find(self, document: str) -> str | None:
        """Returns the path of the first document that ``document`` names (:func:`is_named`), None for none."""
        return self._by_name.get(_wanted(document))


def is_named(source: str, document: str) -> bool:
    """Says whether ``document`` names ``source``: the path or its end, the file's ending optional."""
    return _wanted(document) in _names(source)


def _wanted(document: str) -> str:
    return unicodedata.normalize("NFC", document).lstrip("/")


def _names(source: str) -> Iterator[str]:
    path = PurePosixPath("/", unicodedata.normalize("NFC", source))
    for own in dict.fromkeys((path, path.with_suffix(""))):
        parts = own.parts[1:]
        yield from ("/".join(parts[at:]) for at in range(len(parts)))


def locate(questions: Iterable[Question], text_of: Callable[[str], str]) -> list[Question]:
    """Returns the questions with each gold text and its offsets in the document as it is stored.

    ``text_of`` gives the stored text of a gold place's document, "" for none. Offsets alone give the text between
    them. Where there is a text, offsets that hold another one are replaced: they count in the original file. Only
    letters and digits have to agree, since a table's cells or a list's marks are written in many ways. A gold text
    that is not found has no offsets, nor have offsets beyond the document's end.
    """
    text_of = cache(text_of)
    letters_of = cache(lambda document: normalise(text_of(document)))
    return [
        replace(question, gold=tuple(_located(gold, text_of, letters_of) for gold in question.gold))
        for question in questions
    ]


def _located(gold: Gold, text_of: Callable[[str], str], letters_of: Callable[[str], Normalised]) -> Gold:
    if not gold.text and gold.start < 0:
        return gold
    whole = text_of(gold.document)
    held = whole[gold.start : gold.end] if 0 <= gold.start < gold.end <= len(whole) else ""
    if not gold.text and held:
        return replace(gold, text=held)
    if held and held == gold.text:
        return gold
    start, end = _find_letters(gold.text, letters_of(gold.document)) or (-1, -1)
    return replace(gold, start=start, end=end)


def _find_letters(wanted: str, source: Normalised) -> tuple[int, int] | None:
    kept = [at for at, character in enumerate(source.text) if character.isalnum()]
    letters = "".join(source.text[at] for at in kept)
    looked_for = "".join(filter(str.isalnum, fold(wanted)))
    at = letters.find(looked_for) if looked_for else -1
    return source.span(kept[at], kept[at + len(looked_for) - 1] + 1) if at >= 0 else None


def absences(
    questions: Sequence[Question], located: Sequence[Question] | None, named: NamedDocuments, where: str
) -> list[str]:
    """Returns sentences on what the gold of questions names and is not there.

    Args:
        questions: as they were read. located: the same after :func:`locate`; None where nobody asks for their texts'
            places. named: the documents that are searched. where: what holds them, as in "the corpus".
    """
    golds = list(dict.fromkeys(gold.document for question in questions for gold in question.gold))
    lost = [one for one in golds if named.find(one) is None]
    if golds and len(lost) == len(golds):
        return [
            f"None of the {len(golds):,} gold documents is in {where} ({_few(lost)}): most likely the questions "
            "belong to another collection."
        ]
    found = []
    if lost:
        found.append(
            f"{len(lost):,} of the {len(golds):,} gold documents are not in {where} ({_few(lost)}); they count as "
            "not found."
        )
    gone = frozenset(lost)
    asked = [
        (before.id, _is_lost(own, now, gone))
        for before, after in zip(questions, located or (), strict=located is not None)
        for own, now in zip(before.gold, after.gold, strict=True)
        if (own.text or own.start >= 0)
    ]
    lost_of = list(dict.fromkeys(own for own, is_lost in asked if is_lost))
    if lost_of:
        count = sum(is_lost for _, is_lost in asked)
        found.append(
            f"{count:,} of the {len(asked):,} gold texts do not stand in their documents (questions "
            f"{_few(lost_of)}); the span measures leave them out."
        )
    return found


def _is_lost(own: Gold, now: Gold, gone: frozenset[str]) -> bool:
    return now.start < 0 and own.document not in gone


def _few(names: Sequence[str]) -> str:
    shown = [one if len(one) <= _TOLD_CHARS else one[:_TOLD_CHARS] + "…" for one in names[:_TOLD]]
    return ", ".join(shown) + (", …" if len(names) > _TOLD else "")


def run_names(questions: Iterable[Question]) -> Callable[[Question, Sequence[str]], list[str]]:
    """Returns what names ranked documents as the question set does, so that its judgements can score the run.

    Given a question and the paths found for it, it returns their names: those of the question's own judgements
    first, then those of any other question's, else the path. Each name comes once, at its best rank.
    """
    known = {_wanted(name): name for question in questions for name in _judged(question)}

    def names_of(question: Question, paths: Sequence[str]) -> list[str]:
        own = {_wanted(name): name for name in _judged(question)}
        found: dict[str, None] = {}
        for path in paths:
            names = [*_names(path)]
            given = next(
                (names_in[one] for names_in in (own, known) for one in names if one in names_in), path
            )
            found.setdefault(given)
        return [*found]

    return names_of


def _judged(question: Question) -> Iterator[str]:
    yield from (gold.document for gold in question.gold)
    yield from question.irrelevant
