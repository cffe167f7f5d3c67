"""What stands above and below the line of a page's text: marks of notes, powers, indices, and equations (MathML).

``10:30<sup>1</sup>`` is no 10:301: the mark of a note stands in brackets, as under Word documents. Powers and indices
are written by :mod:`ingest.parsers.raised`.
"""

from __future__ import annotations

import re
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.html.walk import BLOCKS, HEADINGS
from ingest.parsers.mathml import write_mathml
from ingest.parsers.raised import show_lowered, show_raised

_MARK = pattern(r"[^\W_]{1,4}|[*†‡§]{1,3}|注\d{1,3}|※\d{0,3}")
_NOTE = pattern(r"foot-?note|end-?note|note-?ref|fn-?ref|ftn", re.IGNORECASE)
_NUMBER = pattern(r"\d{1,3}")
_EDGES = BLOCKS | {"li", "body", "table", *HEADINGS}
_MOST_CHARS = 12
_MOST_LEVELS = 5


def write_raised(root: Any) -> None:
    """Writes marks before what is raised or lowered where it would run into a number, and equations as one line."""
    for equation in list(root.iter("math")):
        if next(equation.iterancestors("math"), None) is None:
            around = equation.getparent()
            if around is not None and "mathml" in (around.get("class") or "") and around.get("style"):
                around.set("style", "")  # hidden beside a picture of it that says nothing
            _write(equation, write_mathml(equation))
            equation.tag = "span"
    for link in root.iter("a"):
        is_number = not len(link) and _NUMBER.fullmatch(link.text or "") is not None
        if is_number and _is_note(link, must_be_named=True) and _runs_on(link):
            link.text = f"[{link.text}]"
    for raised in list(root.iter("sup", "sub")):  # what is written has no parts any more
        text = _short_text(raised) if len(raised) <= _MOST_LEVELS else ""
        if not text or len(text) > _MOST_CHARS:
            continue
        before = _before(raised)
        if raised.tag == "sup" and _is_note(raised):
            if _MARK.fullmatch(text):
                _write(raised, f"[{text}]")
        elif raised.tag == "sub":
            _write(raised, show_lowered(text, before))
        elif _begins_fraction(raised):
            _write(raised, f" {text}" if before.isdigit() else text)
        elif (shown := show_raised(text, before)) != text:
            _write(raised, shown)


def _short_text(element: Any) -> str:
    """Returns an element's text, of a long one its beginning."""
    text = ""
    for part in element.itertext():
        text = f"{text}{part}".lstrip()
        if len(text) > 10 * _MOST_CHARS:
            break
    return text.strip()


def _runs_on(link: Any) -> bool:
    """Says whether a link runs into the word before or behind it."""
    around = link.getparent()
    return (
        around is not None
        and around.tag != "sup"
        and (_before(link).isalnum() or (link.tail or "")[:1].isalnum())
    )


def _write(element: Any, text: str) -> None:
    for child in list(element):
        element.remove(child)
    element.text = text


def _is_note(raised: Any, must_be_named: bool = False) -> bool:
    """Says whether a word leads to a note of the page, by its name or (unless it must be named) by being a link."""
    for one in (raised, raised.getparent(), *raised.iterdescendants("a")):
        if one is None or one.tag not in ("a", "sup", "span"):
            continue
        target = one.get("href") or ""
        if one is raised.getparent() and not _is_all_of(raised, one):
            target = ""  # a link whose words end in a power
        if one.get("role") == "doc-noteref" or ("#" in target and not must_be_named):
            return True
        if _NOTE.search(f"{one.get('class')} {one.get('id')} {target if '#' in target else ''}"):
            return True
    return False


def _is_all_of(raised: Any, link: Any) -> bool:
    return len(link) == 1 and not (link.text or "").strip() and not (raised.tail or "").strip()


def _begins_fraction(raised: Any) -> bool:
    """Says whether this is the upper part of a fraction that is written with a stroke."""
    below = raised.getnext()
    return below is not None and below.tag == "sub" and (raised.tail or "").strip() in ("/", "⁄", "∕")


def _before(element: Any) -> str:
    """Returns the character before an element in its line, "" where it is the first."""
    for _ in range(_MOST_LEVELS):
        if element.getparent() is None:
            return ""
        beside = element.getprevious()
        text = element.getparent().text if beside is None else beside.tail
        if text:
            return str(text[-1])
        if beside is not None:
            if beside.tag in _EDGES or beside.tag == "br":
                return ""
            if words := "".join(beside.itertext()):
                return words[-1]
            element = beside
        else:
            element = element.getparent()
            if element.tag in _EDGES:
                return ""
    return ""
