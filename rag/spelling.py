"""A question's words as they were meant: one that no document has is read as the word that they have a slip away.

A slip is one letter left out, one too many, another one, or two that changed places (Damerau 1964: four in five of all
misspellings); or a blank left out. Only English words in small letters are looked at, five letters or more: a name, a
code and what stands in quotation marks is meant as it is written. So is a word that the embedder knows as a whole: its
vocabulary holds what is common in the language ("dress" is no slip for "press", whatever the documents speak of).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from corpus.language import STOP_WORDS, fold
from corpus.patterns import pattern

LEAST_CHARS = 5
MOST_CHARS = 24
MOST_WORDS = 3
"""So many words of a question are looked at: some five hundred neighbours each."""

FEW_WORDS = 3
"""Fewer other words tell no language."""

KNOWN_SHARE = 0.6
"""Of a query in a language of the embedder's it has at least this share of the words as a whole."""

SAME_START = 10
"""So many times as likely is a word that begins as the written one does: the first letter is seldom the wrong one."""

_TRIED = 4
_LEAST_PART = 3
_QUOTED = pattern('"[^"]*"|“[^”]*”|[「『][^」』]*[」』]')
_LATIN = "0-9A-Za-z\u00c0-\u024f"
_WORD = pattern(
    rf"(?<![{_LATIN}])(?<![-_.@&'’+#/\\])[A-Za-z][a-z]{{{LEAST_CHARS - 1},{MOST_CHARS - 1}}}"
    rf"(?![{_LATIN}])(?![-_@&+#/\\]|\.[{_LATIN}])"
)
_SPACED = pattern("[A-Za-z\u00c0-\u024f]{2,}")
_BEGINS = pattern(r"(?:\A|[.!?:\n])\W*\Z")
_LETTERS = pattern("[a-z]+")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is asked of the words that there are.

    ``is_common``: whether the language has a word. ``frequencies``: in how many passages each word of small letters
    stands, whatever its inflection. ``passages``: some passages with a word, of those that the caller may read.
    """

    is_common: Callable[[str], bool]
    frequencies: Callable[[Sequence[str]], Sequence[int]]
    passages: Callable[[str], Sequence[str]]


def respelled(query: str, vocabulary: Vocabulary) -> tuple[str, Mapping[str, str]]:
    """Returns a query with its misspelt words put right, and these: as they were written → as they were read.

    A word is misspelt that the language does not have, nor any passage, and that is a slip from a word of the passages
    that the caller may read: the commonest of those. A word with no such neighbour stays.
    """
    quoted = [match.span() for match in _QUOTED.finditer(query)]
    spans = [
        match.span()
        for match in _WORD.finditer(query)
        if not any(start <= match.start() < end for start, end in quoted)
        and (query[match.start()].islower() or _BEGINS.search(query, 0, match.start()))
        and match.group().lower() not in STOP_WORDS
    ]
    written = list(dict.fromkeys(query[start:end].lower() for start, end in spans))
    often = vocabulary.frequencies(written) if written else ()
    unknown = [word for word, number in zip(written, often, strict=True) if not number]
    strange = [word for word in unknown if not vocabulary.is_common(word)]
    if not strange or not _is_known_language(query, strange, vocabulary):
        return query, {}
    found = ((word, _meant(word, vocabulary)) for word in strange[:MOST_WORDS])
    read = {word: meant for word, meant in found if meant}
    for start, end in reversed(spans):
        meant = read.get(query[start:end].lower(), query[start:end])
        query = query[:start] + (meant if query[start].islower() else meant.capitalize()) + query[end:]
    return query, read


def _is_known_language(query: str, strange: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Says whether the language has most of a query's other words: of another language every second one is strange."""
    others = {word.lower() for word in _SPACED.findall(query)}.difference(strange)
    return len(others) < FEW_WORDS or sum(map(vocabulary.is_common, others)) >= KNOWN_SHARE * len(others)


def _meant(word: str, vocabulary: Vocabulary) -> str:
    """Returns the word, or two, of the passages that a word is a slip from; "" where there is none."""
    near = sorted(set(_neighbours(word)) - STOP_WORDS)
    likely = dict(zip(near, vocabulary.frequencies(near), strict=True))
    likely = {one: number * _start(one, word) for one, number in likely.items() if number}
    common = set(filter(vocabulary.is_common, likely))
    for best in sorted(likely, key=lambda one: (-likely[one], one not in common, one))[:_TRIED]:
        passages = vocabulary.passages(best)
        said = Counter(_LETTERS.findall(fold("\n".join(passages))))
        found = {one: said[one] * _start(one, word) for one in near if said[one]}
        if found:
            return max(found, key=lambda one: (found[one], one))
        if passages and best in common:  # they have another form of it
            return best
    return _parted(word, vocabulary)


def _start(one: str, word: str) -> int:
    return SAME_START if one[0] == word[0] else 1


def _parted(word: str, vocabulary: Vocabulary) -> str:
    """Returns the two words that were written as one, as a passage has them side by side; "" where none has."""
    parts = [(word[:at], word[at:]) for at in range(_LEAST_PART, len(word) - _LEAST_PART + 1)]
    parts = [both for both in parts if STOP_WORDS.isdisjoint(both)]
    often = vocabulary.frequencies([part for both in parts for part in both])
    known = {" ".join(both): min(often[2 * at : 2 * at + 2]) for at, both in enumerate(parts)}
    for best in sorted(known, key=lambda both: (-known[both], both))[:_TRIED]:
        if known[best] and any(
            best in " ".join(fold(one).split()) for one in vocabulary.passages(f'"{best}"')
        ):
            return best
    return ""


def _neighbours(word: str) -> Iterator[str]:
    """Yields every spelling that is a slip away."""
    for at in range(len(word) + 1):
        left, right = word[:at], word[at:]
        if right:
            yield left + right[1:]
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
        for letter in ascii_lowercase:
            yield left + letter + right
            if right:
                yield left + letter + right[1:]
