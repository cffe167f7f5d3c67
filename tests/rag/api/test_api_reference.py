"""``docs/api.md`` says what the service does: every route, every field of a question, every status."""

from __future__ import annotations

import json
import re

import pytest

from rag.api import create_app
from rag.api.answers import AnswerShape
from rag.api.asking import AskRequest
from rag.api.failures import _BY_CODE, _STATUS
from tests.rag.cli_runs import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)\n```", PAGE, re.DOTALL)


def _never() -> None:
    raise AssertionError("nothing is opened to describe the routes")


def _paths() -> list[str]:
    return sorted(create_app(_never, drain_s=0).openapi()["paths"])  # type: ignore[arg-type]


@pytest.mark.parametrize("path", _paths())
def test_every_route_is_on_the_page(path: str) -> None:
    pattern = re.sub(r"\\\{\w+\\\}", r"[\\w{}]+", re.escape(path))
    assert re.search(pattern + r"(?![\w/])", PAGE), path


def test_every_field_of_a_question_and_every_status_is_on_the_page() -> None:
    for field in AskRequest.model_fields:
        assert f"| `{field}` |" in PAGE, field
    statuses = {status for _, status in _STATUS} | set(_BY_CODE.values())
    table = PAGE.split("| status | when |")[1]
    documented = {
        int(number)
        for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
        for number in row.split(",")
    }
    assert statuses <= documented


def test_the_answers_on_the_page_are_whole() -> None:
    answers = [json.loads(example) for example in EXAMPLES]
    asked = [one for one in answers if "abstained" in one]
    assert len(asked) >= 2
    assert all(set(one) == set(AnswerShape.model_fields) for one in asked)
    assert {} not in answers
    assert any("arms" in one for one in answers)
    assert any(set(one) == {"error"} and set(one["error"]) == {"code", "message", "hint"} for one in answers)
