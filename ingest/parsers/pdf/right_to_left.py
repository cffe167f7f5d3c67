"""Pages of Arabic and Hebrew: words as they are read, on a page turned over, so that lines run from left to right.

PDFium gives the letters of such words in the order in which they are read, but not always the words of a line: what is
written from left to right within it (numbers, Latin names) and brackets come out of order. Where they stand decides.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from corpus.patterns import pattern
from ingest.parsers.pdf.lines import WIDE_GAP, Line, Rule, Word, to_rows
from ingest.parsers.pdf.structure import Box, PageText

_RIGHT = (
    "\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"  # digits are written as everywhere
)
_RIGHT_LETTER = pattern(f"[{_RIGHT}]")
_LEFT_LETTER = pattern(r"[^\W\d_]")
_ARABIC = pattern("[\u0600-\u08ff\ufb50-\ufdff\ufe70-\ufefc]")
_PIECE = pattern(rf"[{_RIGHT}]+|\d+|[^\W\d{_RIGHT}]+|\S")
_LIGATURE = pattern("\u0644[\u0622\u0623\u0625\u0627\u0671]")
"""Lam and alef, in order."""
_UNIT = pattern(r"[a-zµ°%][a-zA-Z²³/]{0,3}")
_NUMBER = pattern(r"\d+")
_BEHIND_WORDS = frozenset(".,:;!?،؛")
_WITHIN_NUMBERS = frozenset(".,:/")
_SIGNS = frozenset("+-%$€£₪")
"""Part of a number in Hebrew; in Arabic they stand to its left as any other sign does (Unicode's bidirectional
algorithm, UAX 9, rules W2 to W7), so that there a date with hyphens runs from the right."""
_BRACKETS = ("()", "[]", "{}", "«»")
_FOREIGN = 3  # times as many letters of a line are Latin where the line is
_TOUCHING = 0.12  # of the letters' height: what is nearer is one word


def is_right_to_left(text: str) -> bool:
    """Says whether most of a page's letters are Arabic or Hebrew."""
    right = len(_RIGHT_LETTER.findall(text))
    return right > 0 and 2 * right > len(_LEFT_LETTER.findall(text))


def pieces(token: str, start: int) -> Iterator[tuple[int, int]]:
    """Yields where the pieces of a token begin and end that are written in one direction."""
    for match in _PIECE.finditer(token):
        yield start + match.start(), start + match.end()


def as_read(text: str, start: int, box_of: Callable[[int], Box | None]) -> str:
    """Returns a piece with the letters that are drawn as one in order: PDFium turns those round, too.

    Args:
        text: the piece.
        start: the index of its first character.
        box_of: returns the box of the character at an index.
    """
    if not _RIGHT_LETTER.match(text):
        return text
    letters = ""
    for _, group in groupby(range(len(text)), key=lambda at: box_of(start + at) or at):
        drawn = "".join(text[at] for at in group)
        letters += drawn if _LIGATURE.fullmatch(drawn) else drawn[::-1]
    return "".join(unicodedata.normalize("NFKC", one) if one > "\ufb00" else one for one in letters)


def turn_over(found: PageText) -> None:
    """Mirrors a page, its words in the order in which they are read."""
    words: list[Word] = []
    for row in to_rows([Line([word]) for word in found.words]):
        standing = sorted((word for line in row.lines for word in line.words), key=lambda word: -word.x1)
        for segment in _segments(standing):
            words += _glued(_with_brackets(_mirrored(segment, found.width)))
    found.words = words
    found.rules = [Rule(found.width - r.x1, r.y0, found.width - r.x0, r.y1, r.drawn) for r in found.rules]


