"""Letters set apart from each other that are words all the same. Pure geometry.

PDFium puts a space wherever letters stand further apart than those of a word do. They also do so where a program
spreads a line to reach the margin, a heading for its looks, or the letters of code to fill columns of one width.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from ingest.parsers.pdf.apart import closes
from ingest.parsers.pdf.lines import SAME_LINE, Rule, Word

_WITHIN = 0.36  # of a font's size: letters of a word stand no further apart than this, where they are spread,
_MOSTLY = 0.22  # most of them no further than this, which is less than a space has,
_BETWEEN = 0.46, 1.0  # and words so much
_LEAST_GAPS = 5  # of either kind, on a page
_MOST_UNSURE = 0.1  # of the gaps, those between the two
_SINGLE = 0.25  # of what stands apart, single letters at least
_SOME = 0.1  # the same of what is in the font, in whatever size
_LEAST_RUN = 4  # Japanese characters spread evenly
_MOST_APART = 0.7  # of their size
_UNEVEN = 0.08  # the same, by which the gaps between them differ, at most
_ROUND = 2.0  # sizes of a font, in points, are told apart in halves


def closed_up(words: Sequence[Word], rules: Sequence[Rule] = ()) -> list[Word]:
    """Returns words in their order, those whose letters are spread each as one.

    See :mod:`ingest.parsers.pdf.apart` for titles, labels and words under ruby. Else letters of a font are, where all
    its gaps on the page are either less than a space or as wide as a letter, and many words have one letter; Japanese
    characters, where four or more stand evenly apart, less than one from each other.
    """
    singles = [word for word in words if len(word.text) == 1]
    if not singles:
        return list(words)
    if any(goes_on := closes(words, rules)):
        words = _together(words, goes_on)
        singles = [word for word in words if len(word.text) == 1]
    if len(singles) < _LEAST_RUN:
        return list(words)
    spread = _spread_fonts(words, Counter(word.font for word in singles))
    if not spread and sum(map(_is_character, singles)) < _LEAST_RUN:
        return list(words)
    closed: list[Word] = []
    run: list[Word] = []
    for word in words:
        if run and (_goes_on_evenly(run, word) or (spread and _within(run[-1], word, spread))):
            run.append(word)
        else:
            closed += _joined(run, spread)
            run = [word]
    return [*closed, *_joined(run, spread)]


def _spread_fonts(words: Sequence[Word], singles: Counter[str]) -> set[tuple[str, int]]:
    """Returns the fonts, by name and size, whose letters are spread on the page."""
    counts = Counter(word.font for word in words)
    fonts = {font for font, single in singles.items() if single > max(_LEAST_GAPS, _SOME * counts[font])}
    if not fonts:
        return set()
    gaps: dict[tuple[str, int], list[float]] = {}
    alone: Counter[tuple[str, int]] = Counter()
    for before, after in pairwise(words):
        if after.font in fonts and _stand_beside(before, after):
            gaps.setdefault(_key(after), []).append((after.x0 - before.x1) / after.size)
            alone[_key(after)] += len(after.text) == 1
    return {key for key, own in gaps.items() if alone[key] > _SINGLE * len(own) and _are_of_two_kinds(own)}


def _are_of_two_kinds(gaps: Sequence[float]) -> bool:
    narrow = [gap for gap in gaps if gap < _WITHIN]
    wide = sum(_BETWEEN[0] < gap < _BETWEEN[1] for gap in gaps)
    unsure = sum(_WITHIN <= gap <= _BETWEEN[0] for gap in gaps)
    return (
        min(len(narrow), wide) >= _LEAST_GAPS
        and median(narrow) < _MOSTLY
        and unsure <= _MOST_UNSURE * len(gaps)
    )


def _key(word: Word) -> tuple[str, int]:
    return word.font, round(_ROUND * word.size)


def _stand_beside(before: Word, after: Word) -> bool:
    common = min(before.y1, after.y1) - max(before.y0, after.y0)
    height = min(before.y1 - before.y0, after.y1 - after.y0)
    return after.x0 >= before.x0 and common > SAME_LINE * height and _key(before) == _key(after)


def _within(before: Word, after: Word, spread: set[tuple[str, int]]) -> bool:
    return (
        _key(after) in spread and _stand_beside(before, after) and after.x0 - before.x1 < _WITHIN * after.size
    )


def _goes_on_evenly(run: Sequence[Word], word: Word) -> bool:
    before = run[-1]
    if not (_is_character(word) and _is_character(before) and _stand_beside(before, word)):
        return False
    gap = word.x0 - before.x1
    first = run[1].x0 - run[0].x1 if len(run) > 1 else gap
    return 0 < gap < _MOST_APART * word.size and abs(gap - first) < _UNEVEN * word.size


def _is_character(word: Word) -> bool:
    return len(word.text) == 1 and "\u3041" <= word.text <= "\u9fff"


def _joined(run: Sequence[Word], spread: set[tuple[str, int]]) -> Sequence[Word]:
    return [_as_one(run)] if len(run) >= _LEAST_RUN or (len(run) > 1 and _key(run[0]) in spread) else run


def _together(words: Sequence[Word], closed: Sequence[bool]) -> list[Word]:
    runs: list[list[Word]] = []
    for word, goes_on in zip(words, closed, strict=True):
        if goes_on:
            runs[-1].append(word)
        else:
            runs.append([word])
    return [_as_one(run) if len(run) > 1 else run[0] for run in runs]


def _as_one(run: Sequence[Word]) -> Word:
    return replace(
        run[0],
        text="".join(word.text for word in run),
        y0=min(word.y0 for word in run),
        x1=run[-1].x1,
        y1=max(word.y1 for word in run),
    )
