"""The one place that wires real parts: Settings → Service."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.blas import multiply_alone
from corpus.catalog import access, documents, passages, records
from corpus.catalog.texts import read_pages
from corpus.embedding import Embedder, open_embedder
from corpus.errors import NotFoundError, UsageError, VouchError
from corpus.names import read_collection
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import OWNER, Caller, Filter
from ingest.discovery import Discovery, discover
from ingest.embedding import EmbeddingChild
from ingest.pipeline import IngestReport, IngestRequest, Progress, ingest
from ingest.reports import DocumentReport, Problem, report_version
from ingest.sandbox import ParserPool
from rag.filters import read_filter, within_collection

if TYPE_CHECKING:  # what answers questions is loaded with the first one: an ingest starts without it
    from rag.abstention import Abstention
    from rag.answers import Answer, Ask, Event
    from rag.approving import WorkedExamples
    from rag.attempts import Stop
    from rag.calibration import Calibration
    from rag.comparison import Arm, Compared, Comparison
    from rag.library import CallersLibrary, Searched
    from rag.models import Models
    from rag.prompting import Message
    from rag.questions import Question
    from rag.replaying import Replay
    from rag.retrieval import Retriever, SearchResult
    from rag.templates import Template

log = logging.getLogger(__name__)

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

    @cached_property
    def retriever(self) -> Retriever:
        """Searches the corpus; made when first asked for."""
        from rag.retrieval import Retriever

        return Retriever(self.corpus, self.embedder, self.settings)

    @cached_property
    def examples(self) -> WorkedExamples:
        """What few-shot prompts are chosen from; made when first asked for."""
        from rag.approving import WorkedExamples

        return WorkedExamples(self.settings, self.corpus, self.embedder)

    @cached_property
    def abstention(self) -> Abstention:
        """When to refuse: as it was fitted for this corpus, else as shipped; read when first asked for."""
        from rag.abstention import FITTED
        from rag.calibration import load

        return load(self.settings.data_dir, self.corpus.space.id) or FITTED

    def search(
        self, query: str, k: int = 10, filter: Filter | None = None, caller: Caller = OWNER
    ) -> SearchResult:
        """Returns the ``k`` best passages; see :meth:`rag.retrieval.Retriever.search`."""
        return self.retriever.search(query, k, caller, filter)

    def search_without(self, part: str) -> Retriever:
        """Returns a retriever that has all but one part of the recipe, to measure what the part is worth.

        Raises:
            UsageError: there is no such part; see :data:`rag.ranking.PARTS`.
        """
        from rag.retrieval import Retriever

        return Retriever(self.corpus, self.embedder, self.settings, self.retriever.recipe.without(part))

    @property
    def models(self) -> Models:
        """The models that can be chosen, made when first asked for.

        Raises:
            UsageError: the settings name a model that there is not, or one of their tables is wrong.
        """
        from rag.models import Models, built_in

        with self._opening:
            if self._models is None:
                self._models = Models(self.settings.models, self.settings.model, built_in(self.embedder))
            return self._models

    def ask_events(
        self, ask: Ask, filter: Filter | None = None, caller: Caller = OWNER, stop: Stop | None = None
    ) -> Generator[Event]:
        """Yields an answer as it comes to be; see :func:`rag.answering.answer_events`.

        The owner may ask any provider:model, everybody else what :meth:`rag.models.Models.cards` lists.
        """
        from rag.answering import answer_events
        from rag.library import CallersLibrary

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
        return self._keeping(events, ask, library, abstention)

    def _keeping(
        self, events: Generator[Event], ask: Ask, library: CallersLibrary, abstention: Abstention
    ) -> Generator[Event]:
        """Passes an answer's events on; the last one says whether its receipt was kept."""
        from rag.answers import Done, Failed

        with contextlib.closing(events):
            for event in events:
                if isinstance(event, Done | Failed):
                    kept = self._keep(event.answer, ask, library, library.searches, abstention)
                    event = replace(event, answer=kept)
                yield event

    def _keep(
        self,
        answer: Answer,
        ask: Ask,
        library: CallersLibrary,
        searches: Sequence[Searched],
        abstention: Abstention,
    ) -> Answer:
        """Keeps the receipt of an answer that says something; where it cannot, the answer says why."""
        from rag.receipts import make_receipt, no_receipt

        if not self.corpus.receipts.kept or not answer.text:
            return answer
        model = self.models.open(ask.model)
        try:
            self.corpus.receipts.keep(
                make_receipt(answer, ask, searches, library, model, self.settings, abstention)
            )
        except (VouchError, OSError) as error:
            log.warning("no receipt of answer %s: %s", answer.id, error)
            return replace(answer, notes=(*answer.notes, no_receipt(error)))
        return replace(answer, receipt=answer.id)

    def receipt(self, receipt_id: str, caller: Caller = OWNER) -> dict[str, Any]:
        """Returns what a caller may see of an answer's receipt; see :func:`rag.receipts.show_receipt`.

        Raises:
            NotFoundError: there is none, or it is another caller's.
            StorageError: the receipts cannot be read.
        """
        from rag.receipts import show_receipt

        return show_receipt(self.corpus.receipts.get(receipt_id), self.corpus, caller)

    def replay(
        self, receipt_id: str, caller: Caller = OWNER, *, generate: bool = True, stop: Stop | None = None
    ) -> Replay:
        """Searches and, with ``generate``, answers again what a receipt is of; see :func:`rag.replaying.replay`.

        Raises:
            NotFoundError, StorageError: as :meth:`receipt`.
        """
        from rag.replaying import replay

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
        :func:`rag.comparison.compare` and :meth:`ask_events`.
        """
        from rag.comparison import DEFAULT_ARMS, compare
        from rag.library import CallersLibrary

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
        kept = (self._kept(question, history, one, library, abstention) for one in found.arms)
        return replace(found, arms=tuple(kept))

    def _kept(
        self,
        question: str,
        history: tuple[Message, ...],
        one: Compared,
        library: CallersLibrary,
        abstention: Abstention,
    ) -> Compared:
        if one.answer is None:
            return one
        from rag.answers import Ask

        arm = one.arm
        ask = Ask(question, arm.model, arm.retrieval, arm.strategy, arm.k, history, template=arm.template)
        searches = [own for own in library.searches if arm.retrieval and own.k == arm.k]
        return replace(one, answer=self._keep(one.answer, ask, library, searches, abstention))

    def calibrate(
        self,
        questions: Sequence[Question],
        filter: Filter | None = None,
        *,
        target: float | None = None,
        keep: bool = True,
        on_question: Callable[[int], None] = lambda done: None,
    ) -> Calibration:
        """Fits when to refuse on questions, and keeps that with the corpus; see :func:`rag.calibration.calibrate`.

        Args:
            target: share of the answerable that may be refused, in [0, 1); None: as in the settings.
            keep: False only says what would come of it.
            on_question: called with how many questions were searched.
        """
        from rag.abstention import signals
        from rag.answers import DEFAULT_K
        from rag.calibration import Case, calibrate, save
        from rag.library import CallersLibrary

        library = CallersLibrary(self.corpus, self.retriever, OWNER, filter)
        cases = []
        for done, question in enumerate(questions, start=1):
            found = signals(
                question.text, library.search(question.text, DEFAULT_K).hits, library.rarity, library.lacks
            )
            cases.append(Case(found, question.answerable))
            on_question(done)
        found_out = calibrate(cases, self.settings.target_refused if target is None else target)
        if keep:
            save(
                self.settings.data_dir, found_out.abstention, self.corpus.space.id, {"questions": len(cases)}
            )
            self.abstention = found_out.abstention
        return found_out

    def forget_calibration(self) -> bool:
        """Goes back to the shipped decision when to refuse; says whether there was another."""
        from rag.abstention import FITTED
        from rag.calibration import forget

        self.abstention = FITTED
        return forget(self.settings.data_dir)

    def warm(self) -> None:
        """Loads what the first search and the first question to the default model would wait for.

        Raises:
            VouchError: the embedder cannot be loaded, or that model cannot be asked.
        """
        try:
            # A search has the graph opened beside it, whose library takes two seconds of the interpreter's time: it
            # comes last. The embedder's runtime takes the other core, and the interpreter hardly at all.
            with ThreadPoolExecutor(1, "warming") as beside:  # left once both are there
                if not self.corpus.is_empty(OWNER):  # else no embedder is loaded: there is nothing to find
                    beside.submit(self.embedder.embed_query, _FIRST)  # where it fails the search says so
                self.models.open().chat()
        finally:
            self.search(_FIRST, 1)
        self.examples.all()

    def template(self, name: str | None) -> Template | None:
        """Returns a template of the settings, None for no name; see :func:`rag.templates.find_template`."""
        from rag.templates import find_template

        return find_template(self.settings.templates, name) if name else None

    def ingest(
        self,
        paths: Sequence[Path],
        collection: str = "default",
        *,
        access: frozenset[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        sync: bool = False,
        dry_run: bool = False,
        consent: bool = False,
        retry_failed: bool = False,
        rehash: bool = False,
        only: Sequence[Path] | None = None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Ingests files and folders, of these ``only`` what is named when something is; see
        :func:`ingest.pipeline.ingest` and :func:`ingest.discovery.discover`.
        """
        with self.corpus.catalog.read() as db:
            failed = [(one.key.root, one.key.path) for one in records.list_failures(db, collection)]
            known = documents.places(db, collection).union(failed)
        request = IngestRequest(
            found=discover(paths, data_dir=self.settings.data_dir, known=known, sync=sync, only=only),
            collection=collection,
            access=access,
            metadata=metadata,
            sync=sync,
            dry_run=dry_run,
            consent=consent,
            retry_failed=retry_failed,
            rehash=rehash,
        )
        return self._ingest(request, on_progress, cancelled)

    def ingest_found(
        self,
        found: Discovery,
        collection: str,
        *,
        metadata: Mapping[str, str] | None = None,
        caller: Caller = OWNER,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Ingests files that were found already, such as uploads of a caller."""
        request = IngestRequest(found, collection, metadata=metadata, caller=caller)
        return self._ingest(request, on_progress, cancelled)

    def _ingest(
        self, request: IngestRequest, on_progress: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> IngestReport:
        with self._ingesting, EmbeddingChild(self.settings, self.embedder) as embedder:
            parsers, self._begun = self._begun, None
            return ingest(
                self.corpus,
                embedder,
                request,
                on_progress=on_progress,
                cancelled=cancelled,
                parsers=parsers,
            )

    def collections(self, caller: Caller = OWNER) -> dict[str, int]:
        """Returns the collections with a document the caller may see, and how many of those."""
        with self.corpus.catalog.read() as db:
            return access.collections(db, caller)

    def check_collection(self, name: str, caller: Caller = OWNER) -> None:
        """Does nothing when the caller may see a document of that collection.

        Raises:
            NotFoundError: there is none; the hint names those there are for this caller.
        """
        names = list(self.collections(caller))
        if name not in names:
            hint = (
                f"There are: {', '.join(names[:20])}."
                if names
                else "There are no documents yet: vouch ingest FOLDER"
            )
            raise NotFoundError(f"There is no collection {name!r}.", code="unknown_collection", hint=hint)

    def limits(self, given: Mapping[str, Any], collection: str | None, caller: Caller = OWNER) -> Filter:
        """Returns what a request is limited to, by its filter and to one collection beside it.

        See :func:`rag.filters.read_filter` for what a filter may say.

        Raises:
            UsageError: the filter cannot be read, or nothing can pass both.
            NotFoundError: the caller may see no document of a collection that is named, or not a document that is.
        """
        wanted = read_filter(given)
        if collection is not None:
            wanted = within_collection(wanted, read_collection(collection))
        for name in wanted.collections if wanted.as_of is None else ():  # it may have been emptied since
            self.check_collection(name, caller)
        for document_id in wanted.documents:
            self.corpus.document(document_id, caller)
        return wanted

    def page_picture(
        self,
        document_id: str,
        number: int,
        spans: Sequence[tuple[int, int]],
        version: int | None = None,
        caller: Caller = OWNER,
    ) -> bytes:
        """Returns a page of a document as a PNG, the words at the given offsets of its text marked.

        Raises:
            NotFoundError: no such document, version or page, or not for this caller.
            UsageError: an offset lies behind the text's end, or a span nowhere on that page.
            ParseError: the format has no pages to show.
        """
        found, text, pages = self.corpus.text(document_id, version, caller=caller)
        page = next((one for one in pages if one.number == number), None)
        if page is None:
            raise NotFoundError(
                f"Document {document_id!r} has {len(pages)} pages, and no page {number}.", code="unknown_page"
            )
        for start, end in spans:
            if end > len(text) or start >= page.end or end <= page.start:
                raise UsageError(
                    f"highlight {start}-{end} does not lie on page {number}.",
                    code="bad_highlight",
                    hint=f"That page has the characters {page.start} to {page.end} of the text.",
                )
        words = [text[max(start, page.start) : min(end, page.end)] for start, end in spans]
        original = self.corpus.originals.read(found.sha256)
        with self._opening:
            if self._drawing is None:
                self._drawing = ParserPool(self.settings)
        return self._drawing.render(
            original, found.content_type, number, [word for word in words if word.strip()]
        )

    def document_report(self, document_id: str, caller: Caller = OWNER) -> DocumentReport:
        """Returns what the ingest made of a document's live version.

        Raises:
            NotFoundError: no such document, or not for this caller; or it has no live version.
        """
        with self.corpus.catalog.read() as db:
            found = self.corpus.document(document_id, caller)
            version = documents.get_version(db, document_id)
            pages = read_pages(db, version.id)
            tokens = sum(chunk.tokens for chunk in passages.stored_chunks(db, version.id))
            failure = records.find_failure(db, found.key)
        report = report_version(found.key.path, version, pages, tokens)
        since = Problem(failure.code, failure.message, failure.hint) if failure else None
        return DocumentReport(found.key.collection, report, version.committed_at, since)

    def keep_open(self, resource: AbstractContextManager[object]) -> None:
        """Enters a context that is left before the corpus closes, such as the socket that lets others in."""
        self._closers.enter_context(resource)

    def close(self) -> None:
        """Closes the corpus and gives the data folder up."""
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


def open_service(
    settings: Settings,
    *,
    purpose: str = "vouch",
    one_shot: bool = False,
    lazily: bool = False,
    parsers: ParserPool | None = None,
) -> Service:
    """Opens the data folder as its owner, with the embedder and the indexes the settings name.

    For ``one_shot`` and ``lazily`` see :meth:`corpus.store.Corpus.open`; ``parsers`` are children that the first
    ingest is to use, which closes them.

    Raises:
        VouchError: the folder is owned, damaged or of another embedding space, or the model is missing.
    """
    multiply_alone()
    embedder = open_embedder(settings, side_by_side=not lazily, briefly=lazily)
    corpus = Corpus.open(
        settings,
        embedder.space,
        also=embedder.other_spaces,
        purpose=purpose,
        one_shot=one_shot,
        lazily=lazily,
    )
    embedder.settle(corpus.space)
    return Service(settings, corpus, embedder, parsers)
