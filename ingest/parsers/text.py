"""Plain text, with the headings, lists and tables its author drew.

The lines are kept as written, so a quote is found in the user's own file, but for words that a line's end parted;
those of reStructuredText are kept as its reader sees them. A form feed starts a page.
Headings are short lines that stand alone and are underlined, numbered (``3.2 Leave``, ``第3条（休暇）``),
marked (``■ 概要``), in capitals or a function's signature, and what a law's article is about (``（目的）``);
anything less certain stays a paragraph.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import PurePath

from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers import asciidoc, restructured, transcripts
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.decoding import decode
from ingest.parsers.detection import TEXT
from ingest.parsers.hyphens import without_line_hyphens
from ingest.parsers.text_tables import CELL, HEAD, ROW
from ingest.parsers.titles import title_from_name

_UNDERLINE = pattern(r"\s*([=\-~^\"'*+#:.`_])\1{2,}\s*$")
_BULLET = pattern(
    r"^(\s*)((?:[-*+]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])(?=[ \t\u3000])|[•‣◦▪●○・①-⑳]|[（(]\d{1,3}[)）])"
    r"[ \t\u3000]*(?=\S)"
)
_NUMBERED = pattern(
    r"^(?:(?:chapter|section|part|article|appendix)\s+[\dA-Z]+[.:]?\s*"
    r"|(\d{1,2}(?:\.\d{1,2}){0,4})\.?[ \t\u3000]+)(?=\S)",
    re.IGNORECASE,
)
_JA_HEADING = pattern(
    r"^(?:第[\d０-９一二三四五六七八九十百]+([章編部節条款])|[■◆●▼【]"
    r"|([\d０-９]{1,2}(?:[.．－-][\d０-９]{1,2}){0,3})[.．、\u3000 ])"
)
_JA_LEVEL = {"編": 1, "部": 1, "章": 1, "節": 2, "条": 3, "款": 3}
_EQUALS = pattern(
    r"(=(?: ?=){0,5})(?:[ \t]+([^\s=].*?)(?P<closed>[ \t]+\1)?|(?<===)(?P<enclosed>[^\s=][^=]*)\1)"
)
"""``== Leave`` (AsciiDoc), ``== Leave ==``, ``==Leave==`` (wikis), ``= = Leave = =`` (wikis as data sets hold them)."""
_CAPTION = pattern(r"[（(][^（）()]{1,30}[)）]")
_ARTICLE = pattern(r"第[\d０-９一二三四五六七八九十百]{1,6}条")
"""A law's article (``第二条　…``), with what it is about in brackets on the line above it."""
_JA_NUMBERED = pattern(
    r"(?:[\d０-９]{1,2}|([（(])[\d０-９]{1,2}[)）])[.．、\u3000 ]?[^\d\s.．、。…][^。…]{0,38}(?<![。、.．])"
)
_JA_BELOW = pattern(r"\u3000+[^\s\u3000]|[（(][1１][)）]|[○◯]")
"""What stands below a numbered title without a blank line: a paragraph, which is set in, the first of a list or a
speaker."""
_SIGNATURE = pattern(
    r"[A-Za-z_][\w.]{2,60}\((?:[*/A-Za-z_][\w*/.:|\[\] ]{0,60}(?:=[^,\s]{0,40})?(?:, ?|(?=\))))*\)"
    r"(?: -> [\w.|\[\], ]{1,60})?:?"
)
"""A function's name and what it takes, at the margin: a call with a text or a figure (``open("a", 3)``) is none."""
_PART_ALONE = pattern(
    r"(?:chapter|section|part|article|appendix|schedule|exhibit|annex)\s+(?:\d{1,3}(?:\.\d{1,2})*|[A-Z]|[IVXL]{1,6})[.:]?",
    re.IGNORECASE,
)
_SENTENCE_END = pattern(r"[.。．!?！？;；,，、:：]$")
_STEP = pattern(r"\d{1,2}\.[ \t]+[\x20-\x7e]*(?:[!?:;,]|(?<![\w-])[a-z]{4}[\x20-\x7e]*\.)")
"""What is to be done (``3. Restart the service.``), no title that ends with a full stop (``2. Governing Law.``)."""
_UNTITLED = pattern(r"[\W_]*\d[\d\W]*\d|\.\.|[#%/<{\[]|.*[|\t=]")
"""Times and numbers, directives, comments, markup, cells, settings."""
_ASCIIDOC_NAME = "AsciiDoc"
_ASCIIDOC_UNDERLINES = ["=", "-", "~", "^", "+"]
_RST_NAME = "reStructuredText"
_MARKUP = {".rst": _RST_NAME, ".adoc": _ASCIIDOC_NAME, ".asciidoc": _ASCIIDOC_NAME}
"""Texts that say by their marks what a heading is: a number or capitals make none."""
_BEGINNING_BLOCKS = 3
_LONGEST_MARKED = 400
_LONGEST_WRAPPED = 160
"""Nobody breaks lines there: of lines that are longer each is a paragraph."""
_FEWEST_ARTICLES = 3
_MAX_TITLE_CHARS = 60
_MAX_HEADING_CHARS = 80
_MAX_SIGNATURE_CHARS = 120
_MAX_JA_HEADING_CHARS = 40


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a plain-text file as a document.

    Raises:
        ParseError: ``binary`` or ``no_text``.
    """
    decoded = decode(data)
    draft = Draft.of(decoded, limits)
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    suffix = PurePath(name).suffix.lower()
    is_transcript = suffix in transcripts.SUFFIXES and transcripts.add_transcript(draft, text)
    title = "" if is_transcript else _add_pages(draft, text, _MARKUP.get(suffix, ""))
    return draft.finish(
        name=name,
        content_type=TEXT,
        title=title or title_from_name(name),
        metadata={"encoding": decoded.encoding},
    )


def _add_pages(draft: Draft, text: str, markup: str) -> str:
    """Adds a text's pages to a draft; returns its title, "" where it has none."""
    if markup:
        text = restructured.as_read(text) if markup == _RST_NAME else asciidoc.as_read(text)
    else:
        text = without_line_hyphens(text)
    reader = _Reader(draft, markup)
    for number, page in enumerate(text.split("\f"), 1):
        if number == 1 or page.strip():
            draft.page(number)
            reader.read_page(page.split("\n"))
    return reader.title


