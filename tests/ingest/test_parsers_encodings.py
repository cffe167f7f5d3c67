"""Texts in the encodings they are really in, and files that are not what their name says."""

from __future__ import annotations

import pytest

from corpus.errors import ParseError
from ingest.parsers import parse
from ingest.parsers.decoding import decode
from tests.ingest.pages import JAPANESE


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp932", "euc_jp", "iso2022_jp"],
)
def test_japanese_is_read_in_the_encoding_it_was_written_in(encoding: str) -> None:
    document = parse(JAPANESE.encode(encoding), "rules.txt")
    assert "この規則は、社員の就業に関する事項を定めるものである。" in document.text
    assert document.language == "ja"


@pytest.mark.parametrize(
    "text",
    ["Rules\n\n" * 20, "第1章 総則\r\n本規程は、出張旅費を定める。\r\n", "제1장 총칙\n출장 여비를 정한다."],
)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_text_in_utf_16_needs_no_mark(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "Zaměstnanci mají nárok na dovolenou. Výše náhrady činí dvě stě korun."),
        ("cp1250", "Pracownicy mają prawo do urlopu. Złożenie wniosku następuje w ciągu dwóch tygodni."),
        ("cp1250", "A munkavállalók évi húsz nap szabadságra jogosultak. Őszi időszak, űrlap."),
        ("cp1254", "Çalışanların yıllık izin hakkı yirmi gündür. İstanbul şubesi."),
        ("cp1252", "Starfsmenn eiga rétt á tuttugu daga orlofi á ári. Það er þannig."),
        ("cp1252", "Les employés ont droit à vingt jours de congé. L’hôtel coûte 140 €."),
        ("cp1252", "François, Müller, Peña; Zürich"),
    ],
)
def test_letters_are_those_of_the_language(encoding: str, text: str) -> None:
    assert parse(text.encode(encoding), "a.txt").text == text


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_western_text_is_read(encoding: str) -> None:
    text = (
        "Résumé of the café’s naïve façade: größer, señor."
        if encoding == "cp1252"
        else "Résumé, größer, señor."
    )
    assert parse((text + "\n").encode(encoding), "a.txt").text == text


@pytest.mark.parametrize(
    "text",
    ["ｶﾀｶﾅの商品名：ﾎﾟﾝﾌﾟ", "2ﾃｽﾄｷﾞﾝｺｳ   123 1234567ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ      0000012000\r\n", "ｺｰﾄﾞ,ﾅﾏｴ\r\n1,ｽｽﾞｷ ｲﾁﾛｳ\r\n"],
)
def test_half_width_katakana_of_old_systems_is_read(text: str) -> None:
    assert decode(text.encode("cp932")).text == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "SEÑOR MUÑOZ: ±5 µm², 3¼ ½ °C"),
        ("koi8-r", "сотрудники должны подать заявление"),
        ("cp1251", "ПРАВИЛА ВНУТРЕННЕГО РАСПОРЯДКА"),
        ("euc_jp", "総務部 支給日 給与規程 東京都\n"),
        ("gbk", "员工可以申请带薪年假，规则如下所述。"),
    ],
)
def test_nothing_else_is_half_width_katakana(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)).encoding != "cp932"


def test_files_of_the_old_macintosh_are_read() -> None:
    assert decode("Employés;l’étranger\rcafé;2\r".encode("mac_roman")).text == "Employés;l’étranger\rcafé;2\r"


@pytest.mark.parametrize(
    "text",
    [
        "MSH|LAB\rPID|1||Müller^Jürgen|\rOBX|1|Größe|180\r",
        "Le café coûte 2 € à Orléans.\rMerci – bien à tous.\r",
        "SEÑOR MUÑOZ\rL’hôtel\r",
    ],
)
def test_not_all_text_whose_lines_end_as_on_the_old_macintosh_is_from_there(text: str) -> None:
    assert decode(text.encode("cp1252")).text == text


def test_russian_is_read() -> None:
    text = "Политика отпусков. Каждый сотрудник имеет право на двадцать дней отпуска в году. " * 5
    assert "сотрудник" in parse(text.encode("cp1251"), "a.txt").text


