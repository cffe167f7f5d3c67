"""CSV and TSV: one table, in its real encoding and with its real delimiter."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.decoding import decode
from ingest.parsers.detection import CSV, TSV, suffix_of
from ingest.parsers.workbooks.grids import header_rows, is_value

_DELIMITERS = ",;\t|"
_SAMPLE_CHARS = 64 * 1024
_SAMPLE_ROWS = 200
_KEPT_TEXT = pattern(r'="((?:[^"]|"")*+)"')
_DECIMAL_COMMA = pattern(r"(?<=\d),(?=\d)")
_SEPARATOR_LINE = pattern(r"\A\s*\"?sep=(.)\"?[ \t]*\r?\n", re.IGNORECASE)


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a file of delimited rows: what stands above its table, then the table.

    A wider row of words after a blank line begins the table.

    Raises:
        ParseError: ``binary`` or ``no_text``.
        LimitError: ``too_many_cells`` or a limit of the draft.
    """
    decoded = decode(data)
    draft = Draft.of(decoded, limits)
    text = decoded.text.replace("\0", "")
    content_type = TSV if suffix_of(name) in (".tsv", ".tab") else CSV
    told = _SEPARATOR_LINE.match(text)
    if told:
        text = text[told.end() :]
    delimiter = told[1] if told else find_delimiter(text, "\t" if content_type == TSV else ",")
    rows: list[list[str]] = []
    parted, widest, is_spaced = False, 0, False
    names = 0  # where in the rows a row of names stands behind a blank line, below values
    for row in _rows(text, delimiter):
        draft.count_cells(len(row))
        cells = [_shown(cell) for cell in row]
        if not any(cells):
            parted, names = bool(rows), 0
            continue
        if names and any(map(is_value, cells)):
            _add_part(draft, rows[:names], None)
            rows = rows[names:]
        names = 0
        if parted and not any(map(is_value, cells)):
            if sum(map(bool, cells)) > widest:
                # What an export says of itself, or another table.
                _add_part(draft, rows, None if _is_even(rows) else 0)
                rows, widest = [], 0
            elif (
                not is_spaced
                and 1 < len(set(filter(None, cells))) == len(cells)
                and any(map(is_value, rows[-1]))
            ):
                names = len(rows)
        elif parted:
            is_spaced = True  # blank lines stand between rows of one table
        parted = False
        rows.append(cells)
        widest = max(widest, len(cells))
    _add_part(draft, rows, None)
    return draft.finish(name=name, content_type=content_type, metadata={"encoding": decoded.encoding})


def _shown(cell: str) -> str:
    """Returns what a program shows of a cell: ``="0012"``, written so to keep its zeros, is ``0012``."""
    cell = cell.strip()
    kept = _KEPT_TEXT.fullmatch(cell) if cell.startswith("=") else None
    return kept[1].replace('""', '"') if kept else cell


def _add_part(draft: Draft, rows: list[list[str]], header: int | None) -> None:
    """Adds rows: single cells at the top as paragraphs, then a table; ``header`` counts its first rows where known."""
    width = max((len(row) for row in rows), default=0)
    start = 0
    while width > 1 and start < min(len(rows), 20) and sum(1 for cell in rows[start] if cell) == 1:
        draft.paragraph("".join(rows[start]))
        start += 1
    table = rows[start:]
    draft.table(table, header_rows(table) if header is None else header)


def _is_even(rows: list[list[str]]) -> bool:
    """Says whether rows are a table with a column of values, and not a few labels with what each says."""
    widths = {sum(map(bool, row)) for row in rows}
    below = zip(*rows[1:], strict=False)
    return len(rows) > 2 and len(widths) == 1 and any(all(map(is_value, column)) for column in below)


def find_delimiter(text: str, usual: str) -> str:
    """Returns the delimiter that gives most of the first rows the same number of cells, more than one.

    A comma between digits is a decimal comma where another delimiter parts nine rows of ten. Where none
    does (one column, or prose), the usual one is returned.
    """
    sample = text[:_SAMPLE_CHARS]
    if len(text) > _SAMPLE_CHARS:
        sample = sample[: sample.rfind("\n") + 1] or sample
    scores = {delimiter: _evenness(sample, delimiter) for delimiter in dict.fromkeys(usual + _DELIMITERS)}
    if any(score >= 0.9 for delimiter, score in scores.items() if delimiter != ","):
        scores[","] = min(scores[","], _evenness(_DECIMAL_COMMA.sub(".", sample), ","))
    best = max(scores, key=lambda delimiter: scores[delimiter] + (0.05 if delimiter == usual else 0.0))
    return best if scores[best] else usual


def _evenness(sample: str, delimiter: str) -> float:
    """Returns the share of rows that have the usual number of cells, 0 where that is one."""
    widths = [len(row) for _, row in zip(range(_SAMPLE_ROWS), _rows(sample, delimiter), strict=False) if row]
    common = max(sorted(set(widths)), key=widths.count, default=0)
    return widths.count(common) / len(widths) if common > 1 else 0.0


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yields rows; a quote that is never closed does not swallow the rest of the file."""
    csv.field_size_limit(1 << 30)
    lines = re.findall(
        r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text
    )  # a line in Unicode's wider sense parts no rows
    loose = delimiter != "\t"
    if _quotes_close(text, delimiter):
        yield from csv.reader(lines, delimiter=delimiter, skipinitialspace=loose)
    else:
        yield from csv.reader(lines, delimiter=delimiter, skipinitialspace=loose, quoting=csv.QUOTE_NONE)


def _quotes_close(text: str, delimiter: str) -> bool:
    """Says whether quoted cells end, within a length that a cell may have."""
    opened = re.compile(rf'(?:\A|[{re.escape(delimiter)}\r\n])[ ]*"(?:[^"]++|"")*+(?P<end>"|\Z)')
    at = 0
    while match := opened.search(text, at):
        if not match["end"] or match.end() - match.start() > 1_000_000:
            return False
        at = match.end()
    return True
