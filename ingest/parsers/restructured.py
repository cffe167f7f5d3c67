"""reStructuredText → what a reader of its pages sees: without marks of roles, links and literals, targets and comments.

Line by line, so that the text's lines, headings and lists stay where they are. A directive keeps what it says
(``.. note:: Ask first.`` → ``Note: Ask first.``, ``.. function:: open(name)`` → ``open(name)``) and what stands below
it; one that shows another file, a list of pages or an index says nothing, and neither do its options.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from textwrap import dedent

from corpus.patterns import pattern
from ingest.parsers.text_tables import GRID_BORDER, SIMPLE_BORDER, as_lines, drawn, listed, ruled, separated

_DIRECTIVE = pattern(r"^(\s*)\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([A-Za-z][\w:.+-]*)::(?:[ \t]+(.*))?$")
_EXPLICIT = pattern(r"^(\s*)(?:\.\.(?:[ \t]|$)|__[ \t])")
_FOOTNOTE = pattern(r"^(\s*)\.\.[ \t]+(\[[^\]\n]+\])[ \t]+(.*)$")
_OPTION = pattern(r"^\s+:([\w-]+):(?:\s+(.*)|$)")
_FIELD = pattern(r"^(\s*):((?:[^:`\n\\]|:(?=\w)){1,60}):(?:[ \t]+(.*)|$)")
_REPLACED = pattern(r"^\s*\.\.[ \t]+\|([^|\n]+)\|[ \t]+(replace|image|unicode)::[ \t]*(.*)$")
_NAMED = pattern(r"\|([^|\s](?:[^|\n]*[^|\s])?)\|(?:__?)?")
_REFERENCE = pattern(r"\[(#?[\w-]{0,40}|\*)\]_(?!\w)")
_ESCAPED = pattern(r"\\(?:[ \n]|([*`|_\\]))")
_VERSE = pattern(r"^(\s*)\|[ \t](.*)$")
_ROLE = pattern(r":[a-z][\w:+.-]*:`([^`]{1,300})`", re.IGNORECASE)
_LINK = pattern(r"`([^`]{1,300})`__?(?!\w)")
_LITERAL = pattern(r"``([^`](?:.*?[^`])?)``", re.DOTALL)
_TITLED = pattern(r"^(.+?)\s*<[^<>]+>$", re.DOTALL)
_EMPHASIS = pattern(r"(?<![\w*])(\*\*?)(?=[^\s*])([^*\n]*[^\s*])\1(?![\w*])")

_ADMONITIONS = frozenset(
    [
        "attention",
        "caution",
        "danger",
        "error",
        "hint",
        "important",
        "note",
        "seealso",
        "tip",
        "todo",
        "warning",
    ]
)
_VERSIONS = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
}
_EMPTY = frozenset(
    ["contents", "graphviz", "include", "index", "literalinclude", "meta", "raw", "tabularcolumns", "toctree"]
)
"""Directives that show nothing, or other files; what stands below them is for a program."""

_SILENT = frozenset(
    [
        "class",
        "container",
        "figure",
        "highlight",
        "image",
        "module",
        "currentmodule",
        "only",
        "role",
        "rst-class",
    ]
)
"""Directives of which only what stands below them is read."""

_PICTURES = frozenset(["image", "figure"])
_TABLES = frozenset(["table", "list-table", "csv-table", "flat-table"])
_MOST_ROWS = 2000
_CODE = frozenset(["code", "code-block", "math", "parsed-literal", "productionlist", "sourcecode"])
"""Directives with a language or the like; what stands below them is shown as it is."""


def as_read(text: str) -> str:
    """Returns a text as its reader sees it; blocks of code and literals keep their marks."""
    lines = text.split("\n")
    named = _replacements(lines)
    parts = groupby(_lines(lines), key=lambda line: line[1] and bool(line[0].strip()))
    joined = ((is_prose, "\n".join(line for line, _ in lines)) for is_prose, lines in parts)
    return "\n".join(_inline(part, named) if is_prose else part for is_prose, part in joined)


def _replacements(lines: list[str]) -> dict[str, str]:
    """Returns the texts for which a name between bars stands (``.. |gate| replace:: gate 4``)."""
    named = {}
    for at, line in enumerate(lines):
        if match := _REPLACED.match(line):
            options, start = _options(lines, at + 1)
            below = lines[start : _behind(lines, start, len(line) - len(line.lstrip()))]
            said = " ".join(filter(None, map(str.strip, (match[3], *below))))
            named[match[1]] = options.get("alt", "") if match[2] == "image" else said
    return {
        name: _NAMED.sub(lambda inner: named.get(inner[1], inner[0]), said) for name, said in named.items()
    }


def _options(lines: list[str], at: int) -> tuple[dict[str, str], int]:
    """Returns a directive's options, and the line behind them."""
    options = {}
    while at < len(lines) and (option := _OPTION.match(lines[at])):
        options[option[1].lower()] = (option[2] or "").strip()
        at += 1
    return options, at


