"""Code on the pages of PDFs keeps its lines and indentation."""

from __future__ import annotations

from typing import Any

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, read

CODE = ["[server]", "port = 8000       # of the service", "if ready:", "    start(port)", "", "    log()"]


def code(canvas: Any, lines: list[str], y: float, font: str = "Courier") -> float:
    canvas.setFont(font, 9)
    for line in lines:
        if line:
            canvas.drawString(90, y, line)
        y -= 11
    return y - 10


def test_lines_in_letters_of_one_width_are_code() -> None:
    def draw(canvas: Any) -> None:
        y = code(canvas, CODE, write(canvas, PROSE, 70, 780, 450))
        y = write(canvas, "Then start it:", 70, y, 450)
        y = code(canvas, ["vouch serve"], y)
        write(canvas, PROSE, 70, y, 450)

    assert kinds(read(drawn(draw))) == [
        ("paragraph", 0, PROSE),
        ("code", 0, "\n".join(CODE)),
        ("paragraph", 0, "Then start it:"),
        ("paragraph", 0, "vouch serve"),
        ("paragraph", 0, PROSE),
    ]


def test_bold_lines_of_code_are_no_headings() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 70, 780, 450)
        code(canvas, ["# Build", "make all", "make check"], y, "Courier-Bold")

    assert [kind for kind, _, _ in kinds(read(drawn(draw)))] == ["paragraph", "code"]


def test_a_document_written_on_a_typewriter_is_no_code() -> None:
    def draw(canvas: Any) -> None:
        write(canvas, "To all", 70, 780, 450)
        write(canvas, PROSE, 70, 740, 450, font="Courier")

    assert kinds(read(drawn(draw))) == [("paragraph", 0, "To all"), ("paragraph", 0, PROSE)]


def test_sentences_in_letters_of_one_width_stay_sentences() -> None:
    said = "Please hand in your claim in the expense tool within thirty days of the last day of the journey."

    def draw(canvas: Any) -> None:
        y = write(canvas, f"{PROSE} {PROSE}", 70, 780, 450)
        write(canvas, said, 70, y, 450, font="Courier")

    assert kinds(read(drawn(draw)))[1] == ("paragraph", 0, said)
