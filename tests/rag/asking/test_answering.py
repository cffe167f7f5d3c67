"""The whole question path with the built-in model and with a scripted one that misbehaves."""

from __future__ import annotations

from contextlib import closing

import pytest

from corpus.errors import UsageError
from rag.asking.answering import answer, answer_events
from rag.asking.answers import Ask, CitationsFound, Done, Failed, PassagesFound, TextDelta
from rag.models.catalogue import Models
from rag.models.upstream import UpstreamError
from rag.prompts.prompting import NOT_IN_DOCUMENTS
from rag.prompts.templates import read_template
from rag.words.told import tell
from tests.rag.asked import QUESTION, TEXTS, Begin, assert_citations_stand
from tests.rag.hits import Shelf
from tests.rag.scripted import Turn, refusal


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        (QUESTION, "The Osprey pump must be serviced every 400 hours of work."),
        ("ポンプの点検は何時間ごとですか。", "ポンプの点検は400時間ごとに行う。"),
    ],
)
def test_the_built_in_model_answers_and_cites(
    shelf: Shelf, models: Models, question: str, quote: str
) -> None:
    given = answer(Ask(question), shelf, models)
    assert given.complete
    assert not given.abstained
    assert quote in [citation.quote for citation in given.citations]
    assert given.support == 1
    assert given.usage.input_tokens > 0
    assert_citations_stand(given)


def test_events_come_in_order_and_make_up_the_answer(shelf: Shelf, models: Models) -> None:
    events = list(answer_events(Ask(QUESTION), shelf, models))
    kinds = [type(event) for event in events]
    assert kinds[0] is PassagesFound
    assert kinds[-2:] == [CitationsFound, Done]
    assert set(kinds[1:-2]) == {TextDelta}
    done = events[-1]
    assert isinstance(done, Done)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)).strip() == done.answer.text


@pytest.mark.parametrize(
    ("question", "japanese"), [("Who won the cup in Berlin?", False), ("忘年会の会費は？", True)]
)
def test_what_no_document_answers_is_not_answered(models: Models, question: str, japanese: bool) -> None:
    given = answer(Ask(question), Shelf(TEXTS, cosine=None if japanese else 0.05), models)
    assert given.abstained
    assert given.text == tell("not_found", japanese)
    assert given.citations == ()
    assert answer(Ask(question), Shelf({}), models).abstained


OWN = "{passages}\n\n{question}\n\nAnswer in rhyme; say {not_found} where nothing is found."


@pytest.mark.parametrize("retrieval", [True, False])
def test_a_template_takes_the_place_of_the_general_instructions(scripted: Begin, retrieval: bool) -> None:
    given = answer(
        Ask(QUESTION, retrieval=retrieval, template=read_template(OWN, "rhyme")),
        Shelf(TEXTS, cosine=0.8),
        scripted(Turn(texts=["400 hours."])),
    )
    assert given.template == ("rhyme" if retrieval else "")
    assert given.prompt is not None
    request = given.prompt.messages[-1].text
    assert request.endswith(f"Answer in rhyme; say {NOT_IN_DOCUMENTS} where nothing is found.") == retrieval
    assert ("template_ignored" in {note.code for note in given.notes}) != retrieval


def test_what_the_built_in_model_ignores_is_said(models: Models) -> None:
    asked = Ask(QUESTION, strategy="few-shot", template=read_template(OWN, "rhyme"), wishes="Be a pirate.")
    given = answer(asked, Shelf(TEXTS, cosine=0.8), models)
    assert {"strategy_ignored", "template_ignored", "wishes_ignored"} <= {note.code for note in given.notes}
    assert given.text == answer(Ask(QUESTION), Shelf(TEXTS, cosine=0.8), models).text


def test_a_template_without_passages_is_for_questions_without_retrieval(models: Models) -> None:
    template = read_template("{question}\n\nAnswer.", "plain")
    with pytest.raises(UsageError) as caught:
        answer(Ask(QUESTION, template=template), Shelf(TEXTS), models)
    assert caught.value.code == "bad_template"


@pytest.mark.parametrize(("question", "japanese"), [(QUESTION, False), ("ポンプの点検は？", True)])
def test_without_retrieval_the_built_in_model_knows_nothing(
    shelf: Shelf, models: Models, question: str, japanese: bool
) -> None:
    given = answer(Ask(question, retrieval=False), shelf, models)
    assert given.text == tell("alone", japanese)
    assert given.citations == ()
    assert given.passages == ()
    assert shelf.searches == []


@pytest.mark.parametrize(
    "said", [[NOT_IN_DOCUMENTS], ["NOT_", "IN_DOC", "UMENTS"], [f" {NOT_IN_DOCUMENTS}. Sorry!"]]
)
def test_a_model_may_say_that_there_is_no_answer(shelf: Shelf, scripted: Begin, said: list[str]) -> None:
    given = answer(Ask(QUESTION), shelf, scripted(Turn(texts=said)))
    assert given.abstained
    assert (given.text, given.citations) == (tell("not_found", False), ())
    assert "model_abstained" in {note.code for note in given.notes}


