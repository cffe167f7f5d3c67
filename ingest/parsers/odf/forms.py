"""What the controls of a form in an OpenDocument text show: labels, what was typed, what was chosen and ticked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ingest.parsers.cleaning import one_line
from ingest.parsers.odf.styles import FORM

_TICKED, _UNTICKED = "☒", "☐"
_BOXES = frozenset({FORM + "checkbox", FORM + "radio"})
_LISTS = frozenset({FORM + "listbox", FORM + "combobox"})
_UNSEEN = frozenset({FORM + "hidden", FORM + "password"})
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


def read_controls(content: Any) -> Mapping[str, str]:
    """Returns what each control of a document's forms shows, by the identifier that its place in the text has."""
    found = {}
    for element in content.iter(f"{FORM}*"):
        identifier = element.get(FORM + "id") or element.get(_XML_ID)
        if identifier and element.tag not in _UNSEEN:
            found[identifier] = one_line(" ".join(_shown(element)))
    return found


def _shown(control: Any) -> Iterator[str]:
    if control.tag in _BOXES:
        is_on = (
            control.get(FORM + "current-state") == "checked"
            or control.get(FORM + "current-selected") == "true"
        )
        yield _TICKED if is_on else _UNTICKED
    yield control.get(FORM + "label") or ""
    if control.tag not in _BOXES:
        yield control.get(FORM + "current-value") or control.get(FORM + "value") or ""
    if control.tag in _LISTS:
        for option in control.iter(FORM + "option"):
            if option.get(FORM + "current-selected") == "true":
                yield option.get(FORM + "label") or ""