class _Reader:
    """Adds the blocks of one text to a draft; remembers which underline stood for which level."""

    def __init__(self, draft: Draft, markup: str) -> None:
        self._draft = draft
        self._markup = markup
        self._underlines: list[str] = []
        self._levels: list[int] = []
        self._blocks = 0
        self._title = ""

    @property
    def title(self) -> str:
        """The line that the text begins with, where it looks like a title, or a heading near its beginning; else ""."""
        return self._title if self._blocks > 1 and not self._is_collection() else ""

    def _is_collection(self) -> bool:
        """Says whether the first heading, with others below it, is one of several such: none of them names the text."""
        top = self._levels[0] if self._levels else 0
        return (
            not self._markup
            and self._levels.count(top) >= _FEWEST_ARTICLES
            and min(self._levels) == top < self._levels[1]
        )

    def read_page(self, lines: list[str]) -> None:
        block: list[str] = []
        for line, below in pairwise([*lines, "", ""]):
            level = 0 if self._markup else _level_amid(line, below)
            if line.strip() and not level:
                block.append(line)
            elif block:
                self._read_block(block)
                block = []
            if level:
                self._blocks += 1
                self._add_heading(_bare(line), level)

    def _read_block(self, lines: list[str]) -> None:
        """Reads the lines between two blank ones."""
        self._blocks += 1
        if self._markup and lines[0][0] in (ROW, HEAD):
            rows = [line[1:].split(CELL) for line in lines]
            self._draft.count_cells(sum(map(len, rows)))
            heads = sum(line[0] == HEAD for line in lines)
            self._draft.table(rows, heads or None)
            return
        if self._blocks == 1 and len(lines) == 1 and _is_title(lines[0].strip()):
            self._title = lines[0].strip()
        lines = self._take_underlined(lines)
        if not lines:
            return
        if level := self._level(lines):
            own = 2 if _is_part(lines) else 1
            self._add_heading("\n".join(map(_bare, lines[:own])), level)
            lines = lines[own:]
        if not lines:
            return
        if len(lines) > 1 and all("\t" in line.strip() for line in lines):
            rows = [line.strip().split("\t") for line in lines]
            self._draft.count_cells(sum(map(len, rows)))
            self._draft.table(rows)
        elif _BULLET.match(lines[0]) and _is_list(lines):
            self._draft.listing(_items(lines))
        elif _are_paragraphs(lines):
            for line in lines:
                self._draft.paragraph(line)
        else:
            self._draft.paragraph("\n".join(lines))

    def _level(self, lines: list[str]) -> int:
        """Returns the level of a block's first line, 0 when it is no heading; markup says itself what one is."""
        if self._markup:
            return _equals(lines[0].strip()) if self._markup == _ASCIIDOC_NAME else 0
        if _is_part(lines):
            return 1
        if len(lines) == 1 and _is_signature(lines[0]):
            return 4
        return _heading_level(lines[0]) if len(lines) == 1 or _is_marked(lines[0]) else 0

    def _take_underlined(self, lines: list[str]) -> list[str]:
        """Adds underlined (or framed) headings at the block's top and returns the lines after them."""
        while True:
            framed = len(lines) >= 3 and _UNDERLINE.match(lines[0]) and _UNDERLINE.match(lines[2])
            if framed and self._markup != _ASCIIDOC_NAME:
                mark, title, rest = lines[0].strip()[0] + "^", lines[1], lines[3:]
            elif len(lines) >= 2 and _UNDERLINE.match(lines[1]) and not _UNDERLINE.match(lines[0]):
                mark, title, rest = lines[1].strip()[0], lines[0], lines[2:]
                if len(title.strip()) > _MAX_HEADING_CHARS or len(lines[1].strip()) * 2 < len(title.strip()):
                    return lines
                if self._markup == _ASCIIDOC_NAME and not _fits(title.strip(), lines[1].strip()):
                    return lines  # a block begins there
            else:
                return lines
            if mark not in self._underlines:
                self._underlines.append(mark)
            order = _ASCIIDOC_UNDERLINES if self._markup == _ASCIIDOC_NAME else self._underlines
            self._add_heading(title, order.index(mark) + 1)
            lines = rest

    def _add_heading(self, text: str, level: int) -> None:
        if not self._title and self._blocks <= _BEGINNING_BLOCKS and not _is_signature(text):
            self._title = text.strip()
        self._levels.append(level)
        self._draft.heading(text, level)


