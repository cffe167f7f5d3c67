"""What the pieces of a PDF's pages are: running lines, headings, title, parted words. No PDF library."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from corpus.patterns import pattern
from ingest.parsers.assembly import Draft
from ingest.parsers.cleaning import one_line
from ingest.parsers.hyphens import is_compound
from ingest.parsers.pdf.lines import HYPHEN_JOINT, Line, Rule, Word, join_lines, to_lines
from ingest.parsers.pdf.paragraphs import Piece
from ingest.parsers.remarks import Remark
from ingest.parsers.titles import given_title

LARGER = 1.15  # a heading's letters, of the body's
_SLIGHTLY = 1.08  # the same of one with a number
_MAX_HEADING_CHARS = 200
_NUMBERED = pattern(
    r"(?:第[\d０-９一二三四五六七八九十]+[章編部節条]|[\d０-９]{1,2}(?:[.．][\d０-９]{1,2}){0,4}[.．]?[\s\u3000]+\S"
    r"|(?:chapter|section|article|appendix|part)\s+\w+|附\s*則\Z)",
    re.IGNORECASE,
)
_COUNTED = pattern(r"[\d０-９]{1,2}[\s\u3000]")  # as a form's fields are, or things
NUMBER = pattern(
    r"(?:(?:chapter|section|appendix|part)\s+)?(?:[\d０-９]{1,3}|[A-Z]|[IVX]{2,5})(?:[.．][\d０-９]{1,3}){0,5}[.．:：]?[\s\u3000]+"
    r"|第?\s*[\d０-９一二三四五六七八九十]+(?:[.．][\d０-９]+)*\s*[章編部節条項][\s\u3000:：.．]*",
    re.IGNORECASE,
)
"""What a heading has in front of its words: "2.1", "Chapter 3", "A.", "第2章"."""
_LEADERS = pattern(r"\s*(?:\.{4,}|\.{3}(?=\s*\d+$)|…{2,}|・{5,}|(?:\. ){5,}\.?)\s*")
_JOINT = pattern(f"([^\\W\\d_]+)-{HYPHEN_JOINT}([^\\W\\d_]+)")
_OF_A_NAME = pattern(r"[\w@#][-/_.:@]|\d")
"""What a word parted at a line's end has none of: ``gpt-4o-mini``, ``license-gitlab-com``, an address."""
_PUNCTUATION = "()[]{}.,;:!?\"'“”‘’"
_FILE_NAME = pattern(
    r"[^\s/\\]+\.(?:docx?|pdf|xlsx?|pptx?|indd|tex|dvi|html?|odt|rtf|pages|jtd)$", re.IGNORECASE
)
_SENTENCE_END = pattern(r"[.。．!?！？;；,，、]$")
_RULER = pattern(r"[-\u2010-\u2015\u2500\u2501=＝_＿*＊・･.…~〜～•◆◇☆★❖#＃+\s]+")
_LEAST_RULER = 3  # signs; "…" alone may say that something is left out
_MOSTLY = 5  # times the text's characters, those in tables of what is nearly all tables, at least
_SCAN_SHARE = 0.2
_OUTLINES = 100

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points from the page's bottom left."""


