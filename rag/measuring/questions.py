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

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from corpus.errors import UsageError
from corpus.language import detect_language

_SHOWN_CHARS = 80
_LARGEST = 2**53
"""Of whole numbers: a float holds all up to there."""
_ALIKE = 0.85
"""Share of two names' letters by which one is the other misspelt: "golds" and "Gold", but not "golden"."""


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
    """A question with every place that answers it; ``gold`` is empty when no document does.

    ``irrelevant`` are documents that were judged not to answer it.
    """

    id: str
    text: str
    language: str = ""
    gold: tuple[Gold, ...] = ()
    answer: str = ""
    kind: str = ""
    irrelevant: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether some document answers it."""
        return bool(self.gold)


def read_questions(path: Path, *, split: str = "test") -> list[Question]:
    """Reads a JSONL file, or a BEIR folder with its ``split``.

    Raises:
        UsageError: there is no such file, a line is not a question, two questions share an id, a judged query is
        missing, or there are none.
    """
    if path.is_dir():
        questions = list(_read_beir(path, split))
    else:
        questions = [_question(row, f"{path}, line {number}", number) for number, row in _rows(path)]
    seen: dict[str, str] = {}
    for question in questions:
        if question.id in seen:
            raise _bad(
                f"{path}: two questions have the id {question.id!r}; one without any has its line's number."
            )
        seen[question.id] = question.text
    if not questions:
        raise _bad(f"{path} has no questions.")
    return questions


def write_trec_run(path: Path, ranked: Iterable[tuple[str, Sequence[str]]], name: str = "vouch") -> None:
    """Writes rankings as a TREC run file: ``query Q0 document rank score name``.

    ``ranked`` gives for each question id its documents, best first. The score is 1 / rank: tools go by it, and of twins
    the better named stands first whatever their own scores. Blanks in a name become ``%20``, since blanks part the
    columns.
    """
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for question, documents in ranked:
            for rank, document in enumerate(documents, start=1):
                file.write(
                    f"{_column(question)} Q0 {_column(document)} {rank} {1 / rank:.6f} {_column(name)}\n"
                )


def _column(text: str) -> str:
    return "%20".join(text.split())


# ---- JSONL -----------------------------------------------------------------------------------------


def _lines(path: Path) -> list[str]:
    """Returns a file's lines. A line ends at a line feed alone: U+2028 and its like may stand in a JSON string."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise _bad(f"There is no file {path}.") from None
    except OSError as error:
        raise _bad(f"Cannot read {path}: {error}.") from None
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise _bad(f"{path}, line {number} is not UTF-8.") from None
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise _bad(f"{path}, line {number} is not JSON: {error}.") from None
            except RecursionError:
                raise _bad(f"{path}, line {number} is not a question: it is nested too deeply.") from None
            if not isinstance(row, dict):
                raise _bad(f"{path}, line {number} is not a JSON object.")
            yield number, row


def _question(row: Mapping[str, Any], place: str, number: int) -> Question:
    text = _string(row, "question", place)
    if not text.strip():
        raise _bad(f'{place} has no "question".')
    _check_names(row, ("gold", "answerable"), place)
    gold = [] if row.get("gold") is None else row["gold"]
    if not isinstance(gold, list):
        raise _bad(f'{place}: "gold" is a list of places, not {_short(gold)}.')
    answerable = row.get("answerable")
    if answerable is not None and not isinstance(answerable, bool):
        raise _bad(f'{place}: "answerable" is true or false, not {_short(answerable)}.')
    if answerable and not gold:
        raise _bad(f'{place}: it is said to be answerable, but has no "gold".')
    return Question(
        id=_name(row, "id", place) or str(number),
        text=text,
        language=_string(row, "language", place) or detect_language(text),
        gold=() if answerable is False else tuple(_gold(item, place) for item in gold),
        answer=_name(row, "answer", place),
        kind=_name(row, "kind", place),
    )


def _gold(item: Any, place: str) -> Gold:
    if (
        not isinstance(item, dict)
        or not isinstance(item.get("document"), str)
        or not item["document"].strip().strip("/")
    ):
        raise _bad(f'{place}: a gold place needs a "document".')
    _check_names(item, ("page", "start", "end", "grade", "evidence", "text"), place)
    page, start, end = (_whole(item, name, place) for name in ("page", "start", "end"))
    grade = _number(item, "grade", place)
    gold = Gold(
        document=item["document"],
        page=0 if page is None else page,
        text=_string(item, "evidence", place) or _string(item, "text", place),
        start=-1 if start is None else start,
        end=-1 if end is None else end,
        grade=1.0 if grade is None else grade,
    )
    if page is not None and page < 1:
        raise _bad(f"{place}: pages count from 1; {page} is none.")
    if gold.grade <= 0:
        raise _bad(f"{place}: grades are above 0; {gold.grade:g} is not.")
    if (start is None) != (end is None) or (start is not None and not 0 <= start < gold.end):
        raise _bad(f"{place}: start and end are given together, count from 0, and start comes before end.")
    return gold