def _fits(title: str, underline: str) -> bool:
    """Says whether a line below another makes it a title in AsciiDoc: it is as long, or nearly."""
    wide = sum(1 + (character > "\u2e7f") for character in title)
    return (
        title[0] not in ".["
        and underline[0] in _ASCIIDOC_UNDERLINES
        and min(abs(len(underline) - wide), abs(len(underline) - len(title))) <= 2
    )


def _is_title(line: str) -> bool:
    """Says whether a line at the beginning, with nothing beside it, may be what the text is called."""
    is_said = bool(_SENTENCE_END.search(line) or _BULLET.match(line) or _UNTITLED.match(line))
    return len(line) <= _MAX_TITLE_CHARS and not is_said and sum(map(str.isalpha, line)) > 1


def _is_marked(line: str) -> bool:
    """Says whether a line is a heading even with text right below it."""
    return bool(
        re.match(r"^\s*(第[\d０-９一二三四五六七八九十百]+[章編部節]|[■◆▼【])", line) or _equals(line)
    )


def _equals(line: str) -> int:
    """Returns the level of a heading that is marked by equals signs, 0 when the line is none."""
    title = _marked(line)
    return title[1].count("=") if title else 0


def _marked(line: str) -> re.Match[str] | None:
    return _EQUALS.fullmatch(line) if line.startswith("=") and len(line) <= _LONGEST_MARKED else None


