"""JSON and JSON Lines: structure, damage, depth, and that nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import LimitError, ParseError
from corpus.types import Document
from ingest.parsers import Limits, parse
from tests.ingest.blocks import kinds


def read(source: Any, name: str = "a.json", encoding: str = "utf-8") -> Document:
    text = source if isinstance(source, str) else json.dumps(source, ensure_ascii=False)
    return parse(text.encode(encoding), name)


def test_objects_are_lines_under_headings_and_like_objects_a_table() -> None:
    document = read(
        {
            "service": "search",
            "limits": {"timeout_s": 2.5, "retries": None, "strict": True},
            "owners": ["Aki", "Ben"],
            "hosts": [{"name": "a", "zone": "east"}, {"name": "b", "zone": "west"}],
        }
    )
    assert kinds(document) == [
        ("paragraph", 0, "service: search\nowners: Aki, Ben"),
        ("heading", 1, "limits"),
        ("paragraph", 0, "timeout_s: 2.5\nretries: null\nstrict: true"),
        ("heading", 1, "hosts"),
        ("table", 0, "name | zone\na | east\nb | west"),
    ]
    assert document.blocks[-1].header == "name | zone"


def test_unlike_objects_have_a_section_each_named_by_path() -> None:
    document = read({"steps": [{"run": {"cmd": "make"}}, {"wait": "x" * 300}]})
    assert [(level, text) for kind, level, text in kinds(document) if kind == "heading"] == [
        (1, "steps"),
        (1, "steps 1"),
        (2, "steps 1 > run"),
        (1, "steps 2"),
    ]


def test_numbers_names_and_constants_stay_as_written() -> None:
    document = read('{"big": 123456789012345678901234567890, "pi": 3.10, "x": NaN, "k": 1, "k": 2}')
    assert document.text == "big: 123456789012345678901234567890\npi: 3.10\nx: NaN\nk: 1\nk: 2"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_japanese_survives(encoding: str) -> None:
    document = read('{"規程": "休暇は年に２０日とする。", "部署": "総務"}', "設定.json", encoding)
    assert document.text == "規程: 休暇は年に２０日とする。\n部署: 総務"
    assert document.title == "設定"


@pytest.mark.parametrize(
    "source", ["[" * 100_000, "[" * 200 + '"x"' + "]" * 200, '{"a":' * 90 + "1" + "}" * 90]
)
def test_deep_nesting_is_refused_by_name(source: str) -> None:
    with pytest.raises((LimitError, ParseError)) as raised:
        read(source)
    assert raised.value.code in {"too_deep", "damaged_file"}
    assert raised.value.code == "too_deep" or source.endswith("[")


def test_damaged_json_is_refused_with_the_place() -> None:
    with pytest.raises(ParseError, match="line 2, column 8") as raised:
        read('{"a": 1,\n "b" : }')
    assert raised.value.code == "damaged_file"


def test_broken_lines_are_noted_and_the_rest_is_read() -> None:
    document = read('{"q": "one", "n": 1}\n{"q": broken}\n\n{"q": "two", "n": 2}\n', "a.jsonl")
    assert document.text == "q | n\none | 1\ntwo | 2"
    assert [(n.code, n.message.split(" (")[0]) for n in document.notes] == [
        ("damaged_text", "Line 2 is no JSON")
    ]
    with pytest.raises(ParseError) as raised:
        read("no\njson\n", "a.jsonl")
    assert raised.value.code == "damaged_file"


def test_lines_of_json_named_json_are_read() -> None:
    assert read('{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n').text == "a | b\n1 | 2\n3 | 4"


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_line_of_json_ends_at_a_line_feed_alone(name: str, ending: str) -> None:
    rows = [f'{{"a": "one{mark}two", "b": 1}}' for mark in "\u2028\u2029\x85"]
    document = read(ending.join(rows) + ending, name)
    assert document.notes == ()
    assert len(document.text.split("\n")) == 1 + len(rows)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
@pytest.mark.parametrize("parted", ["\x1e{}\n\x1e{}\n", "{}\x0b{}\n", "{}\x1e{}", "{}\x0c\n{}\x1e\n"])
def test_records_may_be_marked_or_parted_by_control_characters(name: str, parted: str) -> None:
    document = read(parted.format('{"a": 1, "b": 2}', '{"a": "x y", "b": 4}'), name)
    assert (document.text, document.notes) == ("a | b\n1 | 2\nx y | 4", ())


def test_a_mark_within_a_text_parts_no_record() -> None:
    document = read('{"a": "one\x0btwo", "b": 1}\n{"a": 3, "b": 4}\x1e{"a": broken}\n', "a.jsonl")
    assert document.text.split("\n")[-1] == "3 | 4"
    assert "one" in document.text
    assert [note.code for note in document.notes] == ["damaged_text"]


def test_json_named_text_stays_text() -> None:
    assert read('{"a": 1}', "a.txt").text == '{"a": 1}'


def test_cells_are_counted() -> None:
    with pytest.raises(LimitError) as raised:
        parse(json.dumps([{"a": 1, "b": 2}] * 800).encode(), "a.json", Limits(max_cells=1000))
    assert raised.value.code == "too_many_cells"


LEAF = st.one_of(
    st.integers(0, 10**12), st.text(alphabet="abc漢か \n.", min_size=1, max_size=12), st.booleans()
)
TREE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(alphabet="kxyz名", min_size=1, max_size=4), inner, max_size=4),
    ),
    max_leaves=20,
)


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in leaves(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in leaves(inner)]
    return [json.dumps(value) if isinstance(value, bool) else "".join(str(value).split())]


@given(TREE)
@settings(max_examples=150)
def test_every_value_is_read(value: Any) -> None:
    texts = leaves(value)
    if any(map(str.isalnum, "".join(texts))):
        said = "".join(read(json.dumps(value, ensure_ascii=False)).text.split())
        assert [text for text in texts if text not in said] == []


def test_numbers_that_nobody_reads_are_counted_and_few_of_them_told() -> None:
    place = {"type": "Point", "coordinates": [135.1, 35.25]}
    area = {"type": "Polygon", "coordinates": [[[135 + n, 35] for n in range(600)]]}
    source = [
        {"name": "Kyoto office", "geometry": place},
        {"name": "Depot", "geometry": area, "days": [1, 2, 3]},
    ]
    text = read(json.dumps({"sites": source, "matrix": [[1, 2], [3, -4.5]], "vector": [0.5] * 384})).text
    assert "coordinates: 135.1, 35.25" in text
    assert "coordinates: (1,200 numbers)" in text
    assert "days: 1, 2, 3" in text
    assert "matrix: 1, 2; 3, -4.5\nvector: (384 numbers)" in text
    rooms = json.dumps({"rooms": [["A1", 4], ["B2", 6]]})
    assert "B2" in read(rooms).text
