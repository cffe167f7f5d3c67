"""PDFs with fields to fill in, and forms that are nearly all tables."""

from __future__ import annotations

from typing import Any

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, ruled
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
