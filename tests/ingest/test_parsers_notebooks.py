"""Notebooks: their text, their code and what it said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from corpus.errors import ParseError
from corpus.types import Document
from ingest.parsers import parse
from ingest.parsers.detection import JSON, NOTEBOOK, TEXT, detect_type


def notebook(*cells: dict[str, Any], **more: Any) -> bytes:
    return json.dumps(
        {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    ).encode()


def code(source: str | list[str], *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": 3, "source": source, "outputs": list(outputs)}


def text(source: str | list[str]) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def read(data: bytes, name: str = "a.ipynb") -> Document:
    return parse(data, name)


def kinds(document: Document) -> list[tuple[str, str]]:
    return [(b.kind, document.text[b.start : b.end]) for b in document.blocks]


def test_text_code_and_results_stand_in_their_order_once() -> None:
    table = "<style>td {}</style><table><tr><th>city</th><th>fee</th></tr><tr><td>京都</td><td>12</td></tr></table>"
    frame = {
        "output_type": "execute_result",
        "data": {"text/html": [table], "text/plain": ["  city fee\n", "0 京都 12"], "image/png": "aGk="},
    }
    printed = {"output_type": "stream", "name": "stdout", "text": ["\x1b[31mdone\x1b[0m\n", "ok"]}
    drawn = {
        "output_type": "display_data",
        "data": {"image/png": "aGk=", "text/plain": "<Figure size 640x480>"},
    }
    said = {"output_type": "display_data", "data": {"text/markdown": "**売上**", "text/plain": "<Markdown>"}}
    shown = {
        "output_type": "display_data",
        "data": {"text/html": "<p>税込み</p>", "text/plain": "<IPython.core.display.HTML object>"},
    }
    failed = {"output_type": "error", "ename": "KeyError", "evalue": "'fee'", "traceback": ["a", "b"]}
    document = read(
        notebook(
            text(["# 出張費\n", "\n", "- 京都\n", "- 大阪"]),
            code(["import x\n", "    y"], printed, frame, said),
            code("z", drawn, shown, failed),
            code(""),
            {"cell_type": "raw", "source": "raw words"},
        )
    )
    assert kinds(document) == [
        ("heading", "出張費"),
        ("list", "- 京都\n- 大阪"),
        ("code", "import x\n    y"),
        ("code", "done\nok"),
        ("table", "city | fee\n京都 | 12"),
        ("paragraph", "売上"),
        ("code", "z"),
        ("paragraph", "税込み"),
        ("code", "KeyError: 'fee'"),
        ("paragraph", "raw words"),
    ]
    assert (document.title, document.content_type) == ("出張費", NOTEBOOK)


def test_a_notebook_of_the_third_version_is_read() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Fees"]},
        {"cell_type": "code", "input": ["print(1)"], "outputs": [{"output_type": "pyout", "text": ["1"]}]},
    ]
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode()
    assert kinds(read(data)) == [("heading", "Fees"), ("code", "print(1)"), ("code", "1")]


def test_content_says_what_is_a_notebook() -> None:
    whole = notebook(text("words"))
    assert detect_type(whole, "a").content_type == NOTEBOOK
    told = detect_type(whole, "a.json")
    assert (told.content_type, told.note is not None) == (NOTEBOOK, True)
    assert detect_type(b'{"cells": 3}', "a.ipynb").content_type == JSON
    assert detect_type(b'{"about": "nbformat"}', "a.json").content_type == JSON
    assert detect_type(b"Notes on notebooks.", "a.ipynb").content_type == TEXT


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (notebook(text("words")) + b"}", "damaged_file"),
        (notebook(text("words"))[:-40], "damaged_file"),
        (notebook(text(" ")), "no_text"),
        (
            b'{"nbformat": 4, "cells": [3, null, {"cell_type": []}, {"cell_type": "code", "source": 5}]}',
            "no_text",
        ),
    ],
)
def test_notebooks_that_say_nothing_are_named(data: bytes, code: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(data)
    assert caught.value.code == code
