"""The numbered parts of a document, as questions name them and as documents number themselves."""

from __future__ import annotations

import pytest

from rag.words.clauses import clauses_named, clauses_of, sought


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("§ 12.4", {"§12.4"}),
        ("What does clause 7.2 of the NDA say?", {"§7.2"}),
        ("Sections 3", set()),
        ("section 4(b)", {"§4(b)"}),
        ("第１２条と第13条", {"§12", "§13"}),
        ("7.2 % of sales in 2025", set()),
        ("the section 12-volt wiring", set()),
    ],
)
def test_what_a_question_names(question: str, named: set[str]) -> None:
    assert clauses_named(question) == named


def test_what_a_text_is_numbered_by() -> None:
    text = "12. Warranty\n\n§ 12.2 Term\n\n7.2 Survival. It survives.\nPumps | 12.4\n12.4 % more\n第5条　始業は9時。"
    assert clauses_of(text) == {"§12", "§12.2", "§7.2", "§5"}


def test_a_whole_number_without_a_mark_counts_in_headings_alone() -> None:
    assert clauses_of("12 apples in a basket\n3 bottles of water") == set()
    assert clauses_of("It lasts.\n## 3 Term", "Contract\nTerms > 12 Warranty") == {"§12", "§3"}
    assert clauses_of("3) Term\n4(b) Notice") == {"§3", "§4(b)"}


def test_a_clause_is_looked_for_in_the_place_of_its_number() -> None:
    terms = {term.word: term.name for term in sought("What does clause 7.2 say?") if term.weight > 0}
    assert terms == {"§7.2": True}
