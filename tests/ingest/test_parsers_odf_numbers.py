"""OpenDocument: the numbers that items and headings show."""

from __future__ import annotations

from tests.ingest.blocks import kinds
from tests.ingest.odf_files import read


def level(number: int, more: str, kind: str = "list-level-style-number") -> str:
    return f'<text:{kind} text:level="{number}" style:num-format="1" {more}/>'


def test_items_show_the_numbers_of_those_around_them_also_where_a_list_goes_on() -> None:
    levels = level(1, 'style:num-suffix="."') + level(2, 'text:display-levels="2"')
    styles = f'<text:list-style style:name="L1">{levels}</text:list-style>'

    def listed(inside: str, goes_on: bool = True) -> str:
        more = ' text:continue-numbering="true"' if goes_on else ""
        return f'<text:list text:style-name="L1"{more}><text:list-item>{inside}</text:list-item></text:list>'

    def inner(words: str) -> str:
        return f"<text:list><text:list-item><text:p>{words}</text:p></text:list-item></text:list>"

    body = (
        listed(f"<text:p>one</text:p>{inner('a')}", goes_on=False)
        + "<text:p>Told.</text:p>"
        + listed(inner("b"))
        + listed(f"<text:p>two</text:p>{inner('c')}")
    )
    assert kinds(read(body, styles)) == [
        ("list", 0, "1. one\n  1.1 a"),
        ("paragraph", 0, "Told."),
        ("list", 0, "  1.2 b\n2. two\n  2.1 c"),
    ]


def test_headings_show_the_numbers_that_the_document_gives_them() -> None:
    kind = "outline-level-style"
    first = level(1, 'style:num-prefix="第" style:num-suffix="章"', kind)
    second = level(2, 'text:display-levels="2"', kind)
    outline = f'<text:outline-style style:name="Outline">{first}{second}</text:outline-style>'
    bare = '<style:style style:name="H" style:family="paragraph" style:list-style-name=""/>'
    body = "".join(
        f'<text:h text:outline-level="{depth}" {more}>{words}</text:h>'
        for depth, words, more in (
            (1, "総則", ""), (2, "目的", ""), (2, "範囲", ""), (1, "休暇", ""), (2, "年休", ""),
            (1, "付録", 'text:style-name="H"'), (1, "別表", 'text:is-list-header="true"'),
        )
    )  # fmt: skip
    shown = [text for _, _, text in kinds(read(body, outline + bare))]
    assert shown == ["第1章 総則", "1.1 目的", "1.2 範囲", "第2章 休暇", "2.1 年休", "付録", "別表"]


def test_levels_and_numbers_without_end_cost_nothing() -> None:
    heading = (
        '<text:h text:outline-level="300000000">Deep</text:h><text:h text:outline-level="1">Part</text:h>'
    )
    item = '<text:list-item text:start-value="999999999"><text:p>Told.</text:p></text:list-item>'
    letters = level(1, "").replace('num-format="1"', 'num-format="a"')
    letters = f'<text:list-style style:name="L">{letters}</text:list-style>'
    document = read(f'{heading}<text:list text:style-name="L">{item}</text:list>', letters)
    assert [text for _, _, text in kinds(document)] == ["Deep", "Part", "999999999 Told."]
