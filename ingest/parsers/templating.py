"""The tags that a site's generator fills in, in Markdown that was written for one: Liquid and Jinja
(``{% page "/leave" %}``: Jekyll, Eleventy, MkDocs) and Hugo's shortcodes (``{{% alert title="Note" %}}``).

Nobody runs them here. What their own words would show to a reader is left in their place: a title, a description, the
name of a channel; and a link that leads to a tag is made one that Markdown knows as a link.
"""

from __future__ import annotations

import re

_INSIDE = r"(?:(?!%s|\{[{%%])(?:[^\n]|\n(?![ \t]*\n))){0,1000}"
"""What stands in a tag, up to its end: no other tag, no blank line."""
_FOUND = re.compile(
    r"(?P<code>^[ \t]*(?P<fence>`{3,}|~{3,}).*?(?:^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<ticks>`{1,2})(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`))"
    rf"|(?P<link>\]\([ \t]?)?(?:\{{%-?(?P<liquid>{_INSIDE % '%}'})%\}}"
    rf"|\{{\{{<(?!/\*)(?P<angle>{_INSIDE % '>}}'})>\}}\}}|\{{\{{%(?!/\*)(?P<percent>{_INSIDE % '%}}'})%\}}\}})"
    r"(?(link)[^)\n]*\))",
    re.DOTALL | re.MULTILINE,
)
_PAIRED = {name: re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}") for name in ("raw", "comment")}
_STRING = re.compile(
    r"(?:(?<![\w-])(?P<key>[\w-]++)\s*+[=:]\s*+)?\\?(?P<quote>[\"'])(?P<value>[^\n]*?)\\?(?P=quote)"
)
_SHOWN = ("title", "header", "heading", "summary", "caption", "alt", "label", "name", "text", "footer")
"""Keys of strings that a reader sees."""
_WORDS = re.compile(r"#?[^\W\d_][^/\\<>{}=]*")
"""A string without a key that is no path, address or piece of a program."""
_HIDES = re.compile(
    r"\s*(?:include|includes|import|extends|from|layout|youtube|vimeo|video|gist|tweet|ref|relref|link|assign|set"
    r"|capture|if|unless|elsif|elif|for|case|when|block|macro|call|trans|csrf_token)\b"
)
"""Tags whose strings name files, films or the generator's own things."""


def without_tags(markdown: str) -> str:
    """Returns the text with what its tags show in their place; code stays as it is, and what the generator is told to
    leave alone.
    """
    parts: list[str] = []
    at, open_ended = 0, set[str]()
    while found := _FOUND.search(markdown, at):
        parts.append(markdown[at : found.start()])
        at = found.end()
        if found["code"] is not None:
            parts.append(found["code"])
            continue
        inside = next(one for one in (found["liquid"], found["angle"], found["percent"]) if one is not None)
        name = inside.strip(" -")
        closed = _PAIRED[name].search(markdown, at) if name in _PAIRED and name not in open_ended else None
        if closed is not None:
            parts.append(markdown[at : closed.start()] if name == "raw" else "")
            at = closed.end()
        elif name in _PAIRED:
            open_ended.add(name)
        else:
            parts.append("](/)" if found["link"] is not None else _said(inside))
    return "".join([*parts, markdown[at:]])


def _said(inside: str) -> str:
    if _HIDES.match(inside.lstrip("-/ ")):
        return ""
    strings = [(one["key"], one["value"].strip()) for one in _STRING.finditer(inside)]
    keyed = {key: value for key, value in strings if key}
    named = [keyed[key] for key in _SHOWN if keyed.get(key)]
    plain = [value for key, value in strings if not key and _WORDS.fullmatch(value)]
    return " ".join(named) or max(plain, key=len, default="")
