"""Files inside a file (an archive's members, a mail's attachments) as sections of one document.

Each is read by the parser for what it is and becomes pages labelled ``plan.pdf · 3`` under a heading of its
name, its own headings one level down. One that cannot be read is left out with a note, and the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from corpus.errors import LimitError, ParseError, VouchError
from corpus.types import Block, Document, Note, Page
from ingest.parsers import parse
from ingest.parsers.assembly import CELL_SEPARATOR, Limits
from ingest.parsers.titles import clean_title, readable_name, title_from_name

_GAP = "\n\n"
_MAX_NOTES = 500
_RUN_CHARS = 6
_SAME_SHARE = 0.7
_USED_UP = {
    "too_many_pages": "pages",
    "too_much_text": "characters of text",
    "too_many_cells": "table cells",
}

_WHOLE: Mapping[str, tuple[type[ParseError | LimitError], str]] = {
    "damaged_file": (ParseError, "Get a whole copy of the file."),
    "encrypted": (ParseError, "Save a copy without the password and add that."),
    "too_large": (LimitError, "Split it, or raise max_file_mb."),
    "archive_too_large": (LimitError, "Unpack it if you trust it, or raise max_archive_ratio."),
}
"""Why a member is not read that can be why nothing is: with what error, and what to do."""


class Binder:
    """Collects what was read of a container's members and binds it into one document.

    Args:
        limits: what the container may cost; what one member used is no longer there for the next.
        code: the code of the note about one that was left out.
        head: what stands before the members, e.g. the mail itself.
    """

    def __init__(self, limits: Limits, *, code: str, head: Document | None = None) -> None:
        self._left = replace(limits, nesting=limits.nesting - 1)
        self._code = code
        self._pieces: list[str] = []
        self._length = 0
        self._pages: list[Page] = []
        self._blocks: list[Block] = []
        self._notes: list[Note] = []
        self._error: VouchError | None = None
        if head is not None:
            self._append("", head)

    @property
    def left(self) -> Limits:
        """What the members to come may still cost."""
        return self._left

    def add(self, name: str, data: bytes, suffix: str = "", said: str = "") -> None:
        """Reads a member and adds it under a heading of its name; one that cannot be read becomes a note.

        Args:
            name: what it is called.
            data: the whole of it.
            suffix: its kind, where its name has none.
            said: a text that it may be another form of: it is then left out, with a note.
        """
        try:
            document = parse(data, name + suffix, self._left)
        except (ParseError, LimitError) as error:
            used_up = self._pages and _USED_UP.get(error.code)
            reason = f"With what was read before it, there are too many {used_up}." if used_up else ""
            self._error = self._error or error
            self.leave_out(name, error.code, reason or error.message)
            return
        if said and _says_the_same(document.text, said):
            self.leave_out(name, "same", "It says what the pages say.")
            return
        self._append(clean_title(readable_name(name)) or "unnamed", document)

    def leave_out(self, name: str, code: str, reason: str) -> None:
        """Notes that a member was not read, and why; that is told of the container where nothing else is read."""
        if self._error is None and code in _WHOLE:
            kind, hint = _WHOLE[code]
            self._error = kind(f"{name} was not read. {reason}", code=code, hint=hint)
        self._note(Note(self._code, clean_title(f"{name} was not read ({code}): {reason}")))

    def bind(
        self, *, name: str, content_type: str, title: str, date: datetime | None, metadata: Mapping[str, str]
    ) -> Document:
        """Returns the document.

        Raises:
            ParseError: nothing in it could be read; where one member was the reason, with its code.
            LimitError: likewise.
        """
        if not self._pages:
            if self._error is None:
                raise ParseError(
                    f"{name} holds no file that is read.", code="no_text", hint="Unpack it and look."
                )
            error = self._error
            raise type(error)(
                f"Nothing in {name} can be read: {error.message}", code=error.code, hint=error.hint
            )
        from corpus.language import detect_language

        text = "".join(self._pieces)
        return Document(
            text=text,
            pages=tuple(self._pages),
            blocks=tuple(self._blocks),
            title=clean_title(title) or title_from_name(name),
            content_type=content_type,
            language=detect_language(text),
            date=date,
            metadata=metadata,
            notes=tuple(self._notes),
        )

    def _append(self, name: str, document: Document) -> None:
        if self._length:
            self._write(_GAP)
        start = self._length
        if name:
            self._blocks.append(Block("heading", start, start + len(name), 1))
            self._write(name + _GAP)
        base, first = self._length, len(self._pages)
        many = len(document.pages) > 1
        self._write(document.text)
        for page in document.pages:
            label = page.label
            if name:
                label = label or (str(page.number) if many else "")
                label = f"{name} · {label}" if label else name
            begins = start if len(self._pages) == first else base + page.start
            self._pages.append(Page(len(self._pages) + 1, begins, base + page.end, label))
        numbers = {page.number: first + index for index, page in enumerate(document.pages, 1)}
        for block in document.blocks:
            level = min(block.level + 1, 6) if name and block.level else block.level
            self._blocks.append(replace(block, start=base + block.start, end=base + block.end, level=level))
        for note in document.notes:
            message = f"{name}: {note.message}" if name else note.message
            self._note(Note(note.code, clean_title(message), numbers.get(note.page, 0)))
        self._left = replace(
            self._left,
            max_pages=self._left.max_pages - len(document.pages),
            max_text_chars=self._left.max_text_chars - (self._length - start),
            max_cells=self._left.max_cells - _count_cells(document),
        )

    def _write(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    def _note(self, note: Note) -> None:
        if len(self._notes) < _MAX_NOTES:
            self._notes.append(note)


def _says_the_same(text: str, said: str) -> bool:
    """Says whether nearly all of a text stands in another: of its runs of so many letters and digits."""
    letters, others = ("".join(filter(str.isalnum, one)) for one in (text, said))
    if len(letters) < _RUN_CHARS:
        return letters in others
    runs = {letters[at : at + _RUN_CHARS] for at in range(len(letters) - _RUN_CHARS + 1)}
    count = len(runs)
    for at in range(len(others) - _RUN_CHARS + 1):  # those of millions of letters would fill the memory
        runs.discard(others[at : at + _RUN_CHARS])
    return count - len(runs) >= _SAME_SHARE * count


def _count_cells(document: Document) -> int:
    shown = (document.text[block.start : block.end] for block in document.blocks if block.kind == "table")
    return sum(text.count(CELL_SEPARATOR) + text.count("\n") + 1 for text in shown)
