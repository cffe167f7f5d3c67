"""Whether a line break ends what is said, or only the line. Asked by :mod:`corpus.language.sentences`."""

from __future__ import annotations

from corpus.language.scripts import CJK
from corpus.patterns import pattern

_BULLETS = "\u2022\u2023\u25aa\u25ab\u25cf\u25cb\u25a0\u25a1\u25c6\u25c7\u25b6\u203b\u30fb\u2713\u2714\uf0b7"
_NUMBERING = (
    r"[(\uff08]?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z\u30a2-\u30f3]|[ivxIVX]{1,5})[.)\uff09\uff0e](?=\s|\D)"
)
_ASKED = (
    r"(?:[QA]\d{0,3}:\s"
    r"|(?:[QA]\d{0,3}|[\uff31\uff21\u554f\u7b54]\d{0,3})"  # Q, A, question, answer
    rf"(?:[.:)\uff0e\uff1a\uff09]|[ \t\u3000])[ \t\u3000]*[{CJK}])"
)
_KANJI_NUMBERED = r"[\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341]{1,3}\u3000"
"""How laws number what they list; their paragraphs are numbered in figures."""
_ITEM = pattern(
    rf"[ \t\u3000]*(?:[{_BULLETS}]|[-*+\u2013\u2014](?=[\s\w])|#{{1,6}}\s|\||>|{_NUMBERING}"
    r"|[\u2460-\u2473\u3251-\u325f\u2776-\u277f]"  # circled numbers
    r"|\u7b2c[\d\uff10-\uff19\u4e00-\u9fff]{1,4}[\u6761\u7ae0\u7bc0\u7de8\u9805]"  # article, chapter n
    rf"|{_ASKED}|{_KANJI_NUMBERED}|\d{{1,2}}\u3000)"
)
_CLAUSE = pattern(r"[ \t]*\d{1,2}(?:\.\d{1,2}){1,4}[ \t]+[A-Z]")
"""A clause of a contract (``2.2 Notices``): the line before it must have come to its end."""
_DESCRIBED = pattern(r"[ \t]{2,}\*{0,2}\w{1,30}(?: \([^()\n]{1,60}\))?: ")
"""A name set in from the margin, and what it means (``    timeout: Seconds to wait.``)."""
_QUOTING = pattern(r"[ \t]*(?:>[ \t]?)+")
_ROW = pattern(r"[^\t|\n]*(?:\t|(?<=\s)\|\s|\|[^|\n]*\|)")
_BLANK_LINE = pattern(r"[ \t\r\u3000\xa0]*(?:\n|\Z)")
_LONGEST_LOOKED_AT = 400


def ends_at_line(text: str, line: int, line_stop: int, next_line: int, stop: int) -> bool:
    """Says whether what is said ends with the line ``text[line:line_stop]``.

    Before a blank line, an item of a list, a row, a clause or what another person says it does, and behind a heading.
    Lines that a mail quotes are read without its marks.

    Args:
        next_line: where the next line begins. stop: where the text ends.
    """
    if next_line >= stop:
        return True
    if (marks := _QUOTING.match(text, next_line, stop)) and (own := _QUOTING.match(text, line, line_stop)):
        if marks[0].count(">") != own[0].count(">"):
            return True
        line, next_line = own.end(), marks.end()
    if _BLANK_LINE.match(text, next_line, stop) or _ITEM.match(text, next_line, stop):
        return True
    if _ROW.match(text, next_line, min(stop, next_line + _LONGEST_LOOKED_AT)):
        return True
    this = text[line:line_stop].strip() if line_stop - line <= _LONGEST_LOOKED_AT else ""
    if not this:
        return marks is not None
    if (
        this.startswith(("#", "|"))
        or _ROW.match(text, line, line_stop)
        or _DESCRIBED.match(text, next_line, stop)
    ):
        return True
    if this[-1] in ".;:!?)\u201d" and _CLAUSE.match(text, next_line, stop):
        return True
    # A short line over a longer one, not cut at a comma, is a heading or a label.
    following = text[next_line : next_line + 200].split("\n", 1)[0].strip()
    first = following[:1]
    if not first or first.islower() or this[-1] in ",;:\u3001\uff0c-(\uff08":
        return this.endswith(":") and first.isupper()
    if first.isascii() and not first.isupper():
        return False
    # Japanese goes on in hiragana where an English line would break between words.
    return len(this) * 2 <= len(following) and len(this) <= 60 and not "\u3041" <= this[-1] <= "\u309f"
