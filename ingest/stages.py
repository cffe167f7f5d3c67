"""The two stages of an ingest that work ahead of it: files are parsed, and chunks are embedded."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event
from typing import Protocol

from corpus.catalog import Database
from corpus.catalog.documents import Known
from corpus.catalog.reuse import reusable_tokens, reusable_vectors
from corpus.embedding import EmbeddingSpace, TokenEmbedder
from corpus.embedding.passages import readable
from corpus.errors import EmbeddingError, LimitError, ParseError, VouchError
from corpus.hashing import text_hash
from corpus.settings import Settings
from corpus.types import Chunk, Document, Float32
from ingest.discovery import SourceFile, modified_time
from ingest.sandbox.pool import ParserPool

PARSED_AHEAD = 4
"""Files that are read before they are asked for, beside one for each worker."""

PIECE_TEXTS = 256
"""About so many passages are embedded at a time, a few seconds' work: among so many, those that are computed together
are of nearly one length. Handbook pages padded come to 1.09 times their tokens; with 128 at a time to 1.11, with 32 to
1.20."""

BATCHES_AHEAD = 2
"""So the next batch is there when the embedder has done one, whatever the caller is at just then."""

FAILURES_IN_A_ROW = 3
"""So many pieces that fail one after the other are the embedder's fault, not the files'."""


Embedded = tuple[Float32, bytes | None]
"""A chunk's vector, and the codes of its tokens' vectors where it has any (:mod:`corpus.late`)."""


class PassageEmbedder(Protocol):
    """What an ingest needs of an embedder (see :class:`corpus.embedding.Embedder`); safe for threads."""

    @property
    def space(self) -> EmbeddingSpace: ...
    @property
    def max_tokens(self) -> int: ...
    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...
    def covers(self, text: str) -> bool: ...
    def embed_passages(self, texts: Sequence[str]) -> Float32: ...
    def prepare(self, *, few: bool = False) -> None:
        """Begins with what the first passages would wait for, and returns at once; ``few``: not many are to come."""

    def close(self) -> None:
        """Ends what is under way, from another thread; nothing is asked afterwards."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file with what its parser gave: a document, or the reason why there is none."""

    source: SourceFile
    before: Known | None
    parsed: Document | VouchError
    seconds: float


@dataclass(slots=True)
class Work:
    """A file that is read and cut, on its way to be embedded and committed.

    ``embedded`` counts the chunks, from the first, that need no more embedding; ``computed`` tells whether the embedder
    has computed vectors since the file waits for them.
    """

    source: SourceFile
    before: Known | None
    sha256: str
    document: Document
    chunks: tuple[Chunk, ...]
    seconds: float
    embedded: int = 0
    computed: bool = False
    vectors: list[Float32 | None] = field(default_factory=list)
    tokens: list[bytes | None] = field(default_factory=list)
    error: VouchError | None = None


class ReadAhead:
    """Parses files in killable children, a few ahead of who takes them, and gives them in order.

    Args:
        settings: how many children, and their limits.
        files: what to read, with what is known of it.
        wake: called, on any thread, when a file has been read.
        parsers: children that were begun already; closed with this.
    """

    def __init__(
        self,
        settings: Settings,
        files: Iterable[tuple[SourceFile, Known | None]],
        wake: Callable[[], None],
        parsers: ParserPool | None = None,
    ) -> None:
        self._waiting = iter(files)
        self._wake = wake
        self._most = settings.parse_workers + PARSED_AHEAD
        self._parsers = parsers or ParserPool(settings)
        self._pool = ThreadPoolExecutor(settings.parse_workers, "parse")
        self._ahead: deque[tuple[SourceFile, Future[ReadFile]]] = deque()
        self._fill()

    def take(self) -> ReadFile | None:
        """Returns the next file if it is read already."""
        if not self._ahead or not self._ahead[0][1].done():
            return None
        read = self._ahead.popleft()[1].result()
        self._fill()
        return read

    @property
    def ended(self) -> bool:
        """Whether every file has been taken."""
        return not self._ahead

    @property
    def awaited(self) -> str:
        """The path of the file that is next, if it is still being read; else ""."""
        if not self._ahead or self._ahead[0][1].done():
            return ""
        return self._ahead[0][0].path

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._parsers.close()  # whoever still waits for a child is told so at once
        self._pool.shutdown()

    def _fill(self) -> None:
        while len(self._ahead) < self._most and (one := next(self._waiting, None)):
            future = self._pool.submit(self._read, *one)
            self._ahead.append((one[0], future))
            future.add_done_callback(lambda _: self._wake())

    def _read(self, source: SourceFile, before: Known | None) -> ReadFile:
        began = time.monotonic()
        try:
            parsed: Document | VouchError = self._parsers.parse(source.location, source.path)
        except VouchError as error:
            parsed = error
        if not isinstance(parsed, VouchError) and _has_changed(source):
            parsed = ParseError(
                f"{source.path} changed while it was read.", code="changed", hint="Ingest it again."
            )
        return ReadFile(source, before, parsed, time.monotonic() - began)


