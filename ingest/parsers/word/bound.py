"""Content controls that are bound to data beside the text (ECMA-376, 17.5.2.6), filled in as Word does when it opens
the document: programs that make contracts and letters write the data alone, and leave the words "Click here to enter".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.cleaning import one_line
from ingest.parsers.office import Package
from ingest.parsers.word.styles import W

_ITEM = "{http://schemas.openxmlformats.org/officeDocument/2006/customXml}itemID"
_PROPERTIES = {
    "{6C3C8BC8-F283-45AE-878A-BAB7291924A1}": "docProps/core.xml",
    "{6668398D-A668-4E3E-A5EB-62B293D839F1}": "docProps/app.xml",
}
"""Stores that each document has."""
_PATH = pattern(r"(?:/(?:[\w.-]+:)?[\w.-]+(?:\[\d{1,6}\])?)+(?:/@(?:[\w.-]+:)?[\w.-]+)?")
_STEP = pattern(r"/(@?)(?:([\w.-]+):)?([\w.-]+)(?:\[(\d+)\])?")
_SPACES = pattern(r"xmlns:([\w.-]+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\")")
_MIDNIGHT = pattern(r"(\d{4}-\d\d-\d\d)T00:00:00\S{0,6}\Z")


def fill_bound(package: Package, body: Any) -> None:
    """Puts the data in the place of what controls show that still ask for it; others show what Word last put there.

    Raises:
        ParseError: ``unsafe_xml``.
        LimitError: a limit of the archive.
    """
    asking = [(one, binding) for one in body.iter(W + "sdt") if (binding := _binding_of(one)) is not None]
    stores = _stores(package) if asking else {}
    roots: dict[str, Any] = {}
    for control, binding in asking:
        identifier = (binding.get(W + "storeItemID") or "").upper()
        part = stores.get(identifier, "")
        if part not in roots:
            roots[part] = package.beside(part)
        text = _value(roots[part], binding.get(W + "xpath") or "", binding.get(W + "prefixMappings") or "")
        if text:
            _show(control, text)


def _binding_of(control: Any) -> Any:
    """Returns the binding of a control that shows the words by which it asks; None of any other."""
    properties = control.find(W + "sdtPr")
    if properties is None or properties.find(W + "showingPlcHdr") is None:
        return None
    return properties.find(W + "dataBinding")


def _stores(package: Package) -> Mapping[str, str]:
    """Returns the part of each store of data by the store's name."""
    found = dict(_PROPERTIES)
    for part in package.parts():
        if part.startswith("customXml/itemProps"):
            root = package.beside(part)
            if root is not None:
                found[(root.get(_ITEM) or "").upper()] = part.replace("itemProps", "item")
    return found


def _value(root: Any, path: str, mappings: str) -> str:
    """Returns what a path leads to, "" where that is nothing or no plain path from the root down."""
    if root is None or not _PATH.fullmatch(path):
        return ""
    spaces = {prefix: single or double for prefix, single, double in _SPACES.findall(mappings)}
    at: Any = None
    for is_attribute, prefix, name, number in _STEP.findall(path):
        tag = f"{{{spaces.get(prefix, '')}}}{name}" if prefix else name
        if is_attribute:
            return one_line(at.get(tag) or "")
        alike = [root] if at is None else [one for one in at if one.tag == tag]
        place = int(number or 1) - 1
        if not 0 <= place < len(alike) or alike[place].tag != tag:
            return ""
        at = alike[place]
    text = one_line("".join(at.itertext()))
    day = _MIDNIGHT.match(text)
    return day[1] if day else text


def _show(control: Any, text: str) -> None:
    """Puts a text in the place of a control's words."""
    content = control.find(W + "sdtContent")
    words = [] if content is None else list(content.iter(W + "t"))
    for word in words[1:]:
        word.text = ""
    if words:
        words[0].text = text
