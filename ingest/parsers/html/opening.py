"""What a reader of a page opens with a click: read as it stands below its question, its heading or its tab.

Buttons and hidden elements are left out of a page; a button that is a heading's words, and an element that a control
of the page opens, are its text all the same (WAI-ARIA 1.2: disclosure, accordion, tabs).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.cleaning import one_line
from ingest.parsers.html.walk import walk

_WORDED = ("h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary", "th", "legend")
"""In these a button is what it says: the question of an answer, the name of a column that can be sorted."""
_OPENER = pattern(r"accordion|collapsible|expand|spoiler", re.IGNORECASE)
_HIDING = pattern(
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d]))\s*(?:!\s*important)?\s*;?",
    re.IGNORECASE,
)
_ELSEWHERE = frozenset({"modal", "dropdown", "offcanvas"})
_POPUP = pattern(r"(?<![a-z])(?:modal|pop-?up|overlay|offcanvas|tooltip)(?![a-z])", re.IGNORECASE)
_CHOICES = frozenset(
    {"dialog", "alertdialog", "listbox", "menu", "menubar", "tree", "tooltip", "navigation", "search"}
)
_NO_TEXT = frozenset({"nav", "dialog", "ul", "form", "select", "menu"})
_MOST_CONTROLS = 1000
_MOST_LOOKS = 2000
_MOST_LETTERS = 5000
_LONGEST_OPENER = 200


def open_panels(root: Any) -> None:
    """Shows what a page's own controls open, and gives what opens it the place of a heading's words or a name."""
    tabs, panels, controls, openers = [], [], [], []
    wordless: dict[Any, bool] = {}
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        if (
            element.tag == "button"
            and (around := next(element.iterancestors(*_WORDED, "button"), None)) is not None
        ):
            if around not in wordless:
                wordless[around] = _has_no_words_beside_buttons(around)
            if wordless[around]:
                element.tag = "span"
        elif element.tag == "template" and element.get("shadowrootmode") == "open":
            element.tag = "div"  # of a component drawn by the server
        elif element.tag == "dialog" and element.get("open") is not None:
            element.tag = "div"
        role = element.get("role")
        if role == "tab":
            tabs.append(element)
        elif role == "tabpanel":
            panels.append(element)
        if target := _controlled(element):
            controls.append((element, target))
        is_disclosure = element.tag == "button" and element.get("aria-expanded") is not None
        if is_disclosure or _OPENER.search(element.get("class") or ""):
            openers.append(element)
    _open_controlled(root, controls[:_MOST_CONTROLS], tabs, panels[:_MOST_CONTROLS])
    for opener in openers[:_MOST_CONTROLS]:
        panel = opener.getnext()
        is_named = opener.tag == "button" and _OPENER.search(opener.get("class") or "") is not None
        if panel is not None and (is_named or _is_closed(panel)) and _is_line(opener) and _is_text(panel):
            _open(opener, panel)


def _controlled(element: Any) -> str:
    """Returns the id of what an element opens, "" where it opens nothing of the page."""
    if (element.get("data-bs-toggle") or element.get("data-toggle")) in _ELSEWHERE:
        return ""
    if element.get("aria-controls"):
        return str(element.get("aria-controls")).split(" ", 1)[0]
    target = element.get("data-bs-target") or element.get("data-target") or ""
    if not target and element.get("role") in ("tab", "button"):
        target = element.get("href") or ""
    return target[1:] if target.startswith("#") else ""


def _open_controlled(root: Any, controls: list[tuple[Any, str]], tabs: list[Any], panels: list[Any]) -> None:
    if not controls and not panels:
        return
    named = {one.get("id"): one for one in root.iter() if one.get("id")}
    labelled: dict[Any, Any] = {}
    text: dict[Any, bool] = {}
    for control, target in controls:
        panel = named.get(target)
        if panel is None:
            continue
        if panel not in text:
            text[panel] = _is_text(panel)
        if text[panel]:
            _open(control, panel)
            if control.get("role") == "tab":
                labelled[panel] = control
    for panel in panels:
        _open(None, panel)
        tab = named.get(panel.get("aria-labelledby") or "")
        if tab is not None and tab.get("role") == "tab":
            labelled.setdefault(panel, tab)
    if not labelled and len(tabs) == len(panels):
        labelled = dict(zip(panels, tabs, strict=True))
    _name_panels(labelled)


def _name_panels(labelled: Mapping[Any, Any]) -> None:
    """Puts the name of each tab before what it opens: beside each other they name nothing."""
    labelled = {panel: tab for panel, tab in labelled.items() if tab not in panel.iterancestors()}
    for panel, tab in labelled.items():
        name = panel.makeelement("p")
        name.text, name.tail, panel.text = one_line("".join(tab.itertext())), panel.text, None
        panel.insert(0, name)
    for tab in set(labelled.values()):
        tab.set("role", "navigation")


def _open(control: Any, panel: Any) -> None:
    for name in ("hidden", "aria-hidden"):
        panel.attrib.pop(name, None)
    if panel.get("style"):
        panel.set("style", _HIDING.sub("", panel.get("style")))
    is_button = control is not None and control.tag == "button" and control.get("role") != "tab"
    if is_button and next(control.iterancestors(*_WORDED), None) is None:
        control.tag = "p"


def _has_no_words_beside_buttons(element: Any) -> bool:
    """Says whether buttons say what an element says: one beside its words copies or sorts."""
    for event, one in walk(element, lambda inner: inner.tag == "button"):
        text = one.text if event == "start" else one.tail
        is_inside = one.tag != "button" if event == "start" else one is not element
        if text and is_inside and any(map(str.isalpha, text)):
            return False
    return True


def _is_closed(panel: Any) -> bool:
    return panel.get("hidden") is not None or _HIDING.search(panel.get("style") or "") is not None


def _is_text(panel: Any) -> bool:
    """Says whether an element is something to read, not a choice of links or values; looks at its beginning alone."""
    if not isinstance(panel.tag, str) or panel.tag in _NO_TEXT or panel.get("role") in _CHOICES:
        return False
    if _POPUP.search(panel.get("class") or ""):
        return False
    linked = said = 0
    for event, one in islice(walk(panel, lambda inner: inner.tag == "a"), _MOST_LOOKS):
        if event == "start":
            text = _beginning(one) if one.tag == "a" else (one.text or "")[:_MOST_LETTERS]
            linked += sum(map(str.isalnum, text)) * (one.tag == "a")
        else:
            text = "" if one is panel else (one.tail or "")[:_MOST_LETTERS]
        said += sum(map(str.isalnum, text))
        if said + linked > _MOST_LETTERS:
            break
    return said > 2 * linked


def _is_line(opener: Any) -> bool:
    """Says whether an element may be the line above what it opens, not a box with text of its own."""
    return (
        0 < len(_beginning(opener).strip()) <= _LONGEST_OPENER
        and next(opener.iter("p", "ul", "ol"), None) is None
    )


def _beginning(element: Any) -> str:
    """Returns the first letters of an element's text."""
    parts: list[str] = []
    left = _MOST_LETTERS
    for text in islice(element.itertext(), _MOST_LOOKS):
        parts.append(text[:left])
        left -= len(text)
        if left <= 0:
            break
    return "".join(parts)
