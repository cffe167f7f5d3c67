"""Words with boxes, and the lines and rows they form.

Coordinates are points, the origin at the page's bottom left, y upward.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from corpus.patterns import pattern

WIDE_GAP = 1.25  # a gap of so many letter heights parts two cells or columns
_TIGHT = 0.3  # letter heights of a gap that is no space
_TWICE = 0.15  # letter heights by which the same word drawn twice is apart, at most
_MOST_APART = 8.0  # points
_CELL = 32.0  # points: words are looked for in squares of so many
SAME_LINE = 0.5  # share of the smaller height that two words of a line have in common
LEADERS = frozenset({".", "..", "…"})  # set apart from each other between a text and its figure
_LEADER_GAP = 4.0  # letter heights between them, at most
NO_SPACE = pattern("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")
_NO_SPACE_BETWEEN = pattern(
    rf"{NO_SPACE.pattern}(?:{NO_SPACE.pattern}|[A-Za-z0-9])|[A-Za-z0-9]{NO_SPACE.pattern}"
)
_SECTION = pattern(r"\d{1,3}(?:\.\d{1,3})+")
SIGNS_BEFORE = frozenset({"$", "€", "£", "¥", "￥"})
SIGNS_AFTER = frozenset({"%", ")", ")%", "％", "）"})
_DIGITS = frozenset("0123456789)%—$€£¥￥")
_FIGURES = frozenset("0123456789($€£¥￥—")
HYPHEN_JOINT = "\x02"
"""Stands between a hyphen at a line's end and the word that goes on: the caller knows which words exist."""
_BROKEN_CODE = pattern(r"[^\W_]-[\dA-Z]|\d-[a-z]")  # FA-25-02 or 3-year, of two lines
HYPHENATED = pattern(r"[^\W\d_]-$")


