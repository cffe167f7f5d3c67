"""The corpus as one caller may see it, in the shape the answer path asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from corpus.catalog import changes
from corpus.errors import NotFoundError
from corpus.projection import IndexState
from corpus.store import Corpus
from corpus.types import Caller, Filter, Float32, Hit
from rag.retrieval.retriever import Retriever, SearchResult


@dataclass(frozen=True, slots=True)
class Searched:
    """A search, what it found, and the state of the corpus and its indexes in which it began.

    ``seq`` is the last sequence number of the change log.
    """

    query: str
    k: int
    seq: int
    dense: IndexState
    lexical: IndexState
    hits: tuple[Hit, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallersLibrary:
    """A :class:`rag.asking.answering.Library` over an open corpus, for one caller and one filter.

    ``searches`` are those that were made through it, for the answer's receipt.
    """

    corpus: Corpus
    retriever: Retriever
    caller: Caller
    filter: Filter | None = None
    searches: list[Searched] = field(default_factory=list)

    def search(self, question: str, k: int) -> SearchResult:
        """Returns the ``k`` best passages the caller may see."""
        with self.corpus.catalog.read() as db:
            seq = changes.last_seq(db)
        dense, lexical = self.corpus.dense.state(), self.corpus.lexical.state()
        found = self.retriever.search(question, k, self.caller, self.filter)
        notes = tuple(note.sentence for note in found.notes)
        self.searches.append(Searched(question, k, seq, dense, lexical, found.hits, notes))
        return found

    def embed(self, texts: Sequence[str]) -> Float32 | None:
        """Returns a question and sentences as unit rows, shape (n, dimension); None where the embedder does not know
        the language of the question, or is one of which it is not known how near means near.
        """
        return self.retriever.embed(texts) if self.corpus.space.is_measured else None

    def passages_of(self, hit: Hit, most: int) -> Sequence[Hit]:
        """Returns the first passages, ``most`` at most, of a hit's document in reading order."""
        return self.corpus.passages_of(
            hit.document_id, hit.version, self.caller, most, self.filter or Filter()
        )

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

    def lacks(self, words: Sequence[str]) -> frozenset[str]:
        """Returns the words that nothing has which is searched for this caller; none of them when that is not known.

        What they may not see makes no difference.
        """
        return self.corpus.lacking(words, self.caller, self.filter or Filter())

    def spread_of(self, word: str) -> tuple[int, int]:
        """Returns how many of the documents that are searched for this caller have a word (0 when it is not known),
        and how many there are.
        """
        return self.corpus.spread_of(word, self.caller, self.filter or Filter())
