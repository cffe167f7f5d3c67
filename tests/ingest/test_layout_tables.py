"""Tables that only place text on the page, in Word and OpenDocument: their cells are read one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ingest.parsers import parse
from tests.ingest.blocks import kinds
from tests.ingest.odf_files import content, package
from tests.ingest.word_files import with_body

Blocks = list[tuple[str, int, str]]
Rows = Sequence[Sequence[str]]
"""Cells with their XML: paragraphs and tables."""


class Word:
    @staticmethod
    def line(text: str) -> str:
        return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"

    @staticmethod
    def table(rows: Rows) -> str:
        def shown(row: Sequence[str]) -> str:
            return "".join(f"<w:tc>{cell}</w:tc>" for cell in row)

        return f"<w:tbl>{''.join(f'<w:tr>{shown(row)}</w:tr>' for row in rows)}</w:tbl>"

    @staticmethod
    def read(xml: str) -> Blocks:
        return kinds(with_body(xml))[:-1]


class OpenDocument:
    @staticmethod
    def line(text: str) -> str:
        return f"<text:p>{text}</text:p>"

    @staticmethod
    def table(rows: Rows) -> str:
        def shown(row: Sequence[str]) -> str:
            return "".join(f"<table:table-cell>{cell}</table:table-cell>" for cell in row)

        inside = "".join(f"<table:table-row>{shown(row)}</table:table-row>" for row in rows)
        return f"<table:table>{inside}</table:table>"

    @staticmethod
    def read(xml: str) -> Blocks:
        return kinds(parse(package(content(xml)), "a.odt"))


Format = type[Word] | type[OpenDocument]
either = pytest.mark.parametrize("form", [Word, OpenDocument])


def _hours(form: Format) -> str:
    return form.table(
        [[form.line("Monday"), form.line("9 to 17")], [form.line("Tuesday"), form.line("9 to 12")]]
    )


HOURS = ("table", 0, "Monday | 9 to 17\nTuesday | 9 to 12")


@either
def test_a_table_around_tables_is_none(form: Format) -> None:
    page = form.table([[form.line("Opening hours"), _hours(form)], [form.line("Note"), ""]])
    assert form.read(page) == [("paragraph", 0, "Opening hours"), HOURS, ("paragraph", 0, "Note")]


@either
def test_a_column_of_texts_is_none(form: Format) -> None:
    page = form.table([[form.line("Who asks?")], [form.line("All staff.") + form.line("Guests, too.")]])
    assert [text for _, _, text in form.read(page)] == ["Who asks?", "All staff.", "Guests, too."]
    assert [text for _, _, text in form.read(form.table([[form.line("a")], [form.line("b")]]))] == ["a\nb"]


@either
def test_a_table_with_rows_of_its_own_stays_one(form: Format) -> None:
    rows = [
        [form.line("Shop"), form.line("Hours")],
        [form.line("Oslo"), _hours(form)],
        [form.line("Bergen"), form.line("none")],
    ]
    ((kind, _, text),) = form.read(form.table(rows))
    assert (kind, text.split("\n")[0], text.split("\n")[-1]) == ("table", "Shop | Hours", "Bergen | none")
