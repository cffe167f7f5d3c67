"""Numbers under the format codes of spreadsheets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.parsers.workbooks.number_formats import show_cached, show_number
from ingest.parsers.workbooks.number_sections import show_plainly


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (1500001, r"000\-0000", "150-0001"),
        (1234567, "#,##0,", "1,235"),
        (0.5, "#.##", ".5"),
        (-3, '#,##0;"△ "#,##0', "△ 3"),
        (1234.5, '#,##0.00 "kg"', "1,234.50 kg"),
        (59.77, ".0", "59.8"),
        (0.5, ".0%", "50.0%"),
        (0.06, ".00", ".06"),
        (12.5, "# ?/?", "12 1/2"),
        (-0.375, "# ?/8", "-3/8"),
        (1.999, "# ?/?", "2"),
        (0, "# ??/??", "0"),
        (1.5, "??/??", "3/2"),
        (7, "0/0/0", "7"),
        (1, r"\1\.0#", "1.01"),
        (12, r"\1\.0#", "1.12"),
        (5, "#0", "5"),
        (5, "[>100]0;0.0", "5.0"),
        (5551234, r"[<=9999999]###\-####;\(###\)\ ###\-####", "555-1234"),
        (2065551234, r"[<=9999999]###\-####;\(###\)\ ###\-####", "(206) 555-1234"),
        (-5, "[<0](0);0", "(5)"),
        (0.001875, "[=0]?;[hh]:mm:ss", "0:02:42"),
        (46054.75, "[=0]0;yyyy/m/d h:mm", "2026-02-01 18:00"),
        (46054, "[=0]0;yyyy/m/d", "2026-02-01"),
        (46113, "mmm-yy", "2026-04"),
        (46113, 'yyyy"年"m"月"', "2026-04"),
        (46113, '[$-411]ggge"年"', "2026"),
        (46113, "aaaa", "水曜日"),
        (46113, "(aaa)", "水"),
        (46113, "dddd", "Wednesday"),
        (11, '[<10]0" low"', "11"),
        (1234567, '[>999999]#.0,,"M";[>999]#,"K";0', "1.2M"),
        (12.5, 'General"円"', "12.5円"),
        (-3, "General_)", "-3"),
        (314159, "$000,000,000", "$000,314,159"),
        (0, "0.00;-0.00;", ""),
        (0, "#,##0;;0", "0"),
        (-7, "#,##0;;0", ""),
        (7, ";;;", ""),
        (0, "#", ""),
        (1234.5, "0.00E+00", "1234.5"),
        (12, "[DBNum1]General", "12"),
        (1e300, "0", "1e+300"),
        (1e25, "0.0000", "1e+25"),
        (1e-30, "0.00", "0.00"),
        (float("nan"), "0%", "nan"),
    ],
)
def test_number_formats(value: float, code: str, shown: str) -> None:
    assert show_number(value, code) == shown


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        ("NaN", "General", ""),
        ("INF", "0%", ""),
        ("-INF", "yyyy/m/d", ""),
        ("1e999", "General", ""),
        ("0.5", "h:mm", "12:00"),
        ("0.5", "yyyy/m/d h:mm", "12:00"),
        ("46054.75", 'h"時"mm"分"', "18:00"),
        ("46054.75", "yyyy/m/d h:mm", "2026-02-01 18:00"),
        ("1.5", "[h]:mm", "36:00"),
        ("0.99999", "h:mm AM/PM", "0:00"),
        ("0.00002", "mm:ss", "0:00:02"),
        ("0", "yyyy/m/d", "0"),
        ("-0.5", "h:mm", "-0.5"),
        ("2026", "G/標準", "2026"),
        ("2026", "G/通用格式", "2026"),
    ],
)
def test_what_a_chart_keeps_is_shown_as_it_is_read(value: str, code: str, shown: str) -> None:
    assert show_cached(value, code) == shown


@given(st.floats(-1e300, 1e300), st.text(alphabet='0#?.,%;"\\[]$¥-_*@EGy/ ', max_size=24))
@settings(max_examples=300)
def test_any_number_under_any_format_is_shown(value: float, code: str) -> None:
    assert isinstance(show_number(value, code), str)
    assert float(show_plainly(value)) == pytest.approx(value, rel=1e-13)
