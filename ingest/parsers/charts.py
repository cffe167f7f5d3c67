"""Charts of Office files as tables: a row a category, a column a series, from the values that are kept with the chart.

Categories of several levels (a year over its quarters) are one text, the outer level first. Series that are drawn over
values of their own (of a scatter chart) are tables of their own; the sizes of bubbles are a column. Titles are kept,
those of the axes too: they name the unit. The workbook behind a chart is not read.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import groupby
from typing import Any

from ingest.parsers.assembly import Draft
from ingest.parsers.cleaning import one_line
from ingest.parsers.workbooks.number_formats import is_date_format, show_cached

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DAYS_TO_1904 = 1462
"""From the day that Excel counts from to the one that it counted from on the Macintosh."""
_VALUE_AXIS = CHART + "valAx"
_AXES = (_VALUE_AXIS, CHART + "catAx", CHART + "dateAx", CHART + "serAx")


def write_chart(draft: Draft, space: Any, *, with_values: bool = True) -> None:
    """Adds a chart (its ``chartSpace``) to a draft, where its values are read elsewhere its titles alone.

    Raises:
        LimitError: a limit of the draft.
    """
    draft.paragraph(_title(space.find(CHART + "chart")))
    axes = [axis for axis in space.iter(*_AXES) if _title(axis)]
    across = next((axis for axis in axes if axis.tag != _VALUE_AXIS), None)
    for axis in axes:
        if axis is not across:
            draft.paragraph(_title(axis))
    if not with_values:
        return
    start = space.find(CHART + "date1904")
    from_day = _DAYS_TO_1904 if start is not None and start.get("val") not in ("0", "false") else 0
    columns = []
    for number, series in enumerate(space.iter(CHART + "ser"), 1):
        values = _points(series, "val", from_day) or _points(series, "yVal", from_day)
        name = " ".join(_points(series, "tx").values()) or f"Series {number}"
        draft.count_cells(len(values) + 1)
        categories = _points(series, "cat", from_day) or _points(series, "xVal", from_day)
        for at, label in _labels(series).items():
            if label not in (categories.get(at), name):
                values[at] = f"{values[at]} ({label})" if at in values else label
        columns.append((categories, name, values))
        sizes = _points(series, "bubbleSize")
        draft.count_cells(len(sizes))
        if sizes:
            columns.append((categories, f"{name} (size)", sizes))
    first = next((categories for categories, _, _ in columns if categories), {})
    groups = groupby(columns, key=lambda column: column[0] if _differ(first, column[0]) else first)
    for categories, group in groups:
        alike = list(group)
        used = sorted({at for _, _, values in alike for at in values})
        head = [_title(across), *(name for _, name, _ in alike)]
        rows = [
            [categories.get(at, str(at + 1)), *(values.get(at, "") for _, _, values in alike)] for at in used
        ]
        draft.table([head, *rows] if rows else [], 1)


def _differ(some: dict[int, str], others: dict[int, str]) -> bool:
    """Says whether two series are drawn over different categories; one that names none goes with the others."""
    return any(some.get(at, text) != text for at, text in others.items())


def _title(owner: Any) -> str:
    title = None if owner is None else owner.find(CHART + "title")
    return (
        "" if title is None else one_line(" ".join(t.text or "" for t in title.iter(_A + "t", CHART + "v")))
    )


def _points(series: Any, part: str, from_day: int = 0) -> dict[int, str]:
    """Returns the texts of a series' points; dates are counted from ``from_day``."""
    found = series.find(CHART + part)
    if found is None:
        return {}
    levels = list(found.iter(CHART + "lvl"))
    if levels:
        return _joined([_values(level, None) for level in levels])
    numbers = next(found.iter(CHART + "numCache", CHART + "numLit"), None)
    return _values(found, None if numbers is None else numbers.findtext(CHART + "formatCode") or "", from_day)


def _labels(series: Any) -> dict[int, str]:
    """Returns what somebody wrote in place of the values beside the points of a series, without fields."""
    found: dict[int, str] = {}
    for label in series.iterfind(f"{CHART}dLbls/{CHART}dLbl"):
        at = label.find(CHART + "idx")
        lines = ("".join(run.text or "" for run in p.iterfind(f"{_A}r/{_A}t")) for p in label.iter(_A + "p"))
        text = one_line(" ".join(lines))
        if at is not None and any(letter.isalnum() for letter in text):
            found[_whole(at.get("val"))] = text
    return found


def _values(parent: Any, code: str | None, from_day: int = 0) -> dict[int, str]:
    """Returns the texts of points; numbers under a format ``code``."""
    points: dict[int, str] = {}
    for at, point in enumerate(parent.iter(CHART + "pt")):
        value = point.findtext(CHART + "v")
        if value is not None:
            shown = value if code is None else _number(value, point.get("formatCode") or code, from_day)
            points[_whole(point.get("idx") or str(at))] = one_line(shown)
    return points


def _number(value: str, code: str, from_day: int) -> str:
    if from_day and is_date_format(code):
        with suppress(ValueError):
            value = repr(float(value) + from_day)
    return show_cached(value, code)


def _joined(levels: list[dict[int, str]]) -> dict[int, str]:
    """Returns the innermost level's texts behind those that stand over them: an outer text holds until the next."""
    found: dict[int, str] = {}
    above: list[str] = [""] * len(levels)
    for at in sorted(set().union(*levels)):
        for depth, level in enumerate(levels):
            above[depth] = level.get(at, above[depth] if depth else "")
        found[at] = " ".join(filter(None, reversed(above)))
    return found


def _whole(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 8 else 0