def _lines(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Yields each line that is seen, and whether it is prose, whose marks may go on in the next one."""
    at, literal, unruled = 0, -1, 0
    while at < len(lines):
        line = lines[at]
        at += 1
        indent = len(line) - len(line.lstrip())
        if literal >= 0 and line.strip() and indent <= literal:
            literal = -1
        if literal >= 0:
            yield line, False
        elif directive := _DIRECTIVE.match(line):
            name, said = directive[2].lower(), (directive[3] or "").strip()
            options, at = _options(lines, at)
            if name in _TABLES:
                end = _behind(lines, at, indent)
                yield from _table(name, said, options, lines[at:end])
                at = end
                continue
            if _REPLACED.match(line):
                at = _behind(lines, at, indent)
                continue
            shown = options.get("alt" if name in _PICTURES else "caption", "")
            below = next(filter(None, map(str.strip, lines[at : _behind(lines, at, indent)])), "")
            if shown and not (name in _PICTURES and shown in below):
                yield from _apart([shown])
            if name in _EMPTY:
                at = _behind(lines, at, indent)
            elif name in _CODE:
                literal = indent
            if name == "math" and said:
                yield directive[1] + said, False
            if name in _EMPTY | _CODE | _SILENT or name.startswith("auto"):
                continue
            label = f"{name.capitalize()}:" if name in _ADMONITIONS else _VERSIONS.get(name, "")
            yield directive[1] + f"{label} {said}".strip(), True
        elif footnote := _FOOTNOTE.match(line):
            yield f"{footnote[1]}{footnote[2]} {footnote[3]}", True
        elif _EXPLICIT.match(line):  # a target or a comment, with all that is indented below it
            at = _behind(lines, at, indent)
        elif GRID_BORDER.match(line) or (at > unruled and SIMPLE_BORDER.match(line)):
            at, rows, heads = _drawn_table(lines, at - 1)
            unruled = at + _MOST_ROWS if not rows and SIMPLE_BORDER.match(line) else unruled
            yield from _apart(as_lines(rows, heads)) if rows else [(line, True)]
        elif field := _FIELD.match(line):
            yield f"{field[1]}{field[2]}: {field[3] or ''}".rstrip(), True
        elif verse := _VERSE.match(line):
            yield verse[1] + verse[2], True
        elif line.rstrip().endswith("::"):
            literal = indent
            plain = line.rstrip()[:-2]
            yield plain if not plain or plain[-1:].isspace() else plain + ":", True
        else:
            yield line, True


def _apart(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    yield "", True
    yield from ((line, True) for line in lines)
    yield "", True


def _table(name: str, title: str, options: dict[str, str], lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Yields a table that is listed below its directive: its title, and its rows."""
    if title:
        yield from _apart([title])
    if name == "table":
        yield from _lines(
            [line.strip() for line in lines]
            if any(map(GRID_BORDER.match, lines))
            else dedent("\n".join(lines)).split("\n")
        )
        return
    mark = {"tab": "\t", "space": " "}.get(options.get("delim", ""), options.get("delim") or ",")
    given = options.get("header-rows", "")[:3]
    heads = int(given) if given.isdecimal() else 0
    rows = listed(lines) if name == "list-table" else separated(lines, mark[:1])
    if head := options.get("header"):
        rows, heads = [*separated([head], mark[:1]), *rows], heads + 1
    yield from _apart(as_lines(rows, heads))


def _drawn_table(lines: list[str], at: int) -> tuple[int, list[list[str]], int]:
    """Returns the line behind a drawn table that begins at a line, its rows, and how many are its header."""
    end = at
    if GRID_BORDER.match(lines[at]):
        while end < len(lines) and lines[end].lstrip()[:1] in ("+", "|") and lines[end].strip():
            end += 1
        return (end, *drawn(lines[at:end])) if end > at + 2 else (at + 1, [], 0)
    borders = [n for n in range(at, min(len(lines), at + _MOST_ROWS)) if SIMPLE_BORDER.match(lines[n])]
    # The table ends with the border above a blank line: there is one below its header, too.
    last = next((n for n in borders[1:] if n + 1 >= len(lines) or not lines[n + 1].strip()), None)
    return (last + 1, *ruled(lines[at : last + 1])) if last is not None else (at + 1, [], 0)


def _behind(lines: list[str], at: int, indent: int) -> int:
    """Returns the first line from ``at`` on that is not indented deeper than ``indent``; blank ones at the end stay."""
    end = at
    while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent):
        at += 1
        end = at if lines[at - 1].strip() else end
    return end


def _inline(prose: str, named: Mapping[str, str]) -> str:
    if "|" in prose and named:
        prose = _NAMED.sub(lambda match: named.get(match[1], match[0]), prose)
    if "]_" in prose:
        prose = _REFERENCE.sub(r"[\1]", prose)
    if "`" in prose:
        prose = _ROLE.sub(lambda match: _shown(match[1]), prose)
        prose = _LITERAL.sub(r"\1", prose)
        prose = _LINK.sub(lambda match: _shown(match[1]), prose)
    prose = _EMPHASIS.sub(r"\2", prose) if "*" in prose else prose
    return _ESCAPED.sub(r"\1", prose) if "\\" in prose else prose


def _shown(named: str) -> str:
    """Returns what is read of a role or a link: its title, else what it names (of ``~a.b`` the ``b``)."""
    titled = _TITLED.match(named)
    if titled:
        return titled[1]
    plain = named.lstrip("!@")
    return plain[1:].rpartition(".")[2] if plain.startswith("~") else plain
