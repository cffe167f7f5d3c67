"""Tables of a PDF in the styles of word processors: open sides, labels outside the rules, backgrounds for rules."""

from __future__ import annotations

import itertools
from itertools import pairwise
from typing import Any

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, read

ROWS = (
    (["Code"], ["Meaning"], ["Remedy"]),
    (["E-10"], ["Battery nearly empty"], ["Replace the battery", "within two weeks."]),
    (["E-20"], ["No network"], ["None."]),
    (["E-31"], ["Probe broken"], ["Send the sensor in."]),
)
READ = "\n".join(" | ".join(" ".join(cell) for cell in row) for row in ROWS)
EDGES = (60, 160, 300, 440)


def table(canvas: Any, y: float, first: int = 0) -> list[float]:
    """Writes the rows below a height, from a column on; returns where each begins and the last one ends."""
    canvas.setFont("Helvetica", 10)
    ys = [y]
    for row in ROWS:
        for x, cell in zip(EDGES[first:], row[first:], strict=False):
            for at, line in enumerate(cell):
                canvas.drawString(x + 4, y - 12 - 12 * at, line)
        y -= 6 + 12 * max(map(len, row))
        ys.append(y)
    return ys


def blocks(data: bytes) -> list[tuple[str, str]]:
    return [(kind, text) for kind, _, text in kinds(read(data))]


def test_a_table_may_be_open_at_its_sides() -> None:
    def draw(canvas: Any) -> None:
        ys = table(canvas, 700)
        for y in ys:
            canvas.line(EDGES[0], y, EDGES[-1], y)
        for x in EDGES[1:-1]:
            canvas.line(x, ys[0], x, ys[-1])

    assert blocks(drawn(draw)) == [("table", READ)]


def test_labels_may_stand_to_the_left_of_the_rules() -> None:
    def draw(canvas: Any) -> None:
        ys = table(canvas, 700)
        for y in ys:
            canvas.line(EDGES[1], y, EDGES[-1], y)
        for x in EDGES[1:]:
            canvas.line(x, ys[0], x, ys[-1])

    assert blocks(drawn(draw)) == [("table", READ)]


def test_text_to_the_left_of_a_table_is_no_label_of_it() -> None:
    def draw(canvas: Any) -> None:
        ys = table(canvas, 700, first=1)
        for y in ys:
            canvas.line(EDGES[1], y, EDGES[-1], y)
        for x in EDGES[1:]:
            canvas.line(x, ys[0], x, ys[-1])
        for at in range(9):
            canvas.drawString(60, 692 - 11 * at, "figures here")

    (rows,) = [text for kind, text in blocks(drawn(draw)) if kind == "table"]
    assert "figures" not in rows


def test_backgrounds_part_the_rows_of_a_frame() -> None:
    """The frame has its columns ruled, and of its rows only the first."""

    def draw(canvas: Any) -> None:
        ys = [700.0, 682.0, 652.0, 634.0, 616.0]
        canvas.setFillGray(0.8)
        for high, low in zip(ys[1::2], ys[2::2], strict=False):
            for left, right in itertools.pairwise(EDGES):
                canvas.rect(left, low, right - left, high - low, stroke=0, fill=1)
        canvas.setFillGray(0)
        assert table(canvas, 700) == ys
        for y in (*ys[:2], ys[-1]):
            canvas.line(EDGES[0], y, EDGES[-1], y)
        for x in EDGES:
            canvas.line(x, ys[0], x, ys[-1])

    assert blocks(drawn(draw)) == [("table", READ)]


def test_backgrounds_of_lines_part_no_rows() -> None:
    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 60, 780, 400)
        ys = table(canvas, 700)
        canvas.setFillGray(0.9)
        for y in (664, 652):
            canvas.rect(EDGES[0], y, EDGES[-1] - EDGES[0], 12, stroke=0, fill=1)
        canvas.setFillGray(0)
        table(canvas, 700)
        for y in ys:
            canvas.line(EDGES[0], y, EDGES[-1], y)
        for x in EDGES:
            canvas.line(x, ys[0], x, ys[-1])

    assert blocks(drawn(draw))[1:] == [("table", READ)]


def test_a_header_on_a_background_is_the_first_row_of_the_table_below_it() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFillGray(0.8)
        for left, right in pairwise(EDGES):
            canvas.rect(left, 682, right - left, 18, stroke=0, fill=1)
        canvas.setFillGray(0)
        ys = table(canvas, 700)[1:]
        for y in ys:
            canvas.line(EDGES[0], y, EDGES[-1], y)
        for x in EDGES:
            canvas.line(x, ys[0], x, ys[-1])

    assert blocks(drawn(draw)) == [("table", READ)]