@dataclass(slots=True, unsafe_hash=True)
class Word:
    """A run of characters without white space, never changed once made. ``size`` is the letter height in points, the
    same for all letters of a font's size.

    Not frozen, as other types are: that takes three times as long to make, and a page has hundreds.

    ``bold`` and ``font`` are those that its text was drawn in. ``spaced`` says that a space was written
    before it, not merely left free.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    text: str
    size: float
    bold: bool = False
    font: str = ""
    spaced: bool = False


def _usual_size(words: Sequence[Word]) -> float:
    """Returns the letter height of most characters: another font in a line (italics) may say another one."""
    chars: dict[int, int] = {}
    for word in words:
        step = round(2 * word.size)
        chars[step] = chars.get(step, 0) + len(word.text)
    usual = max(chars, key=lambda step: chars[step])
    return next(word.size for word in words if round(2 * word.size) == usual)


class Line:
    """Words of one line and one column, left to right; never changed once made.

    Attributes:
        words: at least one.
        x0, y0, x1, y1: the box around them.
        size: the letter height of most of the line.
        bold: whether every word is bold.
        gap: the widest white between two words, in points.
    """

    __slots__ = ("_text", "bold", "gap", "size", "words", "x0", "x1", "y0", "y1")

    def __init__(self, words: Sequence[Word]) -> None:
        first = words[0]
        x0, y0, x1, y1, bold = first.x0, first.y0, first.x1, first.y1, first.bold
        uniform = True
        gap, right = 0.0, first.x1
        for word in words[1:]:
            if word.x0 - right > gap:
                gap = word.x0 - right
            right = word.x1
            if word.x0 < x0:  # min and max take three times as long
                x0 = word.x0
            if word.y0 < y0:
                y0 = word.y0
            if right > x1:
                x1 = right
            if word.y1 > y1:
                y1 = word.y1
            bold = bold and word.bold
            uniform = uniform and word.size == first.size
        self.words, self.x0, self.y0, self.x1, self.y1 = words, x0, y0, x1, y1
        self.size, self.bold = first.size if uniform else _usual_size(words), bold
        self.gap = gap
        self._text = ""

    @property
    def text(self) -> str:
        """The words with the spaces between them; none beside Japanese or Chinese characters, but those written.

        Between such a character and a letter or figure of another script a quarter of a letter is left free.
        """
        if not self._text:
            self._text = " ".join([word.text for word in self.words])
            if not self._text.isascii():
                parts = [self.words[0].text]
                for before, after in pairwise(self.words):
                    if not _is_joined(before, after):
                        parts.append(" ")
                    parts.append(after.text)
                self._text = "".join(parts)
        return self._text


def _is_joined(before: Word, after: Word) -> bool:
    """Says whether no space stands between two words of a line; after a section's number there is one."""
    return (
        after.x0 - before.x1 < _TIGHT * before.size
        and not after.spaced
        and _NO_SPACE_BETWEEN.fullmatch(before.text[-1] + after.text[0]) is not None
        and not _SECTION.fullmatch(before.text)
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """A drawn straight line, upright or level; or, not drawn as one, the upper or lower edge of a background."""

    x0: float
    y0: float
    x1: float
    y1: float
    drawn: bool = True


def drawn_once(words: Sequence[Word]) -> list[bool]:
    """Says of each word whether it is the first at its place: some programs draw text twice to make it bold."""
    texts = [word.text for word in words]
    times = Counter(texts)
    known: dict[str, dict[tuple[float, float], list[Word]]] = {
        text: {} for text, often in times.items() if often > 1 and len(text) > 1
    }
    first = [True] * len(words)
    for at, (word, text) in enumerate(zip(words, texts, strict=True)):
        seen = known.get(text)
        if seen is None:
            continue
        if seen and _is_beside(word, seen):
            first[at] = False
        else:
            seen.setdefault((word.x0 // _CELL, word.y0 // _CELL), []).append(word)
    return first


def _is_beside(word: Word, seen: Mapping[tuple[float, float], Sequence[Word]]) -> bool:
    """Says whether one of the same words, by where they stand, stands where a word does."""
    x, y, apart = word.x0, word.y0, min(_TWICE * word.size, _MOST_APART)
    left, right = (x - apart) // _CELL, (x + apart) // _CELL
    low, high = (y - apart) // _CELL, (y + apart) // _CELL
    one = left == right and low == high
    for square in [(left, low)] if one else {(left, low), (left, high), (right, low), (right, high)}:
        for other in seen.get(square, ()):
            if abs(x - other.x0) < apart and abs(y - other.y0) < apart and abs(word.x1 - other.x1) < apart:
                return True
    return False


def to_lines(words: Sequence[Word]) -> list[Line]:
    """Returns words as lines, in the order they come; a wide gap or a step back starts a new line."""
    lines: list[list[Word]] = []
    for word in words:
        if lines and _continues(lines[-1][-1], word):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [Line(line) for line in lines]


def _continues(before: Word, after: Word) -> bool:
    gap = after.x0 - before.x1
    size = after.size if after.size > before.size else before.size
    if gap < -0.4 * size:
        return False
    if before.y0 != after.y0 or before.y1 != after.y1:  # most words of a line are of one font
        common = min(before.y1, after.y1) - max(before.y0, after.y0)
        if common < SAME_LINE * min(before.y1 - before.y0, after.y1 - after.y0):
            return False
    if gap > 0.4 * size and before.text[-1] in _DIGITS and after.text[0] in _FIGURES:
        return False  # two columns of numbers
    return gap <= WIDE_GAP * size or (after.text in LEADERS and gap <= _LEADER_GAP * size)


@dataclass(slots=True)
class Row:
    """Lines that stand beside each other, left to right."""

    lines: list[Line]

    @property
    def y0(self) -> float:
        """The lowest edge, in points from the page's foot."""
        return min(line.y0 for line in self.lines)

    @property
    def y1(self) -> float:
        """The highest edge."""
        return max(line.y1 for line in self.lines)


def to_rows(lines: Sequence[Line]) -> list[Row]:
    """Returns the lines in rows, from the top down: beside each other is what shares most of its height."""
    rows: list[Row] = []
    for line in sorted(lines, key=lambda one: -(one.y0 + one.y1)):
        if rows:
            last = rows[-1].lines[0]
            common = min(last.y1, line.y1) - max(last.y0, line.y0)
            if common >= SAME_LINE * min(last.y1 - last.y0, line.y1 - line.y0):
                rows[-1].lines.append(line)
                continue
        rows.append(Row([line]))
    for row in rows:
        row.lines.sort(key=lambda one: one.x0)
        if len(row.lines) > 1:
            row.lines = _with_signs(row.lines)
    return rows


def in_rows(words: Sequence[Word]) -> list[Word]:
    """Returns words from top to bottom and left to right, for a page that was not drawn in the order it is read."""
    rows = to_rows(to_lines(words))
    return [
        word
        for row in rows
        for word in sorted((one for line in row.lines for one in line.words), key=lambda one: one.x0)
    ]


def _with_signs(lines: Sequence[Line]) -> list[Line]:
    """Puts a currency sign with the number after it, and a percent sign or bracket with the one before."""
    joined: list[Line] = [lines[0]]
    for line in lines[1:]:
        if joined[-1].text in SIGNS_BEFORE or line.text in SIGNS_AFTER:
            joined[-1] = Line([*joined[-1].words, *line.words])
        else:
            joined.append(line)
    return joined


def join_lines(lines: Sequence[str]) -> str:
    """Returns lines as one text: a space between words, none between Japanese lines.

    After a hyphen at a line's end stands :data:`HYPHEN_JOINT`.
    """
    text = ""
    for line in lines:
        if not text or not line:
            text += line
        elif HYPHENATED.search(text[-2:]) and line[0].islower():
            text += HYPHEN_JOINT + line
        elif _NO_SPACE_BETWEEN.fullmatch(text[-1] + line[0]) or _BROKEN_CODE.search(f"{text[-2:]}{line[0]}"):
            text += line
        else:
            text += f" {line}"
    return text
