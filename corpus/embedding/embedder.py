"""The embedder: one model, counted in its own tokens, run by the fastest back end there is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol, cast

import numpy as np

from corpus.embedding.compiled import Precision
from corpus.embedding.exported import (
    Exported,
    discard,
    ensure_export,
    export_folder,
    graph_in,
    is_current,
    is_exported,
    made_at,
    read_rates,
    unit_rows,
    why_no_export,
    why_refused,
)
from corpus.embedding.model import ModelFolder, find_model
from corpus.embedding.reference import Reference
from corpus.embedding.runtime import (
    NO_OPENVINO,
    OPENVINO_SUFFIX,
    PRECISIONS,
    recommended_precision,
    why_slower,
)
from corpus.embedding.space import EmbeddingSpace, Running
from corpus.embedding.token_vectors import Encoded
from corpus.embedding.tokens import LENGTH_STEP, Tokens
from corpus.errors import EmbeddingError
from corpus.late import pack_tokens
from corpus.processors import processors
from corpus.types import Float32, Int64, QueryTokens

_log = logging.getLogger(__name__)

_SLOWER = "Embedding is slower than it could be: {}."
_REFERENCE = "Embedding runs on the slower reference: {}"

BATCH_TOKENS = 1024
"""Tokens in a batch, padding included: with 2,048 it is as fast and takes 50 MB more."""

SENTENCES_TOGETHER = 256
"""… of the sentences that an answer is looked for in: as fast, and a server takes 20 MB less for them."""


class SentenceTransformerEmbedder:
    """Any sentence-transformers model behind the :class:`~corpus.embedding.space.Embedder` protocol.

    Vectors come from the model's export where there is one, else from sentence-transformers; they agree
    to the precision of the space (1e-5 in float32, 5e-3 in bfloat16, in int8 a cosine of about .003). One call
    computes at a time, unless side by side.

    Args:
        model: the model's folder, and the precision to run it in.
        data_dir: the data folder, which keeps the export.
        threads: threads of one computation; 0: as many as the process may fill processors.
        others: precisions that it may be run in instead, where a corpus was made in them.
        side_by_side: compute as many batches at a time as there are threads, one on each, rather than one on all:
            more passages and questions a second where other work wants the cores, too. A single question takes a
            quarter longer and half the processor's time.
        briefly: of two back ends that are about as fast take the one that starts sooner.
        batch_tokens: tokens of a batch at most, padding included; a single text may have more.
    """

    def __init__(
        self,
        model: ModelFolder,
        data_dir: Path,
        threads: int = 0,
        others: Sequence[Precision] = (),
        *,
        side_by_side: bool = False,
        briefly: bool = False,
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        self._model = model
        self._others = others
        self._data_dir = data_dir
        self._threads = threads or processors()
        self._side_by_side, self._briefly = side_by_side, briefly
        self._batch_tokens = batch_tokens
        self._tokens = Tokens(model)
        self._lock = threading.Lock()  # one thread loads
        self._turn = threading.Lock()  # one computes, unless side by side
        self._pool: ThreadPoolExecutor | None = None  # those that compute side by side
        self._space: EmbeddingSpace | None = None
        self._encoder: Exported | Reference | None = None
        self._problem = ""
        self._in_vain: int | None = None  # when the export was made that could not be loaded

    @property
    def space(self) -> EmbeddingSpace:
        """The space of every vector this embedder gives; known without loading the weights."""
        if self._space is None:
            self._space = self._model.space()
        return self._space

    @property
    def other_spaces(self) -> tuple[EmbeddingSpace, ...]:
        """The spaces it can give instead (:meth:`settle`), for a corpus that was made in one of them."""
        return tuple(replace(self.space, precision=precision) for precision in self._others)

    def settle(self, space: EmbeddingSpace) -> None:
        """Gives vectors of the corpus's own space from here on; before the first vector.

        Raises:
            EmbeddingError: ``other_space``: it is neither its own nor one of the others.
        """
        if space not in (self.space, *self.other_spaces):
            raise EmbeddingError(f"{self._model.name} gives no vectors of {space}.", code="other_space")
        self._space, self._others = space, ()
        self._model = replace(self._model, precision=cast(Precision, space.precision))

    @property
    def max_tokens(self) -> int:
        """The most tokens the model reads, special tokens and prompt included."""
        return self._model.max_tokens

    @property
    def backend(self) -> str:
        """What computes: ``openvino``, ``onnxruntime``, ``sentence-transformers``, "" while nothing was asked."""
        return self._encoder.name if self._encoder else ""

    @property
    def problem(self) -> str:
        """Why the fast back end is not used, in one sentence; "" when all is well."""
        return self._problem

    def running(self) -> Running:
        """Says how passages are embedded here; loads nothing."""
        rates = read_rates(self._data_dir, self.space)
        if self._encoder is not None or self._problem:
            return Running(self.backend, self._problem, rates)
        if is_exported(self._data_dir, self.space):
            why = why_slower(self._model.precision)
            graph = graph_in(export_folder(self._data_dir, self.space))
            if why == NO_OPENVINO and graph.suffix == OPENVINO_SUFFIX:
                return Running("sentence-transformers", _REFERENCE.format(f"{why}."), rates)
            backend = "onnxruntime" if why == NO_OPENVINO else "openvino"
            return Running(backend, _SLOWER.format(why) if why else "", rates)
        refused = why_refused(self._data_dir, self.space)
        return Running(
            "sentence-transformers" if refused else "", _REFERENCE.format(refused) if refused else "", rates
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Returns each text's number of tokens, special tokens and passage prompt included."""
        return self._tokens.count([self._model.passage_prompt + text for text in texts])

    def covers(self, text: str) -> bool:
        """Says whether the model can read the text: its script, and few unknown tokens."""
        return self._tokens.covers(text)

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        """Returns float32 unit rows, shape (len(texts), dimension); equal texts are computed once.

        Raises:
            EmbeddingError: a text is longer than ``max_tokens`` (``passage_too_long``), or the model
                cannot be loaded.
        """
        return self._embed(texts, tokens=False)[0]

    def embed_passages_with_tokens(self, texts: Sequence[str]) -> tuple[Float32, list[bytes | None]]:
        """Returns what :meth:`embed_passages` does, and each text's token vectors (:mod:`corpus.late`), or None.

        Raises:
            EmbeddingError: as there.
        """
        return self._embed(texts, tokens=True)

    def _embed(self, texts: Sequence[str], *, tokens: bool) -> tuple[Float32, list[bytes | None]]:
        if not texts:
            return np.empty((0, self._model.dimension), dtype=np.float32), []
        prompted = [self._model.passage_prompt + text for text in texts]
        distinct = {text: row for row, text in enumerate(dict.fromkeys(prompted))}
        lengths = self._tokens.count(list(distinct))
        if max(lengths) > self.max_tokens:
            longest = prompted.index(list(distinct)[lengths.index(max(lengths))])
            raise EmbeddingError(
                f"Passage {longest} has {max(lengths)} tokens, and {self._model.name} reads "
                f"{self.max_tokens}: {texts[longest][:60]!r}…",
                code="passage_too_long",
                hint="Cut it into smaller chunks; nothing is truncated silently.",
            )
        rows = np.empty((len(distinct), self._model.dimension), dtype=np.float32)
        codes: list[bytes | None] = [None] * len(distinct)
        ordered = list(distinct)
        grouped = list(batches(lengths, self._most_tokens(lengths)))
        made = self._each([[ordered[row] for row in batch] for batch in grouped])
        for batch, encoded in zip(grouped, made, strict=True):
            rows[batch] = unit_rows(encoded.rows)
            for row, states in zip(batch, self._states(encoded) if tokens else (), strict=tokens):
                codes[row] = None if states is None else pack_tokens(states[1])
        wanted = [distinct[text] for text in prompted]
        return rows[wanted], [codes[row] for row in wanted]

    def embed_query(self, text: str) -> Float32:
        """Returns one float32 unit vector, shape (dimension,); an over-long query is cut to the limit."""
        return self.embed_query_with_tokens(text)[0]

    @property
    def gives_tokens(self) -> bool:
        """Whether the model has vectors of tokens; known without loading the weights."""
        return self._model.hidden > 1

    def embed_query_with_tokens(self, text: str) -> tuple[Float32, QueryTokens | None]:
        """Returns what :meth:`embed_query` does, and the question's tokens; None where it has none."""
        query = self._tokens.cut(self._model.query_prompt + text, self.max_tokens)
        encoded = self._run([query])
        vector: Float32 = unit_rows(encoded.rows)[0]
        (states,) = self._states(encoded)
        if states is None:
            return vector, None
        kept, rows = states
        words = self._tokens.words(query)
        return vector, QueryTokens(rows, tuple(words[at] for at in kept.tolist()))

    def prepare(self) -> None:
        """Makes the export if there is none, in a child process: about ten seconds, once."""
        refused = ensure_export(self._model, self.space, self._data_dir)
        if refused:
            self._note(refused)

    def _states(self, encoded: Encoded) -> Iterator[tuple[Int64, Float32] | None]:
        """Yields which of a text's tokens are kept, and unit rows of those; None where it has none."""
        for at, ids in enumerate(encoded.ids):
            kept = self._tokens.kept(ids) if encoded.states is not None else np.empty(0, np.int64)
            yield (
                (kept, unit_rows(encoded.states[at, kept]))
                if encoded.states is not None and kept.size
                else None
            )

    @property
    def is_exported(self) -> bool:
        """Whether there is an export to load that gives all there is to give (a cheap look, not a check)."""
        return is_current(self._data_dir, self.space)

    def load_export(self) -> None:
        """Loads the export now where there is one: nothing is made, and no weights are read."""
        with self._lock:
            self._load_export()

    def _most_tokens(self, lengths: Sequence[int]) -> int:
        """Returns how large a batch may be: so that there is one for each thread, where they compute side by side."""
        most = self._batch_tokens
        return min(most, sum(map(padded, lengths)) // self._threads) if self._side_by_side else most

    def _each(self, groups: Sequence[Sequence[str]]) -> Iterator[Encoded]:
        if not self._side_by_side or len(groups) == 1:
            yield from map(self._run, groups)
            return
        with self._lock:
            self._pool = self._pool or ThreadPoolExecutor(self._threads, "embed")
        yield from self._pool.map(self._run, groups)  # of two calls at a time the first one's go first

    def _run(self, texts: Sequence[str]) -> Encoded:
        with self._lock:
            encoder = self._ready()
        alone = not self._side_by_side or isinstance(encoder, Reference)
        with self._turn if alone else nullcontext():
            encoded = encoder.encode(texts)
        if encoded.rows.shape != (len(texts), self._model.dimension):
            raise EmbeddingError(
                f"{self._model.name} gives vectors of {encoded.rows.shape[1]} numbers, "
                f"and its configuration says {self._model.dimension}.",
                code="model_unusable",
                hint="Set embedder to another model.",
            )
        return encoded

    def _ready(self) -> Exported | Reference:
        """Returns the back end, and moves from the reference, or an older export, to one made since."""
        if (export := self._load_export()) is not None:
            return export
        if self._encoder is None:
            if not self._problem:
                self._note(why_no_export(self._data_dir, self.space))
            self._encoder = Reference(self._model, self.space.weights_sha256, self._threads)
        return self._encoder

    def _load_export(self) -> Exported | None:
        if isinstance(self._encoder, Exported) and (
            self._encoder.has_tokens or not is_current(self._data_dir, self.space)
        ):
            return self._encoder
        if (
            is_exported(self._data_dir, self.space)
            and (made := made_at(self._data_dir, self.space)) != self._in_vain
        ):
            try:
                folder = export_folder(self._data_dir, self.space)
                self._encoder = Exported(
                    folder,
                    self._tokens,
                    self._model.precision,
                    self._threads,
                    self._side_by_side,
                    self._briefly,
                )
                slower = self._encoder.slower
                self._problem = _SLOWER.format(slower) if slower else ""
                if slower:
                    _log.warning("%s", self._problem)
                return self._encoder
            except EmbeddingError as error:
                self._note(error.message)
                if error.code == "export_damaged":
                    discard(self._data_dir, self.space)
                self._in_vain = made if is_exported(self._data_dir, self.space) else None
        return None

    def _note(self, problem: str) -> None:
        self._problem = _REFERENCE.format(problem)
        _log.warning("%s", self._problem)


class Choice(Protocol):
    """What the settings say of the embedder; a child that only embeds knows no others."""

    @property
    def embedder(self) -> str: ...
    @property
    def data_dir(self) -> Path: ...
    @property
    def embed_precision(self) -> Precision | Literal["auto"]: ...
    @property
    def embed_threads(self) -> int: ...


def open_embedder(
    settings: Choice,
    *,
    side_by_side: bool = False,
    briefly: bool = False,
    batch_tokens: int = BATCH_TOKENS,
) -> SentenceTransformerEmbedder:
    """Returns the embedder the settings name; reads its configuration, not its weights.

    Where much goes on at once, texts are best computed ``side_by_side``; a process that ends soon does best
    ``briefly``; ``batch_tokens`` bounds a batch. The vectors are the same.

    Raises:
        EmbeddingError: there is no such model on this machine, or its files do not say enough.
    """
    chosen = settings.embed_precision
    model = find_model(settings.embedder)
    precision = recommended_precision(int8=model.is_measured) if chosen == "auto" else chosen
    others = [other for other in PRECISIONS if chosen == "auto" and other != precision]
    model = replace(model, precision=precision)
    return SentenceTransformerEmbedder(
        model,
        settings.data_dir,
        settings.embed_threads,
        others,
        side_by_side=side_by_side,
        briefly=briefly,
        batch_tokens=batch_tokens,
    )


def batches(lengths: Sequence[int], most: int = BATCH_TOKENS) -> Iterator[list[int]]:
    """Yields rows grouped by length, so that little is padded, each group within ``most`` tokens or a single row."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * padded(lengths[row]) > most:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def padded(length: int) -> int:
    """Returns the tokens that a text of so many takes in a batch."""
    return -(-length // LENGTH_STEP) * LENGTH_STEP
