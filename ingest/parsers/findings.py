"""What a page's text tells about itself: that it cannot be read, or that it stood there before."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice, pairwise

from corpus.patterns import pattern

_UNREADABLE_SHARE = 0.05
_UNREADABLE = pattern(
    "[\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff\x00-\x01\x03-\x08\x0e-\x1f\x80-\x84\x86-\x9f]"
)
_BULLETS = pattern("[\uf020-\uf0ff]")
_GLYPH_NAMES = pattern(r"(?:/[A-Za-z]{1,4}\d{1,5}){3,}")
_SPACED_WORD = pattern(r"[^\W\d_\u0590-\uffff]{4,}")
_LEAST_WORDS = 20
_MOST_WORDS = 600
_LEAST_ALTERNATION = 0.46
_VOWELS = frozenset("aeiouyæøœıаеёиоуыэюяіїєαεηιουω")
_RARE_LETTER = pattern(r"[^\W\d_\u0000-\u024f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af\uff00-\uffef]")
_MOST_SCRIPTS = 4
_SCRIPT_SHARE = 0.02
_LEAST_LETTERS = 100
_MOST_LETTERS = 3000
_LEAST_SAME_CHARS = 200


def is_garbled(text: str) -> bool:
    """Says whether much of a page's text is not what a reader sees there.

    Signs of a font without a true map to characters: more than one in twenty is a replacement, private-use or
    control character; half of it are names of glyphs (``/g36/g72/g86``); the letters are spread over many scripts
    at once; or the words of a spaced script do not alternate between vowels and consonants. Of neighbouring letters
    60 to 85 % do so in every language tried (52 % in Vietnamese); in text with its letters exchanged, 32 % do in the
    middle, and 45 % in one page of ten. Needs at least 20 different words of four letters.
    """
    return (
        _unreadable_share(text) > _UNREADABLE_SHARE
        or 2 * sum(map(len, _GLYPH_NAMES.findall(text))) > len(text)
        or _mixes_scripts(text)
        or _is_unspeakable(text)
    )


def _unreadable_share(text: str) -> float:
    """Returns the share of replacement, private-use and control characters, in [0, 1].

    The private places where symbol fonts keep their bullets do not count.
    """
    return (len(_UNREADABLE.findall(text)) - len(_BULLETS.findall(text))) / max(len(text), 1)


def _mixes_scripts(text: str) -> bool:
    if not _RARE_LETTER.search(text):
        return False
    letters = list(islice(filter(str.isalpha, text), _MOST_LETTERS))
    if len(letters) < _LEAST_LETTERS:
        return False
    rare = Counter(_RARE_LETTER.findall("".join(letters)))
    scripts: Counter[str] = Counter()
    for letter, count in rare.items():
        scripts[unicodedata.name(letter, "?").partition(" ")[0]] += count
    return sum(count >= _SCRIPT_SHARE * len(letters) for count in scripts.values()) >= _MOST_SCRIPTS


def _is_unspeakable(text: str) -> bool:
    words = set(islice(_SPACED_WORD.findall(text), _MOST_WORDS))
    if len(words) < _LEAST_WORDS:
        return False
    counted = [_alternation(word) for word in words]
    return sum(changes for changes, _ in counted) < _LEAST_ALTERNATION * sum(pairs for _, pairs in counted)


@lru_cache(maxsize=8192)
def _alternation(word: str) -> tuple[int, int]:
    """Returns how often vowel and consonant follow each other in a word, and its pairs of neighbouring letters."""
    letters = [c in _VOWELS for c in unicodedata.normalize("NFD", word.lower()) if c.isalpha()]
    return sum(first != second for first, second in pairwise(letters)), len(letters) - 1


def repeated_pages(pages: Iterable[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """Yields (number, number of the first one) for pages that say the same as an earlier one.

    White space does not count, and pages of fewer than 200 other characters are never the same.

    Args:
        pages: number and text of each, in order.
    """
    first: dict[int, int] = {}
    for number, text in pages:
        shown = "".join(text.split())
        if len(shown) < _LEAST_SAME_CHARS:
            continue
        before = first.setdefault(hash(shown), number)
        if before != number:
            yield number, before
