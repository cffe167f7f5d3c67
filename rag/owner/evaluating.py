"""The operations that go through a whole set of questions: ``eval`` and ``calibrate``. JSON in, events and JSON out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.catalog import documents
from corpus.errors import UnavailableError, UsageError
from corpus.types import OWNER, Filter
from rag.as_json import to_json
from rag.asking.answering import answer
from rag.asking.answers import DEFAULT_K, Ask
from rag.grounding.abstention import FITTED, signals
from rag.measuring import calibration, evaluation
from rag.measuring.grading import grade, measurement
from rag.measuring.measurements import Measurement, record
from rag.measuring.places import NamedDocuments, absences, locate, run_names
from rag.measuring.questions import Question, read_questions, write_trec_run
from rag.models.attempts import Stop
from rag.owner.control import Cancelled, Emit, watching
from rag.owner.operations import Params, limits
from rag.retrieval.library import CallersLibrary
from rag.retrieval.query import clean_query
from rag.retrieval.ranking import PARTS
from rag.service import Service


def evaluate(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> dict[str, Any]:
    """Measures the search, and the answers of the models that ``params`` name, on a set of questions.

    Raises:
        UnavailableError: ``cancelled`` said so (``cancelled``).
        VouchError: the questions, or the run to compare with, cannot be read.
    """
    source = Path(params["questions"])
    limit = limits(service, params)
    asked = _read(service, source)
    named = _documents(service, limit)
    questions = locate(asked, _texts(service, named))
    ranked: evaluation.Ranked = params.get("ranked") or ("documents" if source.is_dir() else "passages")
    parts = PARTS if params.get("ablate") else ()
    searches = sum(question.answerable for question in questions) * (1 + len(parts))
    progress = _Progress("evaluation", searches, emit, cancelled)

    def measure(search: evaluation.Search) -> evaluation.Evaluation:
        return evaluation.evaluate(
            questions,
            search,
            k=params.get("k") or (evaluation.DEEP if ranked == "documents" else evaluation.DEPTH),
            grain=params.get("grain", "page"),
            ranked=ranked,
            on_row=lambda row: progress.step(),
        )

    def measure_without(part: str) -> evaluation.Evaluation:
        retriever = service.search_without(part)
        return measure(lambda text, k: retriever.shown(retriever.search(text, k, OWNER, limit), OWNER).hits)

    found = measure(lambda text, k: service.search(text, k, limit).hits)
    against = params.get("against")
    compared = evaluation.compare(evaluation.read_scores(Path(against)), found.scores()) if against else []
    _write(found, questions, params)
    ablated = evaluation.ablate(found, parts if found.rows else (), measure_without)
    return {
        "ranked": ranked,
        "warnings": absences(asked, questions, NamedDocuments(named), _where(limit)),
        "unanswerable": found.unanswerable,
        "languages": found.summary(),
        "kinds": found.kinds(),
        "questions": [_row(one) for one in found.rows],
        "compared": compared,
        "ablated": [{"part": one.part, "compared": one.compared} for one in ablated],
        "answers": {
            name: _measure(service, source, questions, name, params, emit, cancelled)
            for name in params.get("models") or ()
        },
    }


class _Progress:
    """Tells how many questions of an operation are done, and ends it once it is cancelled."""

    def __init__(self, what: str, total: int, emit: Emit, cancelled: Cancelled, **beside: str) -> None:
        self._what, self._total, self._emit, self._cancelled = what, total, emit, cancelled
        self._beside, self._done = beside, 0

    def step(self) -> None:
        """Counts one more.

        Raises:
            UnavailableError: (``cancelled``).
        """
        self._done += 1
        self._emit({"done": self._done, "total": self._total, **self._beside})
        if self._cancelled():
            raise UnavailableError(f"The {self._what} was interrupted.", code="cancelled")


def _write(found: evaluation.Evaluation, questions: Sequence[Question], params: Params) -> None:
    """Writes the measures, and the rankings as a TREC run, where ``params`` name files for them."""
    if params.get("save"):
        evaluation.write_scores(Path(params["save"]), found)
    if params.get("run_file"):
        names = run_names(questions)
        rankings = ((row.question.id, names(row.question, row.documents)) for row in found.rows)
        write_trec_run(Path(params["run_file"]), rankings)


def _row(row: evaluation.Row) -> dict[str, Any]:
    return {
        "id": row.question.id,
        "language": row.question.language,
        "kind": row.question.kind,
        "ranks": row.ranks,
        "measures": row.measures,
        "time_ms": round(row.time_ms, 3),
    }


def _read(service: Service, source: Path) -> list[Question]:
    """Reads a question set, and says before the first search which question cannot be asked."""
    questions = read_questions(source)
    for question in questions:
        try:
            clean_query(question.text, service.settings.max_query_chars)
        except UsageError as error:
            raise UsageError(
                f"{source}: the question {question.id!r} cannot be asked. {error.message}",
                code=error.code,
                hint="Change it or leave it out; how long a question may be is the setting max_query_chars.",
            ) from None
    return questions


def _documents(service: Service, limit: Filter) -> dict[str, str]:
    """Returns path → id of the documents that are searched, of equal paths the first."""
    with service.corpus.catalog.read() as db:
        listed = documents.list_documents(db)
    found: dict[str, str] = {}
    for one in listed:
        if not limit.collections or one.key.collection in limit.collections:
            found.setdefault(one.key.path, one.id)
    return found


def _texts(service: Service, named: Mapping[str, str]) -> Callable[[str], str]:
    """Returns what gives the stored text of the first document that a gold place may mean, "" for none."""
    documents = NamedDocuments(named)

    def text_of(document: str) -> str:
        path = documents.find(document)
        return service.corpus.text(named[path])[1] if path else ""

    return text_of


def _where(limit: Filter) -> str:
    if not limit.collections:
        return "the corpus"
    return f"the collection {', '.join(sorted(limit.collections))}"


def calibrate(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> dict[str, Any]:
    """Fits on a set of questions when the service says that it does not know, or forgets what was fitted.

    Raises:
        UnavailableError: ``cancelled`` said so (``cancelled``).
        VouchError: the questions cannot be read, or nothing can be fitted on them.
    """
    data_dir = service.settings.data_dir
    if params.get("reset"):
        service.abstention = FITTED
        return {"reset": calibration.forget(data_dir)}
    questions = _read(service, Path(params["questions"]))
    progress = _Progress("calibration", len(questions), emit, cancelled)
    target, keep = params.get("target"), not params.get("dry_run")
    limit = limits(service, params)
    cases = _cases(service, questions, limit, progress)
    found = calibration.calibrate(cases, service.settings.target_refused if target is None else target)
    if keep:
        calibration.save(data_dir, found.abstention, service.corpus.space.id, {"questions": len(cases)})
        service.abstention = found.abstention
    named = NamedDocuments(_documents(service, limit))
    lost = absences(questions, None, named, _where(limit))
    return {**to_json(found), "warnings": [*found.warnings, *lost], "kept": keep}


def _cases(
    service: Service, questions: Sequence[Question], limit: Filter, progress: _Progress
) -> list[calibration.Case]:
    """Searches every question, and says how well what was found speaks of it."""
    library = CallersLibrary(service.corpus, service.retriever, OWNER, limit)
    cases = []
    for question in questions:
        hits = library.search(question.text, DEFAULT_K).hits
        found = signals(question.text, hits, library.rarity, library.lacks)
        cases.append(calibration.Case(found, question.answerable))
        progress.step()
    return cases


def _measure(
    service: Service,
    path: Path,
    questions: Sequence[Question],
    name: str,
    params: Params,
    emit: Emit,
    cancelled: Cancelled,
) -> Measurement:
    """Has a model answer every question, and keeps with the model how well it did."""
    card, limit = service.models.card(name), limits(service, params)
    library = CallersLibrary(service.corpus, service.retriever, OWNER, limit)
    progress = _Progress("evaluation", len(questions), emit, cancelled, model=name)
    stop = Stop()
    with watching(cancelled, stop.set):
        graded = grade(
            questions,
            lambda one: answer(
                Ask(one.text, name),
                library,
                service.models,
                abstention=service.abstention,
                min_support=service.settings.min_support,
                stop=stop,
            ),
            time.perf_counter,
            progress.step,
        )
    found = measurement(graded, path, DEFAULT_K)
    record(service.settings.data_dir, card.name, found)
    return found
