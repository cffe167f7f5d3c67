"""Real PDFs drawn for the tests, with the traps of real ones."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4


def drawn(draw: Callable[[Any], None], **options: Any) -> bytes:
    """A PDF; ``draw`` gets the canvas and ends each page itself but the last."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1, **options)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def wrapped(text: str, width: float, font: str = "Helvetica", size: float = 10) -> list[str]:
    """The text's lines as a word processor breaks them."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if stringWidth(longer, font, size) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def write(
    canvas: Any, text: str, x: float, y: float, width: float, *, font: str = "Helvetica", size: float = 10
) -> float:
    """Writes a paragraph downward from ``y``; returns where the next one may start."""
    canvas.setFont(font, size)
    for line in wrapped(text, width, font, size):
        canvas.drawString(x, y, line)
        y -= 1.2 * size
    return y - 0.8 * size


def ruled(canvas: Any, rows: Sequence[Sequence[str]], x: float, y: float, wide: float, high: float) -> None:
    """Draws a table with all its rules, cell by cell."""
    columns = len(rows[0])
    canvas.setFont("Helvetica", 9)
    for row in range(len(rows) + 1):
        canvas.line(x, y - row * high, x + columns * wide, y - row * high)
    for column in range(columns + 1):
        canvas.line(x + column * wide, y, x + column * wide, y - len(rows) * high)
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            for number, line in enumerate(wrapped(text, wide - 8, size=9)):
                canvas.drawString(x + column * wide + 4, y - row * high - 12 - 11 * number, line)
