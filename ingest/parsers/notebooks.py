"""Jupyter notebooks: their text as Markdown, their code, and what the code said when it was run last.

Kept: cells in their order; of each result one form (Markdown, a table in HTML, else plain text), what was printed, and
the last line of an error. Not kept: pictures, the rest of an error's trace, numbers of runs, widgets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from corpus.errors import ParseError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.decoding import decode
from ingest.parsers.detection import NOTEBOOK
from ingest.parsers.html.parser import add_html, parse_html
from ingest.parsers.markdown import add_markdown

_COLOUR = pattern(r"\x1b\[[0-9;]*[A-Za-z]")


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a notebook.

    Raises:
        ParseError: ``damaged_file`` or ``no_text``.
        LimitError: a limit of the draft.
    """
    try:
        notebook = json.loads(decode(data).text.lstrip("\ufeff"), strict=False)
    except json.JSONDecodeError as error:
        raise ParseError(
            f"{name} is damaged: {error.msg} in line {error.lineno}, column {error.colno}.",
            code="damaged_file",
            hint="Open it in Jupyter and save it anew.",
        ) from None
    draft = Draft(limits)
    for cell in _cells(notebook):
        _add_cell(draft, cell)
    metadata = _object(_object(notebook).get("metadata"))
    return draft.finish(name=name, content_type=NOTEBOOK, title=_text(metadata.get("title")))


def _cells(notebook: Any) -> Iterator[dict[str, Any]]:
    """Yields the cells; before the fourth version of the format they stood in sheets."""
    whole = _object(notebook)
    for holder in (whole, *_list(whole.get("worksheets"))):
        yield from map(_object, _list(_object(holder).get("cells")))


def _add_cell(draft: Draft, cell: dict[str, Any]) -> None:
    kind, source = cell.get("cell_type"), _text(cell.get("source", cell.get("input")))
    if kind == "markdown":
        add_markdown(draft, source)
    elif kind == "heading":
        level = cell.get("level")
        draft.heading(source, level if isinstance(level, int) else 1)
    elif kind == "code":
        draft.code(source)
        for output in map(_object, _list(cell.get("outputs"))):
            _add_output(draft, output)
    else:
        draft.paragraph(source)


def _add_output(draft: Draft, output: dict[str, Any]) -> None:
    said = {**output, **_object(output.get("data"))}
    markdown, html = _text(said.get("text/markdown")), _text(said.get("text/html", said.get("html")))
    plain = _COLOUR.sub("", _text(said.get("text/plain", said.get("text"))))
    is_name = plain.startswith(
        "<"
    )  # what a program calls a thing that is shown otherwise: <Figure size 640x480>
    if output.get("output_type") in ("error", "pyerr"):
        draft.code(": ".join(filter(None, (_text(output.get("ename")), _text(output.get("evalue"))))))
    elif markdown.strip():
        add_markdown(draft, markdown)
    elif ("<table" in html or is_name) and (page := parse_html(html)) is not None:
        add_html(draft, page)
    elif not (is_name and any(key.startswith("image/") or key == "png" for key in said)):
        draft.code(plain)


def _text(value: Any) -> str:
    """Returns a text, which may be kept line by line."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