@dataclass(slots=True)
class PageText:
    """What one page gave: its words and rules, or the plain text of the second reader."""

    width: float
    height: float
    words: list[Word] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    plain: str = ""
    upper: float = 0.0  # where the third row from the top stands
    lower: float = 0.0  # where the third row from the bottom stands
    floor: float = 0.0  # where the last row stands
    pictures: list[Box] = field(default_factory=list)
    bullets: list[Box] = field(default_factory=list)  # what is drawn, and small enough for one
    drawings: int = 0
    hidden_chars: int = 0
    recognised_chars: int = 0
    remarks: list[Remark] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_picture(self) -> bool:
        """Whether pictures, or very many strokes, take so much of the page that they may be its text."""
        covered = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in self.pictures)
        return covered > _SCAN_SHARE * self.width * self.height or self.drawings >= _OUTLINES

    @property
    def is_drawn(self) -> bool:
        """Whether anything but text is drawn on it."""
        return bool(self.pictures) or self.drawings > 0

    def note(self, code: str, message: str) -> None:
        """Adds a remark for the ingest report."""
        self.notes.append((code, message))

    def settle(self) -> None:
        """Makes lines of the words, and finds the outermost ones; what is written otherwise came to stand below 0."""
        self.lines = to_lines(self.words)
        upright = [line.y0 for line in self.lines if line.y1 > 0]
        rows = sorted({round(y / 3) * 3 for y in upright})
        if rows:
            self.floor = min(upright)
            self.lower, self.upper = rows[min(2, len(rows) - 1)] + 2, rows[max(-3, -len(rows))] - 2


# ---- headings and title --------------------------------------------------------------------------


