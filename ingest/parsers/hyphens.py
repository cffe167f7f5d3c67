"""Words that a line's end parted, made whole in plain text."""

from __future__ import annotations

import re

from corpus.patterns import pattern

_JOINT = pattern(r"(?<![\w/.-])([^\W\d_]{2,})-\n([ \t]*)([^\W\d_]{2,})([^\s\w-]*)(?![\w-])[ \t]*")
_WORD = pattern(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def without_line_hyphens(text: str) -> str:
    """Returns a text with the words whole that a hyphen parts at the end of a line; the lines stay.

    The text's own words decide, as in PDF: ``brand-`` + ``name`` stays when ``brand-name`` stands elsewhere, or
    when ``brand`` and ``name`` do but ``brandname`` does not. What goes on with a capital is left, too.
    """
    if not _JOINT.search(text):
        return text
    known = {word.lower() for word in _WORD.findall(_JOINT.sub(" ", text))}

    def joined(match: re.Match[str]) -> str:
        before, after = match[1].lower(), match[3].lower()
        has_hyphen = f"{before}-{after}" in known or {before, after} <= known
        if match[3][0].isupper() or (has_hyphen and before + after not in known):
            return match[0]
        return f"{match[1]}{match[3]}{match[4]}\n{match[2]}"

    return _JOINT.sub(joined, text)
