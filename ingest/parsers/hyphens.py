"""Words that a line's end parted, made whole in plain text."""

from __future__ import annotations

import re
from collections import Counter

from corpus.patterns import pattern

_JOINT = pattern(r"(?<![\w/.-])([^\W\d_]{2,})-\n([ \t]*)([^\W\d_]{2,})([^\s\w-]*)(?![\w-])[ \t]*")
_WORD = pattern(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def without_line_hyphens(text: str) -> str:
    """Returns a text with the words whole that a hyphen parts at the end of a line; the lines stay.

    The text's own words decide: ``brand-`` + ``name`` stays when ``brand-name`` stands elsewhere as often as
    ``brandname``, or when ``brand`` and ``name`` do but ``brandname`` does not. What goes on with a capital is left,
    and so is a short form in capitals before small letters (``ASCII-based``).
    """
    if not _JOINT.search(text):
        return text
    known = Counter(word.lower() for word in _WORD.findall(_JOINT.sub(" ", text)))

    def joined(match: re.Match[str]) -> str:
        before, after = match[1].lower(), match[3].lower()
        parted, whole = known[f"{before}-{after}"], known[before + after]
        is_compound = parted >= whole if parted else not whole and bool(known[before] and known[after])
        is_short_form = match[1].isupper() and match[3].islower()
        if match[3][0].isupper() or is_short_form or is_compound:
            return match[0]
        return f"{match[1]}{match[3]}{match[4]}\n{match[2]}"

    return _JOINT.sub(joined, text)
