"""Tables that are drawn or listed in the text of reStructuredText and AsciiDoc, as rows that the reader of texts knows.

A row is one line: it begins with :data:`ROW` (of a header with :data:`HEAD`), its cells stand between :data:`CELL`.
None of the three characters is one that a text has.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from corpus.patterns import pattern
from ingest.parsers.cleaning import one_line

ROW, HEAD, CELL = "\x1e", "\x1d", "\x1f"
_ITEM = pattern(r"^(\s*)\*[ \t]+-(?:[ \t]+(.*)|$)")
_NEXT_CELL = pattern(r"^(\s*)-(?:[ \t]+(.*)|$)")
GRID_BORDER = pattern(r"^\s*\+(?:[-=]+\+)+\s*$")
SIMPLE_BORDER = pattern(r"^\s*=+(?: +=+)+\s*$")
_SPANNED = pattern(r"^[\s-]+$")
_COLUMNS = pattern(r"=+")
_BAR = pattern(
    r"(?:(?:^|(?<=\s))(?:(?:(?P<across>\d{1,3})?(?:\.(?P<down>\d{1,3}))?[+*])?[<^>]?(?:\.[<^>])?[a-z]?))?\|"
)
_MOST_TIMES = 100
_MOST_EDGES = 200
_MOST_BELOW = 100_000


def as_lines(rows: Iterable[Sequence[str]], heads: int) -> Iterator[str]:
    """Yields rows as lines, of which the first ``heads`` name the columns."""
    for number, row in enumerate(rows):
        cells = (one_line(cell) for cell in row)
        yield (HEAD if number < heads else ROW) + CELL.join(cells)


def listed(lines: Sequence[str]) -> list[list[str]]:
    """Returns the rows of a list of lists (``* - first``, ``  - second``)."""
    rows: list[list[str]] = []
    outer, dash = 0, 0  # what stands deeper is a list within a cell
    for line in lines:
        if (item := _ITEM.match(line)) and (not rows or len(item[1]) <= outer):
            outer, dash = len(item[1]), line.index("-")
            rows.append([item[2] or ""])
        elif rows and (cell := _NEXT_CELL.match(line)) and len(cell[1]) <= dash and len(rows[-1]) < 100:
            rows[-1].append(cell[2] or "")
        elif rows and line.strip():
            rows[-1][-1] += f" {line.strip()}"
    return rows


def separated(lines: Sequence[str], mark: str = ",") -> list[list[str]]:
    """Returns the rows of cells between marks, as a file of them has."""
    texts = [line.strip() for line in lines if line.strip()]
    try:
        return list(csv.reader(texts, delimiter=mark, skipinitialspace=True))
    except csv.Error:
        return [text.split(mark) for text in texts]


def drawn(lines: Sequence[str]) -> tuple[list[list[str]], int]:
    """Returns the rows of a table that is drawn with ``+---+`` and ``|``, and how many of them are its header.

    A cell over several rows is said in each; one over several columns is one cell.
    """
    wide = [_spread(line.strip()) for line in lines]
    edges = sorted(
        {at for line in wide if GRID_BORDER.match(line) for at, one in enumerate(line) if one == "+"}
    )
    if len(edges) > _MOST_EDGES:
        edges = [at for at, one in enumerate(wide[0]) if one == "+"][:_MOST_EDGES]
    rows: list[list[str]] = []
    heads = 0
    texts = [""] * (len(edges) - 1)
    for line in wide[1:]:
        ended = [
            len(line) > right
            and set(line[left + 1 : right]) <= {"-", "="}
            and line[left] in "+|"
            and right > left + 1
            for left, right in pairwise(edges)
        ]
        if any(ended) and "+" in line:
            if any(texts):
                rows.append(list(texts))
            if "=" in line and set(line) <= set("+="):
                heads = len(rows)
            texts = ["" if end else text for text, end in zip(texts, ended, strict=True)]
        pieces = line.strip("|").split("|")
        if not any(ended) and len(pieces) == len(texts):  # whether it is drawn exactly or not
            texts = [f"{text} {piece.strip()}".strip() for text, piece in zip(texts, pieces, strict=True)]
            continue
        if not any(ended) and len(line) != edges[-1] + 1:
            texts[0] = " ".join((texts[0], *map(str.strip, pieces))).strip()
            continue
        start = 0
        for column, right in enumerate(edges[1:]):
            # the cell ends here, else it goes on in the next column
            if right >= len(line) or line[right] in "|+":
                if not any(ended[start : column + 1]):
                    texts[start] = f"{texts[start]} {line[edges[start] + 1 : right].strip()}".strip()
                start = column + 1
    if any(texts):  # nothing is drawn below the last row
        rows.append(texts)
    return [[cell.replace("\0", "") for cell in row] for row in rows], heads


def ruled(lines: Sequence[str]) -> tuple[list[list[str]], int]:
    """Returns the rows of a table whose columns stand below ``====  ====``, and how many of them are its header."""
    wide = [_spread(line) for line in lines]
    starts = [match.start() for match in _COLUMNS.finditer(wide[0])]
    ends: list[int | None] = [*starts[1:], None]
    rows: list[list[str]] = []
    heads = 0
    for number, line in enumerate(wide[1:-1], 1):
        if SIMPLE_BORDER.match(line):
            heads = len(rows)
        elif line.strip() and not _SPANNED.match(line):
            cells = [
                line[start:end].replace("\0", "").strip() for start, end in zip(starts, ends, strict=True)
            ]
            if cells[0] or not rows or not wide[number - 1].strip():
                rows.append(cells)
            else:
                rows[-1] = [f"{above} {cell}".strip() for above, cell in zip(rows[-1], cells, strict=True)]
    return rows, heads


def barred(lines: Sequence[str], columns: int, has_head: bool) -> tuple[list[list[str]], int]:
    """Returns the rows of AsciiDoc's tables (``|first |second``), and how many of them are its header.

    Args:
        lines: what stands between the two ``|===``.
        columns: how many its attributes say, 0 where they say none: then as many as its first line has.
        has_head: whether its attributes say so; else a first line above a blank one is a header.
    """
    cells: list[tuple[list[str], int, int]] = []
    first = 0
    for line in (line.replace("\\|", "\0") for line in lines):
        found = list(_BAR.finditer(line))
        before = line[: found[0].start()].strip() if found else line.strip()
        if before:
            cells = cells or [([], 1, 1)]
            cells[-1][0].append(before)
        for match, following in zip(found, [*found[1:], None], strict=False):
            text = line[match.end() : following.start() if following else None].strip()
            across, down = (min(int(match[key] or 1), _MOST_TIMES) for key in ("across", "down"))
            cells.append(([text], across, down))
        first = first or sum(across for _, across, _ in cells)
    width = columns or first
    if not width:
        return [], 0
    placed = _placed(cells, width)
    rows = [placed[at : at + width] for at in range(0, len(placed), width)]
    return rows, int(has_head or (is_first_apart(lines) and first == width))


def is_first_apart(lines: Sequence[str]) -> bool:
    """Says whether a blank line parts the first line of a table from the others: it names the columns."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return len(filled) > 1 and filled[1] > filled[0] + 1


def _placed(cells: Iterable[tuple[Sequence[str], int, int]], width: int) -> list[str]:
    """Returns the texts of cells in reading order; a cell is said in every row and column that it covers."""
    placed: list[str] = []
    below: dict[int, str] = {}
    for parts, across, down in cells:
        text = " ".join(filter(None, parts)).replace("\0", "|")
        while len(placed) in below:
            placed.append(below.pop(len(placed)))
        for _ in range(across):
            if len(below) < _MOST_BELOW:
                below.update((len(placed) + row * width, text) for row in range(1, down))
            placed.append(text)
    while len(placed) in below:
        placed.append(below.pop(len(placed)))
    return placed


def _spread(line: str) -> str:
    """Returns a line in which every wide character takes two places, as it does where the table is drawn."""
    if line.isascii():
        return line
    return "".join(one + "\0" if unicodedata.east_asian_width(one) in "WF" else one for one in line)
