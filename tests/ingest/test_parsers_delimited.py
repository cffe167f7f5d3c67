"""CSV and TSV: encodings, delimiters, quotes, headers, ragged rows."""

from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import LimitError
from corpus.settings import load_settings
from corpus.types import Document
from ingest.chunking import Chunker
from ingest.parsers import Limits, parse


def read(data: bytes | str, name: str = "a.csv") -> Document:
    return parse(data if isinstance(data, bytes) else data.encode(), name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"])
def test_japanese_rows_survive_in_any_encoding(encoding: str) -> None:
    source = "氏名,部署,備考\r\n髙橋 さくら,総務部,ひらがなの備考、あり\r\n三木 英子,営業部,カタカナ\r\n"
    if encoding == "euc_jp":
        source = source.replace("髙", "高")
    document = read(source.encode(encoding))
    assert document.text == source.strip().replace(",", " | ").replace("\r\n", "\n")
    assert document.blocks[0].header == "氏名 | 部署 | 備考"


def test_latin_letters_survive() -> None:
    document = read("Name;Straße\nJosé;Königsallee\n".encode("latin-1"))
    assert document.text == "Name | Straße\nJosé | Königsallee"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_the_delimiter_is_found_whatever_the_name_says(delimiter: str, name: str) -> None:
    rows = [["id", "note", "price"], ["1", "a, b; c | d", "2,50"], ["2", "plain", "3,75"]]
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    document = read(stream.getvalue(), name)
    assert document.text.splitlines() == [" | ".join(row) for row in rows]
    assert document.blocks[0].header == "id | note | price"


@pytest.mark.parametrize("title", ["", "Umsatz 2024\n"])
def test_a_decimal_comma_parts_nothing(title: str) -> None:
    rows = "".join(f"Müller {n};{n},50\n" for n in range(30))
    assert "Müller 7 | 7,50\n" in read(f"{title}Name;Betrag\n{rows}").text


def test_a_line_separator_in_a_cell_starts_no_row() -> None:
    assert read("a,b,c\n1,x\u2028y\x85z,3\n").text.splitlines()[1] == "1 | x y z | 3"


def test_a_declared_separator_is_obeyed() -> None:
    assert read("sep=;\na;b,c\n1;2,3\n").text == "a | b,c\n1 | 2,3"


def test_quoted_newlines_stay_in_their_row_and_an_open_quote_swallows_nothing() -> None:
    assert read('k,v\n"two\nlines","say ""hi"""\n').text == 'k | v\ntwo lines | say "hi"'
    assert read('k,v\n"open,1\nnext,2\nlast,3\n').text.splitlines()[1:] == [
        '"open | 1',
        "next | 2",
        "last | 3",
    ]


def test_ragged_rows_titles_and_equal_cells_are_kept() -> None:
    document = read("Staff list\n\nname,age\nAki,31,extra\nBen\n7,7\n")
    assert [b.kind for b in document.blocks] == ["paragraph", "table"]
    assert document.text == "Staff list\n\nname | age |\nAki | 31 | extra\nBen |  |\n7 | 7 |"


def test_prose_named_csv_is_still_read() -> None:
    assert "Nothing here is a table." in read("Nothing here is a table.\nReally.\n").text


def test_a_header_goes_with_every_part_of_a_long_table() -> None:
    document = read("city,fee\n" + "".join(f"city number {n},{n}\n" for n in range(400)))
    chunker = Chunker(
        lambda texts: [len(text.split()) for text in texts], lambda _: True, load_settings({}), 256
    )
    chunks = chunker.chunk(document)
    assert len(chunks) > 3
    assert all("city | fee" in chunk.searched for chunk in chunks)


def test_an_export_named_xls_is_read_as_what_it_is() -> None:
    document = read("name\tage\nAki\t31\n", "export.xls")
    assert document.text == "name | age\nAki | 31"
    assert [note.code for note in document.notes] == ["type_mismatch"]


def test_cells_are_counted_before_they_are_kept() -> None:
    with pytest.raises(LimitError) as raised:
        parse(b"a,b\n" * 600, "a.csv", Limits(max_cells=1000))
    assert raised.value.code == "too_many_cells"


CELL = st.text(alphabet="abc 漢か,;'\"\n\t|12.", max_size=8)


@given(st.lists(st.lists(CELL, min_size=2, max_size=5), min_size=1, max_size=8))
@settings(max_examples=150)
def test_every_word_is_read_in_order(rows: list[list[str]]) -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter=",", quoting=csv.QUOTE_ALL).writerows(rows)
    words = [c for row in rows for cell in row for c in cell if c.isalnum()]
    if not words:
        return
    assert [c for c in read(stream.getvalue()).text if c.isalnum()] == words


def test_what_an_export_says_of_itself_is_no_header_of_its_table() -> None:
    document = read(
        "Report;made 1 March\n\nIBAN;DE12\nBalance;1.234,56;EUR\n\nDay;To;Text;Amount\n"
        "1 March;Works;Water;85\n2 March;ACME;Pay;2.500\n\nSum;;;2.585\n"
    )
    assert [block.header for block in document.blocks] == ["", "Day | To | Text | Amount"]
    assert document.text == (
        "Report | made 1 March |\nIBAN | DE12 |\nBalance | 1.234,56 | EUR\n\nDay | To | Text | Amount\n"
        "1 March | Works | Water | 85\n2 March | ACME | Pay | 2.500\nSum |  |  | 2.585"
    )


@pytest.mark.parametrize(
    ("source", "headers"),
    [
        ("Name,Age\nAnna,31\nBen,42\n\nName,Age,City\nChloe,53,Oslo\n", ["Name | Age", "Name | Age | City"]),
        ("id,name\n\n1,Anna,extra\n2,Ben\n", ["id | name |"]),
    ],
)
def test_a_blank_line_takes_no_header_from_a_table(source: str, headers: list[str]) -> None:
    assert [block.header for block in read(source).blocks] == headers


def test_tables_that_a_blank_line_parts_have_headers_of_their_own() -> None:
    first, second = "Region,Sales\nNorth,5\nSouth,6\n", "Product,Units\nBolt,7\nNut,8\n"
    document = read(f"Report\n\n{first}\n{second}\nTotal,15\n".encode(), "a.csv")
    assert [block.header for block in document.blocks if block.kind == "table"] == [
        "Region | Sales",
        "Product | Units",
    ]
    assert document.text.endswith("Product | Units\nBolt | 7\nNut | 8\nTotal | 15")
    whole = read(f"{first}\nEast,none\n\nWest,none\n".encode(), "a.csv")
    assert [block.header for block in whole.blocks] == ["Region | Sales"]  # no values below: no names


def test_a_table_with_a_blank_line_after_each_row_is_read_in_time() -> None:
    start = time.process_time()
    read(b"a,b\n" + b"c,1\n\n" * 100_000, "a.csv")
    assert time.process_time() - start < 20


def test_blank_lines_between_the_rows_of_one_table_make_none_of_them_a_header() -> None:
    document = read(b"Name,City\nA,1\n\nB,2\n\nAnna,Berlin\nC,3\n", "a.csv")
    assert [block.header for block in document.blocks] == ["Name | City"]


def test_a_text_that_is_written_as_a_formula_is_what_a_program_shows() -> None:
    document = read('Name,Code\n="Mia",="0012"\n"=""a """"b""""""",=SUM(B2)\n')
    assert document.text == 'Name | Code\nMia | 0012\na "b" | =SUM(B2)'
