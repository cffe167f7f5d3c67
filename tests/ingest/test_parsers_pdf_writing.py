"""PDFs written sideways and downward."""

from __future__ import annotations

from typing import Any

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

from tests.ingest.blocks import kinds
from tests.ingest.paper import HEIGHT, WIDTH, drawn, ruled, write
from tests.ingest.reports import PROSE, read, rewritten


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_reads_the_same_however_it_is_turned(turn: int) -> None:
    data = drawn(lambda canvas: write(canvas, PROSE, 70, 780, 450))
    assert read(rewritten(data, lambda writer: writer.pages[0].rotate(turn))).text == PROSE

    def draw(canvas: Any) -> None:  # a landscape page: written sideways, and turned for the reader
        canvas.translate(WIDTH / 2, HEIGHT / 2)
        canvas.rotate(turn)
        ruled(canvas, [["City", "Rate"], ["Oslo", "200"], ["Rome", "150"]], -200, 200, 100, 20)
        write(canvas, PROSE, -200, 100, 400)

    assert kinds(read(rewritten(drawn(draw), lambda writer: writer.pages[0].rotate(turn)))) == [
        ("table", 0, "City | Rate\nOslo | 200\nRome | 150"),
        ("paragraph", 0, PROSE),
    ]


def test_a_page_written_downward_is_read_from_its_right_edge() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3", isVertical=True))
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))
    first = "従業員は、始業時刻までに出勤しなければならない。ただし、やむを得ない事由があるときは"
    columns = [
        first,
        "、この限りでない。遅刻する場合は、上長に「電話」で連絡すること。",
        "　休暇は年二十日とする。",
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("HeiseiKakuGo-W5", 8)
        canvas.drawString(280, 30, "- 7 -")
        canvas.setFont("HeiseiMin-W3", 12)
        for n, column in enumerate(columns):
            canvas.drawString(500 - 26 * n, 780, column)

    texts = [text for _, _, text in kinds(read(drawn(draw)))]
    assert "".join(texts) == "".join(columns).replace("\u3000", "") + "- 7 -"


def test_a_stamp_along_the_margin_comes_last() -> None:
    def draw(canvas: Any) -> None:
        canvas.saveState()
        canvas.rotate(90)
        canvas.drawString(300, -30, "Draft of March")
        canvas.restoreState()
        write(canvas, PROSE, 70, 780, 450)

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [PROSE, "Draft of March"]
