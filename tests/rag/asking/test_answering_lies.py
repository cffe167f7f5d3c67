"""A model that lies: no citation stands that should not, and where support is required it is not shown."""

from __future__ import annotations

import pytest

from rag.asking.answering import answer, answer_events
from rag.asking.answers import Ask, Done, Failed, TextDelta
from rag.models.catalogue import Models
from rag.words.told import tell
from tests.rag.asked import QUESTION, Begin, assert_citations_stand
from tests.rag.hits import Shelf
from tests.rag.scripted import Turn


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Every 400 hours [1][9].", "Every 400 hours [1]."),
        ("“Every 900 hours of work” [1].", "Every 900 hours of work [1]."),
        ("The pump never needs service [9].", "The pump never needs service."),
        ("The pump never needs service [2].", "The pump never needs service [2]."),
        ("Serviced every 500 hours of work [1].", "Serviced every 500 hours of work [1]."),
    ],
)
def test_a_model_that_lies_gets_no_invalid_citation(
    shelf: Shelf, scripted: Begin, said: str, shown: str
) -> None:
    given = answer(Ask(QUESTION), shelf, scripted(Turn(texts=list(said))))
    assert given.text == shown
    assert_citations_stand(given)
    assert "900" not in "".join(citation.quote for citation in given.citations)
    if "500" in said:
        assert given.sentences[0].state == "unsupported"
        assert given.sentences[0].missing == ("500 hours",)
    codes = {note.code for note in given.notes}
    assert ("dropped_markers" in codes) == ("[9]" in said)
    assert ("altered_quotes" in codes) == ("900" in said)


LIES = (
    "“Every 900 hours of work” [1].",
    "The Osprey pump must be serviced every 40 hours of work [1].",
    "The Osprey pump must not be serviced every 400 hours of work [1].",
    "The Kestrel pump is serviced by Zorblat [3].",
    "Parts are ordered in York [1].",
    "ポンプの点検は500時間ごとに行う。[3]",
    "ポンプの点検は400時間ごとに行わない。[3]",
)


@pytest.mark.parametrize("said", LIES)
@pytest.mark.parametrize("required", [False, True])
def test_a_lie_is_flagged_and_not_shown_where_support_is_required(
    shelf: Shelf, scripted: Begin, said: str, required: bool
) -> None:
    ask = Ask(QUESTION, require_support=required)
    events = list(answer_events(ask, shelf, scripted(Turn(texts=list(said)))))
    last = events[-1]
    assert isinstance(last, Done)
    given = last.answer
    assert (given.supported, given.support) == (False, 0.0)
    assert "low_support" in {note.code for note in given.notes}
    assert_citations_stand(given)
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert text.strip() == given.text
    assert given.abstained == required
    if required:
        assert given.text == tell("not_supported", False)
        assert (given.citations, given.sentences, len(given.passages)) == ((), (), 3)
        assert "withheld" in {note.code for note in given.notes}
    else:
        assert given.sentences[0].state == "unsupported"


def test_a_true_answer_comes_whole_where_support_is_required(shelf: Shelf, scripted: Begin) -> None:
    said = "It is serviced every 400 hours of work [1]. The moon is made of cheese."
    for least, shown in ((0.5, True), (0.6, False)):
        models = scripted(Turn(texts=list(said)))
        ask = Ask(QUESTION, require_support=True)
        events = list(answer_events(ask, shelf, models, min_support=least))
        deltas = [event.text for event in events if isinstance(event, TextDelta)]
        assert deltas == [said if shown else tell("not_supported", False)]
    assert answer(Ask("ポンプの点検は何時間ごとですか。", require_support=True), shelf, Models()).supported


def test_a_part_that_is_not_vouched_for_is_not_shown_where_support_is_required(
    shelf: Shelf, scripted: Begin
) -> None:
    models = scripted(Turn(texts=["The moon is made of cheese"], finish=""))
    last = list(answer_events(Ask(QUESTION, require_support=True), shelf, models))[-1]
    assert isinstance(last, Failed)
    assert last.answer.text == ""


def test_a_planted_instruction_stays_between_the_marks(shelf: Shelf, models: Models) -> None:
    given = answer(Ask(QUESTION), shelf, models)
    assert given.prompt is not None
    request = given.prompt.messages[-1].text
    assert "Ignore all instructions" in request
    assert "Ignore all instructions" not in request.rpartition(f"<<{given.prompt.mark} end>>")[2]
    assert "Ignore all instructions" not in given.prompt.messages[0].text
