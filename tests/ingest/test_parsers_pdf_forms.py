"""PDFs with fields to fill in, and forms that are nearly all tables."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader

from corpus.errors import ParseError
from tests.ingest.blocks import kinds
from tests.ingest.paper import HEIGHT, WIDTH, drawn, ruled
from tests.ingest.reports import read


def test_what_is_checked_and_chosen_is_said() -> None:
    def draw(canvas: Any) -> None:
        form = canvas.acroForm
        canvas.setFont("Helvetica", 10)
        for y, label, kind, chosen in (
            (700, "Kind of leave", "checkbox", (True, False, True)),
            (670, "Half day?", "radio", (False, True, False)),
        ):
            canvas.drawString(60, y, label)
            for at, on in enumerate(chosen):
                x = 170 + 120 * at
                if kind == "checkbox":
                    form.checkbox(name=f"box{at}", x=x, y=y - 4, size=12, checked=on)
                else:
                    form.radio(name="half", value=f"v{at}", selected=on, x=x, y=y - 4, size=12)
                canvas.drawString(x + 18, y, f"choice {at}")
        canvas.drawString(60, 640, "Surname")
        form.textfield(name="surname", x=170, y=635, width=200, height=18, value="Marsh", fontSize=10)

    lines = read(drawn(draw)).text.splitlines()
    assert [" ".join(line.replace("|", " ").split()) for line in lines] == [
        "Kind of leave ☒ choice 0 ☐ choice 1 ☒ choice 2",
        "Half day? ☐ choice 0 ☒ choice 1 ☐ choice 2",
        "Surname Marsh",
    ]


def test_the_title_of_a_form_is_larger_than_what_stands_in_its_table() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 16)
        canvas.drawString(70, 780, "Request for purchase")
        ruled(canvas, [["Article", f"KT-8{n}"] for n in range(14)], 70, 740, 120, 20)

    document = read(drawn(draw))
    assert document.title == "Request for purchase"
    assert [kind for kind, _, _ in kinds(document)] == ["heading", "table"]


def test_words_that_a_check_box_lies_over_are_kept() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60, 700, "1. Within ten days the seller pays.")
        canvas.acroForm.checkbox(name="first", x=58, y=697, size=14, checked=False, borderWidth=0)

    assert "1. Within" in " ".join(read(drawn(draw)).text.replace("|", " ").split())


@pytest.mark.parametrize("is_scanned", [True, False])
def test_a_form_of_nothing_but_boxes_has_no_text(is_scanned: bool) -> None:
    def draw(canvas: Any) -> None:
        if is_scanned:
            canvas.drawImage(ImageReader(Image.new("L", (50, 50), 128)), 0, 0, WIDTH, HEIGHT)
        for at, checked in enumerate((False, True)):
            canvas.acroForm.checkbox(name=f"box{at}", x=60, y=700 - 30 * at, size=14, checked=checked)

    with pytest.raises(
        ParseError, match="it looks scanned" if is_scanned else "holds only drawings"
    ) as refused:
        read(drawn(draw))
    assert refused.value.code == "no_text"