def _segments(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Yields words of a row, from the right, up to a gap that parts cells or columns."""
    segment: list[Word] = []
    for word in words:
        if segment and segment[-1].x0 - word.x1 > WIDE_GAP * max(segment[-1].size, word.size):
            yield segment
            segment = []
        segment.append(word)
    if segment:
        yield segment


def _mirrored(segment: Sequence[Word], width: float) -> list[Word]:
    """Returns the words of a segment as they are read, where they stand on the page turned over."""
    right = sum(len(word.text) for word in segment if _is_right(word))
    left = sum(len(word.text) for word in segment if _is_left(word) and not _NUMBER.fullmatch(word.text))
    from_left = list(reversed(segment))
    runs = [_with_right_turned(from_left)] if left > _FOREIGN * right else reversed([*_runs(from_left)])
    read: list[Word] = []
    for run in runs:
        edge, start = max(word.x1 for word in run), min(word.x0 for word in run)
        for word in run:
            x0 = width - edge + word.x0 - start
            read.append(replace(word, x0=x0, x1=x0 + word.x1 - word.x0))
    return read


def _runs(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Yields words from the left: together those that are read so, every other one alone."""
    is_arabic = any(_ARABIC.search(word.text) for word in words)
    at = 0
    while at < len(words):
        end = _end_of_run(words, at, is_arabic) if _is_left(words[at]) else at + 1
        run = list(words[at:end])
        # "45 mg" stands as "mg 45": a number goes before a unit, and after a name.
        if len(run) == 2 and _UNIT.fullmatch(run[0].text) and _NUMBER.fullmatch(run[1].text):
            yield from ([word] for word in run)
        else:
            yield run
        at = end


def _end_of_run(words: Sequence[Word], at: int, is_arabic: bool) -> int:
    """Returns where what is read from the left ends that begins with a word: after a letter all, else one number."""
    has_letter = not _NUMBER.fullmatch(words[at].text)
    end = at + 1
    while end < len(words):
        following = next((i for i in range(end, len(words)) if _is_left(words[i]) or _is_right(words[i])), 0)
        between = words[end:following] if following and _is_left(words[following]) else None
        if between is None or (between and _belongs_right(words[end - 1], *words[end : following + 1][:2])):
            break
        if not (has_letter or _are_one_number(words[end - 1 : following + 1], is_arabic)):
            break
        has_letter = has_letter or not _NUMBER.fullmatch(words[following].text)
        end = following + 1
    if (
        end < len(words)
        and not is_arabic
        and words[end].text in _SIGNS
        and _touch(words[end - 1], words[end])
    ):
        end += 1
    return end


def _belongs_right(left: Word, sign: Word, right: Word) -> bool:
    """Says whether a comma or the like belongs to the word at its right, as it does where one reads from there."""
    return sign.text in _BEHIND_WORDS and _touch(sign, right) and not _touch(left, sign)


def _are_one_number(words: Sequence[Word], is_arabic: bool) -> bool:
    """Says whether two words, and what is between them, touch and are one number."""
    signs = _WITHIN_NUMBERS if is_arabic else _WITHIN_NUMBERS | _SIGNS
    return (
        len(words) <= 3
        and all(_touch(a, b) for a, b in pairwise(words))
        and all(word.text in signs for word in words[1:-1])
    )


def _touch(left: Word, right: Word) -> bool:
    return abs(right.x0 - left.x1) < _TOUCHING * right.size


def _with_right_turned(words: Sequence[Word]) -> list[Word]:
    """Returns words that are read from the left, those among them turned that are not."""
    ordered: list[Word] = []
    turned: list[Word] = []
    for word in words:
        if _is_right(word):
            turned.insert(0, word)
        else:
            ordered += [*turned, word]
            turned = []
    return ordered + turned


def _is_left(word: Word) -> bool:
    return word.text[0].isalnum() and not _is_right(word)


def _is_right(word: Word) -> bool:
    return _RIGHT_LETTER.search(word.text) is not None


def _with_brackets(words: Sequence[Word]) -> list[Word]:
    """Names brackets by the word that they touch: which one a file names where one is drawn differs."""
    named = list(words)
    for at, word in enumerate(words):
        pair = next((pair for pair in _BRACKETS if word.text in pair), "")
        before = at > 0 and words[at - 1].text[-1].isalnum() and _touch(words[at - 1], word)
        after = at + 1 < len(words) and words[at + 1].text[0].isalnum() and _touch(word, words[at + 1])
        if pair and before != after:
            named[at] = replace(word, text=pair[before])
    return named


def _glued(words: Sequence[Word]) -> list[Word]:
    """Joins pieces that touch."""
    joined: list[Word] = []
    for word in words:
        last = joined[-1] if joined else None
        if last is not None and _touch(last, word):
            low, high = min(last.y0, word.y0), max(last.y1, word.y1)
            joined[-1] = replace(last, x1=max(last.x1, word.x1), y0=low, y1=high, text=last.text + word.text)
        else:
            joined.append(word)
    return joined
