"""Where output goes: people's on stdout in colour where a terminal shows it, JSON clean, talk on stderr.

Whatever comes from documents passes :func:`printable` first, so that no file can send commands to a terminal.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from corpus.patterns import pattern
from rag.cli.plain import JsonList, Plain

PLAIN_WIDTH = 100
MAX_WIDTH = 120

_THEME = Theme(
    {
        "title": "bold",
        "match": "bold yellow",
        "page": "cyan",
        "place": "green",
        "faint": "dim",
        "good": "green",
        "bad": "bold red",
        "warn": "yellow",
        "key": "dim",
        "head": "bold",
    }
)
# Control characters, lone surrogates and the marks that turn the direction of text around.
_UNPRINTABLE = pattern("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAKS = pattern("[\t-\r\x1c-\x1e\x85\u2028\u2029]")
"""What ends a line, for Python or a terminal, or leads to the next column."""


def printable(text: object) -> str:
    """Returns a text that no terminal takes for a command: what cannot be shown becomes U+FFFD."""
    return _UNPRINTABLE.sub("\ufffd", str(text))


def one_line(text: str) -> str:
    """Returns a printable text on one line: every run of blanks and line breaks is a space."""
    return printable(" ".join(text.split()))


def one_name(name: str) -> str:
    """Returns the name of a file or folder, or its path, on one line: it may hold anything, line breaks too."""
    return printable(_BREAKS.sub(lambda found: repr(found.group())[1:-1], name))


def where(path: str) -> Text:
    """Returns where a file lies, as it is shown everywhere."""
    return Text(one_name(path), "place")


class Screen:
    """The two streams of one command. Closed streams swallow what is said."""

    def __init__(self) -> None:
        self.out = _console(sys.stdout)
        self.err = _console(sys.stderr)

    @property
    def width(self) -> int:
        """The cells a line may take: the terminal's, at most 120; 100 where there is no terminal."""
        return min(self.out.width, MAX_WIDTH)

    def show(self, *parts: RenderableType) -> None:
        """Prints on stdout. Tables keep every character: they fold in a terminal and stay whole in a pipe."""
        for part in parts:
            if isinstance(part, Table) and not self.out.file.isatty():
                self._whole(part, Plain())
            else:
                self.out.print(Text(printable(part)) if isinstance(part, str) else part)

    def lines(self, lines: Iterable[Text]) -> None:
        """Prints many lines on stdout, none of them folded where there is no terminal: Rich would take a fifth of a
        millisecond for each.
        """
        if self.out.is_terminal:
            self.show(*lines)
        else:
            self.out.file.writelines(f"{line.plain}\n" for line in lines)

    def block(self, text: Text, indent: int, first: str | Text | None = None) -> None:
        """Prints a text in lines that begin ``indent`` cells to the right; in front of the first stands ``first``."""
        for at, line in enumerate(wrap(text, self.width - indent)):
            self.show(Text.assemble(" " * indent if at or first is None else first, line))

    def json(self, value: Any) -> None:
        """Prints a value as JSON on stdout, in its own characters where the stream has them."""
        self.out.file.write(self._as_json(value) + "\n")

    def json_list(self, name: str) -> JsonList:
        """Returns what prints an object as JSON on stdout whose first member is a list that comes in pieces."""
        return JsonList(self.out.file.write, self._as_json, name)

    def listing(self) -> Callable[[Table], None]:
        """Returns what prints a table that comes in pieces: on a terminal a table each, else one that is aligned."""
        plain = Plain()
        return self.show if self.out.file.isatty() else lambda piece: self._whole(piece, plain)

    def say(self, text: str, style: str = "faint") -> None:
        """Says something beside the result, on stderr."""
        self.err.print(Text(printable(text), style))

    def error(self, message: str, hint: str) -> None:
        """Says what went wrong and what to do about it, on stderr."""
        for name, style, said in (("error: ", "bad", message), (" hint: ", "warn", hint)):
            if not said:
                continue
            for at, line in enumerate(wrap(Text(printable(said)), self.err.width - len(name))):
                self.err.print(Text.assemble((" " * len(name) if at else name, style), line))

    @contextmanager
    def waiting(self, what: str) -> Iterator[Callable[[str], None]]:
        """Shows on a terminal that something is under way; gives a function that says what now."""
        if what and self.err.is_terminal and not self.err.is_dumb_terminal:
            with self.err.status(Text(what, "faint"), spinner_style="page") as status:
                yield lambda now: status.update(Text(printable(now), "faint"))
        else:
            yield lambda now: None

    def flush(self) -> None:
        """Hands everything to the system.

        Raises:
            OSError: a stream cannot take it.
        """
        self.out.file.flush()
        self.err.file.flush()

    def _whole(self, table: Table, plain: Plain) -> None:
        self.out.file.writelines(f"{line}\n" for line in plain.lines(table))

    def _as_json(self, value: Any) -> str:
        encoding = getattr(self.out.file, "encoding", None) or "utf-8"
        text = json.dumps(value, ensure_ascii=encoding.lower().replace("-", "") != "utf8", indent=2)
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


