"""Letters set apart from each other for looks: spaced titles, Japanese labels as wide as a column, words under ruby.

Pure geometry. No list of words: what is closed up is evenly apart, and not as columns are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median, quantiles

from corpus.patterns import pattern
from ingest.parsers.pdf.lines import NO_SPACE, SAME_LINE, Rule, Word

_LEAST_TITLE = 5  # letters
_TITLE_GAP = 0.24, 1.0  # of the letters' height: what they stand apart, beside words that stand further apart
_ALONE_GAP = 0.36  # the same of one word, at least: in English text words stand closer than this
_EVEN = 0.12  # of their height, by which gaps differ (pairs as ``LY`` are set closer)
_NEXT_WORD = 1.6  # times the gap between letters, the one between words at least
_WORD_GAP = 2.5  # letter heights, the same at most
_ONE_PITCH = 0.06  # of their height, by which the places of letters in columns differ
_LABEL_GAP = 6.0  # characters' sizes between those of a label, at most
_LABEL_EVEN = 0.1  # of their size, by which these gaps differ
_SAME_EDGE = 1.0  # points by which the labels of a column begin and end elsewhere
_LEAST_LABELS = 2
_NEAR_LABELS = 4.0  # characters' sizes from a label to the next one below it, at most
_RUBY_SIZE = 0.62  # of the characters' size that it stands over, at most
_RUBY_GAP = 0.4  # of that size, from those to their ruby at most
_RUBY = pattern("[\u3041-\u30ff]{2,}")


def closes(words: Sequence[Word], rules: Sequence[Rule]) -> list[bool]:
    """Says of each word whether it goes on with the one before, which stands apart from it for looks alone."""
    closed = [False] * len(words)
    labels: list[list[int]] = []
    for run in _runs(words):
        if words[run[0]].text.isalpha() and not _is_character(words[run[0]]):
            for at in _of_a_title([words[at] for at in run]):
                closed[run[at]] = True
        elif _is_even([words[at] for at in run]):
            labels.append(run)
    for run in _of_columns(labels, words):
        if not any(_is_between(rule, words[run[0]], words[run[-1]]) for rule in rules):
            for at in run[1:]:
                closed[at] = True
    for at in _under_ruby(words):
        closed[at] = True
    return closed


def _runs(words: Sequence[Word]) -> Iterator[list[int]]:
    """Yields the places of single letters of one kind that stand beside each other."""
    run: list[int] = []
    for at, word in enumerate(words):
        is_letter = len(word.text) == 1 and word.text.isalpha()
        if run and not (is_letter and _stands_beside(words[run[-1]], word)):
            if len(run) > 1:
                yield run
            run = []
        if is_letter:
            run.append(at)
    if len(run) > 1:
        yield run


def _stands_beside(before: Word, after: Word) -> bool:
    if _is_character(before) != _is_character(after) or abs(before.size - after.size) > 0.12 * after.size:
        return False
    common = min(before.y1, after.y1) - max(before.y0, after.y0)
    is_line = common > SAME_LINE * min(before.y1 - before.y0, after.y1 - after.y0)
    most = _LABEL_GAP if _is_character(after) else _WORD_GAP
    return is_line and 0 < after.x0 - before.x1 < most * after.size


def _is_character(word: Word) -> bool:
    return len(word.text) == 1 and "\u3041" <= word.text <= "\u9fff"


# ---- titles --------------------------------------------------------------------------------------


def _of_a_title(letters: Sequence[Word]) -> list[int]:
    """Returns the places of the letters of a spaced title that go on with the one before."""
    if len(letters) < _LEAST_TITLE:
        return []
    size = letters[0].size
    gaps = [(after.x0 - before.x1) / size for before, after in pairwise(letters)]
    usual = quantiles(gaps, n=4)[1] if len(gaps) < 8 else median(sorted(gaps)[: 3 * len(gaps) // 4])
    near = [at for at, gap in enumerate(gaps, 1) if abs(gap - usual) < _EVEN]
    far = sum(gap > _NEXT_WORD * usual for gap in gaps)
    if len(near) + far < len(gaps) or len(near) < 2 * far + 2 or not _TITLE_GAP[0] < usual < _TITLE_GAP[1]:
        return []
    if not far and usual < _ALONE_GAP:
        return []
    if _are_in_columns(letters):
        return []
    codes = [ord(letter.text) for letter in letters]
    return [] if all(after == before + 1 for before, after in pairwise(codes)) else near


def _are_in_columns(letters: Sequence[Word]) -> bool:
    """Says whether letters begin, have their middles or end at places of one distance, of which some may be free."""
    for places in (
        [letter.x0 for letter in letters],
        [(letter.x0 + letter.x1) / 2 for letter in letters],
        [letter.x1 for letter in letters],
    ):
        steps = [after - before for before, after in pairwise(places)]
        pitch = min(steps)
        if all(abs(step - pitch * round(step / pitch)) < _ONE_PITCH * letters[0].size for step in steps):
            return True
    return False


# ---- labels of a column, set to its width --------------------------------------------------------


def _is_even(characters: Sequence[Word]) -> bool:
    gaps = [after.x0 - before.x1 for before, after in pairwise(characters)]
    return max(gaps) - min(gaps) < _LABEL_EVEN * characters[0].size


def _of_columns(runs: Sequence[list[int]], words: Sequence[Word]) -> Iterator[list[int]]:
    """Yields the runs that begin and end below each other and have not all as many characters: so none are columns."""
    columns: list[list[list[int]]] = []
    for run in runs:
        for own in columns:
            if _share_edges(words[own[0][0]], words[own[0][-1]], words[run[0]], words[run[-1]]):
                own.append(run)
                break
        else:
            columns.append([run])
    for own in columns:
        near = [own[:1]]
        for above, below in pairwise(own):
            step = words[above[0]].y0 - words[below[0]].y0
            if 0 < step < _NEAR_LABELS * words[below[0]].size:
                near[-1].append(below)
            else:
                near.append([below])
        for block in near:
            if len(block) >= _LEAST_LABELS and len({len(run) for run in block}) > 1:
                yield from block


def _share_edges(first: Word, last: Word, other_first: Word, other_last: Word) -> bool:
    return abs(first.x0 - other_first.x0) < _SAME_EDGE and abs(last.x1 - other_last.x1) < _SAME_EDGE


def _is_between(rule: Rule, first: Word, last: Word) -> bool:
    middle = (first.y0 + first.y1) / 2
    return rule.x1 - rule.x0 < 1 and first.x1 <= rule.x0 <= last.x0 and rule.y0 < middle < rule.y1


# ---- words under ruby ----------------------------------------------------------------------------


def _under_ruby(words: Sequence[Word]) -> Iterator[int]:
    """Yields the places of words that a gap parts over which one ruby goes on."""
    kana = [word for word in words if _RUBY.fullmatch(word.text)]
    if not kana:
        return
    for at in range(1, len(words)):
        before, after = words[at - 1], words[at]
        if not (NO_SPACE.match(after.text) and NO_SPACE.match(before.text[-1])):
            continue
        gap = after.x0 - before.x1
        if not (0 < gap < _LABEL_GAP * after.size and abs(before.y0 - after.y0) < 0.1 * after.size):
            continue
        if any(
            ruby.size < _RUBY_SIZE * after.size
            and ruby.x0 <= before.x1
            and ruby.x1 >= after.x0
            and -0.2 * after.size < ruby.y0 - after.y1 < _RUBY_GAP * after.size
            for ruby in kana
        ):
            yield at