def _is_enclosed(line: str) -> bool:
    title = _marked(line) if line.endswith("=") else None
    return title is not None and bool(title["closed"] or title["enclosed"])


def _level_amid(line: str, below: str) -> int:
    """Returns the level of a line that is a heading whatever stands around it, 0 when it is none."""
    bare = line.strip()
    if _is_enclosed(bare):
        return _equals(bare)
    if _CAPTION.fullmatch(bare) and _ARTICLE.match(below):
        return _JA_LEVEL["条"]
    numbered = _JA_NUMBERED.fullmatch(line) if _JA_BELOW.match(below) else None
    return (3 if numbered[1] else 1) if numbered else 0


def _is_signature(line: str) -> bool:
    return len(line) <= _MAX_SIGNATURE_CHARS and _SIGNATURE.fullmatch(line.rstrip()) is not None


def _is_part(lines: list[str]) -> bool:
    """Says whether two lines are one heading: a part's number, and below it what it is called."""
    return (
        len(lines) == 2
        and _PART_ALONE.fullmatch(lines[0].strip()) is not None
        and len(lines[1].strip()) <= _MAX_HEADING_CHARS
        and not _SENTENCE_END.search(lines[1].strip())
    )


def _bare(line: str) -> str:
    """Returns a heading without its marks."""
    title = _marked(line.strip())
    return (title[2] or title["enclosed"]) if title else line


def _are_paragraphs(lines: list[str]) -> bool:
    """Says whether lines that follow each other are a paragraph each: most are longer than any that were broken."""
    long = sum(len(line) > _LONGEST_WRAPPED for line in lines)
    return long * 2 > len(lines) > 1 and not any(" | " in line or "\t" in line for line in lines)


def _heading_level(line: str) -> int:
    """Returns the level of a line that stands alone, 0 when it is no heading."""
    line = line.strip()
    if marked := _equals(line):
        return marked
    if len(line) > _MAX_HEADING_CHARS:
        return 0
    japanese = _JA_HEADING.match(line)
    is_said = line.endswith(("。", "、")) or _STEP.fullmatch(line)
    if japanese and len(line) <= _MAX_JA_HEADING_CHARS and not is_said:
        if japanese[1]:
            return _JA_LEVEL[japanese[1]]
        return min(1 + len(re.findall("[.．－-]", japanese[2])), 6) if japanese[2] else 2
    if _SENTENCE_END.search(line):
        return 0
    numbered = _NUMBERED.match(line)
    if numbered and len(line.split()) <= 12:
        return 1 + (numbered[1] or "").count(".")
    letters = [character for character in line if character.isalpha()]
    if len(letters) >= 4 and line.isascii() and line.upper() == line and len(line.split()) <= 10:
        return 2
    return 0


def _is_list(lines: list[str]) -> bool:
    """Says whether every line is an item or an indented continuation of one."""
    marked = sum(1 for line in lines if _BULLET.match(line))
    loose = sum(1 for line in lines if not _BULLET.match(line) and not line.startswith((" ", "\t", "\u3000")))
    return (marked >= 2 and loose == 0) or (marked == 1 and len(lines) == 1)


def _items(lines: list[str]) -> list[tuple[int, str, str]]:
    items: list[tuple[int, str, str]] = []
    for line in lines:
        match = _BULLET.match(line)
        if match:
            indent = len(match[1].expandtabs(4))
            items.append((indent // 2, match[2], line[match.end() :]))
        elif items:
            depth, marker, text = items[-1]
            gap = "" if text and text[-1] > "\u2fff" else " "
            items[-1] = (depth, marker, text + gap + line.strip())
    return items