def test_a_broken_byte_in_utf8_is_replaced_and_told() -> None:
    data = JAPANESE.encode() + b"\xff" + JAPANESE.encode()
    document = parse(data, "a.txt")
    assert "\ufffd" in document.text
    assert [note.code for note in document.notes] == ["damaged_text"]


def test_html_is_read_in_the_charset_it_declares() -> None:
    page = "<html><head><meta charset='Shift_JIS'></head><body><p>休暇の規程です。</p></body></html>"
    assert parse(page.encode("cp932"), "a.html").text == "休暇の規程です。"
    wrong = page.replace("Shift_JIS", "no-such-charset").encode("cp932")
    assert parse(wrong, "a.html").text == "休暇の規程です。"


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.pdf", "empty"),
        (b" \n\t\n", "a.txt", "empty"),
        (b"\0" * 5000, "a.txt", "empty"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "a.txt", "unsupported"),
        (b"MZ\x90\0\x03\0\0\0", "setup.md", "unsupported"),
        (bytes(range(256)) * 20, "notes.txt", "binary"),
        (bytes(range(256)) * 20, "report.pdf", "damaged_file"),
        (b"%PDF-1.7 and then nothing", "a.pdf", "damaged_file"),
        (b"1 0 obj\nendobj\nstartxref\n0\n", "headless.pdf", "damaged_file"),
        (b"PK\x03\x04 broken", "a.docx", "damaged_file"),
        (b"%!PS-Adobe-3.0 hello", "a.txt", "unsupported"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.doc", "damaged_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.ppt", "unsupported"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            "a.docx",
            "encrypted",
        ),
        (b"<html><body><script>x</script></body></html>", "a.html", "no_text"),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes, name: str, code: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(data, name)
    assert caught.value.code == code
    assert caught.value.message


@pytest.mark.parametrize(
    ("data", "name", "content_type", "noted"),
    [
        (b"<!DOCTYPE html><p>hello", "a.txt", "text/html", True),
        (b"just words", "a.html", "text/plain", True),
        (b"# words", "a.md", "text/markdown", False),
        (b"# words", "a.txt", "text/plain", False),
        (b"words", "README", "text/plain", False),
        (b"<?xml version='1.0'?><html><body><p>x</p></body></html>", "a.xhtml", "text/html", False),
        ("<html><body>x</body></html>".encode("utf-16"), "a.txt", "text/html", True),
    ],
)
def test_content_wins_over_the_name_and_says_so(
    data: bytes, name: str, content_type: str, noted: bool
) -> None:
    document = parse(data, name)
    assert document.content_type == content_type
    assert ("type_mismatch" in [note.code for note in document.notes]) == noted


def test_lists_of_kanji_without_kana_are_read_and_western_quotes_are_no_kanji() -> None:
    names = "氏名,住所,電話\n山田太郎,東京都千代田区,03-1234\n佐藤花子,大阪府大阪市,06-1111\n"
    assert decode(names.encode("cp932")).text == names
    for western in ("It’s the company’s “plan” – really… Don’t. We’re", "“Quality” ‘Assurance’ • one — two"):
        assert decode(western.encode("cp1252")).text == western


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_texts_of_many_kanji_and_few_kana_are_read(encoding: str) -> None:
    text = (
        "社員就業規則、第一条、目的、本規則の適用範囲、東京都千代田区本社総務部人事課、給与規程と退職金規程"
    )
    assert decode(text.encode(encoding)).text == text


def test_chinese_and_korean_are_not_taken_for_japanese() -> None:
    for text, encoding in (
        ("东京都公司报告，销售额增长。公司、部门。", "gb2312"),
        ("한국어 보고서, 매출 증가", "euc-kr"),
    ):
        assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(("bad", "told"), [(1, "1 character"), (2, "2 characters")])
def test_what_could_not_be_read_is_counted(bad: int, told: str) -> None:
    document = parse(b"\xef\xbb\xbfRules and rates " + b"\xff " * bad + b"for all", "a.txt")
    assert [note.message for note in document.notes] == [f"{told} could not be read as utf-8."]
