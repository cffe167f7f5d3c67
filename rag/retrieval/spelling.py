"""A question's words as they were meant: one that no document has is read as the word that they have a slip away.

A slip is one letter left out, one too many, another one, or two that changed places (Damerau 1964: four in five of all
misspellings), but not in the first place, where few happen. Only English words in small letters are looked at, five
letters or more: a name, a code and what stands in quotation marks is meant as it is written. So is a word that the
embedder knows as a whole, or as a regular form of one: its vocabulary holds what is common in the language ("dress" is
no slip for "press", nor "edits" for "exits", whatever the documents speak of).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase

from corpus.language import STOP_WORDS
from corpus.patterns import pattern
from rag.words.told import tell

LEAST_CHARS = 5
MOST_CHARS = 24
MOST_WORDS = 3
"""So many words of a question are looked at: some five hundred neighbours each."""

MOST_LOOKED_UP = 24
"""Of so many strange words it is asked whether a document has them."""

SURE_CHARS = 7
"""From so many letters a word that is a slip away is surely meant; of shorter ones there is too often another that
nobody meant ("venmo", "venom")."""

FEW_WORDS = 3
"""Fewer other words tell no language."""

KNOWN_SHARE = 0.6
"""Of a query in a language of the embedder's it has at least this share of the words as a whole."""

_TRIED = 4
_BEFORE = ("re", "un", "de", "non", "pre", "sub", "mis", "over", "co")
_BEHIND = ("s", "es", "d", "ed", "r", "er", "ers", "ing", "ings", "ly", "able", "ness")
_QUOTED = pattern('"[^"]*"|“[^“”]*”|„[^„“]*“|«[^«»]*»|`[^`]*`|[「『][^「『」』]*[」』]')
_LATIN = "0-9A-Za-z\u00c0-\u024f"
_WORD = pattern(
    rf"(?<![{_LATIN}])(?<![-_.@&'’+#/\\])[A-Za-z][a-z]{{{LEAST_CHARS - 1},{MOST_CHARS - 1}}}"
    rf"(?![{_LATIN}])(?![-_@&+#/\\]|\.[{_LATIN}])"
)
_SPACED = pattern("[A-Za-z\u00c0-\u024f]{2,}")
_SMALL = pattern(rf"(?<![{_LATIN}])[a-z]+(?![{_LATIN}])")
_MARKS = " \t\n.!?:;,()[]{}…—–*>-\"“”'‘’"
_BETWEEN = 12
"""So many characters before a word are looked at for the end of the sentence before it."""
_ABBREVIATED = pattern(r"(?:\A|\W)\w{1,3}\Z")
"""A full stop behind so short a word ends no sentence: "Dr. Weidemann", "A. Weidemann"."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is asked of the words that there are.

    ``is_common``: whether the language has a word. ``frequencies``: in how many documents that the caller may read each
    word of small letters stands, whatever its inflection. ``passages``: some passages with a word, of those documents.
    """

    is_common: Callable[[str], bool]
    frequencies: Callable[[Sequence[str]], Sequence[int]]
    passages: Callable[[str], Sequence[str]]


def slips_of(query: str, vocabulary: Vocabulary) -> dict[str, str]:
    """Returns the misspelt words of a query, in small letters: as they are written → as they are meant.

    A word is misspelt that the language does not have, nor any document that the caller may read, and that is a slip
    from a word of such documents: of one that stands in most of them. A word with no such neighbour is left out.
    """
    written = dict.fromkeys(query[start:end].lower() for start, end in _spans(query))
    strange = [word for word in written if not _is_regular(word, vocabulary.is_common)]
    if not strange or not _is_known_language(query, strange, vocabulary):
        return {}
    strange = strange[:MOST_LOOKED_UP]
    often = vocabulary.frequencies(strange)
    unknown = [word for word, number in zip(strange, often, strict=True) if not number]
    found = ((word, _meant(word, vocabulary)) for word in unknown[:MOST_WORDS])
    return {word: meant for word, meant in found if meant}


@dataclass(frozen=True, slots=True)
class Wording:
    """A question in somebody's words, and those of them that are misspelt: as they are written → as they are meant."""

    written: str
    slips: Mapping[str, str]

    @property
    def read(self) -> str:
        """The question with its misspelt words put right."""
        return put_right(self.written, self.slips)

    @property
    def surely(self) -> Wording:
        """The same words, of which the surely misspelt ones alone are slips."""
        sure = {word: meant for word, meant in self.slips.items() if len(word) >= SURE_CHARS}
        return replace(self, slips=sure)


def put_right(query: str, slips: Mapping[str, str]) -> str:
    """Returns a query with the given words of it put right; all else stays, its line breaks and capitals too."""
    for start, end in reversed(_spans(query)):
        written = query[start:end]
        if meant := slips.get(written.lower()):
            query = query[:start] + (meant if written.islower() else meant.capitalize()) + query[end:]
    return query


def as_told(slips: Mapping[str, str], japanese: bool) -> list[str]:
    """Returns a sentence for each word that was put right."""
    return [tell("misspelt", japanese, written=written, meant=meant) for written, meant in slips.items()]


def _spans(query: str) -> list[tuple[int, int]]:
    """Returns where the words stand that may be misspelt."""
    bare = _QUOTED.sub(lambda match: " " * len(match.group()), query)
    return [
        match.span()
        for match in _WORD.finditer(bare)
        if (match.group().islower() or _begins(query, match.start()))
        and match.group().lower() not in STOP_WORDS
    ]


def _begins(text: str, at: int) -> bool:
    """Says whether a word at a place begins a sentence, where it is written large whatever it is."""
    before = text[max(0, at - _BETWEEN) : at]
    rest = before.rstrip(_MARKS)
    between = before[len(rest) :]
    ends = any(mark in between for mark in "!?:\n") or ("." in between and not _ABBREVIATED.search(rest))
    return len(between) == at or ends


def _is_regular(word: str, is_common: Callable[[str], bool]) -> bool:
    """Says whether the language has a word, or one that it is a regular form of."""
    if is_common(word):
        return True
    whole = {word, *(word.removeprefix(one) for one in _BEFORE)}
    ended = {core.removesuffix(one) for core in whole for one in _BEHIND} - whole
    ended |= {core[:-1] for core in ended if len(core) > 1 and core[-1] == core[-2]}  # logg(ed)
    ended |= {core + "e" for core in ended} | {core[:-1] + "y" for core in ended if core.endswith("i")}
    return any(len(core) > 2 and core != word and is_common(core) for core in sorted(whole | ended))


def _is_known_language(query: str, strange: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Says whether the language has most of a query's other words: of another language every second one is strange."""
    others = {word.lower() for word in _SPACED.findall(query)}.difference(strange)
    return len(others) < FEW_WORDS or sum(map(vocabulary.is_common, others)) >= KNOWN_SHARE * len(others)


def _meant(word: str, vocabulary: Vocabulary) -> str:
    """Returns the word of the documents that a word is a slip from; "" where there is none."""
    near = sorted({one for one in _neighbours(word) if one[0] == word[0]} - STOP_WORDS)
    likely = {one: number for one, number in zip(near, vocabulary.frequencies(near), strict=True) if number}
    common = set(filter(vocabulary.is_common, likely))
    for best in sorted(likely, key=lambda one: (-likely[one], one not in common, one))[:_TRIED]:
        passages = vocabulary.passages(best)
        said = Counter(_SMALL.findall("\n".join(passages)))  # a name is no slip for another
        found = {one: said[one] for one in near if said[one]}
        if found:
            return max(found, key=lambda one: (found[one], one))
        if passages and best in common:  # they have another form of it
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
