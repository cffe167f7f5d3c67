"""The tags that a site's generator fills in, in Markdown that was written for one: Liquid and Jinja
(``{% page "/leave" %}``: Jekyll, Eleventy, MkDocs) and Hugo's shortcodes (``{{% alert title="Note" %}}``).

Nobody runs them here. What their own words would show to a reader is left in their place: a title, a description, the
name of a channel; and a link that leads to a tag is made one that Markdown knows as a link.
"""

from __future__ import annotations

import re

from corpus.patterns import pattern

_INSIDE = r"(?:(?!%s|\{[{%%])(?:[^\n]|\n(?![ \t]*\n))){0,1000}"
"""What stands in a tag, up to its end: no other tag, no blank line."""
_BEGINS = (
    r"(?=(?:[ \t]*+|\s*+(?=[\w-]++\s+[\"']))"
    r"(?:#[ \t]|(?!(?:and|or)\b)[/#.$]?[A-Za-z_][\w.:-]*+(?:[\s\"'(=]|%\})))"
)
"""What a tag of Liquid or Jinja begins with: a word with nothing glued to it. On a line of its own it needs a string
behind it, for TeX ends lines with ``{%``.
"""
_FOUND = pattern(
    r"(?P<code>^(?:[ \t>*+-]|\d{1,9}[.)])*+(?P<fence>`{3,}+(?=[^`\n]*$)|~{3,}+)"
    r".*?(?:^[ \t>]*+(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<ticks>`{1,5})(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`))"
    rf"|(?P<link>\]\([ \t]?)?(?:\{{%[-+~]?{_BEGINS}(?P<liquid>{_INSIDE % '%}'})%\}}"
    rf"|\{{\{{<(?!/\*)(?P<angle>{_INSIDE % '>}}'})>\}}\}}|\{{\{{%(?!/\*)(?P<percent>{_INSIDE % '%}}'})%\}}\}})"
    r"(?(link)[^)\n]*\))",
    re.DOTALL | re.MULTILINE,
)
_PAIRED = {name: re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}") for name in ("raw", "comment")}
_STRING = pattern(
    r"(?:(?<![\w-])(?P<key>[\w-]++)\s*+[=:]\s*+)?\\?(?P<quote>[\"'])(?P<value>[^\n]*?)\\?(?P=quote)"
)
_SHOWN = ("title", "header", "heading", "summary", "caption", "alt", "label", "name", "text", "footer")
"""Keys of strings that a reader sees."""
_WORDS = pattern(r"#?(?!\d+(?:px|r?em|v[hw])\Z)(?=[\W\d_]*+[^\W\d_])[^\W_][^/\\<>{}=]*")
"""A string without a key that is no path, address, length or piece of a program."""
_HIDES = pattern(
    r"\s*(?:include|includes|import|extends|from|layout|youtube|vimeo|video|gist|tweet|ref|relref|link|assign|set"
    r"|capture|if|unless|elsif|elif|for|case|when|block|macro|call|trans|csrf_token|load|render|url)\b"
)
"""Tags whose strings name files, films or the generator's own things."""

_SAYINGS = pattern(r"\s*\w+(?:\s+\w+(?:['’-]\w+)*[,;]?){4,}\s*")
"""Words and nothing else: no tag but what is written about tags (``Write {% at the start and %} at the end``)."""
_LIST_MARK = pattern(r" {0,3}(?:[*+-][ \t]|\d{1,9}[.)][ \t]|\[\^|!!!|\?\?\?|===)")
"""What has indented text below it that is no code."""
_ENDING = pattern(r"(?:e?s|e?d|ing)\b")
_FAR_EAST = "\u2e80"
"""The first of the characters that have no spaces between words."""


def without_tags(markdown: str) -> str:
    """Returns the text with what its tags show in their place; code stays as it is, and what the generator is told to
    leave alone.
    """
    if "{%" not in markdown and "{{<" not in markdown:
        return markdown  # to look for code alone takes a tenth of all reading
    parts: list[str] = []
    at, open_ended = 0, set[str]()
    code = _indented_code(markdown)
    while found := _FOUND.search(markdown, at):
        while code and code[-1][1] <= found.start():
            code.pop()
        if code and code[-1][0] <= found.start():
            parts.append(markdown[at : code[-1][1]])
            at = code.pop()[1]
            continue
        parts.append(markdown[at : found.start()])
        at = found.end()
        inside = found["liquid"] or found["angle"] or found["percent"] or ""
        if found["code"] is not None or (found["liquid"] and _is_prose(inside)):
            parts.append(found[0])
            continue
        name = inside.strip(" -")
        closed = _PAIRED[name].search(markdown, at) if name in _PAIRED and name not in open_ended else None
        if closed is not None:
            parts.append(markdown[at : closed.start()] if name == "raw" else "")
            at = closed.end()
        elif name in _PAIRED:
            open_ended.add(name)
        else:
            parts.append("](/)" if found["link"] is not None else _said(inside))
    return _joined([*parts, markdown[at:]])


def _indented_code(markdown: str) -> list[tuple[int, int]]:
    """Returns where lines stand that are code for being indented, the last ones first: not those below an item."""
    found: list[tuple[int, int]] = []
    if "{" not in markdown:
        return found
    at, after_blank, is_code, in_list = 0, True, False, False
    for line in markdown.split("\n"):
        if not line.strip():
            after_blank = True
        elif line.startswith(("    ", "\t")):
            is_code = not in_list and (is_code or after_blank)
            if is_code:
                found.append((at, at + len(line) + 1))
            after_blank = False
        else:
            if _LIST_MARK.match(line):
                in_list = True
            elif (after_blank and line[0] != " ") or line[0] == "#":
                in_list = False
            is_code = after_blank = False
        at += len(line) + 1
    return found[::-1]


def _is_prose(inside: str) -> bool:
    return _SAYINGS.fullmatch(inside) is not None and _HIDES.match(inside) is None


def _joined(parts: list[str]) -> str:
    """Returns the parts as one text, with a space where a tag alone stood between two words."""
    joined: list[str] = []
    before = ""
    for part in filter(None, parts):
        glued = before.isalnum() and part[0].isalnum() and max(before, part[0]) < _FAR_EAST
        if glued and not _ENDING.match(part):
            joined.append(" ")
        joined.append(part)
        before = part[-1]
    return "".join(joined)


def _said(inside: str) -> str:
    if _HIDES.match(inside.lstrip("-/ ")):
        return ""
    strings = [(one["key"], one["value"].strip()) for one in _STRING.finditer(inside)]
    keyed = {key: value for key, value in strings if key}
    named = [keyed[key] for key in _SHOWN if keyed.get(key)]
    plain = [value for key, value in strings if not key and _WORDS.fullmatch(value)]
    return " ".join(named) or max(plain, key=len, default="")
