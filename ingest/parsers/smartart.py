"""The words of SmartArt pictures in Word and PowerPoint, in the order of their outline."""

from __future__ import annotations

from typing import Any

from ingest.parsers.cleaning import one_line

DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def diagram_words(root: Any) -> list[str]:
    """Returns the text of each point of a picture's ``dataModel`` that has any."""
    points = (one_line(" ".join(map(_words, point.iter(_A + "p")))) for point in root.iter(DIAGRAM + "pt"))
    return [words for words in points if words]


def _words(paragraph: Any) -> str:
    return "".join(
        " " if one.tag == _A + "br" else one.text or "" for one in paragraph.iter(_A + "t", _A + "br")
    )
