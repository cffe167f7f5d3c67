"""Question sets: what is asked, and where the answer stands.

Two forms are read. A JSONL file, one question a line::

    {"id": "q1", "question": "How long is the warranty?", "language": "en",
     "gold": [{"document": "warranty.pdf", "page": 3, "evidence": "24 months from delivery"}]}

where only ``question`` is required; ``gold`` items name a document (its path, or the end of it) and may add a
1-based ``page``, verbatim ``evidence`` (``text`` is the same), the ``start`` and ``end`` offsets of the
evidence in the document's text, and a ``grade`` above 0. A question without gold, or with ``"answerable":
false``, is one that no document answers. And a BEIR folder (Thakur et al., 2021): ``queries.jsonl`` and
``qrels/<split>.tsv``, whose corpus ids are the documents.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpus.errors import UsageError
from corpus.language import Normalised, detect_language, fold, normalise


@dataclass(frozen=True, slots=True)
class Gold:
    """A place that answers a question. ``page`` 0, ``text`` "" and ``start`` -1 mean: not given.

    ``start`` and ``end`` are offsets of ``text`` in the document's stored text, half-open. ``grade`` is the
    relevance, above 0, higher is better.
    """

    document: str
    page: int = 0
    text: str = ""
    start: int = -1
    end: int = -1
    grade: float = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """A question with every place that answers it; ``gold`` is empty when no document does."""

    id: str
    text: str
    language: str = ""
    gold: tuple[Gold, ...] = ()
    answer: str = ""
    kind: str = ""

    @property
    def answerable(self) -> bool:
        """Whether some document answers it."""
        return bool(self.gold)


def read_questions(path: Path, *, split: str = "test") -> list[Question]:
    """Reads a JSONL file, or a BEIR folder with its ``split``.

    Raises:
        UsageError: there is no such file, a line is not a question, two questions share an id, or there are
        none.
    """
    if path.is_dir():
        questions = list(_read_beir(path, split))
    else:
        questions = [_question(row, f"{path}, line {number}", number) for number, row in _rows(path)]
    seen: dict[str, str] = {}
    for question in questions:
        if question.id in seen:
            raise _bad(f"{path}: two questions have the id {question.id!r}.")
        seen[question.id] = question.text
    if not questions:
        raise _bad(f"{path} has no questions.")
    return questions


def locate(questions: Iterable[Question], text_of: Callable[[str], str]) -> list[Question]:
    """Returns the questions with each gold text and its offsets in the document as it is stored.

    ``text_of`` gives the stored text of a gold place's document, "" for none. Offsets alone give the text between
    them. Where there is a text, offsets that hold another one are replaced: they count in the original file. Only
    letters and digits have to agree, since a table's cells or a list's marks are written in many ways. A gold text
    that is not found has no offsets.
    """
    stored: dict[str, str] = {}
    normalised: dict[str, Normalised] = {}
    located = []
    for question in questions:
        gold = []
        for item in question.gold:
            if item.text or item.start >= 0:
                if item.document not in stored:
                    stored[item.document] = text_of(item.document)
                held = stored[item.document][item.start : item.end] if item.start >= 0 else ""
                if not item.text and held:
                    item = replace(item, text=held)
                elif not held or held != item.text:
                    if item.document not in normalised:
                        normalised[item.document] = normalise(stored[item.document])
                    start, end = _find_letters(item.text, normalised[item.document]) or (-1, -1)
                    item = replace(item, start=start, end=end)
            gold.append(item)
        located.append(replace(question, gold=tuple(gold)))
    return located


def _find_letters(wanted: str, source: Normalised) -> tuple[int, int] | None:
    kept = [at for at, character in enumerate(source.text) if character.isalnum()]
    letters = "".join(source.text[at] for at in kept)
    looked_for = "".join(filter(str.isalnum, fold(wanted)))
    at = letters.find(looked_for) if looked_for else -1
    return source.span(kept[at], kept[at + len(looked_for) - 1] + 1) if at >= 0 else None


def write_trec_run(path: Path, ranked: Iterable[tuple[str, Sequence[str]]], name: str = "vouch") -> None:
    """Writes rankings as a TREC run file: ``query Q0 document rank score name``.

    ``ranked`` gives for each question id its documents, best first. The score is 1 / rank: tools go by it, and of twins
    the better named stands first whatever their own scores. Blanks in a name become ``%20``, since blanks part the
    columns.
    """
    with path.open("w", encoding="utf-8") as file:
        for question, documents in ranked:
            for rank, document in enumerate(documents, start=1):
                file.write(
                    f"{_column(question)} Q0 {_column(document)} {rank} {1 / rank:.6f} {_column(name)}\n"
                )


def _column(text: str) -> str:
    return "%20".join(text.split())


# ---- JSONL -----------------------------------------------------------------------------------------


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise _bad(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(f"Cannot read {path}: {error}.") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise _bad(f"{path}, line {number} is not JSON: {error}.") from None
            if not isinstance(row, dict):
                raise _bad(f"{path}, line {number} is not a JSON object.")
            yield number, row


def _question(row: Mapping[str, Any], place: str, number: int) -> Question:
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise _bad(f'{place} has no "question".')
    gold = row.get("gold") or []
    if not isinstance(gold, list):
        raise _bad(f'{place}: "gold" is a list of places, not {type(gold).__name__}.')
    return Question(
        id=str(row.get("id", number)),
        text=text,
        language=str(row.get("language") or detect_language(text)),
        gold=tuple(_gold(item, place) for item in gold) if row.get("answerable", True) else (),
        answer=str(row.get("answer") or ""),
        kind=str(row.get("kind") or ""),
    )


def _gold(item: Any, place: str) -> Gold:
    if not isinstance(item, dict) or not isinstance(item.get("document"), str) or not item["document"]:
        raise _bad(f'{place}: a gold place needs a "document".')
    try:
        gold = Gold(
            document=item["document"],
            page=int(item.get("page") or 0),
            text=str(item.get("evidence") or item.get("text") or ""),
            start=int(item.get("start", -1)),
            end=int(item.get("end", -1)),
            grade=float(item.get("grade", 1.0)),
        )
    except (TypeError, ValueError) as error:
        raise _bad(f"{place}: {error}.") from None
    if gold.page < 0 or gold.grade <= 0 or (gold.start >= 0 and gold.end <= gold.start):
        raise _bad(f"{place}: pages count from 1, grades are above 0, and start comes before end.")
    return gold


# ---- BEIR ------------------------------------------------------------------------------------------


def _read_beir(folder: Path, split: str) -> Iterator[Question]:
    judged: dict[str, list[Gold]] = {}
    qrels = folder / "qrels" / f"{split}.tsv"
    try:
        with qrels.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except OSError:
        raise _bad(f"{folder} is not a BEIR folder: it has no qrels/{split}.tsv.") from None
    for number, line in enumerate(lines, start=1):
        if number == 1 and line[-1:] and not _is_number(line[-1]):
            continue  # the header
        if len(line) != 3 or not _is_number(line[2]):
            raise _bad(f"{qrels}, line {number} is not: query id, corpus id, score.")
        if float(line[2]) > 0:
            judged.setdefault(line[0], []).append(Gold(document=line[1], grade=float(line[2])))
    for number, row in _rows(folder / "queries.jsonl"):
        own = str(row.get("_id", ""))
        if own in judged:
            text = str(row.get("text") or "")
            if not text.strip():
                raise _bad(f"{folder / 'queries.jsonl'}, line {number} has no text.")
            yield Question(own, text, detect_language(text), tuple(judged[own]))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bad(message: str) -> UsageError:
    return UsageError(
        message,
        code="bad_questions",
        hint='A question set is JSONL with "question" and "gold", or a BEIR folder; see docs/evaluation.md.',
    )
