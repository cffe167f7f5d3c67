"""AsciiDoc → what a reader of its pages sees: rows of tables, items, titles of blocks, notes, without marks.

Line by line, so that the text's lines and headings stay where they are; these are told by the reader of texts. What
stands in blocks of code and literals is kept as it is. Attributes, comments and included files say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from corpus.patterns import pattern
from ingest.parsers.text_tables import as_lines, barred, is_first_apart, separated

_FENCE = pattern(r"^(?:-{4,}|\.{4,}|\+{4,}|/{4,}|={4,}|\*{4,}|_{4,}|--|```.*)$")
_KEPT = ("----", "....", "++++", "```")
_TABLE = pattern(r"^[|,:!]={3,}$")
_ATTRIBUTES = pattern(r"^\[(?!\[)[^\]]*\]$|^\[\[[^\]]+\]\]$")
_ENTRY = pattern(r"^:(!?[\w-]+!?):(?:\s+(.*))?$")
_COMMENT = pattern(r"^//(?!/)")
_DIRECTIVE = pattern(r"^(?:include|ifdef|ifndef|ifeval|endif|toc)::")
_BLOCK_TITLE = pattern(r"^\.([^\s.].*)$")
_PICTURE = pattern(r"^(?:image|video|audio)::[^\s\[]*\[([^\],]*)[^\]]*\]$")
_ITEM = pattern(r"^\s*(\.{1,5}|\*{1,5}|-)\s+(?=\S)(.*)$")
_TERM = pattern(r"^(\S[^\n]{0,200}?):{2,4}(?:\s+(.*))?$")
_ADMONITIONS = frozenset({"NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"})
_CALLOUT = pattern(r"^<(?:\d+|\.)>\s+(.*)$")
_COLUMNS = pattern(r"cols\s*=\s*\"([^\"]*)\"|cols\s*=\s*([\w*<>^.;]+)")
_FORMAT = pattern(r"\bformat\s*=\s*\"?(csv|tsv|dsv)")
_SEPARATORS = {"csv": ",", "tsv": "\t", "dsv": ":", ",": ",", ":": ":"}
"""What stands between the cells of a table, by its format or by the mark of the line above it."""
_TIMES = pattern(r"^(\d{1,2})\*")
_INLINE_PICTURE = pattern(r"image:[^\s:\[][^\s\[]{0,500}\[([^\],]{0,500}+)[^\]]{0,500}+\]")
_LINK = pattern(r"(?:link:|xref:|mailto:|https?://)[^\s\[\]]{1,1000}\[([^\]^,]{0,500}+)[^\]]{0,500}+\]")
_REFERENCE = pattern(r"<<[^<>,\n]++,\s*+([^<>\n]++)>>")
_MACRO = pattern(r"\b(?:kbd|btn|stem|latexmath|asciimath|pass):\w*\[([^\]]{1,500}+)\]")
_FOOTNOTE = pattern(r"\s?footnote:[\w-]*\[([^\]]{1,1000})\]")
_NAMED = pattern(r"\{([\w-]+)\}")
_MARKED = pattern(r"(?<![\w*_`#\\])([*_`#])\1?(?=[^\s*_`#])((?:(?!\1)[^\n])*?[^\s*_`#])\1\1?(?![\w*_`#])")


def as_read(text: str) -> str:
    """Returns a text as its reader sees it."""
    lines = text.split("\n")
    entries = {entry[1]: entry[2] or "" for line in lines if (entry := _ENTRY.match(line.rstrip()))}
    parts = groupby(_lines(lines), key=lambda line: line[1])
    joined = ((is_prose, "\n".join(line for line, _ in part)) for is_prose, part in parts)
    return "\n".join(_inline(part, entries) if is_prose else part for is_prose, part in joined)


def _lines(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Yields each line that is seen, and whether it is prose, whose marks may go on in the next one."""
    at, attributes = 0, ""
    items = _Items()
    while at < len(lines):
        line = lines[at].rstrip()
        at += 1
        if _TABLE.match(line):
            end = next((n for n in range(at, len(lines)) if lines[n].rstrip() == line), 0)
            if end:  # else it is a line that ends nothing
                yield from _prose("", *as_lines(*_table(line[0], attributes, lines[at:end])), "")
                at = end + 1
            attributes = ""
        elif line.startswith((*_KEPT, "////")) and _FENCE.match(line):
            closing = "```" if line.startswith("```") else line
            end = next((n for n in range(at, len(lines)) if lines[n].rstrip() == closing), len(lines))
            if not line.startswith("/"):
                yield from ((kept, False) for kept in ("", *lines[at:end], ""))
            at = end + 1
        elif _FENCE.match(line):
            yield "", True
        elif _ATTRIBUTES.match(line):
            attributes = line
            kind = line[1:-1].partition(",")[0]
            if kind in _ADMONITIONS:
                yield from _prose("", f"{kind.capitalize()}:", "")
        elif not (_ENTRY.match(line) or _COMMENT.match(line) or _DIRECTIVE.match(line)):
            attributes = attributes if line else ""
            yield from _prose(*_told(line, items))


