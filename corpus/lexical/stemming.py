"""English stems of tokens, each worked out once: a text's words come again and again."""

from __future__ import annotations

from collections.abc import Iterable

from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

_STEMS_KEPT = 50_000
"""So many are remembered, about 8 MB; English text of any length has most of its words among so many."""


class Stemmer:
    """What tantivy's English stemmer makes of each token; safe for threads."""

    def __init__(self) -> None:
        self._analyzer = TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.stemmer("english")).build()
        self._known: dict[str, str] = {}

    def stems(self, tokens: Iterable[str]) -> list[str]:
        """Returns the stem of each token; the tokens hold no blanks."""
        wanted, known = list(tokens), self._known
        if new := list({token for token in wanted if token not in known}):
            if len(known) > _STEMS_KEPT:
                self._known = {}  # another thread may be reading the old ones: nothing is ever taken out of them
            stems = self._analyzer.analyze(" ".join(new))
            if len(stems) != len(new):  # a token is no single word to it
                stems = ["".join(self._analyzer.analyze(token)) for token in new]
            known.update(zip(new, stems, strict=True))
        return [known[token] for token in wanted]
