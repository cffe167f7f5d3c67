"""What a reader would need to place a passage: a document's title, its heading path, the header of a cut table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from corpus.types import Block

_PART_CHARS = 120
_INDENT_CHARS = 200


class Contexts:
    """A document's contexts, each within ``most`` tokens, made once for each heading path."""

    def __init__(self, count: Callable[[Sequence[str]], list[int]], title: str, most: int) -> None:
        self._count = count
        self._title = " ".join(title.split())
        self._special = count([""])[0]
        self._most = most
        self._made: dict[tuple[str, ...], str] = {}
        self._fitted: dict[str, str] = {}
        self._sizes: dict[str, int] = {}

    def of(self, headings: tuple[str, ...]) -> str:
        """Returns title and heading path in one line: the middle of a long path is left out first."""
        if headings not in self._made:
            parts = [self._title] if self._title else []
            parts += [heading for heading in headings if heading.casefold() != self._title.casefold()]
            parts = [_shortened(part, _PART_CHARS) for part in parts]
            while len(parts) > 2 and self.tokens(" > ".join(parts)) > self._most:
                del parts[1]
            self._made[headings] = self.fit(" > ".join(parts))
        return self._made[headings]

    def fit(self, text: str) -> str:
        """Returns the text, or as much of its start as has ``most`` tokens."""
        if text not in self._fitted:
            fitted = text
            while fitted and (tokens := self.tokens(fitted)) > self._most:
                fitted = fitted[: min(len(fitted) - 1, len(fitted) * self._most // tokens)].rstrip()
            self._fitted[text] = fitted
        return self._fitted[text]

    def header(self, text: str, block: Block, start: int) -> str:
        """Returns the header of a table above a piece of it that begins at ``start``.

        Above the middle of a row it is left out where it does not fit whole: it would name other columns.
        """
        fitted = self.fit(block.header)
        before = text[max(block.start, start - _INDENT_CHARS) : start].rstrip(" \t")
        return fitted if fitted == block.header or not before or before.endswith("\n") else ""

    def tokens(self, context: str) -> int:
        """Returns the tokens of a context, special tokens not included."""
        if context not in self._sizes:
            self._sizes[context] = self._count([context])[0] - self._special
        return self._sizes[context]


def _shortened(text: str, chars: int) -> str:
    return text if len(text) <= chars else f"{text[: chars - 1].rsplit(' ', 1)[0].rstrip()}…"