def _prose(*lines: str) -> Iterator[tuple[str, bool]]:
    return ((line, True) for line in lines)


class _Items:
    """The list that is open: the mark and the number of the last item at each depth."""

    def __init__(self) -> None:
        self._open: list[tuple[str, int]] = []
        self.is_within = self._goes_on = False

    def item(self, mark: str) -> str:
        """Returns what stands before an item's words: marks that were not met yet are a list within the last item."""
        depth = next(
            (at for at, (open_mark, _) in enumerate(self._open) if open_mark == mark), len(self._open)
        )
        number = self._open[depth][1] + 1 if depth < len(self._open) else 1
        self._open[depth:] = [(mark, number)]
        self.is_within = True
        return f"{'  ' * depth}{number if mark[0] == '.' else ''}{'.' if mark[0] == '.' else '-'} "

    def goes_on(self) -> None:
        """Notes that what follows belongs to the last item."""
        self.is_within, self._goes_on = False, True

    def pause(self) -> None:
        """Notes a blank line: another item may follow."""
        self.is_within = False

    def end(self) -> None:
        """Notes a paragraph; it ends the list unless it belongs to the last item."""
        if not self._goes_on:
            self._open.clear()
        self._goes_on = False


def _told(line: str, items: _Items) -> Iterator[str]:
    if not line:
        items.pause()
        yield ""
    elif line.strip() == "+":
        items.goes_on()
        yield ""
    elif item := _ITEM.match(line):
        if not items.is_within:
            yield ""
        yield items.item(item[1]) + item[2]
    elif items.is_within:
        yield f"      {line.strip()}"
    elif title := _BLOCK_TITLE.match(line):
        yield from ("", title[1], "")
    elif picture := _PICTURE.match(line):
        yield from ("", picture[1].strip('"'), "")
    elif term := _TERM.match(line):
        yield f"{term[1]}: {term[2] or ''}".rstrip()
    elif callout := _CALLOUT.match(line):
        yield f"- {callout[1]}"
    else:
        if not line[0].isspace():
            items.end()
        yield line.removesuffix(" +")


def _table(mark: str, attributes: str, lines: list[str]) -> tuple[list[list[str]], int]:
    """Returns the rows of a table and how many of them are its header."""
    has_head = "header" in attributes
    found = _FORMAT.search(attributes)
    separator = _SEPARATORS.get(found[1] if found else mark)
    if separator:
        return separated(lines, separator), int(has_head or is_first_apart(lines))
    return barred(lines, _columns(attributes), has_head)


def _columns(attributes: str) -> int:
    """Returns how many columns a table's attributes say it has, 0 where they say nothing."""
    found = _COLUMNS.search(attributes)
    if found is None:
        return 0
    given = [one.strip() for one in re.split("[,;]", found[1] or found[2] or "")]
    return sum(int(times[1]) if (times := _TIMES.match(one)) else 1 for one in given)


def _inline(line: str, entries: Mapping[str, str]) -> str:
    if "[" in line:
        line = _FOOTNOTE.sub(r" (\1)", line)
        line = _INLINE_PICTURE.sub(r"\1", line)
        line = _LINK.sub(lambda match: match[1] or re.sub(r"^\w+:(?!//)|\[[^\]]*\]$", "", match[0]), line)
        line = _MACRO.sub(r"\1", line)
    if "<<" in line:
        line = _REFERENCE.sub(r"\1", line)
    if "{" in line:
        line = _NAMED.sub(lambda match: entries.get(match[1]) or match[0], line)
    return _MARKED.sub(r"\2", line)
