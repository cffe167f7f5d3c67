"""Text in one spelling, with a map back to the original offsets; quotations found by it, and words."""

from __future__ import annotations

import functools
import re
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from corpus.language.scripts import CJK, UNSPACED
from corpus.patterns import pattern

if TYPE_CHECKING:  # parsers read languages, and start without numbers
    import numpy as np
    from numpy.typing import NDArray

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about all also am an and any are as at be been being but by can could did do does doing
        each for from had has have having he her here him his how i if in into is it its just me may
        might must my no nor not of on or our shall she should so some such than that the their them
        then there these they this those to too under up us was we were what when where which who
        whom whose why will with would you your
        """,
    )
)
"""English words that carry a question's grammar; a query leaves them out unless it has no others."""

# ---- normalisation -------------------------------------------------------------------------------

_DASHES = (
    "\u002d\u058a\u05be\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d"
)
_SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4\uff07"
_DOUBLE_QUOTES = '"\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02'
_SAME = str.maketrans(
    dict.fromkeys(_DASHES, "-") | dict.fromkeys(_SINGLE_QUOTES, "'") | dict.fromkeys(_DOUBLE_QUOTES, '"')
)
# Characters that follow a base and can change with it under NFKC: marks, half-width voicing, Hangul jamo.
_JOINING = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u093c\u0941-\u094d\u0b3e-\u0b57"
    "\u1160-\u11ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ufe20-\ufe2f\uff9e\uff9f"
)
# Most text is pieces that fold character by character and need no look-up: ASCII, and plain Japanese.
_PIECE = pattern(
    r"(?P<plain>(?:[!-~]+(?: [!-~]+)*"
    rf"|[\u3001\u3002\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fff]+)(?![{_JOINING}]))"
    rf"|(?P<space>\s+)|(?P<cluster>.[{_JOINING}]*)",
    re.DOTALL,
)
_CJK_CHAR = pattern(f"[{CJK}\u3001\u3002\u300c-\u300f\u3010\u3011]")
_ASCII_SPACE = pattern(r"\s+")
_ASCII_DROPPED = dict.fromkeys((*range(9), *range(14, 28), 127))
_LETTER_HYPHEN = pattern(r"(?<=[^\W\d_])- ?(?=[^\W\d_])")