class Headings:
    """Decides which pieces are headings, and of which level.

    An outline whose titles are found on their pages (there without their numbers, as LaTeX writes them), and that is
    fine enough for the document, decides alone; otherwise what is larger or bolder than the body, or numbered and in
    another font, is a heading too.
    """

    def __init__(
        self, arranged: Sequence[Sequence[Piece]], outline: Mapping[tuple[int, str], Sequence[int]]
    ) -> None:
        self.body_size, self._body_font, self._body_bold = _body_letters(arranged)
        self._outline = outline
        found = sum(
            self._outlined(piece, index) > 0 for index, pieces in enumerate(arranged) for piece in pieces
        )
        self._trust_outline = found * 2 >= len(outline) and found >= max(3, len(arranged) // 3)
        steps: Counter[tuple[float, bool]] = Counter()
        self._depths: dict[tuple[float, bool], int] = {}
        for piece in (piece for pieces in arranged for piece in pieces if self._looks(piece)):
            step, depth = self._step(piece), _depth(piece)
            steps[step] += 1
            if depth:
                self._depths[step] = min(depth, self._depths.get(step, depth))
        self._levels = _levels(steps)

    def level(self, piece: Piece, index: int) -> int:
        """Returns 1 to 6 for a heading, 0 for anything else."""
        if piece.kind in ("table", "code"):
            return 0
        if known := self._outlined(piece, index):
            return known
        if self._trust_outline or not self._looks(piece):
            return 0
        step = self._step(piece)
        depth = _depth(piece)
        deeper = depth - self._depths[step] if depth else 0
        return min(self._levels.get(step, 0) + deeper, 6)

    def _outlined(self, piece: Piece, index: int) -> int:
        """Returns the level that the outline gives a piece on the page at an index, with or without its number; or 0.

        A chapter and its first section may be called the same: of two levels the number's is meant.
        """
        if not self._outline:
            return 0
        text = _text(piece)
        levels = self._outline.get((index, plain_title(text)), ())
        if not levels and (number := NUMBER.match(text)):
            levels = self._outline.get((index, plain_title(text[number.end() :])), ())
        depth = _depth(piece)
        return min(levels, key=lambda level: abs(level - depth) if depth else 0, default=0)

    def _step(self, piece: Piece) -> tuple[float, bool]:
        return round(piece.size), piece.bold

    def _looks(self, piece: Piece) -> bool:
        if piece.kind in ("table", "code") or not piece.lines or len(piece.lines) > 3:
            return False
        text = _text(piece)
        if _LEADERS.search(text):
            return False  # of a table of contents
        if len(text) > _MAX_HEADING_CHARS:
            return False
        larger = piece.size >= LARGER * self.body_size
        bolder = piece.bold and not self._body_bold
        if piece.kind == "list" and (len(piece.items) > 1 or not (larger or bolder)):
            return False
        if larger:
            return not text.endswith("。") and _has_letters(text)
        if piece.size < 0.85 * self.body_size or _SENTENCE_END.search(text) or len(piece.lines) > 2:
            return False
        is_slightly_larger = piece.size > _SLIGHTLY * self.body_size and not _COUNTED.match(text)
        differs = piece.font != self._body_font or is_slightly_larger
        numbered = differs and len(text) <= 60 and _NUMBERED.match(text) is not None
        return (bolder or numbered) and _has_letters(text)


def _has_letters(text: str) -> bool:
    return sum(map(str.isalpha, text)) > 1


def _depth(piece: Piece) -> int:
    """Returns how deep a heading's number goes (``2.1`` is 2 deep), 0 without one."""
    number = re.match(r"[\d０-９]{1,2}(?:[.．][\d０-９]{1,2})*", _text(piece))
    return 1 + len(re.findall("[.．]", number[0])) if number else 0


def _levels(steps: Mapping[tuple[float, bool], int]) -> dict[tuple[float, bool], int]:
    """Returns a level for each size and weight; rare ones share one with the next smaller.

    Covers and diagrams show many sizes once or twice; they must not push the real headings down.
    """
    least = max(1, sum(steps.values()) // 30)
    levels: dict[tuple[float, bool], int] = {}
    level, rare_above, common_above = 0, False, False
    for step in sorted(steps, reverse=True):
        common = steps[step] >= least
        if not rare_above or (common and not common_above):
            level += 1
        levels[step] = min(level, 6)
        rare_above, common_above = not common, common_above or common
    return levels


def _body_letters(arranged: Sequence[Sequence[Piece]]) -> tuple[float, str, bool]:
    """Returns the letter height (points) and the font of most of the text, and whether most of it is bold.

    Some fonts call themselves heavy and are not; where all is bold, being so marks nothing. Of what is nearly all
    tables, as forms are, the letters of those count.
    """
    sizes: Counter[float] = Counter()
    fonts: Counter[str] = Counter()
    weights: Counter[bool] = Counter()
    for pieces in arranged:
        for piece in pieces:
            for line in piece.lines:
                chars = sum(len(word.text) for word in line.words)
                sizes[round(line.size * 2) / 2] += chars
                fonts[line.words[0].font] += chars
                weights[line.bold] += chars
    cells: Counter[float] = Counter()
    for piece in (piece for pieces in arranged for piece in pieces if piece.kind == "table"):
        cells[round(piece.letters * 2) / 2] += sum(len(cell) for row in piece.rows for cell in row)
    if cells.total() > _MOSTLY * sizes.total():
        return cells.most_common(1)[0][0], "", False
    if not sizes:
        return 0.0, "", False
    return sizes.most_common(1)[0][0], fonts.most_common(1)[0][0], weights[True] > weights[False]


def plain_title(text: str) -> str:
    """Returns a heading as it is compared: letters and digits alone, in one width and case."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


def find_title(given: str, arranged: Sequence[Sequence[Piece]], body: float) -> str:
    """Returns the metadata's title when it is one, else the largest text of the first page with text."""
    given = given_title(given)
    if any(c.isalpha() for c in given) and not _FILE_NAME.search(given):
        return given
    first: Iterable[Piece] = next((pieces for pieces in arranged if pieces), ())
    titles = [
        piece
        for piece in first
        if piece.kind == "paragraph" and 3 < len(piece.text) <= 150 and len(piece.lines) <= 3
    ]
    largest = max(titles, key=lambda piece: piece.size, default=None)
    if largest is None or largest.size < 1.1 * body:
        return ""
    return one_line(largest.text)


# ---- pieces to blocks ----------------------------------------------------------------------------


def add_pieces(draft: Draft, pieces: Sequence[Piece], levels: Sequence[int]) -> None:
    """Adds a page's pieces; a heading set in two lines becomes one, and so do the labels of a chart."""
    heading: list[Piece] = []
    labels: list[str] = []
    held = 0
    for piece, level in [*zip(pieces, levels, strict=True), (Piece("paragraph"), 0)]:
        if heading and not (level == held and _goes_on(heading[-1], piece)):
            draft.heading(join_lines([_text(one) for one in heading]), held)
            heading = []
        if labels and (level or not _is_label(piece)):
            draft.paragraph("\n".join(labels))
            labels = []
        if piece.kind == "list":
            piece.items = [item for item in piece.items if not _is_ruler(f"{item[1]}{item[2]}")]
        if _is_ruler(piece.text) or (piece.kind == "list" and not piece.items):
            continue
        if level:
            heading.append(piece)
            held = level
        elif piece.kind == "table":
            draft.count_cells(sum(map(len, piece.rows)))
            draft.table([[_LEADERS.sub(" … ", cell) for cell in row] for row in piece.rows], copies=None)
        elif piece.kind == "code":
            draft.code(piece.text)
        elif piece.kind == "list":
            draft.listing([(depth, mark, _LEADERS.sub(" … ", text)) for depth, mark, text in piece.items])
        elif _is_label(piece):
            labels.append(piece.text)
        else:
            draft.paragraph(_LEADERS.sub(" … ", piece.text))


def _goes_on(above: Piece, below: Piece) -> bool:
    """Says whether two headings are two lines of one: right below each other, and no number in front."""
    first, second = above.lines[-1], below.lines[0]
    gap = first.y0 - second.y1
    common = min(first.x1, second.x1) - max(first.x0, second.x0)
    return (
        -0.3 * first.size < gap < 0.7 * first.size
        and common > 0.5 * min(first.x1 - first.x0, second.x1 - second.x0)
        and not _NUMBERED.match(_text(below))
        and len(below.lines) == 1
    )


def _is_ruler(text: str) -> bool:
    """Says whether signs alone part what stands above them from what stands below: ``* * *``."""
    return _RULER.fullmatch(text) is not None and len(text) - text.count(" ") >= _LEAST_RULER


def _is_label(piece: Piece) -> bool:
    return piece.kind == "paragraph" and 0 < len(piece.text) <= 8 and not _SENTENCE_END.search(piece.text)


def _text(piece: Piece) -> str:
    return piece.text or " ".join(line.text for line in piece.lines)


def undo_hyphens(arranged: Sequence[Sequence[Piece]]) -> None:
    """Takes the hyphen out where a line's end parted a word, and leaves it where the word has one.

    See :func:`~ingest.parsers.hyphens.is_compound`; so do other signs and digits in the same word.
    """
    pieces = [piece for row in arranged for piece in row]
    texts = [text for piece in pieces for text in _texts(piece) if HYPHEN_JOINT in text]
    if not texts:
        return
    words = (word.text for piece in pieces for line in piece.lines for word in line.words)
    known = Counter(word.strip(_PUNCTUATION).lower() for word in words)
    # The halves that begin lines are no words of their own.
    known -= Counter(joint[2].lower() for text in texts for joint in _JOINT.finditer(text))

    def joined(match: re.Match[str]) -> str:
        rest = match.string[: match.start()].split(" ")[-1], match.string[match.end() :].split(" ")[0]
        if _OF_A_NAME.search(f"{rest[0]}x") or _OF_A_NAME.search(f"x{rest[1].rstrip(_PUNCTUATION)}x"):
            return f"{match[1]}-{match[2]}"
        return match[1] + "-" * is_compound(match[1].lower(), match[2].lower(), known) + match[2]

    def undone(text: str) -> str:
        return _JOINT.sub(joined, text).replace(HYPHEN_JOINT, "") if HYPHEN_JOINT in text else text

    for piece in pieces:
        piece.text = undone(piece.text)
        piece.items = [(depth, mark, undone(text)) for depth, mark, text in piece.items]
        piece.rows = [[undone(cell) for cell in row] for row in piece.rows]


def _texts(piece: Piece) -> Iterable[str]:
    yield piece.text
    yield from (text for _, _, text in piece.items)
    yield from (cell for row in piece.rows for cell in row)
