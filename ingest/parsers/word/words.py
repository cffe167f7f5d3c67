"""What the paragraphs and cells of a Word document say: their visible words, apart from what floats beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.parsers.cleaning import one_line
from ingest.parsers.equations import write_equation
from ingest.parsers.word.fields import Fields
from ingest.parsers.word.styles import Style, W
from ingest.parsers.word.tables import cells_of, rows_of
from ingest.parsers.word.visible import at_its_height, blocks_of, chosen, is_hidden, visible, written

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_TEXT_AS_SHAPE = "{urn:schemas-microsoft-com:vml}textpath"


class Words:
    """Reads words; counts what is hidden, and the notes as the text refers to them."""

    def __init__(self, styles: Mapping[str, Style]) -> None:
        self.hidden_chars = 0
        self._hiding = frozenset(identifier for identifier, style in styles.items() if style.is_hidden)
        self._note_numbers: dict[str, dict[str, int]] = {}

    def note_number(self, kind: str, identifier: str) -> int:
        """Returns a note's number as it is printed: they are counted as the text refers to them."""
        numbers = self._note_numbers.setdefault(kind, {})
        return numbers.setdefault(identifier, len(numbers) + 1)

    def cell(self, cell: Any) -> str:
        """Returns what a cell of a table says, on one line."""
        return one_line(" ".join(self._pieces(cell)))

    def _pieces(self, holder: Any) -> Iterator[str]:
        for element in blocks_of(holder):
            if element.tag == W + "p":
                yield self.text(element)
            elif element.tag == W + "tbl":
                for row in rows_of(element):
                    yield "; ".join(self.cell(inner) for inner in cells_of(row))

    def text(
        self,
        paragraph: Any,
        boxes: list[Any] | None = None,
        *,
        pages: bool = False,
        as_typed: bool = False,
    ) -> str:
        """Returns a paragraph's visible text.

        Args:
            paragraph: its element.
            boxes: gets the text boxes that are tied to it; None to have their words behind its own.
            pages: whether page breaks are marked, by form feeds.
            as_typed: whether blanks are kept.
        """
        floating: list[Any] = []
        parts: list[str] = []
        fields = Fields(parts)
        for element in visible(paragraph, floating if boxes is None else boxes):
            tag = element.tag
            if tag == _M + "oMath":
                before = element.getprevious()
                apart = " " if before is not None and before.tag == element.tag else ""
                parts.append(apart + write_equation(element))
            elif tag in (W + "t", W + "sym"):
                run = element.getparent()
                text = written(element, run)
                if run is not None and is_hidden(run, self._hiding):
                    self.hidden_chars += len(text)
                    continue
                parts.append(at_its_height(text, run, parts))
            elif tag in (W + "tab", W + "ptab"):
                parts.append("\t")
            elif tag == W + "fldChar":
                fields.turn(element.get(W + "fldCharType") or "")
            elif tag == W + "instrText":
                fields.instruct(element.text or "")
            elif tag in (W + "checkBox", W + "ddList"):
                fields.show(chosen(element))
            elif tag == W + "noBreakHyphen":
                parts.append("-")
            elif tag == W + "lastRenderedPageBreak":
                parts.append("\f" if pages else "")
            elif tag in (W + "br", W + "cr"):
                parts.append(("\f" if pages else " ") if element.get(W + "type") == "page" else "\n")
            elif tag in (W + "footnoteReference", W + "endnoteReference"):
                kind = "Footnotes" if tag == W + "footnoteReference" else "Endnotes"
                parts.append(f"[{self.note_number(kind, element.get(W + 'id') or '')}]")
            elif tag == _TEXT_AS_SHAPE:
                parts.append(f"\n{element.get('string') or ''}\n")
            elif tag == _A + "p":
                parts.append("\n")
            elif tag == _A + "t":
                parts.append(element.text or "")
        parts += (f"\n{piece}" for box in floating for piece in self._pieces(box))
        # A break that a writer set is followed by the one the layout made: they are one.
        text = re.sub(r"\f\s*\f", "\f", "".join(parts))
        if as_typed:
            return "\n".join(line.expandtabs(4).rstrip(" ") for line in text.split("\n"))
        return "\n".join(re.sub(r"[ \t]+", " ", line).strip(" ") for line in text.split("\n"))
