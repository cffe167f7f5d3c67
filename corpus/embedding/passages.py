"""What an embedder is given of a passage: as much of it as the model can read."""

from __future__ import annotations

from collections.abc import Callable

from corpus.patterns import pattern

_PATH = " > "
_PARAGRAPHS = "\n\n"
_LONGEST_HEADING_CHARS = 150
_FEWEST_WORDS = 5
"""A passage of fewer words has none of its own: what its figures and codes are about stands in its context."""

_WORD = pattern(r"[^\W\d_]{2,}")


def readable(context: str, text: str, covers: Callable[[str], bool]) -> str:
    """Returns what is embedded of a passage, "" where the model cannot read it.

    Whether it can is judged by the passage's own words: an English mail under a Japanese subject is English, a
    Japanese page under English headings is Japanese. Parts of the context that the model cannot read, and headings
    above the text, are left out where they would hide the rest. What the model reads as it is stays as it is.

    Args:
        context: title, heading path and a table's header, as :class:`corpus.types.Chunk` has them.
        text: the passage's own text.
        covers: says whether the model can read a text.
    """
    whole = f"{context}\n\n{text}" if context else text
    if covers(whole) and (text.isascii() or covers(text)):
        return whole
    own = _without_headings(text, covers)
    if sum(1 for _ in _WORD.finditer(own)) < _FEWEST_WORDS:
        return ""
    lines = (_PATH.join(filter(covers, line.split(_PATH))) for line in context.split("\n"))
    above = "\n".join(filter(None, lines))
    kept = f"{above}\n\n{own}" if above else own
    return kept if covers(kept) else ""


def _without_headings(text: str, covers: Callable[[str], bool]) -> str:
    """Returns a text without the headings at its top that the model cannot read; "" where it cannot read the rest."""
    while True:
        first, _, rest = text.partition(_PARAGRAPHS)
        if not rest or "\n" in first or len(first) > _LONGEST_HEADING_CHARS or covers(first):
            return text if covers(text) else ""
        text = rest
