"""Confluence's storage format: its elements as HTML, so that what a reader of the page sees is read.

An HTML parser takes a section of CDATA for a comment, and Confluence keeps the text of code blocks and of links in
such sections. What sets a macro up (a code block's language, the number of a task) is shown to nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape

from corpus.patterns import pattern

_OPEN, _CLOSE = "<![CDATA[", "]]>"
_AGAIN = _CLOSE + _OPEN
_WITHIN = pattern(r"<(ac:[\w-]{1,40})[^<>]{0,200}>\s{0,100}\Z")
_MOST_BEFORE = 400
_SET_UP = pattern(
    r"<ac:parameter\b(?![^<>]*ac:name=[\"']title[\"'])[^<>]*>[^<]*</ac:parameter>"
    r"|<ac:task-(?:id|uuid|status)>[^<]*</ac:task-(?:id|uuid|status)>"
)
_TITLE = pattern(r"<ac:parameter\b[^<>]*>([^<]*)</ac:parameter>")
_LINK = pattern(r"<ac:link\b[^<>]{0,500}>\s{0,100}<ri:page\b([^<>]{0,2000})/>\s{0,100}</ac:link>")
_PAGE = pattern(r"ri:content-title=(?:\"([^\"]*)\"|'([^']*)')")
_TASK = pattern(r"<(/?)ac:task(-list)?>")


def as_html(text: str) -> str:
    """Returns a page in the storage format as HTML; any other text as it is.

    Code blocks become ``<pre>``, links to a page without words of their own its title, tasks items of a list.
    """
    if "<ac:" not in text:
        return text
    text = _SET_UP.sub("", "".join(_opened(text)))
    text = _TITLE.sub(r"<p>\1</p>", text)
    text = _LINK.sub(_page_called, text)
    return _TASK.sub(lambda found: f"<{found[1]}{'ul' if found[2] else 'li'}>", text)


def _page_called(link: re.Match[str]) -> str:
    """Returns the title of the page that a link without words of its own leads to."""
    found = _PAGE.search(link[1])
    return escape(unescape(found[1] or found[2] or "")) if found else ""


def _opened(text: str) -> Iterator[str]:
    """Yields the text with what stands in CDATA within the format's own elements written out."""
    done = 0
    while (at := text.find(_OPEN, done)) >= 0:
        end = text.find(_CLOSE, at)
        while end >= 0 and text.startswith(_AGAIN, end):  # so "]]>" itself is kept in a section
            end = text.find(_CLOSE, end + len(_AGAIN))
        if end < 0:
            break
        yield text[done:at]
        within = _WITHIN.search(text[max(done, at - _MOST_BEFORE) : at])
        done = end + len(_CLOSE)
        if within is None:
            yield text[at:done]
            continue
        words = escape(text[at + len(_OPEN) : end].replace(_AGAIN, ""), quote=False)
        yield f"<pre>{words}</pre>" if within[1] == "ac:plain-text-body" else words
    yield text[done:]
