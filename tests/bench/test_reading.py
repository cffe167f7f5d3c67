"""Fitting what speaks for an answering sentence: from real passages, without a corpus."""

from __future__ import annotations

from bench.datasets import Dataset, one_of_each
from bench.reading import case_of, fit, report, shows_gold
from rag.measuring.questions import Gold, Question
from rag.reading.signs import Signs
from tests.rag.hits import Shelf

THINGS = ("pump", "valve", "engine", "filter", "motor", "sensor")


def cases():
    """Of each thing a sentence that names it and one that does not; what names it is gold."""
    for thing in THINGS:
        gold = f"The {thing} is serviced every 400 hours."
        shelf = Shelf({"d.txt": f"…  Nobody may enter the hall alone. {gold} Coffee is served hot."})
        asked = Question(thing, f"How often is the {thing} serviced?", "en", (Gold("d.txt", text=gold),))
        yield case_of(Dataset("s", "s", (), (asked,), "text"), asked, shelf.hits(), lambda texts: None)


def test_the_fit_finds_what_tells_gold_from_the_rest() -> None:
    found = list(cases())
    assert [int(case.gold.sum()) for case in found] == [1] * len(THINGS)
    fitted = fit(found, meaning=False)
    assert fitted.own > 1
    assert fitted.meaning == 0
    assert all(shows_gold(case, fitted) for case in found)


def test_without_gold_nothing_is_fitted_and_nothing_shown() -> None:
    asked = Question("q", "How often is the pump serviced?", "en", (Gold("other.txt", text="never"),))
    hits = Shelf({"d.txt": "…  The pump is serviced every 400 hours."}).hits()
    case = case_of(Dataset("s", "s", (), (asked,), "text"), asked, hits, lambda texts: None)
    assert fit([case], meaning=False) == Signs()
    assert not shows_gold(case, Signs(own=1.0))


def test_the_report_has_a_row_for_each_set_and_the_weights() -> None:
    lines = report(list(cases())).splitlines()
    assert lines[2] == "| s (en) | 6 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 |"
    assert [line.partition(" = ")[0] for line in lines[3:]] == ["WORDS", "MEANING"]


def test_of_two_sets_with_the_same_questions_the_one_with_words_is_kept() -> None:
    asked = (Question("q", "Why?"),)
    pages, texts = Dataset("p", "c", (), asked, "page"), Dataset("t", "c", (), asked, "text")
    other = Dataset("o", "c", (), (), "page")
    assert one_of_each([pages, texts, other, Dataset("x: images", "c", (), asked)]) == [texts, other]
