"""The sample company: its documents are what the press prints, and gold answers stand where they should."""

from __future__ import annotations

import html
import json
import re
import tomllib
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2 as pdfium
import pytest

from bench.press import DOCUMENTS, SOURCES, print_source, sources
from bench.press.source import read_blocks, read_source

QUESTIONS = [
    json.loads(line) for line in (SOURCES.parent / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
FILES = sorted(path.relative_to(DOCUMENTS).as_posix() for path in DOCUMENTS.rglob("*") if path.is_file())
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@cache
def pages(document: str) -> tuple[str, ...]:
    """Reads a document's pages by other means than the project's own parsers."""
    path = DOCUMENTS / document
    if path.suffix == ".pdf":
        with pdfium.PdfDocument(path) as pdf:
            return tuple(page.get_textpage().get_text_range() for page in pdf)
    if path.suffix == ".docx":
        xml = zipfile.ZipFile(path).read("word/document.xml").decode()
        return tuple(without_tags(part) for part in xml.split('<w:br w:type="page"/>'))
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp932")
    return (without_tags(text) if path.suffix == ".html" else text,)


def without_tags(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


def squashed(text: str) -> str:
    """Drops white space, which a reader may join or split, and Markdown's cell and emphasis marks."""
    return re.sub(r"[\s|*]+", "", text)


@pytest.mark.parametrize("source", [pytest.param(path, id=path.stem) for path in sources()])
def test_document_is_what_its_source_prints(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")  # nothing outside the source may show in the bytes
    output, content = print_source(source)
    assert content == (DOCUMENTS / output).read_bytes(), "run: python -m bench.press"


def test_every_document_has_one_source() -> None:
    assert sorted(read_source(path).output for path in sources()) == FILES


@pytest.mark.parametrize("question", [pytest.param(q, id=q["id"]) for q in QUESTIONS if q["answerable"]])
def test_gold_evidence_stands_on_its_page(question: dict[str, Any]) -> None:
    assert question["answer"]
    assert question["gold"]
    for gold in question["gold"]:
        found = [
            number
            for number, text in enumerate(pages(gold["document"]), 1)
            if squashed(gold["evidence"]) in squashed(text)
        ]
        assert gold["page"] in found, f"{gold['evidence']!r} stands on {found} of {gold['document']}"


def test_unanswerable_questions_have_no_gold() -> None:
    assert not [q["id"] for q in QUESTIONS if not q["answerable"] and (q["gold"] or q["answer"])]


def test_questions_are_as_many_and_as_mixed_as_promised() -> None:
    assert (
        len({q["id"] for q in QUESTIONS}) == len({q["question"] for q in QUESTIONS}) == len(QUESTIONS) >= 90
    )
    languages = Counter(q["language"] for q in QUESTIONS)
    unanswerable = Counter(q["language"] for q in QUESTIONS if not q["answerable"])
    assert languages["ja"] >= 35
    assert unanswerable.total() >= 20
    assert min(unanswerable["en"], unanswerable["ja"]) >= 8
    assert {q["kind"] for q in QUESTIONS} == {
        "fact", "table", "number", "date", "procedure", "version-conflict", "cross-language", "multi-doc",
        "unanswerable",
    }  # fmt: skip
    for q in QUESTIONS:
        assert bool(JAPANESE.search(q["question"])) == (q["language"] == "ja"), q["id"]
        assert q["answerable"] == (q["kind"] != "unanswerable"), q["id"]


def test_documents_are_as_many_and_as_mixed_as_promised() -> None:
    kinds = Counter(Path(name).suffix for name in FILES)
    assert len(FILES) >= 26
    assert set(kinds) == {".pdf", ".docx", ".html", ".md", ".txt"}
    counts = {name: len(pages(name)) for name in FILES}
    assert sum(counts[name] for name in FILES if name.endswith(".pdf")) >= 120
    assert max(counts.values()) >= 30
    japanese = [name for name in FILES if len(JAPANESE.findall("".join(pages(name)))) > 100]
    assert len(japanese) * 3 >= len(FILES)
    assert sum((DOCUMENTS / name).stat().st_size for name in FILES) < 6_000_000
    assert max((DOCUMENTS / name).stat().st_size for name in FILES) < 400_000


def test_department_only_patterns_name_existing_files() -> None:
    rules = tomllib.loads((SOURCES / "access.toml").read_text(encoding="utf-8"))["access"]
    for pattern, principals in rules.items():
        folder = pattern.removesuffix("/**")
        assert [name for name in FILES if name.startswith(f"{folder}/")], pattern
        assert principals
        assert all(name.startswith("group:") for name in principals)


def test_no_paragraph_is_padding() -> None:
    """No long sentence is printed twice in the same document."""
    for name in FILES:
        sentences = re.split(r"(?<=[.。])\s*", re.sub(r"\s+", " ", " ".join(pages(name))))
        repeated = [s for s, times in Counter(sentences).items() if times > 1 and len(s) > 80]
        assert not repeated, (name, repeated)


@pytest.mark.parametrize("name", [pytest.param(n, id=Path(n).stem) for n in FILES if n.endswith(".pdf")])
def test_pdf_has_title_outline_date_and_the_same_words_for_two_readers(name: str) -> None:
    reader = pypdf.PdfReader(DOCUMENTS / name)
    assert reader.metadata is not None
    assert reader.metadata.title
    assert reader.outline
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.year >= 2022
    ours, theirs = (
        Counter(squashed("".join(texts)))
        for texts in (pages(name), [page.extract_text() for page in reader.pages])
    )
    assert (ours - theirs).total() <= 0.01 * ours.total()
    assert not re.search(r"[\ufffd\ue000-\uf8ff]", "".join(pages(name)))


def test_handbook_counts_its_front_pages_in_roman() -> None:
    labels = pypdf.PdfReader(DOCUMENTS / "people/employee-handbook.pdf").page_labels
    assert labels[:2] == ["i", "ii"]
    assert labels[labels.index("1") :] == [str(n) for n in range(1, len(labels) - labels.index("1") + 1)]


def test_one_text_file_is_shift_jis_and_not_utf8() -> None:
    content = (DOCUMENTS / "japan/規程/在宅勤務規程_2021年版.txt").read_bytes()
    assert "在宅勤務規程" in content.decode("cp932")
    assert b"\r\n" in content
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")


def test_unknown_directive_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown directive"):
        read_blocks(":::pagebrake\n", "broken.md")


@pytest.mark.parametrize(("lang", "body"), [("en", "日本"), ("ja", "日本\N{SNOWFLAKE}\N{PENGUIN}")])
def test_character_without_a_glyph_is_refused(tmp_path: Path, lang: str, body: str) -> None:
    path = tmp_path / "odd.md"
    front = f"---\noutput: odd.pdf\ntitle: Odd\nlang: {lang}\ndated: 2025-01-01\n---\n"
    path.write_text(f"{front}{body}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="the font has no"):
        print_source(path)
