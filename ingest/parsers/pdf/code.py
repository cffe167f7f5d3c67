"""Code on the pages of a PDF: lines in letters of one width, kept as lines. Pure geometry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from corpus.patterns import pattern
from ingest.parsers.pdf.lines import NO_SPACE, SAME_LINE, Line
from ingest.parsers.pdf.paragraphs import Piece

_MONOSPACED = pattern(
    r"courier|consolas|lucida ?console|menlo|monaco|mono(?!type)|source ?code|fira ?code|cascadia|inconsolata"
    r"|typewriter|letter ?gothic|^(?:cm|lm|ec|sf|tx|t1x)tt"
)
"""In the names of fonts. The widths that a font gives do not tell: those of Japanese ones are the same, too."""
_SENTENCE = pattern(r"\w[^\W\d_][.!?]\Z")
_MOST_WORDS = 12  # of a paragraph of several lines that ends with a full stop and may still be code
_BLANK_LINE = 1.6  # usual steps from one line to the next, at least, with a blank line between them
_SAME_SIZE = 0.25  # some fonts give each line the height of its letters
_MOST_INDENT = 60


def with_code(arranged: Sequence[Sequence[Piece]]) -> list[list[Piece]]:
    """Returns the pieces of each page with runs of lines in letters of one width as one piece of code each.

    Where most of the document is written so, that says nothing, and all stays as it is.
    """
    chars: Counter[bool] = Counter()
    for piece in (piece for pieces in arranged for piece in pieces):
        for line in piece.lines:
            chars[is_monospaced(line)] += len(line.text)
    if not 0 < chars[True] < chars[False]:
        return [list(pieces) for pieces in arranged]
    return [_joined(pieces) for pieces in arranged]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    run: list[Piece] = []
    for piece in [*pieces, None]:
        if piece is not None and _may_be_code(piece) and (not run or _follows(run[-1], piece)):
            run.append(piece)
            continue
        joined += _as_code(run)
        run = []
        if piece is not None:
            (run if _may_be_code(piece) else joined).append(piece)
    return joined


def _may_be_code(piece: Piece) -> bool:
    if not piece.lines or not all(map(is_monospaced, piece.lines)):
        return False
    text = piece.lines[-1].text
    is_prose = len(piece.lines) > 1 and _SENTENCE.search(text) is not None
    return not (is_prose and sum(len(line.words) for line in piece.lines) > _MOST_WORDS)


def is_monospaced(line: Line) -> bool:
    """Says whether all words of a line are in letters of one width, and none is Japanese, whose letters always are."""
    return all(_MONOSPACED.search(word.font) for word in line.words) and not NO_SPACE.search(line.text)


def _follows(above: Piece, below: Piece) -> bool:
    first, second = above.lines[-1], below.lines[0]
    return second.y0 < first.y1 and abs(first.size - second.size) <= _SAME_SIZE * first.size


def _as_code(run: Sequence[Piece]) -> Sequence[Piece]:
    rows: list[list[Line]] = []
    for line in (line for piece in run for line in piece.lines):
        if rows and _stand_beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    if len(rows) < 2:
        return run
    words = [word for row in rows for line in row for word in line.words]
    wide = median((word.x1 - word.x0) / len(word.text) for word in words)
    left = min(word.x0 for word in words)
    usual = median(above[0].y0 - below[0].y0 for above, below in pairwise(rows))
    shown: list[str] = []
    for at, row in enumerate(rows):
        if at and rows[at - 1][0].y0 - row[0].y0 > _BLANK_LINE * usual > 0:
            shown.append("")
        text = ""
        for word in (word for line in row for word in line.words):
            column = min(round((word.x0 - left) / wide), len(text) + _MOST_INDENT) if wide > 0 else 0
            text = text.ljust(max(column, len(text) + bool(text))) + word.text
        shown.append(text)
    return [Piece("code", [line for row in rows for line in row], text="\n".join(shown))]


def _stand_beside(line: Line, other: Line) -> bool:
    common = min(line.y1, other.y1) - max(line.y0, other.y0)
    return common >= SAME_LINE * min(line.y1 - line.y0, other.y1 - other.y0) and other.x0 >= line.x1
