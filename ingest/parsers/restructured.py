"""reStructuredText → what a reader of its pages sees: without marks of roles, links and literals, targets and comments.

Line by line, so that the text's lines, headings and lists stay where they are. A directive keeps what it says
(``.. note:: Ask first.`` → ``Note: Ask first.``, ``.. function:: open(name)`` → ``open(name)``) and what stands below
it; one that shows another file, a list of pages or an index says nothing, and neither do its options.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from corpus.patterns import pattern

_DIRECTIVE = pattern(r"^(\s*)\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([A-Za-z][\w:.+-]*)::(?:[ \t]+(.*))?$")
_EXPLICIT = pattern(r"^(\s*)(?:\.\.(?:[ \t]|$)|__[ \t])")
_FOOTNOTE = pattern(r"^(\s*)\.\.[ \t]+(\[[^\]\n]+\])[ \t]+(.*)$")
_OPTION = pattern(r"^\s+:[\w-]+:(?:\s|$)")
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

_CODE = frozenset(["code", "code-block", "math", "parsed-literal", "productionlist", "sourcecode"])
"""Directives with a language or the like; what stands below them is shown as it is."""


def as_read(text: str) -> str:
    """Returns a text as its reader sees it; blocks of code and literals keep their marks."""
    parts = groupby(_lines(text.split("\n")), key=lambda line: line[1] and bool(line[0].strip()))
    joined = ((is_prose, "\n".join(line for line, _ in lines)) for is_prose, lines in parts)
    return "\n".join(_inline(part) if is_prose else part for is_prose, part in joined)


def _lines(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Yields each line that is seen, and whether it is prose, whose marks may go on in the next one."""
    at, literal = 0, -1
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
            while at < len(lines) and _OPTION.match(lines[at]):
                at += 1
            if name in _EMPTY:
                at = _behind(lines, at, indent)
            elif name in _CODE:
                literal = indent
            if name in _EMPTY | _CODE | _SILENT or name.startswith("auto"):
                continue
            label = f"{name.capitalize()}:" if name in _ADMONITIONS else _VERSIONS.get(name, "")
            yield directive[1] + f"{label} {said}".strip(), True
        elif footnote := _FOOTNOTE.match(line):
            yield f"{footnote[1]}{footnote[2]} {footnote[3]}", True
        elif _EXPLICIT.match(line):  # a target or a comment, with all that is indented below it
            at = _behind(lines, at, indent)
        elif line.rstrip().endswith("::"):
            literal = indent
            plain = line.rstrip()[:-2]
            yield plain if not plain or plain[-1:].isspace() else plain + ":", True
        else:
            yield line, True


def _behind(lines: list[str], at: int, indent: int) -> int:
    """Returns the first line from ``at`` on that is not indented deeper than ``indent``; blank ones at the end stay."""
    end = at
    while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent):
        at += 1
        end = at if lines[at - 1].strip() else end
    return end


def _inline(prose: str) -> str:
    if "`" in prose:
        prose = _ROLE.sub(lambda match: _shown(match[1]), prose)
        prose = _LITERAL.sub(r"\1", prose)
        prose = _LINK.sub(lambda match: _shown(match[1]), prose)
    return _EMPHASIS.sub(r"\2", prose) if "*" in prose else prose


def _shown(named: str) -> str:
    """Returns what is read of a role or a link: its title, else what it names (of ``~a.b`` the ``b``)."""
    titled = _TITLED.match(named)
    if titled:
        return titled[1]
    plain = named.lstrip("!@")
    return plain[1:].rpartition(".")[2] if plain.startswith("~") else plain
