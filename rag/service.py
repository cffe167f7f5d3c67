"""The service: an open corpus that is searched, answered from, and filled. What makes one is :mod:`rag.bootstrap`."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.catalog import documents, records
from corpus.catalog.scopes import landmarks, spans
from corpus.embedding import Embedder, SentenceTransformerEmbedder
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import OWNER, Caller, Filter
from ingest.discovery import Discovery, discover
from ingest.embedding import EmbeddingChild
from ingest.pipeline import IngestOptions, IngestReport, IngestRequest, Progress, ingest
from ingest.reports import AS_USUAL
from ingest.sandbox.pool import ParserPool

if TYPE_CHECKING:  # what answers questions is loaded with the first one: an ingest starts without it
    from rag.asking.answers import Answer, Ask, Event
    from rag.asking.comparison import Arm, Compared, Comparison
    from rag.grounding.abstention import Abstention
    from rag.models.attempts import Stop
    from rag.models.catalogue import Models
    from rag.prompts.approving import WorkedExamples
    from rag.prompts.prompting import Message
    from rag.prompts.templates import Template
    from rag.receipts.replaying import Replay
    from rag.retrieval.retriever import Retriever, SearchResult

_FIRST = "Is it ready?"


class Service:
    """An open corpus with everything that works on it. Close it, or use it as a context manager."""

    def __init__(
        self, settings: Settings, corpus: Corpus, embedder: Embedder, parsers: ParserPool | None = None
    ) -> None:
        self.settings = settings
        self.corpus = corpus
        self.embedder = embedder
        self._opening = threading.Lock()
        self._closers = contextlib.ExitStack()
        self._drawing: ParserPool | None = None
        self._begun = parsers
        self._models: Models | None = None
        self._ingesting = threading.Lock()  # one at a time: a second ingest waits for the first
        self._loading = threading.Lock()  # the export, beside the work
        self._closed = False

    @cached_property
    def retriever(self) -> Retriever:
        """Searches the corpus; made when first asked for."""
        from rag.retrieval.retriever import Retriever

        return Retriever(self.corpus, self.embedder, self.settings)

    @cached_property
    def examples(self) -> WorkedExamples:
        """What few-shot prompts are chosen from; made when first asked for."""
        from rag.prompts.approving import WorkedExamples

        return WorkedExamples(self.settings, self.corpus, self.embedder)

    @cached_property
    def abstention(self) -> Abstention:
        """When to refuse: as it was fitted for this corpus, else as shipped; read when first asked for."""
        from rag.grounding.abstention import FITTED
        from rag.measuring.calibration import load

        return load(self.settings.data_dir, self.corpus.space.id) or FITTED

    def search(
        self,
        query: str,
        k: int = 10,
        filter: Filter | None = None,
        caller: Caller = OWNER,
        *,
        whole: bool = False,
    ) -> SearchResult:
        """Returns the ``k`` best passages, of each what speaks of the query, or, with ``whole``, all that it holds; see
        :meth:`rag.retrieval.retriever.Retriever.search`.

        Words that nothing found has are put otherwise where that finds what answers better, as for a question.
        """
        found = self._found(query, k, filter, caller)
        return found if whole else self.retriever.shown(found, caller)

    def _found(self, query: str, k: int, filter: Filter | None, caller: Caller) -> SearchResult:
        from rag.asking.wording.judging import Judge, may_be_reworded
        from rag.prompts.prompting import is_japanese
        from rag.retrieval.library import CallersLibrary
        from rag.retrieval.spelling import Wording
        from rag.words.told import NOTHING_SHARED, say

        found = self.retriever.search(query, k, caller, filter)
        if not found.read_as or not may_be_reworded(found.read_as, found.hits):
            return found
        library = CallersLibrary(self.corpus, self.retriever, caller, filter)
        judge = Judge(library, self.abstention, k)
        better = judge.in_other_words(judge.of(Wording(found.read_as, {}), found.hits))
        if better is None:
            return found
        read = better.wording.read
        notes = [note for note in found.notes if note.key not in NOTHING_SHARED]
        notes.append(say("read_as", is_japanese(query), question=read))
        return replace(found, hits=better.hits, read_as=read, notes=tuple(notes))

    def search_without(self, part: str) -> Retriever:
        """Returns a retriever that has all but one part of the recipe, to measure what the part is worth.

        Raises:
            UsageError: there is no such part; see :data:`rag.retrieval.ranking.PARTS`.
        """
        from rag.retrieval.retriever import Retriever

        return Retriever(self.corpus, self.embedder, self.settings, self.retriever.recipe.without(part))

    @property
    def models(self) -> Models:
        """The models that can be chosen, made when first asked for.

        Raises:
            UsageError: the settings name a model that there is not, or one of their tables is wrong.
        """
        from rag.models.catalogue import Models, built_in

        with self._opening:
            if self._models is None:
                self._models = Models(
                    self.settings.models, self.settings.model, built_in(self.retriever.embed)
                )
            return self._models

    def ask_events(
        self, ask: Ask, filter: Filter | None = None, caller: Caller = OWNER, stop: Stop | None = None
    ) -> Generator[Event]:
        """Yields an answer as it comes to be; see :func:`rag.asking.answering.answer_events`.

        The owner may ask any provider:model, everybody else what :meth:`rag.models.catalogue.Models.cards` lists.
        """
        from rag.asking.answering import answer_events
        from rag.receipts.receipt import keep_receipt, keeping
        from rag.retrieval.library import CallersLibrary

        self.models.card(ask.model, listed=not caller.owner)
        library = CallersLibrary(self.corpus, self.retriever, caller, filter)
        if ask.require_support is None:
            ask = replace(ask, require_support=self.settings.require_support and ask.retrieval)
        abstention = self.abstention  # it may be fitted anew meanwhile
        events = answer_events(
            ask,
            library,
            self.models,
            examples=self.examples.open_to(caller),
            abstention=abstention,
            min_support=self.settings.min_support,
            rewrite_s=self.settings.rewrite_timeout_s,
            stop=stop,
        )

        def keep(answer: Answer) -> Answer:
            return keep_receipt(
                answer, ask, library.searches, library, self.models, self.settings, abstention
            )

        return keeping(events, keep)

    def receipt(self, receipt_id: str, caller: Caller = OWNER) -> dict[str, Any]:
        """Returns what a caller may see of an answer's receipt; see :func:`rag.receipts.receipt.show_receipt`.

        Raises:
            NotFoundError: there is none, or it is another caller's.
            StorageError: the receipts cannot be read.
        """
        from rag.receipts.receipt import show_receipt

        return show_receipt(self.corpus.receipts.get(receipt_id), self.corpus, caller)

    def replay(
        self, receipt_id: str, caller: Caller = OWNER, *, generate: bool = True, stop: Stop | None = None
    ) -> Replay:
        """Searches and, with ``generate``, answers again what a receipt is of; see :mod:`rag.receipts.replaying`.

        Raises:
            NotFoundError, StorageError: as :meth:`receipt`.
        """
        from rag.receipts.replaying import replay

        shown = self.receipt(receipt_id, caller)
        return replay(
            shown,
            self.corpus,
            self.retriever,
            self.models,
            self.settings,
            self.abstention,
            self.examples,
            caller,
            generate=generate,
            stop=stop,
        )

    def compare(
        self,
        question: str,
        arms: Sequence[Arm] | None = None,
        filter: Filter | None = None,
        caller: Caller = OWNER,
        *,
        history: tuple[Message, ...] = (),
        stop: Stop | None = None,
    ) -> Comparison:
        """Answers a question once for each arm, by default with and without retrieval; see
        :func:`rag.asking.comparison.compare` and :meth:`ask_events`.
        """
        from rag.asking.comparison import DEFAULT_ARMS, compare
        from rag.receipts.receipt import keep_receipt
        from rag.retrieval.library import CallersLibrary

        arms = DEFAULT_ARMS if arms is None else arms
        for arm in arms:
            self.models.card(arm.model, listed=not caller.owner)
        library = CallersLibrary(self.corpus, self.retriever, caller, filter)
        abstention = self.abstention
        found = compare(
            question,
            library,
            self.models,
            arms,
            examples=self.examples.open_to(caller),
            history=history,
            abstention=abstention,
            min_support=self.settings.min_support,
            stop=stop,
        )

        def keep(one: Compared) -> Compared:
            ask = one.arm.ask(question, history)
            searches = [own for own in library.searches if ask.retrieval and own.k == ask.k]
            kept = keep_receipt(one.answer, ask, searches, library, self.models, self.settings, abstention)
            return replace(one, answer=kept)

        return replace(found, arms=tuple(keep(one) for one in found.arms))

    def warm(self) -> None:
        """Loads what the first search and the first question to the default model would wait for.

        Raises:
            VouchError: the embedder cannot be loaded, or that model cannot be asked.
        """
        # A search has the graph opened beside it, whose library takes two seconds of the interpreter's time: it
        # comes last. The embedder's runtime takes the other core, and the interpreter hardly at all.
        with ThreadPoolExecutor(1, "warming") as beside:  # left once both are there
            read = None
            if not self.corpus.is_empty(OWNER):  # else no embedder is loaded: there is nothing to find
                read = beside.submit(self.embedder.embed_query, _FIRST)
                self._export()
            try:
                self.models.open().chat()
            finally:
                if read is not None:
                    read.result()  # where it fails no search tries it a second time: this may have taken a while
                self.search(_FIRST, 1)
        self.examples.all()

    def _export(self) -> None:
        """Has the model exported beside the work where that is missing, as after its folder was lost."""
        embedder = self.embedder
        if isinstance(embedder, SentenceTransformerEmbedder) and not embedder.is_exported:

            def make() -> None:
                embedder.prepare()
                with self._loading:
                    if not self._closed:
                        embedder.load_export()

            threading.Thread(target=make, name="export", daemon=True).start()

    def template(self, name: str | None) -> Template | None:
        """Returns a template of the settings, None for no name; see :func:`rag.prompts.templates.find_template`."""
        from rag.prompts.templates import find_template

        return find_template(self.settings.templates, name) if name else None

    def ingest(
        self,
        paths: Sequence[Path],
        collection: str = "default",
        options: IngestOptions = AS_USUAL,
        *,
        only: Sequence[Path] | None = None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Ingests files and folders, of these ``only`` what is named when something is; see
        :func:`ingest.pipeline.ingest` and :func:`ingest.discovery.discover`.
        """
        named = paths if only is None else [*only, *(one for one in paths if not one.is_dir())]
        # A file is known by the name of a link to it, a folder by its own. Path.resolve raises where links go round.
        asked = {
            one
            for path in named
            for one in (os.path.realpath(path), os.path.join(os.path.realpath(path.parent), path.name))
        }
        with self.corpus.catalog.read() as db:
            near = spans(db, collection, asked)
            known = {
                *landmarks(db, collection),
                *documents.places(db, near),
                *records.failures_in(db, near),
            }
        found = discover(paths, data_dir=self.settings.data_dir, known=known, sync=options.sync, only=only)
        return self._ingest(IngestRequest(found, collection, options), on_progress, cancelled)

    def ingest_found(
        self,
        found: Discovery,
        collection: str,
        *,
        metadata: Mapping[str, str] | None = None,
        access: frozenset[str] | None = None,
        caller: Caller = OWNER,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Ingests files that were found already, such as uploads of a caller."""
        request = IngestRequest(found, collection, IngestOptions(access=access, metadata=metadata), caller)
        return self._ingest(request, on_progress, cancelled)

    def _ingest(
        self, request: IngestRequest, on_progress: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> IngestReport:
        with self._ingesting, EmbeddingChild(self.settings, self.embedder) as embedder:
            parsers, self._begun = self._begun, None
            report = ingest(
                self.corpus,
                embedder,
                request,
                on_progress=on_progress,
                cancelled=cancelled,
                parsers=parsers,
            )
            return replace(report, slower=embedder.slower)

    @property
    def drawing(self) -> ParserPool:
        """The children that draw pages, begun when first asked for."""
        with self._opening:
            if self._drawing is None:
                self._drawing = ParserPool(self.settings)
            return self._drawing

    def keep_open(self, resource: AbstractContextManager[object]) -> None:
        """Enters a context that is left before the corpus closes, such as the socket that lets others in."""
        self._closers.enter_context(resource)

    def close(self) -> None:
        """Closes the corpus and gives the data folder up."""
        with self._loading:  # a thread that is within OpenVINO when the interpreter ends aborts the process
            self._closed = True
        self._closers.close()
        with self._opening:
            if self._models is not None:
                self._models.close()
            if self._drawing is not None:
                self._drawing.close()
        self.corpus.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
