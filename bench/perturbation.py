"""Makes other documents of real ones, to search among more than there are: other words, vectors nearby.

- Words: of the runs of one script (words in English, parts of words in Japanese) a share of ``CHANGED`` is drawn
  anew from all runs of that script, as often as each occurs. So the share of the passages that have a word, and
  their lengths, stay what they were; the vocabulary does not grow.
- Vectors: each goes a random part (``TOWARDS``) of the way to one of its ``NEIGHBOURS`` nearest, takes on noise of
  length ``NOISE``, and is made of unit length again. ``bench.search`` prints how near neighbours are.
  Vectors of tokens are copied as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from random import Random

import numpy as np

from corpus.catalog import Database, documents
from corpus.catalog.changes import CatalogFeed
from corpus.catalog.texts import read_text
from corpus.types import Float32, Int64, NewVersion, Page

CHANGED = 0.3
NEIGHBOURS = 10
TOWARDS = (0.2, 0.8)
NOISE = 0.35
_RUN = re.compile(r"[A-Za-z]+|[ぁ-ん]+|[ァ-ヶー]+|[一-龥々]+")


@dataclass(frozen=True, slots=True)
class _Runs:
    """The runs of one script, and how often they occur in the runs before and up to each."""

    words: list[str]
    totals: list[int]

    def draw(self, random: Random) -> str:
        """Returns one, the likelier the more often it occurs."""
        return random.choices(self.words, cum_weights=self.totals)[0]


class Perturbation:
    """Makes another document of one: of other words in part, with vectors near those of its neighbours."""

    def __init__(self, database: Database, folder: Path) -> None:
        """Takes words and vectors from a catalog; keeps the vectors' neighbours in a folder."""
        counts: dict[str, Counter[str]] = {}
        with database.read() as db:
            for one in documents.list_documents(db):
                if one.live:
                    for run in _RUN.findall(read_text(db, one.live.id)):
                        counts.setdefault(_script(run), Counter())[run] += 1
        self._runs: Mapping[str, _Runs] = {
            script: _Runs(list(found), list(accumulate(found.values()))) for script, found in counts.items()
        }
        with CatalogFeed(database).snapshot() as snapshot:
            self._vectors = np.concatenate([batch.vectors for batch in snapshot.vector_batches()])
        self._row = {vector.tobytes(): row for row, vector in enumerate(self._vectors)}
        self._near = _neighbours(self._vectors, folder / "neighbours.npy")

    def apply(self, stored: tuple[NewVersion, bytes], random: Random) -> tuple[NewVersion, bytes]:
        """Returns the perturbed document, with its text as its file; equal states of ``random`` give equal ones."""
        new, _ = stored
        text, at = self._text(new, random)
        pages = [Page(page.number, at[page.start], at[page.end], page.label) for page in new.document.pages]
        chunks = [
            replace(
                chunk,
                start=at[chunk.start],
                end=at[chunk.end],
                text=text[at[chunk.start] : at[chunk.end]],
                context=self._words(chunk.context, random),
            )
            for chunk in new.chunks
        ]
        original = text.encode("utf-8", "replace")
        changed = replace(
            new,
            sha256=hashlib.sha256(original).hexdigest(),
            size_bytes=len(original),
            document=replace(new.document, text=text, pages=tuple(pages)),
            chunks=chunks,
            vectors=self._turned(new.vectors, random),
        )
        return changed, original

    def _text(self, new: NewVersion, random: Random) -> tuple[str, dict[int, int]]:
        """Returns another text, and where in it the chunks and pages begin and end that did at an offset."""
        text = new.document.text
        cuts = {0, len(text)}
        cuts.update(end for chunk in new.chunks for end in (chunk.start, chunk.end))
        cuts.update(end for page in new.document.pages for end in (page.start, page.end))
        at, parts, length = {0: 0}, [], 0
        for start, end in pairwise(sorted(cuts)):
            parts.append(self._words(text[start:end], random))
            length += len(parts[-1])
            at[end] = length
        return "".join(parts), at

    def _words(self, text: str, random: Random) -> str:
        def other(match: re.Match[str]) -> str:
            run = match[0]
            return self._runs[_script(run)].draw(random) if random.random() < CHANGED else run

        return _RUN.sub(other, text)

    def _turned(self, vectors: Iterable[Float32 | None], random: Random) -> list[Float32 | None]:
        generator = np.random.default_rng(random.getrandbits(64))
        return [None if vector is None else self._turn(vector, generator) for vector in vectors]

    def _turn(self, vector: Float32, random: np.random.Generator) -> Float32:
        beside = self._vectors[random.choice(self._near[self._row[vector.tobytes()]])]
        part = random.uniform(*TOWARDS)
        noise = random.standard_normal(len(vector))
        turned = (1 - part) * vector + part * beside + NOISE * noise / np.linalg.norm(noise)
        return np.asarray(turned / np.linalg.norm(turned), np.float32)


def _script(run: str) -> str:
    first = run[0]
    return "latin" if first.isascii() else "hira" if first < "ァ" else "kata" if first < "㐀" else "han"


def _neighbours(vectors: Float32, path: Path) -> Int64:
    """Returns the rows of the nearest others that are not the same, for each row; kept in a file."""
    if path.exists():
        kept: Int64 = np.load(path)
        if len(kept) == len(vectors):
            return kept
    near = np.empty((len(vectors), NEIGHBOURS), np.int64)
    for start in range(0, len(vectors), 1024):
        cosines = vectors[start : start + 1024] @ vectors.T
        cosines[cosines > 1 - 1e-4] = -1.0  # itself, and its twins
        near[start : start + 1024] = np.argpartition(-cosines, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    np.save(path, near)
    return near
