"""What lies beside a sheet's cells: charts of what no sheet shows, and what may be typed into cells."""

from __future__ import annotations

import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from corpus.types import Document
from tests.ingest.workbooks import packed, read, replaced

CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DRAWN = "http://schemas.openxmlformats.org/drawingml/2006/main"


@pytest.mark.parametrize(
    ("source", "state", "is_read"),
    [
        ("Data", "visible", False),
        ("Data", "hidden", True),
        ("'New Data'", "veryHidden", True),
        ("[1]Data", "visible", True),
    ],
)
def test_a_chart_says_its_numbers_where_no_sheet_shows_them(source: str, state: str, is_read: bool) -> None:
    def fill(book: Workbook) -> None:
        book.active.title = "Overview"
        book.active.append(["Sick days rose in spring."])
        data = book.create_sheet(source.strip("'").removeprefix("[1]"))
        data.append(["Region", "Days"])
        data.append(["Kyoto", 12])
        data.sheet_state = state
        chart = BarChart()
        chart.add_data(Reference(data, min_col=2, min_row=1, max_row=2))
        book.active.add_chart(chart, "D1")

    document = read(replaced(packed(fill), {"xl/charts/chart1.xml": kept_chart(source)}))
    overview = document.text.split("\n\nData\n\n")[0].split("\n\n")
    said = ["Overview", "Sick days rose in spring.", "Sick days by region", "Days a head"]
    assert overview == said + ["| Days\nKyoto | 12\nOsaka | 9"] * is_read


def test_what_may_be_typed_into_cells_is_said_under_what_stands_above_them() -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        sheet.append(["Name", "Status", "Days", "Secret"])
        rules = [
            ("B2:B99", DataValidation(type="list", formula1='"open,closed, on hold"')),
            ("B100:B200", DataValidation(type="list", formula1='"open,closed, on hold"')),
            (
                "C2:C99",
                DataValidation(
                    type="whole",
                    formula1="0",
                    formula2="40",
                    showErrorMessage=True,
                    errorTitle="Days",
                    error="At most 40 days may be taken",
                ),
            ),
            (
                "A2:A99",
                DataValidation(
                    type="list",
                    formula1="Names!$A$1:$A$9",
                    showInputMessage=True,
                    prompt="氏名を選んでください。",
                ),
            ),
            (
                "C200",
                DataValidation(type="whole", formula1="0", prompt="never shown", showInputMessage=False),
            ),
            ("D2:D9", DataValidation(type="list", formula1='"a,b"')),
        ]
        for cells, rule in rules:
            rule.add(cells)
            sheet.add_data_validation(rule)
        sheet.column_dimensions["D"].hidden = True

    assert last_list(read(packed(fill))) == [
        "- Status (B2:B99): open, closed, on hold",
        "- B100:B200: open, closed, on hold",
        "- Days (C2:C99): Days: At most 40 days may be taken.",
        "- Name (A2:A99): 氏名を選んでください。",
    ]


def last_list(document: Document) -> list[str]:
    return next(document.text[b.start : b.end] for b in document.blocks if b.kind == "list").split("\n")


def kept_chart(source: str) -> str:
    def points(kind: str, values: list[str]) -> str:
        found = "".join(f'<c:pt idx="{at}"><c:v>{value}</c:v></c:pt>' for at, value in enumerate(values))
        return f"<c:{kind}Cache>{found}</c:{kind}Cache>"

    def titled(text: str) -> str:
        return f"<c:title><c:tx><c:rich><a:p><a:r><a:t>{text}</a:t></a:r></a:p></c:rich></c:tx></c:title>"

    return (
        f'<c:chartSpace xmlns:c="{CHART}" xmlns:a="{DRAWN}"><c:chart>{titled("Sick days by region")}<c:plotArea>'
        "<c:barChart>"
        f"<c:ser><c:tx><c:strRef><c:f>{source}!$B$1</c:f>{points('str', ['Days'])}</c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:f>{source}!$A$2:$A$3</c:f>{points('str', ['Kyoto', 'Osaka'])}</c:strRef></c:cat>"
        f"<c:val><c:numRef><c:f>{source}!$B$2:$B$3</c:f>{points('num', ['12', '9'])}</c:numRef></c:val></c:ser>"
        f"</c:barChart><c:valAx>{titled('Days a head')}</c:valAx></c:plotArea></c:chart></c:chartSpace>"
    )
