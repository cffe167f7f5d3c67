"""Charts of OpenDocument files as tables, from the values that are kept with the chart, as :mod:`charts` has them;
and equations, which are kept in the same way.

A chart is a document of its own in the archive; beside what is drawn it holds a table with a row a category and a
column a series, which is read. Titles are kept, those of the axes too: they name the unit.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ingest.parsers.assembly import Draft
from ingest.parsers.cleaning import one_line
from ingest.parsers.mathml import write_mathml
from ingest.parsers.odf.styles import CHART, DRAW, LINK, MATH, OFFICE, TABLE, TEXT, whole_number
from ingest.parsers.office import Package

_MAX_REPEAT = 1000
_MAX_CHARTS = 1000
_NO_NUMBER = "NaN"


def charts_in(package: Package, element: Any) -> Iterator[Any]:
    """Yields the charts that stand in an element of a document, in order.

    Raises:
        ParseError: a part of the document is damaged.
    """
    for place in islice(element.iter(DRAW + "object"), _MAX_CHARTS):
        root = _object(package, place)
        yield from () if root is None else root.iterfind(f"{OFFICE}body/{OFFICE}chart/{CHART}chart")


def equation_in(package: Package, frame: Any) -> str:
    """Returns the equation that stands in a frame in one line, "" where it holds something else.

    Raises:
        ParseError: a part of the document is damaged.
    """
    place = frame.find(DRAW + "object")
    root = None if place is None else _object(package, place)
    return write_mathml(root) if root is not None and root.tag.endswith("}math") else ""


def _object(package: Package, place: Any) -> Any:
    inline = place.find(f"{MATH}math")
    target = posixpath.normpath(place.get(LINK + "href") or "")
    return package.beside(f"{target}/content.xml") if inline is None else inline


def titles_of(chart: Any) -> list[str]:
    """Returns a chart's title and second title, and the titles of its axes."""
    axes = chart.iterfind(f"{CHART}plot-area/{CHART}axis")
    found = (_title(chart), _title(chart, "subtitle"), *map(_title, axes))
    return [text for text in found if text]


def write_chart(draft: Draft, chart: Any) -> None:
    """Adds a chart to a draft.

    Raises:
        LimitError: a limit of the draft.
    """
    axes = list(chart.iterfind(f"{CHART}plot-area/{CHART}axis"))
    across = next((_title(axis) for axis in axes if axis.get(CHART + "dimension") == "x"), "")
    rows = list(_rows(draft, chart))
    heads_column = bool(across and rows and rows[0] and not rows[0][0])
    if heads_column:
        rows[0][0] = across
    for text in titles_of(chart):
        if not (heads_column and text == across):
            draft.paragraph(text)
    draft.table(rows, 1)


def _title(owner: Any, kind: str = "title") -> str:
    found = owner.find(CHART + kind)
    return "" if found is None else one_line(" ".join("".join(p.itertext()) for p in found.iter(TEXT + "p")))


def _rows(draft: Draft, chart: Any) -> Iterator[list[str]]:
    for row in chart.iter(TABLE + "table-row"):
        line: list[str] = []
        for cell in row.iter(TABLE + "table-cell"):
            # The levels of a category (a year over its quarters) are items of a list.
            text = one_line(" ".join("".join(p.itertext()) for p in cell.iter(TEXT + "p")))
            repeat = min(whole_number(cell.get(TABLE + "number-columns-repeated"), 1), _MAX_REPEAT)
            draft.count_cells(repeat)
            line.extend(["" if text == _NO_NUMBER else text] * repeat)
        yield line
