"""Lines of one column → paragraphs and lists. Pure geometry, no PDF library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Literal

from corpus.patterns import pattern
from ingest.parsers.pdf.lines import HYPHENATED, NO_SPACE, SAME_LINE, WIDE_GAP, Line, join_lines

_LEADING = 1.4  # lines further apart than this, times the usual, are different paragraphs
_FURTHER = 1.15  # the same where they have no font in common, in other scripts than Japanese
_JUSTIFIED = 0.7  # points by which lines that end at one place differ
_LEAST_JUSTIFIED = 3  # lines that begin at one place and end at one
_NEAR_EDGE = 3.0  # letter heights to that end, from those of which half or more reach it
_LONG_WORDS = 6  # of a line that breaks a sentence off, at least
_LONG_LETTERS = 8.0  # letter heights that one of Japanese is wide, at least
_HANG = 0.2  # letter heights by which the further lines of an item differ from its text, at most
_GAP = 0.6  # letter heights of white within it, at most
_BULLET = pattern(
    r"^(?:[•●○◦▪■□◆◇‣⁃–—▶➢➤✓✔·・･*＊-](?=\s|[^\W\d_]|[「『（【〈《])|[\uf0b7\uf0a7\uf0d8]|o(?=\s+[A-Z])|[①-⑳]"
    r"|\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)](?=\s)|[（(]\d{1,2}[)）])\s*"
)
SENTENCE_END = pattern(r"[.:!?。．：！？」）)]$")
_MARK = pattern(r"\.?[\d０-９]{1,3}|\[\d{1,3}\]|※\d?|（?注[\d０-９]?）?")
"""What may stand before a paragraph and is no bullet: ``.1``, ``[21]``, ``２``, ``※``."""
_LEADER = pattern(r"(?:\.{3,}|…{2,}|・{4,}|(?:\. ){4,})\s*\S{1,6}\s*$")
_SHORT_NUMBER = pattern(r"\d{1,4}|[ivxlc]{1,6}")


@dataclass(slots=True)
class Piece:
    """A paragraph, list, table or code of a page. ``lines`` is empty for a table and ``rows`` for the others.

    ``letters``: how high those of a table are, in points.
    """

    kind: Literal["paragraph", "list", "table", "code"]
    lines: list[Line] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    items: list[tuple[int, str, str]] = field(default_factory=list)
    text: str = ""
    letters: float = 0.0

    @property
    def size(self) -> float:
        """The letter height of its first line."""
        return self.lines[0].size if self.lines else 0.0

    @property
    def font(self) -> str:
        """The font it starts with."""
        return self.lines[0].words[0].font if self.lines else ""

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return bool(self.lines) and all(line.bold for line in self.lines)


def leading_of(lines: Sequence[Line]) -> float:
    """Returns the usual distance between the tops of lines that follow each other, in points."""
    steps = [a.y1 - b.y1 for a, b in pairwise(lines) if 0 < a.y1 - b.y1 < 3 * a.size]
    return median(steps) if steps else 1.2 * lines[0].size if lines else 0.0


def paragraphs(lines: Sequence[Line]) -> list[Piece]:
    """Returns lines of one column as paragraphs and lists."""
    if not lines:
        return []
    leading = leading_of(lines)
    edges = _right_edges(lines)
    furthest = max(line.x1 for line in lines)
    groups: list[list[Line]] = []
    for at, line in enumerate(lines):
        is_second = bool(groups) and len(groups[-1]) == 1
        hangs = is_second and (_hangs(lines[at - 1 : at + 2]) or _breaks_off(lines[at - 1], line, edges))
        below_mark = bool(groups) and (
            (is_second and _is_below_mark(groups[-1][0], line)) or _hangs_below_bullet(groups[-1], line)
        )
        edge = _edge_of(groups[-1][-1], line, edges, furthest) if groups else furthest
        end = _edge_beside_box(groups[-1], line, edge) if groups else edge
        if groups and (_begins_item(lines[at - 1 : at + 2]) or _is_past_item(groups[-1], line)):
            groups.append([line])
        elif groups and goes_on(groups[-1][-1], line, leading, end, hangs=hangs, below_mark=below_mark):
            groups[-1].append(line)
        elif groups and _beside(groups[-1][-1], line):
            last = groups[-1].pop()
            groups[-1].append(Line([*last.words, *line.words]))
        else:
            groups.append([line])
    pieces: list[Piece] = []
    for group in groups:
        text = join_lines([line.text for line in group])
        bullet = _BULLET.match(text)
        if bullet is None or bullet.end() == len(text):
            pieces.append(Piece("paragraph", group, text=text))
            continue
        item = (0, bullet[0].strip(), text[bullet.end() :])
        above = pieces[-1].lines[-1] if pieces and pieces[-1].kind == "list" else None
        # "1. Scope" in larger letters is no item of the list below it.
        if (
            above is not None
            and above.y0 >= group[0].y0
            and abs(above.size - group[0].size) <= 0.12 * above.size
        ):
            pieces[-1].items.append(item)
            pieces[-1].lines += group
        else:
            pieces.append(Piece("list", list(group), items=[item]))
    for piece in pieces:
        _indent(piece)
    return pieces


def _indent(piece: Piece) -> None:
    """Gives list items their depth from where their first lines stand."""
    if piece.kind != "list":
        return
    starts = [line.x0 for line in piece.lines if _BULLET.match(line.text)]
    if len(starts) == len(piece.items):
        steps: list[float] = []
        for x in sorted(starts):
            if not steps or x - steps[-1] > 6:
                steps.append(x)
        depths = [max(i for i, step in enumerate(steps) if step <= x + 0.01) for x in starts]
        piece.items = [
            (depth, mark, text) for depth, (_, mark, text) in zip(depths, piece.items, strict=True)
        ]


def _right_edges(lines: Sequence[Line]) -> dict[int, float]:
    """Returns for the places (in points) where lines begin the one where they end, if they are justified there.

    So a line that goes beyond the margin, as TeX lets a long name do, moves no other's end, and neither does text in a
    box end where the page's does.
    """
    beginning: dict[int, dict[str, Line]] = {}
    for line in lines:
        if line.x1 - line.x0 > _LONG_LETTERS * line.size:
            beginning.setdefault(round(line.x0), {})[line.text] = line
    edges: dict[int, float] = {}
    for place, own in beginning.items():
        ends = Counter(round(line.x1) for line in own.values())
        most = max(ends, key=lambda x: ends[x - 1] + ends[x] + ends[x + 1])
        end = median(line.x1 for line in own.values() if abs(round(line.x1) - most) <= 1)
        held = [line.x1 for line in own.values() if abs(line.x1 - end) <= _JUSTIFIED]
        beyond = sum(line.x1 > end + _JUSTIFIED for line in own.values())
        near = sum(line.x1 > end - _NEAR_EDGE * line.size for line in own.values())
        if len(held) >= max(_LEAST_JUSTIFIED, beyond, near / 2):
            edges[place] = median(held)
    return edges


def _edge_of(before: Line, after: Line, edges: Mapping[int, float], furthest: float) -> float:
    """Returns where the first of two lines would end if it were full."""
    for line in (before, after):
        for place in (round(line.x0), round(line.x0) - 1, round(line.x0) + 1):
            if place in edges:
                return edges[place]
    return furthest


def _edge_beside_box(group: Sequence[Line], line: Line, edge: float) -> float:
    """Returns where lines end: sooner than on the rest of the page where a sentence goes on in the next one.

    Such stand beside a box or a picture: two that are justified end at one place, and a long one of Latin text goes on
    in small letters.
    """
    last = group[-1]
    pair = (group[-2], last) if len(group) > 1 else (last, line)
    is_block = abs(pair[0].x0 - pair[1].x0) < _JUSTIFIED and abs(pair[0].x1 - pair[1].x1) < _JUSTIFIED
    if not (is_block or line.text[0].islower()):
        return edge
    is_long = len(last.words) >= _LONG_WORDS and abs(last.x0 - line.x0) < _JUSTIFIED
    ends = SENTENCE_END.search(last.text) is not None
    goes_on = line.text[0].islower() or (is_block and not ends and all(map(_is_japanese_text, pair)))
    return min(last.x1, edge) if goes_on and (is_block or (is_long and not ends)) else edge


def _is_japanese_text(line: Line) -> bool:
    """Says whether a line is long, Japanese and without gaps: no label, and no row of a list."""
    is_long = line.x1 - line.x0 > _LONG_LETTERS * line.size and NO_SPACE.match(line.text) is not None
    return is_long and all(b.x0 - a.x1 < _GAP * line.size for a, b in pairwise(line.words))


def _beside(before: Line, after: Line) -> bool:
    """Says whether a line goes on to the right of the one before (a label and its value)."""
    common = min(before.y1, after.y1) - max(before.y0, after.y0)
    return common >= SAME_LINE * min(before.y1 - before.y0, after.y1 - after.y0) and after.x0 >= before.x1


def _hangs(lines: Sequence[Line]) -> bool:
    """Says whether the second and third of three lines stand further in than the first of their paragraph."""
    if len(lines) < 3:
        return False
    first, second, third = lines
    return (
        second.x0 > first.x0
        # Lines of a heading in the middle of a page are shorter.
        and (second.x1 > first.x1 - 5 * first.size or _MARK.match(first.text) is not None)
        and abs(second.x0 - third.x0) < 0.2 * second.size
        and abs((first.y1 - second.y1) - (second.y1 - third.y1)) < 0.15 * second.size
        and not SENTENCE_END.search(first.text)
    )


def _breaks_off(first: Line, second: Line, edges: Mapping[int, float]) -> bool:
    """Says whether the first line of a paragraph ends in the midst of a sentence where justified lines end, and the
    second stands further in: a term, and what it means."""
    is_full = any(abs(first.x1 - edge) <= _JUSTIFIED for edge in edges.values())
    return is_full and second.x0 > first.x0 and not SENTENCE_END.search(first.text)


def _is_below_mark(first: Line, second: Line) -> bool:
    """Says whether a line begins below the first word after the number that its paragraph begins with."""
    words = first.words
    return (
        len(words) > 1
        and _MARK.fullmatch(words[0].text) is not None
        and abs(second.x0 - words[1].x0) < 0.5 * second.size
    )


def _hangs_below_bullet(group: Sequence[Line], line: Line) -> bool:
    """Says whether a line begins below the text of an item, as all its further lines do, whose mark is no number."""
    words, size = group[0].words, line.size
    return (
        len(words) > 1
        and not words[0].text[0].isalnum()
        and len(words[0].text) == 1
        and not NO_SPACE.match(line.text)
        and _BULLET.match(group[0].text) is not None
        and all(abs(one.x0 - words[1].x0) < _HANG * size for one in (*group[1:], line))
    )


def _begins_item(lines: Sequence[Line]) -> bool:
    """Says whether the second of three lines is numbered and the third hangs below it, after a sentence that ends."""
    return (
        len(lines) == 3
        and SENTENCE_END.search(lines[0].text) is not None
        and _is_below_mark(lines[1], lines[2])
    )


def _is_past_item(group: Sequence[Line], line: Line) -> bool:
    """Says whether a line stands further out than an item of a list that ends with a sentence."""
    first, last = group[0], group[-1]
    is_out = line.x0 < first.x0 - first.size and last.x0 > first.x0 - first.size
    return is_out and SENTENCE_END.search(last.text) is not None and _BULLET.match(first.text) is not None


def _ends_with_number(line: Line) -> bool:
    """Says whether a number stands far right of its label: an entry of contents without leaders, a row of figures."""
    if len(line.words) < 2:
        return False
    before, last = line.words[-2:]
    return last.x0 - before.x1 > WIDE_GAP * line.size and _SHORT_NUMBER.fullmatch(last.text) is not None


def _share_a_font(before: Line, after: Line) -> bool:
    """Says whether lines have a font in common; Japanese ones pass, as a word of both scripts is told by its first."""
    if NO_SPACE.search(before.text) or NO_SPACE.search(after.text):
        return True
    return not {word.font for word in before.words}.isdisjoint(word.font for word in after.words)


def goes_on(
    before: Line, after: Line, leading: float, edge: float, *, hangs: bool = False, below_mark: bool = False
) -> bool:
    """Says whether a line goes on with the sentence of the one before."""
    step = before.y1 - after.y1
    size = before.size
    if not 0.3 * size < step <= _LEADING * max(leading, 1.1 * size):
        return False
    if abs(before.size - after.size) > 0.12 * size or before.bold != after.bold:
        return False
    if _BULLET.match(after.text) or _LEADER.search(before.text) or _ends_with_number(before):
        return False
    if below_mark:
        return True
    if step > _FURTHER * leading and not _share_a_font(before, after):
        return False  # the title of a box, or what stands in letters of one width
    if after.x0 - before.x0 > 0.9 * size and not hangs and not _BULLET.match(before.text):
        return False  # indented: a new paragraph
    if HYPHENATED.search(before.text) and after.text[0].islower():
        return True
    # The writer broke the line although the next word had room: the paragraph ended.
    first = after.words[0]
    wide = first.x1 - first.x0
    if NO_SPACE.match(first.text):
        wide = min(wide, 2.0 * size)
    return before.x1 + 0.3 * size + wide > edge - 0.5 * size
