"""Question sets with their documents: the sample company's, public development sets, and BEIR folders.

Every loader takes the set's folder and a folder to write into, and returns one or more :class:`Dataset`; those
with the same ``corpus`` share one ingest. The development sets are no part of the project: their folder is
given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rag.measuring.evaluation import Grain, Ranked
from rag.measuring.questions import Gold, Question, read_questions

SAMPLE = Path(__file__).resolve().parent.parent / "corpus" / "sample"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Questions over documents, and how passages are matched with the gold (``rag.measuring.evaluation.evaluate``).

    ``spans``: the gold texts are to be located in the stored documents, for recall and precision by character.
    ``short_answers``: the reference answers are words of the gold passage.
    """

    name: str
    corpus: str
    documents: tuple[Path, ...]
    questions: tuple[Question, ...]
    grain: Grain = "document"
    page_slack: int = 0
    ranked: Ranked = "passages"
    spans: bool = False
    short_answers: bool = False

    def thinned(self, limit: int) -> Dataset:
        """Returns it with at most ``limit`` questions, spread evenly (0: all)."""
        if not limit or limit >= len(self.questions):
            return self
        step = len(self.questions) / limit
        return replace(self, questions=tuple(self.questions[int(i * step)] for i in range(limit)))


def sample(folder: Path, work: Path) -> list[Dataset]:
    """The sample company: page exact, and by the evidence's own words."""
    questions = tuple(read_questions(folder / "questions.jsonl"))
    documents = (folder / "documents",)
    return [
        Dataset("Sample, page", "sample", documents, questions, "page"),
        Dataset("Sample, evidence", "sample", documents, questions, "text", spans=True),
    ]


def contoso(folder: Path, work: Path) -> list[Dataset]:
    """Six HR and benefit PDFs; the page is cited in the reference answer, and one page beside it counts.

    The set of 50 has 21 more that no document answers.
    """

    def read(path: Path) -> tuple[Question, ...]:
        return tuple(
            Question(
                id=f"{path.stem}-{number:03d}",
                text=row["question"],
                language="en",
                gold=tuple(
                    Gold(name, int(page))
                    for name, page in re.findall(r"\[([^\]#]+)#page=(\d+)\]", row["truth"])
                ),
                answer=row["truth"],
            )
            for number, row in enumerate(_rows(path), start=1)
        )

    documents = (folder / "data",)
    large, small = folder / "rag_chat_evaluator/example_input/qa.jsonl", folder / "evals/ground_truth.jsonl"
    beside = large.with_name("qa_dontknows.jsonl")
    # Some of its first questions are answered after all.
    unknown = read(beside)[-21:] if beside.is_file() else ()
    return [
        Dataset("Contoso 201, page ±1", "contoso", documents, read(large), "page", page_slack=1),
        Dataset("Contoso 50, page ±1", "contoso", documents, read(small) + unknown, "page", page_slack=1),
    ]


def docugami(folder: Path, work: Path) -> list[Dataset]:
    """Twelve quarterly reports; Recall@10 is the share of the gold documents among the first ten passages."""
    questions = tuple(
        Question(
            row["id"],
            row["question"],
            "en",
            _documents(row["gold_files"]),
            row["answer"],
            row["question_type"],
        )
        for row in _rows(folder / "questions.jsonl")
    )
    return [Dataset("Docugami 10-Q, document", "docugami", (folder / "docs",), questions)]


def handbook_en(folder: Path, work: Path) -> list[Dataset]:
    """A company handbook in English: by file, and by the section that answers."""
    return _handbook(folder, "18F", "en")


def handbook_ja(folder: Path, work: Path) -> list[Dataset]:
    """A company handbook in Japanese: by file, and by the section that answers."""
    return _handbook(folder, "GitLab-ja", "ja")


def allganize_ja(folder: Path, work: Path) -> list[Dataset]:
    """Four Japanese government PDFs, page exact; what stands only in a picture is apart."""
    questions = [
        Question(row["id"], row["query"], "ja", (Gold(row["file"], row["page"]),), kind=row["type"])
        for row in _rows(folder / "questions.jsonl")
    ]
    documents = (folder / "documents",)
    told = tuple(question for question in questions if question.kind != "image")
    drawn = tuple(question for question in questions if question.kind == "image")
    return [
        Dataset("Allganize-ja, page", "allganize", documents, tuple(questions), "page"),
        Dataset("Allganize-ja, page: text and tables", "allganize", documents, told, "page"),
        Dataset("Allganize-ja, page: images", "allganize", documents, drawn, "page"),
    ]