class EmbedAhead:
    """Embeds batches of files on threads of its own, so that the embedder has the next when one is done.

    Args:
        database: where vectors of the same text are looked up first.
        embedder: makes the others, a piece at a time.
        late: whether chunks get the vectors of their tokens, too, where the embedder gives any.
        tell: given each file, in order, once it has its vectors or an error; and None now and then.
    """

    def __init__(
        self,
        database: Database,
        embedder: PassageEmbedder,
        tell: Callable[[Work | None], None],
        *,
        late: bool = False,
    ) -> None:
        self._database = database
        self._embedder = embedder
        self._late = (
            embedder if late and isinstance(embedder, TokenEmbedder) and embedder.gives_tokens else None
        )
        self._tell = tell
        self._pool = ThreadPoolExecutor(BATCHES_AHEAD, "embed")
        self._batches: deque[Future[None]] = deque()
        self._ended = Event()
        self._failures = 0

    def start(self, batch: Sequence[Work]) -> None:
        """Takes in a batch, to begin with once those before it are done; only when there is :attr:`room`."""
        before = self._batches[-1] if self._batches else None
        future = self._pool.submit(self._embed, deque(batch), before)
        self._batches.append(future)
        future.add_done_callback(lambda _: self._tell(None))

    @property
    def idle(self) -> bool:
        """Whether there is nothing under way.

        Raises:
            EmbeddingError: the embedder fails again and again.
        """
        while self._batches and self._batches[0].done():
            self._batches.popleft().result()
        return not self._batches

    @property
    def room(self) -> bool:
        """Whether another batch can be taken in.

        Raises:
            EmbeddingError: the embedder fails again and again.
        """
        return self.idle or len(self._batches) < BATCHES_AHEAD

    def __enter__(self) -> EmbedAhead:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if any(not batch.done() for batch in self._batches):
            self._embedder.close()
        self._pool.shutdown(cancel_futures=True)

    def _embed(self, batch: deque[Work], before: Future[None] | None = None) -> None:
        """Gives every chunk its vector: one known already, or one made now; each distinct text once.

        Files are told once those of the batch before are.
        """
        needs: dict[int, list[bytes | None]] = {}
        texts: dict[bytes, str] = {}
        shortened: set[bytes] = (
            set()
        )  # an earlier Vouch may have embedded all of such a text: no vector is reused
        for item in batch:
            mine = needs[id(item)] = list[bytes | None]()
            for chunk in item.chunks:
                if self._ended.is_set():  # a book has ten thousand
                    return
                text = readable(chunk.context, chunk.text, chunk.headings, self._embedder.covers)
                mine.append(text_hash(chunk.searched) if text else None)
                if (need := mine[-1]) is not None:
                    texts[need] = text
                    if text != chunk.searched:
                        shortened.add(need)
        with self._database.read() as db:
            found = reusable_vectors(
                db, [need for need in texts if need not in shortened], self._embedder.space.dimension
            )
            codes = reusable_tokens(db, list(found)) if self._late else {}
        have: dict[bytes, Embedded] = {
            need: (vector, codes.get(need))
            for need, vector in found.items()
            if need in codes or not self._late
        }
        if before is None or before.done():
            self._hand_over(batch, needs, have)
        for piece in _pieces([need for need in texts if need not in have]):
            if self._ended.is_set():
                break  # what has its vectors is told all the same
            try:
                made = self._make([texts[need] for need in piece])
            except (EmbeddingError, LimitError) as error:
                self._give_up(batch, needs, set(piece), error)
            else:
                self._failures = 0
                for item in batch:
                    item.computed = True
                have.update(zip(piece, made, strict=True))
                if before is None or before.done():
                    self._hand_over(batch, needs, have)
                self._tell(None)
        if before is not None:
            wait([before])
        self._hand_over(batch, needs, have)

    def _make(self, texts: Sequence[str]) -> list[Embedded]:
        if self._late is None:
            return [(vector, None) for vector in self._embedder.embed_passages(texts)]
        vectors, codes = self._late.embed_passages_with_tokens(texts)
        return list(zip(vectors, codes, strict=True))

    def _hand_over(
        self, batch: deque[Work], needs: dict[int, list[bytes | None]], have: dict[bytes, Embedded]
    ) -> None:
        """Tells the files at the front of the batch that have all their vectors."""
        while batch:
            item, wanted = batch[0], needs[id(batch[0])]
            while item.embedded < len(wanted) and ((need := wanted[item.embedded]) is None or need in have):
                item.embedded += 1
            if item.embedded < len(wanted):
                return
            item.vectors = [None if need is None else have[need][0] for need in wanted]
            item.tokens = [None if need is None else have[need][1] for need in wanted]
            self._tell(batch.popleft())

    def _give_up(
        self,
        batch: deque[Work],
        needs: dict[int, list[bytes | None]],
        lost: set[bytes],
        error: VouchError,
    ) -> None:
        """Tells the files that a piece was for that it failed."""
        if self._ended.is_set():
            return
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            raise error
        for item in [item for item in batch if not lost.isdisjoint(filter(None, needs[id(item)]))]:
            batch.remove(item)
            item.error = error
            self._tell(item)


def _pieces(needs: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yields pieces of one size: a small last one would leave the embedder's threads waiting for each other."""
    number = max(1, round(len(needs) / PIECE_TEXTS))
    ends = [at * len(needs) // number for at in range(number + 1)]
    yield from (needs[start:end] for start, end in pairwise(ends) if start < end)


def _has_changed(source: SourceFile) -> bool:
    try:
        status = source.location.stat()
    except OSError:
        return True
    return (status.st_size, modified_time(status)) != (source.size_bytes, source.modified)
