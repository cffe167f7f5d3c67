"""What the documents vouch for in a model's text, where they contradict each other, and what it took to write it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from corpus.types import Hit
from rag.asking.answers import AnswerNote, Usage
from rag.asking.dating import named_by, own_dates
from rag.asking.preparing import Preparation, ms_since
from rag.grounding.citations import Cited, cite
from rag.grounding.conflicts import Conflict, as_told, at_stored, find_conflicts
from rag.grounding.otherwise import unnamed_codes, unnamed_years
from rag.grounding.strangers import unnamed
from rag.models.attempts import Finish
from rag.reading.clues import asks_of_the_past
from rag.words.dates import HEAD_CHARS, document_date
from rag.words.editions import is_of_a_time, superseded


def vouch(asked: Preparation, text: str) -> Cited:
    """Returns the sentences of a model's text with the stored words that bear them out."""
    began = time.perf_counter()
    cited = cite(text, asked.passages, asked.question, asked.library)
    asked.timings["citing"] = ms_since(began)
    return cited


def judge(asked: Preparation, cited: Cited, min_support: float) -> bool | None:
    """Says whether enough of an answer is vouched for, and makes a note where it is not."""
    if not (asked.ask.retrieval and cited.sentences):
        return None
    good = sum(sentence.state != "unsupported" for sentence in cited.sentences)
    if cited.support >= min_support:
        return True
    asked.remark("low_support", good=good, all=len(cited.sentences))
    return False


def tell_unnamed(asked: Preparation, cited: Cited) -> None:
    """Makes a note of the names, places, codes, years and quarters in the question of which none of the cited passages
    speaks. Names may be written otherwise where those are in another language than the question, and none counts then.
    """
    if not asked.ask.retrieval:
        return
    good = [citation for citation in cited.citations if citation.state != "unsupported"]
    markers = {citation.marker for citation in good}
    hits = [passage.hit for passage in asked.passages if passage.marker in markers]
    if not hits:
        return
    shown = [f"{hit.context}\n{hit.text}\n{hit.title}\n{hit.source}" for hit in hits]
    quoted = "\n".join(f"{citation.quote}\n{citation.title}\n{citation.source}" for citation in good)
    foreign = any(hit.language not in ("", "ja" if asked.japanese else "en") for hit in hits)
    names = () if foreign else unnamed(asked.question, shown, quoted)
    names += unnamed_codes(asked.question, hits) + unnamed_years(asked.question, hits)
    if names:
        asked.remark("unnamed", names=("」「" if asked.japanese else ", ").join(names))


def tell_conflicts(asked: Preparation, cited: Cited) -> tuple[Conflict, ...]:
    """Returns where the passages contradict what is cited, and makes a note of each; not where two editions differ that
    are laid beside each other.
    """
    began = time.perf_counter()
    found = find_conflicts(asked.question, asked.passages, cited.citations, asked.library)
    found = tuple(
        one
        for one in at_stored(found, asked.library)
        if not {value.document_id for value in one.values} <= asked.compared
    )
    asked.notes += [AnswerNote("conflict", as_told(one, asked.japanese)) for one in found]
    _tell_older_editions(asked, cited, found)
    asked.timings["conflicts"] = ms_since(began)
    return found


def _tell_older_editions(asked: Preparation, cited: Cited, told: Sequence[Conflict]) -> None:
    """Makes a note of each cited document of which a newer edition is among the passages, and no conflict told.

    A report of one quarter is no older edition of the next one's.
    """
    if asks_of_the_past(asked.question) or asked.compared:
        return
    hits = {passage.hit.document_id: passage.hit for passage in reversed(asked.passages)}
    documents = list(hits)
    known = {frozenset(value.document_id for value in one.values) for one in told}
    shown = {citation.document_id for citation in cited.citations if citation.state != "unsupported"}
    dates = own_dates([*hits.values()], asked.library)
    for at, newest in superseded([named_by(hit, dates) for hit in hits.values()]).items():
        pair = {documents[at], documents[newest]}
        of_a_time = is_of_a_time(hits[documents[at]].title, hits[documents[at]].source)
        if documents[at] in shown and not (of_a_time or any(pair <= one for one in known)):
            old, new = (_dated(asked, hits[documents[one]]) for one in (at, newest))
            asked.remark("older_edition", old=old, new=new)


def _dated(asked: Preparation, hit: Hit) -> str:
    head = asked.library.read_text(hit.document_id, hit.version, 0, HEAD_CHARS)
    date = document_date(head, hit.title, hit.source)
    return f"{hit.source} ({date})" if date else hit.source


def used(asked: Preparation, text: str, finish: Finish | None) -> Usage:
    """Returns the tokens read and written for an answer, those of making the question stand alone among them."""
    prompt = asked.prompt
    reported = finish is not None and finish.input_tokens is not None and finish.output_tokens is not None
    count = asked.model.budget.counter
    usage = Usage(
        finish.input_tokens
        if finish and reported and finish.input_tokens
        else (prompt.tokens if prompt else 0),
        finish.output_tokens
        if finish and reported and finish.output_tokens
        else (count.count(text) if prompt else 0),
        "provider" if reported else count.how,
    )
    usage = replace(
        usage,
        input_tokens=usage.input_tokens + asked.rewriting.input_tokens,
        output_tokens=usage.output_tokens + asked.rewriting.output_tokens,
    )
    return replace(usage, cost_usd=asked.model.card.cost_usd(usage.input_tokens, usage.output_tokens))
