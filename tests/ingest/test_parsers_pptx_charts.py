"""Charts of presentations: their numbers as tables, as they are shown."""

from __future__ import annotations

from datetime import date

from pptx import Presentation
from pptx.chart.data import BubbleChartData, CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE

from tests.ingest.talks import (
    kinds,
    read,
    slide,
)


def test_charts_give_their_numbers() -> None:
    source = Presentation()
    data = CategoryChartData()
    data.categories = ["2023", "2024"]
    data.add_series("Oslo", (10, 12.5))
    data.add_series("東京", (30, 31))
    chart = (
        slide(source, "Guests").shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 9999, 9999, data).chart
    )
    chart.has_title = True
    chart.chart_title.text_frame.text = "Guests by year"
    assert kinds(read(source))[1:] == [
        ("paragraph", "Guests by year"),
        ("table", "| Oslo | 東京\n2023 | 10 | 30\n2024 | 12.5 | 31"),
    ]


def test_a_charts_numbers_are_read_as_they_are_shown() -> None:
    source = Presentation()
    data = CategoryChartData(number_format="0.0%")
    data.categories = [date(2026, 4, 1), date(2026, 5, 1)]
    data.add_series("Share", (0.1 + 0.2, 0.5))
    place = slide(source, "売上").shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, 9999, 9999, data)
    assert kinds(read(source))[1:] == [("table", "| Share\n2026-04-01 | 30.0%\n2026-05-01 | 50.0%")]
    # The same days as numbers that are counted from 1904, as older Macintoshes did.
    place.chart._chartSpace.get_or_add_date1904().set("val", "1")
    assert "2030-04-02 | 30.0%" in read(source).text


def test_the_sizes_of_bubbles_are_read() -> None:
    source = Presentation()
    data = BubbleChartData()
    series = data.add_series("支店")
    for point in ((1, 10, 300), (2, 20, 450)):
        series.add_data_point(*point)
    slide(source, "売上").shapes.add_chart(XL_CHART_TYPE.BUBBLE, 0, 0, 9999, 9999, data)
    assert kinds(read(source))[1:] == [("table", "| 支店 | 支店 (size)\n1 | 10 | 300\n2 | 20 | 450")]


def test_categories_of_several_levels_and_titles_of_axes_are_read() -> None:
    source = Presentation()
    data = CategoryChartData()
    for year in ("2025年度", "2026年度"):
        outer = data.add_category(year)
        outer.add_sub_category("上期")
        outer.add_sub_category("下期")
    data.add_series("東京", (1, 2, 3, 4))
    place = slide(source, "売上").shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 9999, 9999, data)
    place.chart.value_axis.axis_title.text_frame.text = "百万円"
    place.chart.category_axis.axis_title.text_frame.text = "期"
    rows = "2025年度 上期 | 1\n2025年度 下期 | 2\n2026年度 上期 | 3\n2026年度 下期 | 4"
    assert kinds(read(source))[1:] == [("paragraph", "百万円"), ("table", f"期 | 東京\n{rows}")]


def test_series_over_values_of_their_own_are_tables_of_their_own() -> None:
    source = Presentation()
    data = XyChartData()
    for name, points in (("A", [(1, 10), (2, 20)]), ("B", [(1, 11), (2, 21)]), ("C", [(5, 50), (9, 90)])):
        series = data.add_series(name)
        for point in points:
            series.add_data_point(*point)
    slide(source, "Test").shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, 0, 0, 9999, 9999, data)
    assert kinds(read(source))[1:] == [
        ("table", "| A | B\n1 | 10 | 11\n2 | 20 | 21"),
        ("table", "| C\n5 | 50\n9 | 90"),
    ]


def test_what_is_written_beside_a_point_of_a_chart_is_read() -> None:
    source = Presentation()
    data = CategoryChartData()
    data.categories = ["Rent", "Food"]
    data.add_series("2026", (66, 34))
    chart = slide(source, "Costs").shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, 9999, 9999, data).chart
    for at, text in enumerate(("two thirds, 4 offices", "Food")):
        chart.plots[0].series[0].points[at].data_label.text_frame.text = text
    assert kinds(read(source))[-1] == ("table", "| 2026\nRent | 66 (two thirds, 4 offices)\nFood | 34")