class _Console(Console):
    """A console that lets a broken pipe be seen by who runs the command."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _console(stream: IO[str] | None) -> Console:
    if stream is None:
        stream = io.StringIO()
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    plain = not stream.isatty()
    return _Console(
        file=stream,
        width=PLAIN_WIDTH if plain else None,
        theme=_THEME,
        markup=False,
        emoji=False,
        highlight=False,
    )


# ---- how single things look ------------------------------------------------------------------------


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """Returns an empty table with a headed column each; those in ``right`` hold numbers."""
    made = Table(box=None, header_style="head", pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(
            name, justify="right" if name in right else "left", overflow="fold", no_wrap=name in right
        )
    return made


def pairs(values: Mapping[str, object]) -> Table:
    """Returns names and values beside each other."""
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(style="key", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in values.items():
        made.add_row(name, value if isinstance(value, Text) else Text(printable(value)))
    return made


def cell(value: object, style: str = "") -> Text:
    """Returns a value as a table's cell."""
    return Text(printable(value), style)


def size(count: float) -> str:
    """Returns bytes as people read them: ``12.3 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def moment(iso: str | None) -> str:
    """Returns a time of JSON in this machine's zone, to the minute; "" when there is none."""
    if not iso:
        return ""
    return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M")


def duration(seconds: float) -> str:
    """Returns a duration as people read it: ``0.41 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def count(number: int, thing: str, things: str = "") -> str:
    """Returns ``1 file``, ``1,204 files``."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


# ---- lines --------------------------------------------------------------------------------------------

_UNSPACED = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_OPENING = "([{「『（［｛〈《【〔“‘"
_CLOSING = ")\\]}」』）］｝〉》】〕”’、。，．,.・：；:;！？!?ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ…"
_UNIT = pattern(
    rf"\s+|[{re.escape(_OPENING)}]*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)[{_CLOSING}]*|\S", re.DOTALL
)


def wrap(text: Text, width: int) -> list[Text]:
    """Breaks a text into lines of at most ``width`` cells, losing nothing but the blanks at a break.

    Lines break between words, and between Japanese characters except before closing and after opening marks;
    a word longer than a line is cut. Line breaks in the text are kept.
    """
    lines: list[Text] = []
    for paragraph in text.split("\n", allow_blank=True):
        plain, breaks, used = paragraph.plain, [0], 0
        for match in _UNIT.finditer(plain):
            cells = cell_len(match.group())
            if used + cells > width and not match.group().isspace():
                if used:
                    breaks.append(match.start())
                used = 0
                for at in range(match.start(), match.end()):
                    step = cell_len(plain[at])
                    if used + step > width:
                        breaks.append(at)
                        used = 0
                    used += step
            else:
                used += cells
        for line in paragraph.divide(breaks[1:]):
            line.rstrip()
            lines.append(line)
    return lines
