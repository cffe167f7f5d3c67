"""The corpus as one caller may see it, in the shape the answer path asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus.errors import NotFoundError
from corpus.store import Corpus
from corpus.types import Caller, Filter
from rag.retrieval import Retriever, SearchResult


@dataclass(frozen=True, slots=True)
class CallersLibrary:
    """A :class:`rag.answering.Library` over an open corpus, for one caller and one filter."""

    corpus: Corpus
    retriever: Retriever
    caller: Caller
    filter: Filter | None = None

    def search(self, question: str, k: int) -> SearchResult:
        """Returns the ``k`` best passages the caller may see."""
        return self.retriever.search(question, k, self.caller, self.filter)

    def read_text(self, document_id: str, version: int, start: int, end: int) -> str:
        """Returns stored text; "" when it is no longer there or not for this caller."""
        try:
            return self.corpus.text(document_id, version, start, end, self.caller)[1]
        except NotFoundError:
            return ""

    def page_of(self, document_id: str, version: int, offset: int) -> int:
        """Returns the 1-based page on which an offset lies; 1 when the document is no longer there."""
        try:
            pages = self.corpus.text(document_id, version, 0, 0, self.caller)[2]
        except NotFoundError:
            return 1
        return next((page.number for page in reversed(pages) if page.start <= offset), 1)

    def rarity(self, words: Sequence[str]) -> Mapping[str, float] | None:
        """Returns each word's inverse document frequency in what is searched; None when it is not known now."""
        return self.corpus.rarity(words, self.caller, self.filter or Filter())
