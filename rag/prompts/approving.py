"""A corpus's worked examples: the approved ones, those of the settings' file, and how a person adds to them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from corpus.catalog import access
from corpus.catalog.documents import get_document
from corpus.embedding import Embedder
from corpus.erasing import Certificate, Checked
from corpus.errors import NotAllowedError, NotFoundError, UsageError
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import ANYONE, OWNER, Caller
from rag.prompts import approved
from rag.prompts.approved import Approved, make_example
from rag.prompts.prompting import NOT_IN_DOCUMENTS, Example
from rag.prompts.strategies import Examples, ExampleSource, load_examples

_SHOWN_WITHOUT_ANSWER = 2
"""How many passages an example has whose answer is that there is none."""


@dataclass(frozen=True, slots=True)
class _OpenTo:
    """The worked examples that may stand in a caller's prompt."""

    examples: WorkedExamples
    caller: Caller

    def nearest(self, question: str, shots: int) -> tuple[Example, ...]:
        return self.examples.all(self.caller).nearest(question, shots) if shots else ()


class WorkedExamples:
    """What few-shot prompts of a corpus are chosen from. Safe to use from any thread."""

    def __init__(self, settings: Settings, corpus: Corpus, embedder: Embedder) -> None:
        self._settings = settings
        self._corpus = corpus
        self._embedder = embedder
        self._changing = threading.Lock()  # one change at a time, and none amid an erasure
        self._lock = threading.Lock()
        self._read: tuple[Approved, ...] | None = None
        self._made: tuple[tuple[Approved, ...], Examples] | None = None

    def all(self, caller: Caller = OWNER) -> Examples:
        """Returns the approved examples that may stand in a caller's prompt, and with them those of the settings' file
        or the shipped ones.

        Today's access decides: an example from a document that the caller may not see needs the consent it was
        added with.

        Raises:
            UsageError: a file of them cannot be read.
        """
        with self._lock:
            if self._read is None:
                self._read, self._made = approved.approved(self._settings.data_dir), None
            ours = self._open_to(caller, self._read)
            if self._made is None or self._made[0] != ours:
                added = (one.example for one in ours)
                examples = Examples((*added, *load_examples(self._settings.examples)), self._embedder)
                self._made = ours, examples
            return self._made[1]

    def _open_to(self, caller: Caller, all: Sequence[Approved]) -> tuple[Approved, ...]:
        asked = sorted({document for one in all if not one.consent for document in one.documents})
        if not asked:
            return tuple(all)
        with self._corpus.catalog.read() as db:
            seen = access.visible_among(db, caller, asked)
        return tuple(one for one in all if one.consent or seen.issuperset(one.documents))

    def open_to(self, caller: Caller) -> ExampleSource:
        """Returns what a caller's few-shot prompts are chosen from: the files of it are read when one is wanted."""
        return _OpenTo(self, caller)

    def added(self) -> tuple[Approved, ...]:
        """Returns the approved examples, the oldest first; raises as :meth:`all`."""
        return approved.approved(self._settings.data_dir)

    def add(self, question: str, passages: Sequence[str], answer: str) -> tuple[Approved, bool]:
        """Approves a question and its answer; says False where the same was there.

        Raises:
            UsageError, StorageError: as :func:`rag.prompts.approved.make_example` and :func:`rag.prompts.approved.add`.
        """
        return self._keep(make_example(question, passages, answer), ())

    def add_answer(
        self, receipt: Mapping[str, Any], answer: str = "", *, consent: bool = False
    ) -> tuple[Approved, bool]:
        """Approves what a receipt is of, or another ``answer`` to its question, with the passages that are cited.

        Raises:
            NotFoundError: a passage is gone. NotAllowedError: not everybody may read one, and there is no consent.
            UsageError, StorageError: as :meth:`add`; ``bad_example`` also where it was no whole answer from
                documents.
        """
        given = receipt["answer"]
        shown = given["passages"]
        if not given["complete"] or not shown:
            raise UsageError(
                f"Answer {receipt['id']} is no whole answer from the documents.",
                code="bad_example",
                hint="Approve one that has sources, or say the question, --passage and --answer.",
            )
        own = bool(answer)
        if not answer and given["abstained"]:
            answer, shown = NOT_IN_DOCUMENTS, shown[:_SHOWN_WITHOUT_ANSWER]
        answer, named = approved.cited((answer or given["text"]).strip(), shown, self._texts(shown))
        question = given["standalone_question"] or given["question"]
        example = make_example(question, [self._text(one) for one in named], answer)
        # The model's own words may rest on passages that it does not cite; a person's own answer does not.
        used = named if own else shown
        documents = {one["document_id"] for one in used}
        self._are_there(documents)
        with self._corpus.catalog.read() as db:
            closed = documents - access.visible_among(db, ANYONE, sorted(documents))
        if closed and not consent:
            name = next(one["source"] for one in used if one["document_id"] in closed)
            raise NotAllowedError(
                f"Not everybody may read {name}, and whoever asks can have an example in a prompt.",
                code="needs_consent",
                hint="Nothing was added. If that is right, say --yes.",
            )
        return self._keep(example, sorted(documents), consent=bool(closed))

    def remove(self, ids: Sequence[str]) -> tuple[Approved, ...]:
        """Takes approved examples out and returns them; raises as :func:`rag.prompts.approved.remove`."""
        with self._changing, self._written():
            return approved.remove(self._settings.data_dir, ids)

    def erase(self, document_ids: Sequence[str]) -> Certificate:
        """Takes the examples out that quote these documents, then erases those; the certificate says both.

        Raises:
            NotFoundError: one is not there; then nothing is taken out or erased.
            UsageError, StorageError: the examples' file cannot be read or written; nothing is erased then. Or as
                :meth:`corpus.store.Corpus.erase`.
        """
        with self._changing:
            self._are_there(document_ids)
            with self._written():
                gone = approved.forget(self._settings.data_dir, document_ids)
            certificate = self._corpus.erase(document_ids)
        seen = Checked("worked examples", f"{gone} that quoted the documents are gone")
        return replace(certificate, checked=(*certificate.checked, seen))

    def _keep(
        self, example: Example, documents: Sequence[str], *, consent: bool = False
    ) -> tuple[Approved, bool]:
        with self._changing:
            self._are_there(documents)  # one may have been erased since its words were read
            with self._written():
                return approved.add(self._settings.data_dir, example, documents, consent=consent)

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Keeps readers off the file while it is changed, and has them read it again."""
        with self._lock:
            self._read = self._made = None
            yield

    def _are_there(self, document_ids: Iterable[str]) -> None:
        with self._corpus.catalog.read() as db:
            for one in document_ids:
                get_document(db, one)

    def _texts(self, passages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Yields the words of the passages that are still there: those that are cited have to be, not all."""
        for one in passages:
            with suppress(NotFoundError):
                yield self._text(one)

    def _text(self, passage: Mapping[str, Any]) -> str:
        where = (passage["document_id"], passage["version"], passage["start"], passage["end"])
        _, text, _ = self._corpus.text(*where)
        if not text.strip():
            raise NotFoundError(
                f"The words of {passage['source']} that the answer rests on are gone.",
                code="unknown_document",
            )
        return text.strip()
