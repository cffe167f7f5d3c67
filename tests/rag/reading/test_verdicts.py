"""A bare yes or no is told with its reason to who asked that question, and to nobody else."""

from __future__ import annotations

import pytest

from tests.rag.readings import answered

GYM = "…  Is there a gym?\n\nNo. The company reimburses half of a gym membership, up to £25 a month."
BADGE = "…  社員証は郵送できますか。\n\nいいえ。社員証は総務部で受け取ってください。"


def test_the_question_itself_is_answered_with_the_verdict_and_its_reason() -> None:
    assert answered("Is there a gym?", GYM).startswith("“No. The company reimburses half of a gym membership")
    assert answered("社員証は郵送できますか", BADGE) == "「いいえ。社員証は総務部で受け取ってください。」 [1]"


@pytest.mark.parametrize(
    ("question", "text", "verdict"),
    [("Do you pay for my gym membership?", GYM, "No."), ("社員証はどこで受け取りますか", BADGE, "いいえ")],
)
def test_another_question_is_answered_without_it(question: str, text: str, verdict: str) -> None:
    answer = answered(question, text)
    assert verdict not in answer
    assert "reimburses half" in answer or "総務部で" in answer


def test_a_heading_on_its_clause_s_line_is_quoted_with_the_clause() -> None:
    text = "…  7.1 Term. It remains in force for two years.\n\n7.2 Survival. The duty survives for ten years."
    assert answered("What does clause 7.2 say?", text) == (
        "“7.2 Survival. The duty survives for ten years.” [1]"
    )


def test_a_section_mark_and_its_heading_answer_nothing() -> None:
    text = "…  § 12.2 Term\n\nThe warranty runs for 24 months from delivery."
    assert answered("How long is the term of the warranty?", text).split("\n")[1:] == [
        "“The warranty runs for 24 months from delivery.” [1]"
    ]