def _check_names(row: Mapping[str, Any], names: tuple[str, ...], place: str) -> None:
    """Refuses a field that is surely a misspelt one: it would change what is measured. Others belong to other tools."""
    if found := _misspelt(tuple(row), names):
        raise _bad(f'{place}: {_short(found[0])} is no field; "{found[1]}" is.')


@lru_cache(maxsize=256)
def _misspelt(given: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, str] | None:
    """Returns a field that is surely meant as one of those names, and that name."""
    lower = {one.lower(): one for one in given}
    for name in names:
        if name not in given and (meant := get_close_matches(name, lower, n=1, cutoff=_ALIKE)):
            return lower[meant[0]], name
    return None


def _string(row: Mapping[str, Any], name: str, place: str) -> str:
    """Returns a text, "" where none is given."""
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise _bad(f'{place}: "{name}" is a text, not {_short(value)}.')
    return value or ""


def _name(row: Mapping[str, Any], name: str, place: str) -> str:
    """Returns a text or a number as text, "" where none is given."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise _bad(f'{place}: "{name}" is a text or a number, not {_short(value)}.')
    return "" if value is None else str(value)


def _number(row: Mapping[str, Any], name: str, place: str) -> float | None:
    value = row.get(name)
    if value is None:
        return None
    number = (
        math.nan if isinstance(value, bool) or not isinstance(value, str | int | float) else _finite(value)
    )
    if math.isnan(number):
        raise _bad(f'{place}: "{name}" is a number, not {_short(value)}.')
    return number


def _whole(row: Mapping[str, Any], name: str, place: str) -> int | None:
    number = _number(row, name, place)
    if number is not None and not (number.is_integer() and abs(number) <= _LARGEST):
        raise _bad(f'{place}: "{name}" is a whole number, not {_short(row[name])}.')
    return None if number is None else int(number)


def _finite(value: str | float) -> float:
    """Returns a finite number as it is written, else not-a-number."""
    try:
        number = math.nan if isinstance(value, str) and "_" in value else float(value)
    except (ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"


# ---- BEIR ------------------------------------------------------------------------------------------


def _read_beir(folder: Path, split: str) -> Iterator[Question]:
    judged = _read_qrels(folder, split)
    asked = set()
    for number, row in _rows(folder / "queries.jsonl"):
        place = f"{folder / 'queries.jsonl'}, line {number}"
        own = _name(row, "_id", place)
        if not own:
            raise _bad(f'{place} has no "_id".')
        asked.add(own)
        golds, irrelevant = judged.get(own, ([], []))
        if golds:
            text = _string(row, "text", place)
            if not text.strip():
                raise _bad(f"{place} has no text.")
            yield Question(own, text, detect_language(text), tuple(golds), irrelevant=tuple(irrelevant))
    if unknown := [query for query in judged if query not in asked]:
        named = ", ".join(map(_short, unknown[:3])) + (", …" if len(unknown) > 3 else "")
        raise _bad(
            f"{folder / 'qrels' / split}.tsv judges {len(unknown):,} queries that queries.jsonl does not have: {named}."
        )


def _read_qrels(folder: Path, split: str) -> dict[str, tuple[list[Gold], list[str]]]:
    """Returns for each query what answers it, and the documents that were judged not to."""
    judged: dict[str, tuple[list[Gold], list[str]]] = {}
    qrels = folder / "qrels" / f"{split}.tsv"
    if not qrels.exists():
        raise _bad(f"{folder} is not a BEIR folder: it has no qrels/{split}.tsv.")
    for number, line in enumerate(_lines(qrels), start=1):
        fields = line.split("\t")
        if not line.strip() or (number == 1 and len(fields) == 3 and not _is_number(fields[-1])):
            continue  # the first may be the header
        if len(fields) != 3 or not fields[0] or not fields[1].strip("/") or math.isnan(_finite(fields[2])):
            raise _bad(f"{qrels}, line {number} is not: query id, corpus id, score.")
        golds, irrelevant = judged.setdefault(fields[0], ([], []))
        if (grade := _finite(fields[2])) > 0:
            golds.append(Gold(document=fields[1], grade=grade))
        else:
            irrelevant.append(fields[1])
    return judged


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