@pytest.mark.parametrize(("question", "japanese"), [(QUESTION, False), ("ポンプの点検は？", True)])
def test_a_model_asked_alone_speaks_of_no_documents(
    shelf: Shelf, scripted: Begin, question: str, japanese: bool
) -> None:
    alone = Ask(question, retrieval=False)
    given = answer(alone, shelf, scripted(Turn(texts=[NOT_IN_DOCUMENTS])))
    assert (given.abstained, given.text) == (True, tell("not_known", japanese))
    assert not [note for note in given.notes if "passage" in note.message]
    models = scripted(refusal(500, "broken"))
    with pytest.raises(UpstreamError):
        answer(alone, shelf, models)
    for _ in range(2):
        given = answer(alone, shelf, models)
    assert given.failure is not None
    assert given.failure.code == "model_unavailable"
    assert given.text == tell("unreachable", japanese)
    assert "passage" not in given.failure.message + given.failure.hint
    with_them = answer(Ask(question), shelf, models)
    assert with_them.text == tell("unreachable", japanese) + tell("and_passages", japanese)
    assert tell("model_says", japanese, said=given.failure.message) in [note.message for note in given.notes]


def test_a_cut_answer_is_shown_as_a_part(shelf: Shelf, scripted: Begin) -> None:
    models = scripted(Turn(texts=["Serviced every 400 hours of work [1]. And"], finish=""))
    events = list(answer_events(Ask(QUESTION), shelf, models))
    last = events[-1]
    assert isinstance(last, Failed)
    assert not last.answer.complete
    assert last.answer.failure is not None
    assert last.answer.failure.code == "model_cut_off"
    assert last.answer.citations[0].document_id == "pump.txt"
    assert_citations_stand(last.answer)


def test_an_answer_at_the_models_limit_says_so(shelf: Shelf, scripted: Begin) -> None:
    given = answer(Ask(QUESTION), shelf, scripted(Turn(texts=["Every 400"], finish="length")))
    assert given.finish_reason == "length"
    assert "truncated" in {note.code for note in given.notes}


def test_nothing_at_all_is_an_error(shelf: Shelf, scripted: Begin) -> None:
    with pytest.raises(UpstreamError) as caught:
        answer(Ask(QUESTION), shelf, scripted(refusal(401, "no")))
    assert caught.value.code == "model_key_refused"
    with pytest.raises(UpstreamError, match="without a word"):
        answer(Ask(QUESTION), shelf, scripted(Turn(texts=[], finish="stop")))


def test_a_prompt_too_long_for_the_provider_is_halved_once(shelf: Shelf, scripted: Begin) -> None:
    too_long = refusal(400, "too long", "context_length_exceeded")
    long = Shelf({**TEXTS, "long.txt": "…  The Osprey pump hums. " * 200}, cosine=0.8)
    given = answer(Ask(QUESTION), long, scripted(too_long, Turn(texts=["Every 400 hours [1]."])))
    assert given.complete
    assert [passage.hit.source for passage in given.passages] == list(TEXTS)
    assert {note.code for note in given.notes} == {"prompt_halved", "dropped_passages"}
    for library in (long, shelf):  # halved, and nothing to halve
        with pytest.raises(UpstreamError) as caught:
            answer(Ask(QUESTION), library, scripted(too_long))
        assert caught.value.code == "context_too_long"


def test_a_model_that_rests_leaves_the_passages(shelf: Shelf, scripted: Begin) -> None:
    models = scripted(refusal(500, "broken"))
    with pytest.raises(UpstreamError):
        answer(Ask(QUESTION), shelf, models)
    for _ in range(2):  # it gives up during the second call, and the third is not sent
        given = answer(Ask(QUESTION), shelf, models)
        assert not given.complete
        assert given.failure is not None
        assert given.failure.code == "model_unavailable"
        assert len(given.passages) == 3
        assert given.citations == ()


def test_leaving_early_ends_the_call(shelf: Shelf, scripted: Begin) -> None:
    models = scripted(Turn(texts=["word "] * 100_000, pause_s=0.02))
    with closing(answer_events(Ask(QUESTION), shelf, models)) as events:  # type: ignore[type-var]
        assert isinstance(next(events), PassagesFound)
        assert isinstance(next(events), TextDelta)
    # The fixture asserts that the server was left alone.


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (Ask("  "), "empty_query"),
        (Ask("q", strategy="x"), "bad_strategy"),
        (Ask("q", k=0), "bad_k"),
        (Ask("q", k=51), "bad_k"),
        (Ask("q", retrieval=False, require_support=True), "support_needs_retrieval"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_happens(
    shelf: Shelf, models: Models, ask: Ask, code: str
) -> None:
    with pytest.raises(UsageError) as caught:
        answer_events(ask, shelf, models)
    assert caught.value.code == code
    assert shelf.searches == []
