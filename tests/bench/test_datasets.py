"""The loaders of question sets, and the runner over a small set of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bench import retrieval
from bench.datasets import LOADERS, SAMPLE, Dataset, beir, load, sample
from rag.measuring.evaluation import read_scores
from rag.measuring.places import is_named
from rag.measuring.questions import Gold
from tests.once import Seed

DATA = Path(os.environ.get("VOUCH_DATA_FOR_BENCH", Path(__file__).resolve().parents[3] / "shared" / "data"))

QUESTIONS = {
    "azure_contoso_hr": [201, 71],
    "handbook_faq_en_18f": [96, 96],
    "handbook_faq_ja_gitlab_people_company": [315, 315],
    "allganize_ja": [21, 15, 6],
    "jsquad_valid": [4442],
    "docugami_sec10q": [116],
    "chunking_evaluation": [229],
}
"""How many questions each reading of a set has. The sets are not part of the project."""


def files_of(dataset: Dataset) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for folder in dataset.documents
        for path in folder.rglob("*")
        if path.is_file()
    }


def assert_gold_is_there(dataset: Dataset) -> None:
    files = files_of(dataset)
    named = {gold.document for question in dataset.questions for gold in question.gold}
    assert named
    assert [document for document in named if sum(is_named(file, document) for file in files) != 1] == []
    assert len({question.id for question in dataset.questions}) == len(dataset.questions)


def test_every_gold_document_of_a_set_is_one_file(tmp_path: Path) -> None:
    """The sample's, and those of the development sets that are here."""
    for dataset in sample(SAMPLE, SAMPLE):
        assert_gold_is_there(dataset)
    for name in LOADERS:
        if not (DATA / name).is_dir():
            continue
        datasets = LOADERS[name](DATA / name, tmp_path)
        assert [len(dataset.questions) for dataset in datasets] == QUESTIONS[name]
        for dataset in datasets:
            assert_gold_is_there(dataset)
            assert all(question.text.strip() for question in dataset.questions)
        asked = [question for dataset in datasets for question in dataset.questions]
        unanswerable = [question for question in asked if not question.answerable]
        assert len(unanswerable) == (21 if name == "azure_contoso_hr" else 0)


@pytest.fixture
def beir_folder(tmp_path: Path) -> Path:
    """A BEIR folder of three documents, one with an id that is no file name."""
    folder = tmp_path / "data" / "tiny"
    (folder / "qrels").mkdir(parents=True)
    documents = [
        {"_id": "10.1/kiln", "title": "Kiln", "text": "The kiln fires porcelain at 1280 degrees."},
        {"_id": "2", "title": "", "text": "Sourdough rises overnight in the cellar."},
        {"_id": "3", "title": "Ferry", "text": "The last ferry to the island leaves at 21:40."},
    ]
    queries = [
        {"_id": "q1", "text": "How hot does the kiln get?"},
        {"_id": "q2", "text": "When does the last ferry leave?"},
    ]
    write(folder / "corpus.jsonl", documents)
    write(folder / "queries.jsonl", queries)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\t10.1/kiln\t2\nq2\t3\t1\n")
    return folder


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_beir_corpus_becomes_files_that_its_gold_names(beir_folder: Path, tmp_path: Path) -> None:
    (dataset,) = beir(beir_folder, tmp_path / "work")
    assert_gold_is_there(dataset)
    assert files_of(dataset) == {"10.1%2Fkiln.txt", "2.txt", "3.txt"}
    assert dataset.questions[0].gold == (Gold("10.1%2Fkiln", grade=2.0),)
    (again,) = load(beir_folder.parent, tmp_path / "work", ["TINY"])
    assert again == dataset


def test_thinning_keeps_questions_from_everywhere(beir_folder: Path) -> None:
    dataset = sample(SAMPLE, SAMPLE)[0]
    thinned = dataset.thinned(10)
    assert len(thinned.questions) == 10
    at = [dataset.questions.index(question) for question in thinned.questions]
    assert at[0] == 0
    assert at[-1] >= len(dataset.questions) * 0.8
    assert dataset.thinned(0) is dataset


@pytest.mark.slow
def test_the_runner_ingests_asks_saves_and_compares(
    beir_folder: Path,
    tmp_path: Path,
    with_minilm: Seed,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with_minilm(tmp_path / "work" / "corpora" / "beir-tiny")
    saved = tmp_path / "run"
    given = [
        "--data",
        str(beir_folder.parent),
        "--sets",
        "tiny",
        "--work",
        str(tmp_path / "work"),
        "--save",
        str(saved),
    ]
    assert retrieval.main(given) == 0
    shown = capsys.readouterr()
    assert "| tiny (BEIR) | 2 | 1.000 |" in shown.out
    assert "3 documents read, 0 unchanged, 0 failed, 3 passages" in shown.err
    assert read_scores(saved / "tiny-beir.jsonl")["q1"]["nDCG@10"] == 1.0
    assert (saved / "tiny-beir.trec").read_text().startswith("q1 Q0 10.1%2Fkiln 1 ")

    assert retrieval.main([*given, "--against", str(saved)]) == 0
    shown = capsys.readouterr()
    assert "0 documents read, 3 unchanged" in shown.err
    assert "| tiny (BEIR) | MRR@10 | 1.000 | 1.000 | +0.000 |" in shown.out


def test_an_unknown_set_is_said_to_be_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert retrieval.main(["--sets", "no such set", "--work", str(tmp_path)]) == 2
    assert "No set has such a name" in capsys.readouterr().err
