"""What an embedder is given of a passage: as much of it as the model can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from corpus.patterns import pattern

_PATH = " > "
_PARAGRAPHS = "\n\n"
_FEWEST_WORDS = 5
"""A passage of fewer words has none of its own: what its figures and codes are about stands in its context."""

_WORD = pattern(r"[^\W\d_]{2,}")


def joined(context: str, text: str) -> str:
    """Returns all of a passage that is searched: the context, where there is any, a blank line, its own text."""
    return f"{context}{_PARAGRAPHS}{text}" if context else text


def reads_all(context: str, text: str, covers: Callable[[str], bool]) -> bool:
    """Says whether all of a passage is embedded, its context too; the arguments are those of :func:`readable`."""
    return covers(joined(context, text)) and (text.isascii() or covers(text))


def readable(context: str, text: str, headings: Sequence[str], covers: Callable[[str], bool]) -> str:
    """Returns what is embedded of a passage, "" where the model cannot read it.

    Whether it can is judged by the passage's own words: an English mail under a Japanese subject is English, a
    Japanese page under English headings is Japanese. Parts of the context that the model cannot read, and headings
    above the text, are left out where they would hide the rest. What the model reads as it is stays as it is.

    Args:
        context: title, heading path and a table's header, as :class:`corpus.types.Chunk` has them.
        text: the passage's own text.
        headings: what it stands under; the text may begin with some of them.
        covers: says whether the model can read a text.
    """
    if reads_all(context, text, covers):
        return joined(context, text)
    own = _without_headings(text, {*context.split("\n")[0].split(_PATH), *headings}, covers)
    if not covers(own) or sum(1 for _ in _WORD.finditer(own)) < _FEWEST_WORDS:
        return ""
    lines = (_PATH.join(filter(covers, line.split(_PATH))) for line in context.split("\n"))
    kept = joined("\n".join(filter(None, lines)), own)
    return kept if covers(kept) else ""


def _without_headings(text: str, headings: set[str], covers: Callable[[str], bool]) -> str:
    """Returns a text without the headings at its top that the model cannot read, where most of it is left."""
    own = text
    while True:
        first, _, rest = own.partition(_PARAGRAPHS)
        if " ".join(first.split()) not in headings or covers(first):
            return own if 2 * len(own) > len(text) else text
        own = rest
