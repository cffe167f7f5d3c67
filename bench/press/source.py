"""Reads a source: YAML front matter, then Markdown with a few directives.

Directives stand on a line of their own: ``:::pagebreak`` begins a page; ``:::note`` … ``:::`` frames
what stands between; ``:::bars Title (unit)`` … ``:::`` draws a bar chart from lines ``label: number``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

_DIRECTIVE = re.compile(r"^:::\s*(\w+)?\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of inline text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


Inline = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; ``level`` is 1-6."""

    level: int
    inline: Inline


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of running text."""

    inline: Inline


@dataclass(frozen=True, slots=True)
class Items:
    """A list; each item holds blocks. ``start`` is the first number of an ordered list, else None."""

    start: int | None
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``rows[0]`` is its header, ``right`` says which columns are set flush right."""

    rows: tuple[tuple[Inline, ...], ...]
    right: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines set in a fixed width, as they stand."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """A framed warning or remark."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart: labels and values, and the title above it."""

    title: str
    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class PageBreak:
    """The next block begins a new page."""


Block = Heading | Paragraph | Items | Table | Code | Note | Bars | PageBreak


@dataclass(frozen=True, slots=True)
class Source:
    """A document to print: its front matter, and its body as Markdown and as blocks.

    ``layout`` is one of ``policy``, ``handbook``, ``manual``, ``columns`` (PDF only); ``encoding`` is of
    text files. ``dated`` is the date in the file's own metadata.
    """

    output: str
    title: str
    body: str
    blocks: tuple[Block, ...]
    dated: date
    lang: Literal["en", "ja"] = "en"
    subtitle: str = ""
    number: str = ""
    version: str = ""
    effective: str = ""
    owner: str = ""
    classification: str = ""
    status: str = ""
    layout: Literal["policy", "handbook", "manual", "columns"] = "policy"
    serif: bool = False
    encoding: str = "utf-8"
    company: str = field(default="")

    def control(self) -> list[tuple[str, str]]:
        """Returns the document-control lines, named in the document's language."""
        names = (
            ("文書番号", "版", "施行日", "所管", "区分", "状態")
            if self.lang == "ja"
            else ("Document", "Version", "Effective", "Owner", "Classification", "Status")
        )
        values = (self.number, self.version, self.effective, self.owner, self.classification, self.status)
        return [(name, value) for name, value in zip(names, values, strict=True) if value]

    @property
    def moment(self) -> datetime:
        """The metadata date as a moment: nine in the morning, no zone."""
        return datetime(self.dated.year, self.dated.month, self.dated.day, 9)


_COMPANY = {"en": "Nordhalm Instruments Ltd", "ja": "ノルドハルム計測株式会社"}


def read_source(path: Path) -> Source:
    """Reads one source file.

    Raises:
        ValueError: no front matter, an unknown directive or an unknown kind of Markdown.
    """
    text = path.read_text(encoding="utf-8")
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0]:
        raise ValueError(f"{path.name}: a source begins with front matter between two lines of ---")
    front = yaml.safe_load(parts[1])
    front = {key: value if isinstance(value, bool | date) else str(value) for key, value in front.items()}
    lang = front.get("lang", "en")
    blocks = () if front["output"].endswith(".txt") else tuple(read_blocks(parts[2], path.name))
    return Source(**{"company": _COMPANY[lang], **front}, body=parts[2], blocks=blocks)


def read_blocks(markdown: str, name: str = "") -> list[Block]:
    """Returns the blocks of Markdown with directives."""
    found: list[Block] = []
    pending: list[str] = []
    opened: tuple[str, str] | None = None
    for line in [*markdown.splitlines(), ":::end"]:
        directive = _DIRECTIVE.match(line)
        if not directive:
            pending.append(line)
            continue
        word, rest = directive.group(1), directive.group(2)
        text, pending = "\n".join(pending), []
        if opened is None:
            found += _markdown_blocks(text)
        elif opened[0] == "note":
            found.append(Note(tuple(_markdown_blocks(text))))
        else:
            pairs = [entry.rsplit(":", 1) for entry in text.splitlines() if entry.strip()]
            found.append(Bars(opened[1], tuple((label.strip(), float(value)) for label, value in pairs)))
        opened = None
        if word == "pagebreak":
            found.append(PageBreak())
        elif word in ("note", "bars"):
            opened = (word, rest)
        elif word not in (None, "end"):
            raise ValueError(f"{name}: unknown directive {line!r}")
    return found


def _markdown_blocks(text: str) -> list[Block]:
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    blocks, rest = _read(tokens, 0, "")
    assert rest == len(tokens)
    return blocks


def _read(tokens: list[Token], at: int, until: str) -> tuple[list[Block], int]:
    blocks: list[Block] = []
    while at < len(tokens) and tokens[at].type != until:
        token = tokens[at]
        if token.type == "heading_open":
            blocks.append(Heading(int(token.tag[1]), _inline(tokens[at + 1])))
            at += 3
        elif token.type == "paragraph_open":
            blocks.append(Paragraph(_inline(tokens[at + 1])))
            at += 3
        elif token.type in ("fence", "code_block"):
            blocks.append(Code(token.content.rstrip("\n")))
            at += 1
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            items, at = _items(tokens, at + 1)
            ordered = token.type == "ordered_list_open"
            blocks.append(Items(int(token.attrs.get("start", 1)) if ordered else None, items))
        elif token.type == "table_open":
            table, at = _table(tokens, at + 1)
            blocks.append(table)
        else:
            raise ValueError(f"the press does not print {token.type!r} (line {token.map})")
    return blocks, at


def _items(tokens: list[Token], at: int) -> tuple[tuple[tuple[Block, ...], ...], int]:
    items = []
    while tokens[at].type == "list_item_open":
        blocks, at = _read(tokens, at + 1, "list_item_close")
        items.append(tuple(blocks))
        at += 1
    return tuple(items), at + 1


def _table(tokens: list[Token], at: int) -> tuple[Table, int]:
    rows: list[tuple[Inline, ...]] = []
    cells: list[Inline] = []
    right: list[bool] = []
    while tokens[at].type != "table_close":
        token = tokens[at]
        if token.type in ("th_open", "td_open"):
            cells.append(_inline(tokens[at + 1]))
            if token.type == "th_open":
                right.append("right" in str(token.attrs.get("style", "")))
        elif token.type == "tr_close":
            rows.append(tuple(cells))
            cells = []
        at += 1
    return Table(tuple(rows), tuple(right)), at + 1


def _inline(token: Token) -> Inline:
    runs: list[Run] = []
    bold = italic = False
    for child in token.children or []:
        if child.type == "text":
            runs.append(Run(child.content, bold, italic))
        elif child.type == "code_inline":
            runs.append(Run(child.content, bold, italic, code=True))
        elif child.type == "hardbreak":
            runs.append(Run("\n", bold, italic))
        elif child.type == "softbreak":
            runs.append(Run(" ", bold, italic))
        elif child.type.startswith("strong_"):
            bold = child.type.endswith("open")
        elif child.type.startswith("em_"):
            italic = child.type.endswith("open")
        elif child.type not in ("link_open", "link_close"):
            raise ValueError(f"the press does not print inline {child.type!r}")
    return tuple(run for run in runs if run.text)


def plain_text(inline: Inline) -> str:
    """Returns the words of inline text without their style."""
    return "".join(run.text for run in inline)
