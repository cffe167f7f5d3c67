"""Words that a line's end parted, made whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from corpus.language.common_words import is_common
from corpus.patterns import pattern

_JOINT = pattern(r"(?<![\w/.-])([^\W\d_]{2,})-\n([ \t]*)([^\W\d_]{2,})([^\s\w-]*)(?![\w-])[ \t]*")
_WORD = pattern(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PREFIX = pattern(r"co|de|dis|fore|im|in|inter|mis|multi|out|over|re|sub|super|trans|un|under|up")
"""What mostly stands before a word without a hyphen."""
_LEAST = 3  # letters of a word on either side that is only known to be common


def is_compound(before: str, after: str, known: Mapping[str, int]) -> bool:
    """Says whether the hyphen between two parts of a word (small letters) is its own, not the line's end's.

    The text's own words decide: ``brand-`` + ``name`` keeps it when ``brand-name`` stands elsewhere as often as
    ``brandname``. Where neither does, it goes from a common word of English (``over-`` + ``view``), and stays between
    words that the text has, or that are common.

    Args:
        before: what stands before the hyphen.
        after: what stands behind it.
        known: how often the text has each of its words (small letters), without those that a line's end parts.
    """
    whole, parted = known.get(before + after, 0), known.get(f"{before}-{after}", 0)
    if whole or parted:
        return parted >= whole
    if is_common(before + after):
        return False
    if known.get(before) and known.get(after):
        return True
    are_words = min(len(before), len(after)) >= _LEAST and is_common(before) and is_common(after)
    return are_words and not _PREFIX.fullmatch(before)


def without_line_hyphens(text: str) -> str:
    """Returns a text with the words whole that a hyphen parts at the end of a line; the lines stay.

    See :func:`is_compound`. What goes on with a capital is left, and so is a short form in capitals before small
    letters (``ASCII-based``).
    """
    if not _JOINT.search(text):
        return text
    known = Counter(word.lower() for word in _WORD.findall(_JOINT.sub(" ", text)))

    def joined(match: re.Match[str]) -> str:
        is_short_form = match[1].isupper() and match[3].islower()
        if match[3][0].isupper() or is_short_form or is_compound(match[1].lower(), match[3].lower(), known):
            return match[0]
        return f"{match[1]}{match[3]}{match[4]}\n{match[2]}"

    return _JOINT.sub(joined, text)
