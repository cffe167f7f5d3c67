"""In which direction a page's words are written: sideways, or downward as Japanese is. Pure geometry."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from corpus.patterns import pattern
from ingest.parsers.pdf.lines import NO_SPACE, Rule, Word
from ingest.parsers.pdf.slanted import SLANT, without_gaps
from ingest.parsers.pdf.structure import PageText

_DOWNWARD = 3  # quarter turns to the left: a page turned so shows its columns as lines, the rightmost on top
_TALL = 1.3  # height of a word of several characters, of its width, where it is written downward
_LEAST_DOWNWARD = 40  # characters; fewer may be the label of a picture that the page is otherwise
_UPRIGHT_FORM = pattern("[\ufe10-\ufe1f\ufe30-\ufe4f]")


def mark_downward(words: list[Word], turns: list[int]) -> bool:
    """Says whether most of a page is Japanese or Chinese written downward, and gives its words the turn of such.

    What stands across within a column (a number of two digits) is part of it.
    """
    marked = [_is_tall(word) and not turn for word, turn in zip(words, turns, strict=True)]
    for at in range(1, len(words)):
        above, below = words[at - 1], words[at]
        if not (turns[at - 1] or turns[at]) and _is_single(above) and _is_single(below):
            both = _stands_below(above, below)
            marked[at - 1], marked[at] = marked[at - 1] or both, marked[at] or both
    columns = [word for word, downward in zip(words, marked, strict=True) if downward]
    length = sum(len(word.text) for word in columns)
    if length < _LEAST_DOWNWARD or 2 * length <= sum(len(word.text) for word in words):
        return False
    low, high = min(word.y0 for word in columns), max(word.y1 for word in columns)
    strips = _merged(sorted((word.x0, word.x1) for word in columns))
    starts = [x0 for x0, _ in strips]
    for at, word in enumerate(words):
        x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
        strip = bisect_right(starts, x) - 1
        within = low <= y <= high and strip >= 0 and x <= strips[strip][1]
        if not turns[at] and (marked[at] or within):
            turns[at] = _DOWNWARD
            words[at] = replace(word, text=_UPRIGHT_FORM.sub(_plain_form, word.text))
    return True


def _merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Returns ascending spans with those that overlap as one."""
    merged: list[tuple[float, float]] = []
    for x0, x1 in spans:
        if merged and x0 <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], x1)
        else:
            merged.append((x0, x1))
    return merged


def _plain_form(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0])


def _is_tall(word: Word) -> bool:
    return (
        word.y1 - word.y0 > _TALL * (word.x1 - word.x0)
        and len(word.text) > 1
        and bool(NO_SPACE.search(word.text))
    )


def _is_single(word: Word) -> bool:
    return len(word.text) == 1 and "\u3041" <= word.text <= "\u9fff"


def _stands_below(above: Word, below: Word) -> bool:
    """Says whether a character stands right below another of its size."""
    size = below.size
    return abs(below.x0 - above.x0) < 0.4 * size and 0 < above.y1 - below.y1 < 1.6 * size


def join_labels(words: Sequence[Word]) -> list[Word]:
    """Joins characters written downward on a page that is not (a label beside a table), where the first one stands."""
    joined: list[Word] = []
    run: list[Word] = []
    for word in [*words, None]:
        if word is not None and _is_single(word):
            if run and _stands_below(run[-1], word):
                run.append(word)
                continue
            joined += _one_word(run)
            run = [word]
            continue
        joined += _one_word(run)
        run = []
        if word is not None:
            joined.append(word)
    return joined


def _one_word(run: Sequence[Word]) -> Sequence[Word]:
    if len(run) < 3:
        return run
    return [replace(run[0], text="".join(word.text for word in run))]


def turn_upright(found: PageText, turns: Sequence[int]) -> None:
    """Turns a page so that most of its text stands upright; text written otherwise comes below all else."""
    main = _main(found.words, turns)
    wide, high = found.width, found.height
    upright: list[Word] = []
    others: list[Word] = []
    for word, turn in zip(found.words, turns, strict=True):
        x0, y0, x1, y1 = _turned((word.x0, word.y0, word.x1, word.y1), turn, wide, high)
        shift = 0.0 if turn == main else -(2.0 + turn) * max(wide, high)
        moved = replace(
            word, x0=x0, y0=y0 + shift, x1=x1, y1=y1 + shift, size=word.size if turn == SLANT else y1 - y0
        )
        (upright if turn == main else others).append(moved)
    found.words = (without_gaps(upright) if main else upright) + without_gaps(others)
    found.rules = [Rule(*_turned((r.x0, r.y0, r.x1, r.y1), main, wide, high), r.drawn) for r in found.rules]
    if main % 2:
        found.width, found.height = high, wide


def _turned(
    box: tuple[float, float, float, float], turn: int, wide: float, high: float
) -> tuple[float, float, float, float]:
    """Returns a box on a page turned by quarters to the right."""
    x0, y0, x1, y1 = box
    if turn == 1:
        return y0, wide - x1, y1, wide - x0
    if turn == 2:
        return wide - x1, high - y1, wide - x0, high - y0
    if turn == 3:
        return high - y1, x0, high - y0, x1
    return box


def _main(words: Sequence[Word], turns: Sequence[int]) -> int:
    """Returns the turn of most of the text."""
    counts: Counter[int] = Counter()
    for word, turn in zip(words, turns, strict=True):
        counts[turn] += len(word.text)
    return counts.most_common(1)[0][0]
