"""``bench.absent`` judges by the decision that ships: what an absent subject comes to, in a table's row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.absent import COLUMNS, _company, _row, judge
from corpus.settings import Settings
from rag.bootstrap import open_service
from rag.measuring.questions import Question
from rag.service import Service
from tests.rag.cli_runs import put, without_model

LEAVE = Question("a", "How many days of annual leave does Northwind give?", "en")
ABSENT = Question("b", "How many days of annual leave does Contoso give?", "en")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        without_model(patch)
        with open_service(Settings(data_dir=tmp_path / "data", dense="exact")) as service:
            put(service, {"leave.txt": ["Northwind gives 25 days of annual leave."]})
            yield service


def test_a_question_about_an_absent_company_is_judged_apart(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    [known], [absent] = judge(service, [LEAVE]), judge(service, [ABSENT])
    assert (known[0], known[2]) == (LEAVE, False)
    assert (absent[0], absent[2]) == (ABSENT, True)
    assert known[1] > absent[1]
    cells = _row("here", [known], [absent], misses=True).strip("| ").split(" | ")
    assert dict(zip(COLUMNS, cells[1:], strict=True)) == {
        "answerable": "1", "refused": "0.000", "absent": "1", "absent refused": "1.000", "AUROC": "1.000",
    }  # fmt: skip
    assert capsys.readouterr().out == ""  # nothing was decided wrongly
    _row("here", [(LEAVE, 0.1, True)], [(ABSENT, 0.9, False)], misses=True)
    assert capsys.readouterr().out.count("\n") == 2


def test_the_quarterly_reports_are_told_by_their_companies() -> None:
    assert _company("2022 Q3 AAPL.pdf") == "AAPL"
    assert _company("handbook.pdf") == ""