def jsquad(folder: Path, work: Path) -> list[Dataset]:
    """Japanese encyclopedia passages, one file each; the passage is the gold."""
    questions = []
    paragraphs = (
        paragraph
        for path in sorted(folder.glob("*.json"))
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]
        for paragraph in article["paragraphs"]
    )
    for number, paragraph in enumerate(paragraphs):
        title, _, text = paragraph["context"].rpartition(" [SEP] ")
        document = f"{number:05d}.md"
        _write(work / "jsquad" / document, f"# {title}\n\n{text}\n" if title else f"{text}\n")
        for asked in paragraph["qas"]:
            answer = asked["answers"][0]["text"] if asked["answers"] else ""
            questions.append(Question(asked["id"], asked["question"], "ja", (Gold(document),), answer))
    return [Dataset("JSQuAD, passage", "jsquad", (work / "jsquad",), tuple(questions), short_answers=True)]


def chunking(folder: Path, work: Path) -> list[Dataset]:
    """Three corpora with gold excerpts, read as plain text so that the stored text is theirs."""
    for path in (folder / "corpora").glob("*.md"):
        _write(work / "chunking" / f"{path.stem}.txt", path.read_text(encoding="utf-8"))
    questions = tuple(
        Question(
            id=f"chunking-{number:03d}",
            text=row["question"],
            language="en",
            gold=tuple(Gold(f"{row['corpus_id']}.txt", text=part["content"]) for part in row["references"]),
        )
        for number, row in enumerate(_rows(folder / "questions.jsonl"), start=1)
    )
    return [Dataset("Chunking, excerpts", "chunking", (work / "chunking",), questions, "text", spans=True)]


def beir(folder: Path, work: Path) -> list[Dataset]:
    """A BEIR folder: every entry of its corpus becomes a text file, and documents are ranked."""
    target = work / f"beir-{folder.name}"
    for row in _rows(folder / "corpus.jsonl"):
        text = "\n\n".join(part for part in (row.get("title", ""), row["text"]) if part)
        _write(target / f"{_file_name(row['_id'])}.txt", text + "\n")
    questions = tuple(
        replace(
            question, gold=tuple(replace(gold, document=_file_name(gold.document)) for gold in question.gold)
        )
        for question in read_questions(folder)
    )
    return [Dataset(f"{folder.name} (BEIR)", target.name, (target,), questions, ranked="documents")]


LOADERS: Mapping[str, Callable[[Path, Path], list[Dataset]]] = {
    "azure_contoso_hr": contoso,
    "handbook_faq_en_18f": handbook_en,
    "handbook_faq_ja_gitlab_people_company": handbook_ja,
    "allganize_ja": allganize_ja,
    "jsquad_valid": jsquad,
    "docugami_sec10q": docugami,
    "chunking_evaluation": chunking,
}
"""Folder name → loader, in the order of the table."""


def load(data: Path | None, work: Path, only: Sequence[str] = ()) -> Iterator[Dataset]:
    """Yields the sample's sets, then those of every known or BEIR folder in ``data``.

    ``only`` keeps the sets whose name contains one of the given words, whatever the case.
    """
    found = [*sample(SAMPLE, work)]
    if data is not None:
        for name, loader in LOADERS.items():
            if (data / name).is_dir():
                found += loader(data / name, work)
        for folder in sorted(data.iterdir()):
            if (folder / "corpus.jsonl").is_file() and (folder / "qrels").is_dir():
                found += beir(folder, work)
            elif (
                folder.name not in LOADERS
                and (folder / "corpus").is_dir()
                and (folder / "questions.jsonl").is_file()
            ):
                found += headings(folder, work)
    wanted = [word.casefold() for word in only]
    yield from (s for s in found if not wanted or any(word in s.name.casefold() for word in wanted))


def one_of_each(sets: Iterable[Dataset]) -> list[Dataset]:
    """Returns one set of each kind of gold: of two with the same questions, the one whose gold is words; none of
    pictures alone.
    """
    sets = [one for one in sets if not one.name.endswith(": images")]
    return [
        one
        for one in sets
        if one.grain == "text"
        or not any(
            other.corpus == one.corpus and other.grain == "text" and other.questions == one.questions
            for other in sets
        )
    ]


def headings(folder: Path, work: Path) -> list[Dataset]:
    """A set that ``bench.headings`` made, or one like it: by file, and by the section that answers."""
    return _handbook(folder, folder.name, "")


def _handbook(folder: Path, name: str, language: str) -> list[Dataset]:
    # Sets over the same documents share them by a link.
    documents, key = ((folder / "corpus").resolve(),), (folder / "corpus").resolve().parent.name
    questions = tuple(
        Question(row["id"], row["question"], language, (Gold(row["gold_file"], text=row["gold_plain"]),))
        for row in _rows(folder / "questions.jsonl")
    )
    return [
        Dataset(f"{name}, file", key, documents, questions),
        Dataset(f"{name}, section", key, documents, questions, "text"),
    ]


def _documents(names: Iterable[str]) -> tuple[Gold, ...]:
    return tuple(Gold(name) for name in names)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _write(path: Path, text: str) -> None:
    """Writes a file unless it already says so: an unchanged file is not read again by the next ingest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _file_name(document: str) -> str:
    return quote(document, safe="")
