"""Hits and a library of them, for the tests of the answer path: real text, real offsets, no index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from corpus.types import Hit
from rag.retrieval.retriever import SearchResult


@dataclass
class Shelf:
    """A :class:`rag.asking.answering.Library` of whole texts; each is one version, its pages parted by form feeds."""

    texts: Mapping[str, str]
    context: Mapping[str, str] = field(default_factory=dict)
    cosine: float | None = None
    searches: list[tuple[str, int]] = field(default_factory=list)

    def hits(self) -> list[Hit]:
        """One hit for each text, in order; the chunk begins behind the first three characters."""
        found = []
        for rank, (name, text) in enumerate(self.texts.items(), start=1):
            start = min(3, len(text) - 1)
            page, last = (text.count("\f", 0, at) + 1 for at in (start, len(text)))
            legs = {"lexical": 1.0} | ({} if self.cosine is None else {"dense": self.cosine})
            found.append(
                Hit(
                    rank=rank,
                    score=1 / rank,
                    chunk_id=f"{rank:016x}",
                    document_id=name,
                    version=1,
                    collection="c",
                    source=name,
                    title="",
                    content_type="text/plain",
                    language="",
                    page=page,
                    last_page=last,
                    start=start,
                    end=len(text),
                    headings=(),
                    context=self.context.get(name, ""),
                    text=text[start:],
                    legs=legs,
                )
            )
        return found

    def search(self, question: str, k: int) -> SearchResult:
        """The first ``k`` texts, whatever is asked."""
        self.searches.append((question, k))
        return SearchResult(question, tuple(self.hits()[:k]), {"lexical": 1.0})

    def embed(self, texts: Sequence[str]) -> None:
        """No embedder is at hand."""

    def passages_of(self, hit: Hit, most: int) -> Sequence[Hit]:
        """The text of a hit is one passage."""
        return [one for one in self.hits() if one.document_id == hit.document_id][:most]

    def read_text(self, document_id: str, version: int, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.texts.get(document_id, "")[start:end]

    def page_of(self, document_id: str, version: int, offset: int) -> int:
        """The page of an offset."""
        return self.texts[document_id].count("\f", 0, offset) + 1

    def rarity(self, words: Sequence[str]) -> Mapping[str, float] | None:
        """Not known."""
        return None

    def lacks(self, words: Sequence[str]) -> frozenset[str]:
        """Those that stand in no text."""
        return frozenset(word for word in words if not any(word in text for text in self.texts.values()))

    def spread_of(self, word: str) -> tuple[int, int]:
        """In how many of the texts it stands, and how many there are."""
        return sum(word in text.lower() for text in self.texts.values()), len(self.texts)
