"""What an index sees of the catalog, and what the corpus sees of an index.

The catalog is the truth. An index (dense or lexical) is a projection: it reads a consistent
:class:`Snapshot`, follows the change log by sequence number, and can be thrown away at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from corpus.types import Float32, Int64, Scored


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change log: a version became live (``add``) or ceased to be (``remove``).

    A version never comes back: after its ``remove`` its id is not used again.
    """

    seq: int
    kind: Literal["add", "remove"]
    version_id: int


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """Rows of live chunks that have a vector, ascending by chunk id.

    ``ids``, ``version_ids``: int64, shape (n,). ``vectors``: float32, shape (n, dimension), unit rows.
    """

    ids: Int64
    version_ids: Int64
    vectors: Float32


@dataclass(frozen=True, slots=True)
class TextRow:
    """The searched text of one live chunk."""

    chunk_id: int
    version_id: int
    context: str
    text: str
    title: str
    language: str


class Snapshot(Protocol):
    """The catalog at one instant (one read transaction)."""

    @property
    def seq(self) -> int:
        """The last sequence number of the change log; 0 when nothing was ever committed."""

    def changes_after(self, seq: int) -> Sequence[Change]:
        """Returns the changes with a greater sequence number, ascending."""

    def vector_count(self) -> int:
        """Returns how many live chunks have a vector in the corpus's space."""

    def chunk_count(self) -> int:
        """Returns how many live chunks there are."""

    def vector_batches(
        self, versions: Sequence[int] | None = None, size: int = 4096
    ) -> Iterator[VectorBatch]:
        """Yields the vectors of live chunks (of the given versions, or of all), by ascending chunk id."""

    def vector_ids(self, versions: Sequence[int]) -> Int64:
        """Returns the ids of the versions' live chunks that have a vector, ascending."""

    def text_rows(self, versions: Sequence[int] | None = None) -> Iterator[TextRow]:
        """Yields the texts of live chunks (of the given versions, or of all), grouped by version."""


class Feed(Protocol):
    """Gives snapshots of the catalog; safe to call from any thread."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Opens a read transaction that sees one state of the catalog until it is closed."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """How an index is doing.

    ``mode`` says who answers now (``chroma``, ``exact``, ``tantivy``, ``scan`` …). ``problem`` is an
    empty string when all is well, else one sentence for ``vouch status`` and ``/health``. ``broken`` says that the
    index is to be built again before it answers, ``unbuilt`` that it only was not built yet. ``aside`` counts the live
    chunks that it cannot find because they could not be analysed, ``aside_first`` has the first of their ids.
    """

    mode: str
    seq: int
    rows: int
    generation: int
    delta_rows: int
    rebuilding: bool
    problem: str
    broken: bool = False
    unbuilt: bool = False
    aside: int = 0
    aside_first: tuple[int, ...] = ()


class DenseIndex(Protocol):
    """Nearest chunks by cosine. Scores are cosines in [-1, 1], higher is closer, exact to float32."""

    def follow(self) -> None:
        """Catches up with the change log; what it missed is searchable when this returns."""

    def search(self, query: Float32, k: int, versions: Int64 | None = None) -> Scored:
        """Returns the ``k`` nearest live chunks, only from ``versions`` (ascending) when given."""

    def vectors(self, chunks: Int64) -> Float32:
        """Returns the vector of each of the chunks, shape (n, dimension), NaN where it is not at hand here: the catalog
        has them all.
        """

    def fold(self, *, anew: bool = False) -> None:
        """Makes the delta part of a new generation now; waits until that one answers.

        Nothing is built when the generation already is all there is, unless ``anew``.
        """

    def state(self) -> IndexState:
        """Says how the index is doing."""

    def close(self) -> None:
        """Stops background work and releases every file."""


class LexicalIndex(Protocol):
    """Best chunks by BM25. Scores are at or above 0, higher is better."""

    def follow(self) -> None:
        """Catches up with the change log; what it missed is searchable when this returns."""

    def search(self, query: str, k: int, versions: Int64 | None = None) -> Scored:
        """Returns the ``k`` best live chunks, only from ``versions`` (ascending) when given."""

    def score(self, query: str, chunks: Int64) -> Float32:
        """Returns what a search scores each of the chunks, shape (n,); 0 where it finds nothing."""

    def reach(self, query: str) -> float:
        """Returns about the most that a chunk could score for a query; 0 when it is not known now."""

    def rarity(self, words: Sequence[str]) -> dict[str, float] | None:
        """Returns each word's inverse document frequency, above 0; None when it is not known now."""

    def frequencies(self, words: Sequence[str]) -> list[int] | None:
        """Returns in how many chunks each word of small letters stands; None when it is not known now."""

    def holders(self, word: str) -> frozenset[int] | None:
        """Returns the versions that hold a word in any passage; None when it is not known now."""

    def rebuild(self) -> None:
        """Throws the index away and builds it again from the catalog."""

    def compact(self) -> None:
        """Drops what was removed from its files and statistics: scores are those of an index built afresh."""

    def state(self) -> IndexState:
        """Says how the index is doing."""

    def close(self) -> None:
        """Stops background work and releases every file."""