@dataclass(frozen=True, slots=True, eq=False)
class Normalised:
    """A text in one spelling, and where each of its characters came from.

    ``offsets``: int64, shape (len(text), 2); ``text[i]`` came from ``original[offsets[i, 0]:offsets[i, 1]]``.
    """

    text: str
    offsets: NDArray[np.int64]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Returns the original [start, end) behind ``text[start:end]``, which must not be empty."""
        return int(self.offsets[start, 0]), int(self.offsets[end - 1, 1])


def normalise(text: str) -> Normalised:
    """Folds what looks the same into one spelling and keeps the way back.

    Compatibility forms, case and widths are folded (Unicode NFKC and case folding); dashes and quotes become
    ASCII; soft hyphens, zero-width and control characters go; white space becomes one blank, and none beside
    a Chinese, Japanese or Korean character, so that a line break inside a Japanese sentence does not matter.
    """
    import numpy as np

    parts: list[str] = []
    starts, ends = array("q"), array("q")
    for piece, begin, stop, as_long in _folded(text):
        parts.append(piece)
        if as_long:
            starts.extend(range(begin, stop))
            ends.extend(range(begin + 1, stop + 1))
        else:
            starts.extend([begin] * len(piece))
            ends.extend([stop] * len(piece))
    offsets = np.stack([np.array(starts, np.int64), np.array(ends, np.int64)], axis=1)
    return Normalised("".join(parts), offsets)


def _folded(text: str) -> Iterator[tuple[str, int, int, bool]]:
    """Yields each piece in its one spelling, where it came from, and whether character by character."""
    blank: tuple[int, int] | None = None
    after_cjk = False
    for match in _PIECE.finditer(text):
        begin, stop = match.span()
        kind, piece = match.lastgroup, match.group()
        folded = piece.lower() if kind == "plain" else " " if kind == "space" else _fold_cluster(piece)
        if not folded:
            continue
        if folded == " ":
            blank = (blank[0] if blank else begin, stop)
            continue
        if blank and not after_cjk and not _CJK_CHAR.match(folded):
            yield " ", *blank, False
        blank = None
        yield folded, begin, stop, kind == "plain"
        after_cjk = bool(_CJK_CHAR.match(folded[-1]))
    if blank and not after_cjk:
        yield " ", *blank, False


def fold(text: str) -> str:
    """Returns ``normalise(text).text``."""
    if text.isascii():
        return _ASCII_SPACE.sub(" ", text.translate(_ASCII_DROPPED)).lower()
    return "".join(piece for piece, *_ in _folded(text))


@functools.lru_cache(maxsize=8192)
def _fold_cluster(cluster: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold())
    folded = "".join(c for c in folded.translate(_SAME) if unicodedata.category(c) not in ("Cc", "Cf"))
    # A form such as U+00A8 unfolds to a blank and a mark; that blank parts no words.
    return folded.replace(" ", "") or folded[:1]


def find(quote: str, text: str | Normalised, start: int = 0) -> tuple[int, int] | None:
    """Returns where a quote stands in the original text, whatever its widths, case, dashes and line breaks.

    Args:
        quote: the words looked for; blank ones are never found.
        text: the text, or what :func:`normalise` made of it when many quotes are looked for.
        start: first offset into the *normalised* text to look from.
    """
    source = text if isinstance(text, Normalised) else normalise(text)
    wanted = fold(quote).strip()
    if not wanted:
        return None
    at = source.text.find(wanted, start)
    if at >= 0:
        return source.span(at, at + len(wanted))
    return _find_unhyphenated(wanted, source, start)


def _find_unhyphenated(wanted: str, source: Normalised, start: int) -> tuple[int, int] | None:
    import numpy as np

    # A word broken at a line's end ("informa-\ntion") equals the whole one once both lose their hyphens.
    keep = np.ones(len(source.text), dtype=bool)
    for match in _LETTER_HYPHEN.finditer(source.text):
        keep[match.start() : match.end()] = False
    kept = np.flatnonzero(keep)
    bare = _LETTER_HYPHEN.sub("", source.text)
    wanted = _LETTER_HYPHEN.sub("", wanted)
    at = bare.find(wanted, int(np.searchsorted(kept, start)))
    if at < 0:
        return None
    return source.span(int(kept[at]), int(kept[at + len(wanted) - 1]) + 1)


# ---- words ---------------------------------------------------------------------------------------

_WORD = pattern(
    rf"(?P<unspaced>[{UNSPACED}]+)|(?P<number>\d+(?:[.,:]\d+)*)|(?P<word>(?:[^\W\d_{UNSPACED}]['\u0300-\u036f]?)+)"
)


class Word(NamedTuple):
    """A word in normalised spelling, and where it stands in the original text."""

    text: str
    start: int
    end: int


def words(text: str | Normalised) -> list[Word]:
    """Returns the words in order: case-folded words and numbers, and pairs of characters in unspaced scripts.

    A run of Japanese or Chinese gives its overlapping pairs (a single character gives itself), so two texts
    that share a phrase share its words whatever stands around it.
    """
    source = text if isinstance(text, Normalised) else normalise(text)
    return [
        Word(source.text[left:right], *source.span(left, right)) for left, right in _word_spans(source.text)
    ]


def spellings(text: str) -> list[str]:
    """Returns the spellings of :func:`words`, without their places: English in a third of the time."""
    folded = fold(text)
    return [folded[left:right] for left, right in _word_spans(folded)]


def _word_spans(folded: str) -> Iterator[tuple[int, int]]:
    for match in _WORD.finditer(folded):
        begin, stop = match.span()
        if match.lastgroup == "unspaced" and stop - begin > 1:
            yield from ((at, at + 2) for at in range(begin, stop - 1))
        else:
            yield begin, stop - (match.group().endswith("'") and stop - begin > 1)
