"""Earlier mails within the HTML text of a mail, told apart as :mod:`ingest.parsers.mail.body` does it in plain text.

A quotation (``blockquote``) after which the writer says nothing more, a signature aside, becomes a section under the
line that names its writer and time, which stands before it or, from some programs, at its beginning. One that is
answered below stays where it is, a ``>`` before each of its lines: it is not what this writer says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from ingest.parsers.mail.body import MOST_EARLIER, find_lead, find_signature, is_lead

_QUOTE = "blockquote"
_LINES = frozenset(
    {
        "address", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6",
        "hr", "li", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
    }
)  # fmt: skip
"""Elements at whose beginning and end a line ends."""
_UNSAID = frozenset({"head", "script", "style", "template", "title"})


@dataclass(slots=True)
class _Line:
    """A line of text and where it stands: elements, each with whether it is its tail."""

    pieces: list[tuple[Any, bool]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(_get(piece) for piece in self.pieces).split())

    def replace(self, text: str) -> None:
        """Puts a text in the place of the first piece, and nothing in that of the others."""
        for number, (element, is_tail) in enumerate(self.pieces):
            setattr(element, "tail" if is_tail else "text", "" if number else text)


def _get(piece: tuple[Any, bool]) -> str:
    element, is_tail = piece
    return (element.tail if is_tail else element.text) or ""


def mark_earlier_mails(root: Any) -> None:
    """Makes the lines that name earlier mails headings, and marks what is quoted between answers."""
    scope = root
    for _ in range(MOST_EARLIER):
        quotes = list(_outermost(scope))
        if not quotes:
            return
        before, after = _around(scope, quotes[-1])
        said = [line.text for line in after]
        if any(said[: find_signature(said)]):
            _mark(quotes)
            return
        _mark(quotes[:-1])
        _name(quotes[-1], before)
        scope = quotes[-1]


def _outermost(scope: Any) -> Iterator[Any]:
    """Yields the quotations in a scope that stand in no other one there."""
    walker = etree.iterwalk(scope, events=("start",), tag=_QUOTE)
    for _, element in walker:
        if element is not scope:
            yield element
            walker.skip_subtree()


def _around(scope: Any, quote: Any) -> tuple[list[_Line], list[_Line]]:
    """Returns the lines of a scope before and after a quotation, without those in quotations before."""
    lines: tuple[list[_Line], list[_Line]] = ([_Line()], [_Line()])
    at = 0
    walker = etree.iterwalk(scope, events=("start", "end"))
    for event, element in walker:
        if event == "start" and element is quote:
            at = 1
        is_left = event == "start" and element is not scope and element.tag in (_QUOTE, *_UNSAID)
        if is_left:
            walker.skip_subtree()
        if element.tag in _LINES:
            lines[at].append(_Line())
        if event == "start" and not is_left:
            lines[at][-1].pieces.append((element, False))
        elif event == "end" and element is not scope:
            lines[at][-1].pieces.append((element, True))
    return lines


def _name(quote: Any, before: Sequence[_Line]) -> None:
    """Makes the line before a quotation, or at its beginning, that names its writer its heading."""
    first, lead = find_lead([line.text for line in before])
    found = list(before[first:]) if lead else []
    if not lead:
        inside = [line for line in _lines_of(quote) if line.text][:2]
        texts = [line.text for line in inside]
        count = next((count for count in (1, 2) if is_lead(texts[:count])), 0)
        found, lead = inside[:count], texts[:count]
    if lead:
        for line in found:
            line.replace("")
        heading = etree.Element("h2")
        heading.text = " ".join(lead)
        quote.addprevious(heading)


def _lines_of(element: Any) -> list[_Line]:
    lines = [_Line()]
    for event, one in etree.iterwalk(element, events=("start", "end")):
        if one.tag in _LINES:
            lines.append(_Line())
        if event == "start":
            lines[-1].pieces.append((one, False))
        elif one is not element:
            lines[-1].pieces.append((one, True))
    return lines


def _mark(quotes: Sequence[Any]) -> None:
    """Marks the lines of quotations; others only stand further to the right."""
    for quote in quotes:
        if (
            quote.get("type") != "cite"
            and not quote.get("cite")
            and "quote" not in (quote.get("class") or "")
        ):
            continue
        for line in _lines_of(quote):
            if line.text:
                at = next(piece for piece in line.pieces if _get(piece).strip())
                setattr(at[0], "tail" if at[1] else "text", f"> {_get(at).lstrip()}")
