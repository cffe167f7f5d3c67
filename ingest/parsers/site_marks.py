"""Marks that generators of sites read in Markdown beside CommonMark: notes, tabs, divs and components.

``:::note``, ``!!! warning "Ramp"`` and ``> [!TIP]`` are read as ``Note:``, ``Warning: Ramp`` and ``Tip:``, tabs and
components (MDX) by their titles; what stands in them is text like any other. Code stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.patterns import pattern

_FENCE = pattern(r"^\s{0,12}(`{3,}|~{3,})")
_COLONS = pattern(
    r"^\s*:{3,}[ \t]*+(?:\{[^}\n]*\}|([a-z][\w-]*+)(?:\[([^\]\n]*)\])?)?[ \t]*+([^\n:{]*+)(?:\{[^}\n]*\})?[ \t]*+:*$"
)
_EXCLAIMED = pattern(
    r"^(\s*)(?:!!!|\?\?\?\+?)[ \t]+([a-z][\w -]{0,40}?)(?:[ \t]+\"([^\"\n]*)\")?[ \t]*$", re.IGNORECASE
)
_TAB = pattern(r"^(\s*)===[!+]?[ \t]+\"([^\"\n]+)\"[ \t]*$")
_ALERT = pattern(r"^(\s*(?:>\s?)+)\[!([a-z]+)\][+-]?[ \t]*(.*)$", re.IGNORECASE)
_IMPORT = pattern(
    r"^(?:import\s[^\n]{1,300}\sfrom\s+|import\s+)['\"][^'\"\n]+['\"];?\s*$|^export\s+(?:const|default|let)\s[^\n]*$"
)
_COMMENT = pattern(r"\{/\*(?:[^*{]|\*(?!/)|\{(?!/\*))*+\*/\}")
_COMPONENT = pattern(r"^\s*<(/?)([A-Z](?=[\w.]*[a-z]|[^<>]*/>)[\w.]*+)((?:\s[^<>]*)?)(/?)>\s*$")
_TITLES = pattern(r"\b(?:title|label|summary|alt|caption|description)=(?:\{\s*)?[\"']([^\"'\n]*)[\"']")
_KINDS = frozenset(
    {
        "note", "tip", "info", "warning", "danger", "caution", "important", "success", "question", "failure", "bug",
        "example", "quote", "abstract", "todo", "attention", "hint", "error", "seealso", "details", "warn", "alert",
    }
)  # fmt: skip
_ANY = pattern(r"^\s*:{3}|^\s*(?:!!!|\?\?\?)|^\s*===[!+]? |\[!|^\s*</?[A-Z]|\{/\*", re.MULTILINE)


_SIGNS = (":::", "!!!", "???", "===", "[!", "{/*")
_NAMED = pattern("</?[A-Z]")


def without_marks(text: str) -> str:
    """Returns a text with words in place of such marks."""
    # Plain text is found ten times as fast as a line that begins with it.
    may_hold = any(sign in text for sign in _SIGNS) or _NAMED.search(text)
    if not may_hold or not _ANY.search(text):
        return text
    return "\n".join(_lines(_COMMENT.sub("", text).split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    components = [found for found in map(_COMPONENT.match, lines) if found]
    closed = {found[2] for found in components if found[1]}
    fence = ""
    inside: list[int] = []  # how far the text of each note or tab is indented
    depth = 0
    for line in lines:
        indent = len(line) - len(line.lstrip())
        while inside and line.strip() and indent < inside[-1]:
            inside.pop()
        cut = inside[-1] if inside else min(indent, 2 * depth)
        line = line[cut:] if line.strip() else line
        opened = _FENCE.match(line)
        if fence or opened:
            if opened and not fence:
                fence = opened[1]
            elif opened and opened[1].startswith(fence) and line.strip() == opened[1]:
                fence = ""
            yield line
        elif mark := _EXCLAIMED.match(line) or _TAB.match(line):
            inside.append(cut + len(mark[1]) + 4)
            title = (
                mark[2] if mark.re.pattern == _TAB.pattern else _named(mark[2].split(" ")[0], mark[3] or "")
            )
            yield from ("", title, "")
        elif line.lstrip().startswith(":::") and (mark := _COLONS.match(line)):
            kind, title = (mark[1] or "").lower(), mark[2] or (mark[3] or "").strip()
            yield from ("", _named(kind, title) if kind in _KINDS else title, "")
        elif mark := _ALERT.match(line):
            yield mark[1] + _named(mark[2].lower(), mark[3])
            if mark[3]:
                yield mark[1].rstrip()
        elif (component := _COMPONENT.match(line)) and (component[4] or component[2] in closed):
            depth = max(depth - 1, 0) if component[1] else depth + (not component[4])
            yield from ("", ". ".join(_TITLES.findall(component[3])), "")
        elif components and _IMPORT.match(line):
            yield ""
        else:
            yield line


def _named(kind: str, title: str) -> str:
    return f"{kind.capitalize()}: {title}".rstrip() if kind and kind != "details" else title
