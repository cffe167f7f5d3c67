"""What lies beside the cells of an Office workbook's sheet: text boxes, charts, and what may be typed into cells."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.assembly import Draft
from ingest.parsers.charts import CHART, write_chart
from ingest.parsers.cleaning import one_line
from ingest.parsers.office import Package

_LISTED = pattern(r"\s*\"((?:[^\"]|\"\")*)\"\s*")
_SHEET = pattern(r"\s*\(?(?:'((?:[^']|'')+)'|([^'!(]+))!")
_MOST_CHOICES = 1000
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is said of what may be typed into some cells (``B2:B100``): hints, errors, the choices of a list."""

    cells: str
    text: str


def boxes_beside(package: Package, sheet: str) -> Iterator[str]:
    """Yields the paragraphs of the text boxes of the part of a sheet."""
    for _, root in _drawings(package, sheet):
        yield from _paragraphs(root)


def charts_beside(package: Package, sheet: str) -> Iterator[Any]:
    """Yields the roots of the charts of the part of a sheet, those that say something."""
    for part, _ in _drawings(package, sheet):
        for chart in package.relations(part).values():
            root = package.beside(chart) if "/charts/chart" in chart else None
            if root is not None and next(root.iter("{*}t", "{*}v"), None) is not None:
                yield root


def _drawings(package: Package, sheet: str) -> Iterator[tuple[str, Any]]:
    for part in sorted(package.relations(sheet).values()) if sheet else ():
        if "/drawings/" in part and part.endswith(".xml"):
            yield part, package.beside(part)


def add_chart(draft: Draft, chart: Any, seen: Collection[str]) -> None:
    """Adds a chart's titles, and its values where they stand in none of the sheets that are ``seen``.

    Raises:
        LimitError: a limit of the draft.
    """
    if chart.tag == f"{CHART}chartSpace":
        write_chart(
            draft, chart, with_values=not all(_sheet_of(one) in seen for one in chart.iter(f"{CHART}f"))
        )
    else:  # one of the newer kinds, which keep their values otherwise
        for title in chart.iterfind(".//{*}chart/{*}title"):
            draft.paragraph(" ".join(_paragraphs(title)))


def _sheet_of(reference: Any) -> str:
    """Returns the name of the sheet that a series refers to, "" where there is none."""
    found = _SHEET.match(reference.text or "")
    return (found[1] or found[2]).replace("''", "'") if found else ""


def read_rule(element: Any) -> Iterator[Rule]:
    """Yields what a rule for typing says (ECMA-376, 18.3.1.32), if it says something; also one of Excel 2010's form."""
    cells = element.get("sqref") or element.findtext("{*}sqref") or ""
    texts = [
        _sentence(element.get(f"{kind}Title"), element.get(kind))
        for kind, shown in (("prompt", "showInputMessage"), ("error", "showErrorMessage"))
        if element.get(shown) in ("1", "true")
    ]
    listed = (
        _LISTED.fullmatch(element.findtext("{*}formula1") or "") if element.get("type") == "list" else None
    )
    if listed:
        choices = map(one_line, listed[1].replace('""', '"').split(",")[:_MOST_CHOICES])
        texts.append(", ".join(filter(None, choices)))
    text = " ".join(filter(None, dict.fromkeys(texts)))
    if cells and text:
        yield Rule(cells, text)


def _sentence(title: str | None, text: str | None) -> str:
    said = ": ".join(filter(None, map(one_line, (title or "", text or ""))))
    return said if not said or said.endswith(_SENTENCE_ENDS) else f"{said}."


def _paragraphs(root: Any) -> list[str]:
    if root is None:
        return []
    texts = ["".join(t.text or "" for t in p.iter("{*}t")) for p in root.iter("{*}p")]
    return [text.strip() for text in texts if text.strip()]
