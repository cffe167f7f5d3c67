"""JSON and JSON Lines as readable text: objects as ``key: value`` lines under headings, like objects as tables.

The title of an object's section is its path (``servers > web``). Numbers are shown as they are written. In JSON
Lines each line that cannot be read is noted and left out; a damaged JSON file is refused with the place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from corpus.errors import LimitError, ParseError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.chats import chat_title, read_chat
from ingest.parsers.cleaning import one_line
from ingest.parsers.decoding import decode
from ingest.parsers.detection import JSON, JSONL, suffix_of
from ingest.parsers.html.drawn_headings import raise_headings
from ingest.parsers.html.parser import add_html, parse_html
from ingest.parsers.html.walk import inline_text
from ingest.parsers.titles import title_from_name

_OPENED = pattern(r"<(?:p|h[1-6]|ul|ol|li|table|blockquote|strong|b|em|i|a)(?:\s[^<>]{0,1000})?>")
_CLOSED = pattern(r"</(?:p|h[1-6]|ul|ol|li|table|blockquote|strong|b|em|i|a)>")
_STRUCTURE = pattern(r"</(?:h[1-6]|ul|ol|table|pre)>")
_RECORD_MARKS = pattern("[\x0b\x0c\x1c-\x1e]")
_MAX_DEPTH = 64
_MAX_BAD_NOTES = 20
_LONG_TEXT = 200
_MAX_COLUMNS = 60
_NUMBER = pattern(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_MOST_NUMBERS = 256
_FEW_NUMBERS = 20


@dataclass(frozen=True, slots=True)
class Record:
    """An object's pairs as written: a name given twice stays twice."""

    pairs: tuple[tuple[str, Any], ...]


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a JSON or JSON Lines file.

    Raises:
        ParseError: ``binary``, ``damaged_file`` or ``no_text``.
        LimitError: ``too_deep``, ``too_many_cells`` or a limit of the draft.
    """
    decoded = decode(data)
    draft = Draft.of(decoded, limits)
    text = decoded.text.lstrip("\ufeff").strip()
    content_type = JSONL if suffix_of(name) in (".jsonl", ".ndjson") else JSON
    writer = _Writer(draft, name)
    try:
        value = _read_lines(text, name, draft) if content_type == JSONL else _read_whole(text, name)
    except RecursionError:
        raise _too_deep(name) from None
    plain = _plain(value) if _may_be_chat(value) else None
    messages = read_chat(plain)
    for message in messages:
        draft.count_cells(1)
        draft.paragraph(message.shown)
    if not messages:
        writer.write(value, (), 0)
    return draft.finish(
        name=name,
        content_type=content_type,
        title=(chat_title(plain) if messages else "") or title_from_name(name),
        metadata={"encoding": decoded.encoding},
    )


def write_record(draft: Draft, name: str, record: Record) -> None:
    """Adds what other formats hold in such a shape to a draft of the file of that name.

    Raises:
        LimitError: ``too_deep``, or a limit of the draft.
    """
    _Writer(draft, name).write(record, (), 0)


def _load(text: str) -> Any:
    return json.loads(
        text,
        object_pairs_hook=lambda pairs: Record(tuple((key, _told(value)) for key, value in pairs)),
        parse_float=str,
        parse_int=str,
        parse_constant=str,
        strict=False,
    )


def _told(value: Any) -> Any:
    """Returns lists of numbers in each other (places on a map, a matrix) as a text, a long one as how many they are.

    So is a single list of very many: a vector, a signal. Nobody reads those, and no question asks for one of them.
    """
    if not isinstance(value, list) or (
        len(value) <= _MOST_NUMBERS and not any(isinstance(one, list) for one in value)
    ):
        return value
    count, left = 0, list(value)
    while left:
        one = left.pop()
        if isinstance(one, list):
            left.extend(one)
        elif isinstance(one, str) and _NUMBER.fullmatch(one):
            count += 1
        else:
            return value
    if count > _FEW_NUMBERS:
        return f"({count:,} numbers)"
    rows = [
        one for one in value if isinstance(one, list) and one and all(isinstance(inner, str) for inner in one)
    ]
    return "; ".join(map(", ".join, rows)) if len(rows) == len(value) else value


def _read_whole(text: str, name: str) -> Any:
    try:
        return _load(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            try:
                # JSON Lines by another name
                return [_load(record) for line in _lines(text) for record in _records(line)]
            except json.JSONDecodeError:
                pass
        raise ParseError(
            f"{name} is damaged: {error.msg} in line {error.lineno}, column {error.colno}.",
            code="damaged_file",
            hint="Repair the JSON there, or add the file as .txt.",
        ) from None


def _read_lines(text: str, name: str, draft: Draft) -> Any:
    values: list[Any] = []
    bad = 0
    for number, line in enumerate(_lines(text), 1):
        for record in _records(line):
            try:
                values.append(_load(record))
            except json.JSONDecodeError as error:
                bad += 1
                if bad <= _MAX_BAD_NOTES:
                    draft.note("damaged_text", f"Line {number} is no JSON ({error.msg}) and was left out.")
    if bad > _MAX_BAD_NOTES:
        draft.note("damaged_text", f"{bad} lines are no JSON and were left out.")
    if bad and not values:
        raise ParseError(
            f"{name} is damaged: none of its {bad} lines is JSON.",
            code="damaged_file",
            hint="Check that it is the right file.",
        )
    return values


def _lines(text: str) -> list[str]:
    """Returns lines, which end at a line feed alone: U+2028 and its like may stand in a JSON string."""
    return re.split("\r\n?|\n", text)


def _records(line: str) -> list[str]:
    """Returns the records of a line: one, but where it is none and such marks part it (RFC 7464 has one before each).

    A writer may have left a mark within a text: then the line is a record as it is.
    """
    parts = [part for part in _RECORD_MARKS.split(line) if part.strip()]
    if parts != [line]:
        try:
            _load(line)
        except json.JSONDecodeError:
            return parts
        return [line]
    return parts


def _too_deep(name: str) -> LimitError:
    return LimitError(
        f"{name} is nested more than {_MAX_DEPTH} levels deep.",
        code="too_deep",
        hint="Save it anew with simpler structure.",
    )


class _Writer:
    """Adds values to a draft."""

    def __init__(self, draft: Draft, name: str) -> None:
        self._draft = draft
        self._name = name

    def write(self, value: Any, path: tuple[str, ...], depth: int) -> None:
        """Adds a value: what is simple first, in one block, then what has structure under its own heading."""
        if depth > _MAX_DEPTH:
            raise _too_deep(self._name)
        if isinstance(value, Record):
            self._write_pairs(value.pairs, path, depth)
        elif isinstance(value, list):
            self._write_list(value, path, depth)
        else:
            self._draft.count_cells(1)
            self._draft.paragraph(_show(value))

    def _write_pairs(self, pairs: Sequence[tuple[str, Any]], path: tuple[str, ...], depth: int) -> None:
        """Adds the short values as lines, then the long ones, then what has structure: each under its heading."""
        short = [(key, value) for key, value in pairs if _is_short(value) and not _is_empty(value)]
        long = [(key, value) for key, value in pairs if _is_simple(value) and not _is_short(value)]
        self._draft.count_cells(len(short) + len(long))
        self._draft.paragraph("\n".join(f"{key}: {_show_cell(value)}" for key, value in short))
        for key, value in long:
            root = _page(value)
            if root is not None:
                raise_headings(root)
                self._draft.paragraph(f"{key}:")
                add_html(self._draft, root)
            else:
                self._draft.paragraph(f"{key}: {_show(value)}")
        for key, value in pairs:
            if not _is_simple(value) and not _is_short(value) and not _is_empty(value):
                self._heading((*path, key))
                self.write(value, (*path, key), depth + 1)

    def _heading(self, path: tuple[str, ...]) -> None:
        self._draft.heading(" > ".join(path), len(path))

    def _write_list(self, values: Sequence[Any], path: tuple[str, ...], depth: int) -> None:
        if all(_is_simple(value) for value in values):
            self._draft.count_cells(len(values))
            self._draft.listing([(0, "-", _show(value)) for value in values])
            return
        columns = _columns(values)
        if columns:
            self._draft.count_cells((len(values) + 1) * len(columns))
            rows = [columns]
            for value in values:
                found = dict(value.pairs)
                rows.append([_show_cell(found.get(column, "")) for column in columns])
            self._draft.table(rows, 1)
            return
        for number, value in enumerate(values, 1):
            if _is_simple(value):
                self.write(value, path, depth + 1)
            elif not _is_empty(value):
                own = (*path[:-1], f"{path[-1]} {number}") if path else (str(number),)
                self._heading(own)
                self.write(value, own, depth + 1)


def _may_be_chat(value: Any) -> bool:
    """Says whether it is worth a look: an object with messages, or a list of what has a type and a time."""
    first = value[0] if isinstance(value, list) and value else value
    names = {key for key, _ in first.pairs} if isinstance(first, Record) else set()
    return {"type", "ts"} <= names if isinstance(value, list) else "messages" in names


def _plain(value: Any) -> Any:
    """Returns a value with its objects as dictionaries, of a name given twice the last."""
    if isinstance(value, Record):
        return {key: _plain(inner) for key, inner in value.pairs}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _columns(values: Sequence[Any]) -> list[str]:
    """Returns the columns of a table of like objects, nothing where they are no table."""
    names: dict[str, int] = {}
    cells = 0
    for value in values:
        if not isinstance(value, Record) or len({key for key, _ in value.pairs}) < len(value.pairs):
            return []
        for key, inner in value.pairs:
            if not _is_short(inner):
                return []
            names[key] = names.get(key, 0) + 1
            cells += 1
    alike = len(values) > 1 and 1 < len(names) <= _MAX_COLUMNS and 2 * cells >= len(names) * len(values)
    return list(names) if alike else []


def _is_simple(value: Any) -> bool:
    return not isinstance(value, list | Record)


def _is_empty(value: Any) -> bool:
    return value == [] or (isinstance(value, Record) and not value.pairs)


def _is_short(value: Any) -> bool:
    """Says whether a value fits into a line or a cell: a short text, or a few of them."""
    if _is_page(value) and _STRUCTURE.search(value):
        return False
    if isinstance(value, list):
        return all(_is_simple(inner) for inner in value) and len(_show_cell(value)) <= _LONG_TEXT
    return (
        not isinstance(value, Record) and len(_show(value)) <= _LONG_TEXT and "\n" not in _show(value).strip()
    )


def _show_cell(value: Any) -> str:
    return ", ".join(map(_show, value)) if isinstance(value, list) else one_line(_show(value))


def _show(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _words_of(value) if _is_page(value) else str(value)


def _is_page(value: Any) -> bool:
    """Says whether a text is a piece of HTML, as articles in exports are."""
    return (
        isinstance(value, str)
        and value.lstrip()[:1] == "<"
        and _CLOSED.search(value) is not None
        and _OPENED.search(value) is not None
    )


def _page(value: Any) -> Any:
    return parse_html(value) if _is_page(value) else None


@lru_cache(maxsize=4096)
def _words_of(page: str) -> str:
    root = parse_html(page)
    return page if root is None else inline_text(root)
