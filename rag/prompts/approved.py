"""A corpus's approved question–answer pairs: worked examples that people added, kept in the data folder.

Each knows which documents its passages are from, so that it goes when one of them is erased. Write from one thread
at a time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from corpus.durable import replace_file, unfinished
from corpus.errors import NotFoundError, UsageError, unwritten
from corpus.language import normalise
from rag.prompts.prompting import NOT_IN_DOCUMENTS, Example, is_japanese
from rag.prompts.strategies import read_rows
from rag.words.references import is_own

FILE_NAME = "examples.jsonl"
MOST_CHARS = 8000
"""The longest question, answer or passage, in code points."""

MOST_PASSAGES = 20

_Passage = TypeVar("_Passage")

_MARKER = re.compile(r"\[(\d+)\]")
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Approved:
    """A worked example that somebody added: ``id`` is 8 hexadecimal digits of its content; ``documents`` are those
    that its passages are from, none where they were typed in. ``consent``: somebody said that it may stand in anybody's
    prompt, whoever may read those.
    """

    id: str
    example: Example
    documents: tuple[str, ...]
    added_at: str
    consent: bool = False


def approved(folder: Path) -> tuple[Approved, ...]:
    """Returns what was added to a corpus, the oldest first.

    Raises:
        UsageError: its file cannot be read.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return ()
    return tuple(
        Approved(
            id_of(one),
            one,
            tuple(row.get("documents") or ()),
            str(row.get("added_at", "")),
            row.get("consent") is True,
        )
        for one, row in read_rows(path)
    )


def make_example(question: str, passages: Sequence[str], answer: str) -> Example:
    """Returns an example of which a model can learn, its passages numbered by the markers of the answer.

    Passages that no marker names are left out, unless the answer is that there is none.

    Raises:
        UsageError: a text is empty or too long, there is no passage, or a marker is missing or names none.
    """
    question, answer = question.strip(), answer.strip()
    texts = [text.strip() for text in passages]
    for name, text in (("question", question), ("answer", answer), *(("passage", one) for one in texts)):
        if not text:
            raise _bad(f"The {name} of the example is empty.", "Say all of it; `vouch examples add --help`.")
        if len(text) > MOST_CHARS:
            raise _bad(f"The {name} of the example has {len(text):,} characters; at most {MOST_CHARS:,}.")
        if _NO_TEXT.search(text):
            raise _bad(f"The {name} of the example has bytes that are no text.")
    if texts:
        answer, texts = cited(answer, texts, texts)
    if not texts or len(texts) > MOST_PASSAGES:
        raise _bad(f"An example has 1 to {MOST_PASSAGES} passages, not {len(texts)}.", "--passage TEXT")
    return Example(question, tuple(texts), answer, "ja" if is_japanese(question) else "")


def cited(answer: str, passages: Sequence[_Passage], texts: Iterable[str]) -> tuple[str, list[_Passage]]:
    """Returns the passages that the markers of an answer name, and the answer with those numbered from 1; all of them
    where the answer is that there is none. Bracketed numbers that the passages' ``texts`` have there are no markers.

    Raises:
        UsageError: there is no marker, or one names no passage.
    """
    if answer == NOT_IN_DOCUMENTS:
        return answer, list(passages)
    documents = [normalise(text) for text in texts]
    markers = [one for one in _MARKER.finditer(answer) if not is_own(answer, *one.span(), documents)]
    named = sorted({int(one[1]) for one in markers})
    if not named or not 1 <= named[0] <= named[-1] <= len(passages):
        raise _bad(
            "The answer of the example names no passage." if not named
            else f"The answer names passages that there are not; the last is [{len(passages)}].",
            'Mark what each sentence rests on: "Five days [1]."',
        )  # fmt: skip
    place = {number: at for at, number in enumerate(named, 1)}
    for one in reversed(markers):
        answer = f"{answer[: one.start()]}[{place[int(one[1])]}]{answer[one.end() :]}"
    return answer, [passages[number - 1] for number in named]


def add(
    folder: Path, example: Example, documents: Sequence[str] = (), *, consent: bool = False
) -> tuple[Approved, bool]:
    """Keeps an example; says False where the same is there already.

    Raises:
        UsageError: the file cannot be read. StorageError: it cannot be written.
    """
    there = approved(folder)
    if known := next((one for one in there if one.id == id_of(example)), None):
        return known, False
    now = datetime.now(UTC).isoformat(timespec="seconds")
    new = Approved(id_of(example), example, tuple(dict.fromkeys(documents)), now, consent)
    _write(folder, (*there, new))
    return new, True


def remove(folder: Path, ids: Sequence[str]) -> tuple[Approved, ...]:
    """Takes examples out by their ids and returns them; all of them or, where one is not there, none.

    Raises:
        NotFoundError: there is none of that id. Otherwise as :func:`add`.
    """
    there = approved(folder)
    for one in ids:
        if all(one != own.id for own in there):
            raise NotFoundError(
                f"There is no example {one!r}.",
                code="unknown_example",
                hint="List them with: vouch examples list",
            )
    _write(folder, [own for own in there if own.id not in ids])
    return tuple(own for own in there if own.id in ids)


def forget(folder: Path, document_ids: Sequence[str]) -> int:
    """Takes the examples out that quote one of these documents, and what a kill left half written; says how many.

    Raises as :func:`add`.
    """
    there = approved(folder)
    _clear(folder)
    left = [own for own in there if not set(own.documents) & set(document_ids)]
    if len(left) < len(there):
        _write(folder, left)
    return len(there) - len(left)


_MEND = "Nothing was changed; mend that and do it again."


def _write(folder: Path, all: Sequence[Approved]) -> None:
    """Writes the file whole or not at all, and none where there is nothing to keep; only its user may read it."""
    path = folder / FILE_NAME
    lines = [json.dumps(_row(one), ensure_ascii=False) + "\n" for one in all]
    _clear(folder)
    try:
        if not lines:
            path.unlink(missing_ok=True)
            return
        replace_file(path, "".join(lines))
    except OSError as error:
        raise unwritten("The examples", path, error, _MEND) from error


def _clear(folder: Path) -> None:
    """Deletes what a kill left half written: it may quote a document."""
    try:
        unfinished(folder / FILE_NAME).unlink(missing_ok=True)
    except OSError as error:
        raise unwritten("The examples", unfinished(folder / FILE_NAME), error, _MEND) from error


def _row(one: Approved) -> dict[str, Any]:
    return {
        **asdict(one.example),
        "documents": list(one.documents),
        "added_at": one.added_at,
        "consent": one.consent,
    }


def id_of(example: Example) -> str:
    """Returns 8 hexadecimal digits of an example's question, passages and answer."""
    told = json.dumps([example.question, list(example.passages), example.answer])
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _bad(message: str, hint: str = "") -> UsageError:
    return UsageError(message, code="bad_example", hint=hint)
