"""Why a receipt's searches may find other passages now: what has changed since it was written, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from corpus.catalog import access, changes, records
from corpus.catalog.changes import Since
from corpus.errors import VouchError
from corpus.store import Corpus
from corpus.types import Caller
from rag.models.cards import EXTRACTIVE
from rag.models.catalogue import Models
from rag.prompts.prompting import with_answers
from rag.prompts.strategies import STRATEGIES, Examples
from rag.receipts.receipt import show_example, software
from rag.words.told import in_english

Cause = Literal["corpus", "access", "index", "settings", "examples", "model", "software"]

_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that is other than it was when the answer was given, in a sentence."""

    cause: Cause
    message: str


def what_changed(
    state: Mapping[str, Any], corpus: Corpus, caller: Caller
) -> tuple[list[Since], list[Reason]]:
    """Returns the documents that changed since a state of the corpus, of those the caller may see, and what is told."""
    with corpus.catalog.read() as db:
        own_id, seq = records.corpus_id(db), changes.last_seq(db)
        if own_id != state["id"] or seq < state["seq"]:
            return [], [Reason("corpus", "The corpus is another one: it was restored, or made anew.")]
        since, erased = changes.changed_since(db, state["seq"])
        theirs = access.visible_among(db, caller, [one.document_id for one in since])
    reasons = []
    if not caller.owner:  # how much there is that they may not see is not told either
        since, erased = [one for one in since if one.document_id in theirs], 0
    counts = {
        "{n} added": sum(one.before is None for one in since),
        "{n} changed": sum(one.before is not None and one.now is not None for one in since),
        "{n} removed": sum(one.now is None for one in since),
        "{n} erased": erased,
    }
    told = ", ".join(words.replace("{n}", f"{n:,}") for words, n in counts.items() if n)
    if told:
        reasons.append(Reason("corpus", f"Documents since: {told}."))
    if corpus.space.id != state["space"]:
        reasons.append(Reason("index", "Vectors are of another embedding space."))
    return since, reasons


def index_reasons(
    then: Mapping[str, Any], dense: Mapping[str, Any], lexical: Mapping[str, Any], notes: Sequence[str]
) -> list[Reason]:
    """Returns what of the indexes is other than it was, beyond what they hold."""
    reasons = []
    for name, before, now in (("dense", then["dense"], dense), ("lexical", then["lexical"], lexical)):
        beside = "rows are newer than" if name == "dense" else "removed passages still count in"
        if before["mode"] != now["mode"]:
            said = f"The {name} index answered as {before['mode']}, now {now['mode']}."
        elif before["generation"] != now["generation"]:
            said = (
                f"The {name} index was built again: generation {before['generation']} then, "
                f"{now['generation']} now."
            )
        elif before["delta_rows"] != now["delta_rows"]:
            said = f"{now['delta_rows']:,} {beside} the {name} index; it was {before['delta_rows']:,}."
        else:
            continue
        reasons.append(Reason("index", said))
    # An earlier Vouch told every note in English.
    if said := " ".join(sorted(set(map(in_english, then["notes"])) ^ set(map(in_english, notes)))):
        reasons.append(Reason("index", f"One of the two searches said: {said}"))
    return reasons


def example_reasons(
    receipt: Mapping[str, Any], examples_of: Callable[[Caller], Examples], asked_by: Caller
) -> list[Reason]:
    """Returns what of the worked examples is other than it was: those of the prompt, and today's choice."""
    prompt = receipt["prompt"]
    then = (prompt or {}).get("worked_examples")  # older receipts do not say
    shots = STRATEGIES[receipt["asked"]["strategy"]]
    if then is None or not shots or receipt["model"]["name"] == EXTRACTIVE:
        return []
    try:
        examples = examples_of(asked_by)
    except VouchError as error:
        return [Reason("examples", f"The worked examples cannot be read: {error.message}")]
    there = {one["id"] for one in map(show_example, examples.all)}
    asked = {one.question for one in examples.all}
    reasons = []
    for one in then:
        if one["id"] not in there:
            became = "changed" if one["question"] in asked else "removed"
            reasons.append(Reason("examples", f"The example {_briefly(one['question'])} was {became}."))
    question = receipt["answer"]["standalone_question"] or receipt["answer"]["question"]
    chosen = examples.nearest(question, shots)
    if not receipt["asked"]["retrieval"]:
        chosen = with_answers(chosen)
    known = {one["id"] for one in then}
    new = [one["question"] for one in map(show_example, chosen) if one["id"] not in known]
    return [
        *reasons,
        *(Reason("examples", f"The example {_briefly(one)} would be chosen now.") for one in new),
    ]


def _briefly(question: str) -> str:
    words = " ".join(question.split())
    return f"“{words if len(words) <= _SHOWN_CHARS else words[: _SHOWN_CHARS - 1] + '…'}”"


def other_reasons(receipt: Mapping[str, Any], models: Models, now: Mapping[str, Any]) -> list[Reason]:
    """Returns what of the settings of answers (``now``: today's), the model's parameters and the software is other."""
    reasons = []
    for name in sorted(receipt["settings"].keys() | now.keys()):
        before, after = receipt["settings"].get(name), now.get(name)
        if name == "calibration":
            reasons += _calibration_reasons(before, now[name]) if before else []  # older receipts have none
        elif before != after:
            reasons.append(Reason("settings", f"{name} was {before!r}, and is {after!r}."))
    own = receipt["model"]
    try:
        parameters = models.open(own["name"]).parameters
    except VouchError:
        parameters = {}
    for name in sorted(own.keys() & parameters.keys()):
        if own[name] != parameters[name]:
            reasons.append(
                Reason("model", f"{name} of {own['name']} was {own[name]!r}, and is {parameters[name]!r}.")
            )
    versions = software()
    for name in sorted(receipt["software"].keys() | versions.keys()):
        before, after = receipt["software"].get(name, "not there"), versions.get(name, "not there")
        if before != after:
            reasons.append(Reason("software", f"{name} was {before}, and is {after}."))
    return reasons


def _calibration_reasons(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Reason]:
    """Returns what of the decision whether to answer is other than it was, where cosines were at hand and where not."""
    reasons = []
    for name, where in (("with_cosine", "with cosines"), ("without", "without cosines")):
        then, today = before[name], now[name]
        if then["threshold"] != today["threshold"]:
            said = f"the threshold was {then['threshold']:g}, and is {today['threshold']:g}"
        elif then != today:
            said = f"the weights are others, the threshold of {today['threshold']:g} is not"
        else:
            continue
        reasons.append(
            Reason("settings", f"The calibration of when to abstain has changed ({where}): {said}.")
        )
    return reasons
