"""Makes corpora of any size to measure searching on: real text with real vectors, and a perturbation of it.

    python -m bench.corpora --documents folder --work ~/search --chunks 1000,100000,1000000

Small chunks make much of the files at hand: at most 28 tokens, or 200 characters of what the embedder does not read.
The files are read, cut and embedded as an ingest does it, only that many documents are committed in one transaction
and both indexes are built once, at the end. The real corpus has 100,000 chunks at most. A smaller one takes its
first documents, a larger one takes them all, and then copies that are perturbed (:mod:`bench.perturbation`).

Every document is open to everybody, and one in 2, 10, 100 and 1,000 also to ``group:one-in-…``.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from random import Random

from bench.perturbation import Perturbation
from corpus.catalog import Database, documents, open_database, passages, records
from corpus.catalog.changes import CatalogFeed
from corpus.catalog.committing import commit_version
from corpus.catalog.documents import DocumentRecord
from corpus.catalog.texts import read_pages, read_text
from corpus.catalog.tokens import read_tokens
from corpus.embedding import open_embedder
from corpus.errors import VouchError
from corpus.originals import Originals
from corpus.settings import Settings, load_settings
from corpus.store import open_corpus
from corpus.types import PUBLIC, Chunk, Document, DocumentKey, NewVersion
from ingest.chunking import Chunker
from ingest.discovery import SourceFile, discover
from ingest.planning import fingerprint
from ingest.stages import ReadAhead

REAL = 100_000
SMALL = {"chunk_tokens": 28, "chunk_chars": 200}
SHARES = (2, 10, 100, 1000)
ENDINGS = (".docx", ".htm", ".html", ".md", ".pdf", ".txt")

COLLECTION = "default"
_COMPLETE = "complete"
_TEXTS_AT_ONCE = 2_000
_CHUNKS_AT_ONCE = 4_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the corpora that are not there yet; returns the exit code, 1 when the time was too short."""
    parser = argparse.ArgumentParser(prog="python -m bench.corpora", description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=Path, required=True, help="a folder with real documents")
    parser.add_argument("--work", type=Path, required=True, help="where the corpora are kept, by their size")
    parser.add_argument("--chunks", default=str(REAL), help="sizes, by comma")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so long; the next run goes on")
    options = parser.parse_args(arguments)
    sizes = [int(one) for one in options.chunks.split(",")]
    complete = make(options.work, options.documents, sizes, options.seconds)
    print("complete" if complete else "not complete yet: run it again", file=sys.stderr)
    return 0 if complete else 1


def make(work: Path, files: Path, sizes: Sequence[int], seconds: float = 1e9) -> bool:
    """Makes what is missing of the corpora of the given sizes, ``work/SIZE``; says whether all are complete.

    What is complete is left alone, and what was interrupted is gone on with.
    """
    until = time.monotonic() + seconds
    most = REAL if is_complete(work / str(REAL)) else min(REAL, max(sizes))
    real = work / str(most)
    if not is_complete(real):
        with _Shelf(real) as shelf:
            if not _read_files(shelf, files, most, until) or time.monotonic() > until:
                return False
        _index(real)
    for size in sizes:
        folder = work / str(size)
        if is_complete(folder):
            continue
        if not folder.exists():
            shutil.copytree(real / "models", folder / "models")  # it was exported once
        with _Shelf(real) as source, _Shelf(folder) as shelf:
            if not _copy(source, shelf, size, until) or time.monotonic() > until:
                return False
        _index(folder)
    return True


def is_complete(folder: Path) -> bool:
    """Says whether a corpus was made to its end."""
    return (folder / _COMPLETE).is_file()


def settings_of(folder: Path) -> Settings:
    """Returns the settings that one of these corpora is made and searched with."""
    return load_settings({"data_dir": folder, **SMALL})


def principal(share: int) -> str:
    """Returns to whom one document in ``share`` is open."""
    return f"group:one-in-{share}"


def _index(folder: Path) -> None:
    """Has both indexes built from the catalog by low-priority children, and calls the corpus complete."""
    settings = settings_of(folder)
    embedder = open_embedder(settings)
    with open_corpus(settings, embedder.space, purpose="bench") as corpus:
        corpus.publish()
        corpus.settle(corpus.state().chunks)
        problems = corpus.state().problems
    if problems:
        raise RuntimeError(f"{folder}: {' '.join(problems)}")
    (folder / _COMPLETE).touch()


class _Shelf:
    """A catalog that is filled many documents to a transaction, while no index follows it."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings_of(folder)
        self.embedder = open_embedder(self.settings)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.database: Database = open_database(folder)
        self.originals = Originals(folder / "originals")
        with self.database.read() as db:
            space, listed = records.space(db), documents.list_documents(db)
        if space is None:
            with self.database.write() as db:
                records.choose_space(db, self.embedder.space)
        self.places = {one.key.place for one in listed}
        self.chunks = sum(one.live.chunks for one in listed if one.live)

    def commit(self, batch: Sequence[tuple[NewVersion, bytes]]) -> None:
        """Makes documents live, each open to everybody and, by its number, to the principals of a share."""
        for new, original in batch:
            self.originals.add(original, new.sha256)
        with self.database.write() as db:
            for new, _ in batch:
                number = len(self.places)
                access = {PUBLIC, *(principal(share) for share in SHARES if number % share == 0)}
                commit_version(db, replace(new, access=frozenset(access)))
                self.places.add(new.key.place)
                self.chunks += len(new.chunks)
        for new, _ in batch:
            self.originals.settle(new.sha256)
        print(f"  {len(self.places)} documents, {self.chunks} chunks", file=sys.stderr, flush=True)

    def __enter__(self) -> _Shelf:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()


# ---- real documents --------------------------------------------------------------------------------


def _read_files(shelf: _Shelf, folder: Path, size: int, until: float) -> bool:
    """Reads, cuts and embeds files in an order that mixes their folders; False when the time was too short."""
    shelf.embedder.prepare()
    found = discover([folder], suffixes=ENDINGS).files
    mixed = sorted(found, key=lambda file: hashlib.sha256(file.path.encode()).digest())
    tried = shelf.folder / "unreadable"
    refused = set(tried.read_text().split("\n")) if tried.exists() else set()
    missing = [file for file in mixed if file.place not in shelf.places and file.path not in refused]
    waiting: list[tuple[SourceFile, Document, tuple[Chunk, ...]]] = []
    embedder = shelf.embedder
    chunker = Chunker(embedder.count_tokens, embedder.covers, shelf.settings, embedder.max_tokens)
    with ReadAhead(shelf.settings, [(file, None) for file in missing], lambda: None) as reading:
        while not reading.ended and shelf.chunks < size and time.monotonic() < until:
            read = reading.take()
            if read is None:
                time.sleep(0.01)
                continue
            chunks = () if isinstance(read.parsed, VouchError) else chunker.chunk(read.parsed)
            if isinstance(read.parsed, VouchError) or not chunks:
                with tried.open("a") as out:
                    out.write(f"{read.source.path}\n")
                continue
            waiting.append((read.source, read.parsed, chunks))
            if sum(len(chunks) for *_, chunks in waiting) >= _TEXTS_AT_ONCE:
                _embed_and_commit(shelf, waiting)
                waiting = []
        _embed_and_commit(shelf, waiting)
        if reading.ended and shelf.chunks < size:
            print(f"  the files give no more than {shelf.chunks} chunks", file=sys.stderr)
        return reading.ended or shelf.chunks >= size


def _embed_and_commit(
    shelf: _Shelf, waiting: Sequence[tuple[SourceFile, Document, tuple[Chunk, ...]]]
) -> None:
    embedder = shelf.embedder
    texts = [chunk.searched for *_, chunks in waiting for chunk in chunks]
    covered = [embedder.covers(text) for text in texts]
    vectors, codes = embedder.embed_passages_with_tokens(list(compress(texts, covered)))
    made = iter(zip(vectors, codes, strict=True))
    does = iter(covered)
    batch = []
    for source, document, chunks in waiting:
        original = source.location.read_bytes()
        own = [next(made) if next(does) else (None, None) for _ in chunks]
        new = NewVersion(
            key=DocumentKey(COLLECTION, source.root, source.path),
            sha256=hashlib.sha256(original).hexdigest(),
            size_bytes=len(original),
            modified=source.modified,
            fingerprint=fingerprint(document.content_type, shelf.settings, embedder.space),
            document=document,
            chunks=chunks,
            vectors=[vector for vector, _ in own],
            tokens=[code for _, code in own],
        )
        batch.append((new, original))
    if batch:
        shelf.commit(batch)


# ---- copies ----------------------------------------------------------------------------------------


def _copy(source: _Shelf, shelf: _Shelf, size: int, until: float) -> bool:
    """Copies documents until there are so many chunks, perturbed from the second round on; False when the time
    was too short."""
    with source.database.read() as db:
        listed = documents.list_documents(db)
    listed.sort(key=lambda one: one.live.id if one.live else 0)
    perturbation: Perturbation | None = None
    batch: list[tuple[NewVersion, bytes]] = []
    for turn in range(size):
        for one in listed:
            if shelf.chunks + sum(len(new.chunks) for new, _ in batch) >= size:
                shelf.commit(batch)
                return True
            path = one.key.path if not turn else f"{turn}/{one.key.path}"
            if (one.key.root, path) in shelf.places or one.live is None:
                continue
            if turn and perturbation is None:
                perturbation = Perturbation(source.database, source.folder)
            stored = _stored(source, one, path)
            if turn and perturbation is not None:
                stored = perturbation.apply(stored, Random(path))
            batch.append(stored)
            if sum(len(new.chunks) for new, _ in batch) >= _CHUNKS_AT_ONCE:
                shelf.commit(batch)
                batch = []
                if time.monotonic() > until:
                    return False
    return True


def _stored(source: _Shelf, record: DocumentRecord, path: str) -> tuple[NewVersion, bytes]:
    """Returns a live document as it would be committed again, with the file that it came from."""
    live = record.live
    assert live is not None
    with source.database.read() as db:
        text, pages = read_text(db, live.id), read_pages(db, live.id)
        stored = passages.stored_chunks(db, live.id)
        codes = read_tokens(db, [one.id for one in stored])
    with CatalogFeed(source.database).snapshot() as snapshot:
        vectors = {
            own: vector
            for batch in snapshot.vector_batches([live.id])
            for own, vector in zip(batch.ids.tolist(), batch.vectors, strict=True)
        }
    chunks = [
        Chunk(
            ordinal=one.ordinal,
            start=one.start,
            end=one.end,
            text=text[one.start : one.end],
            context=one.context,
            headings=one.headings,
            page=one.page,
            last_page=one.last_page,
            tokens=one.tokens,
        )
        for one in stored
    ]
    new = NewVersion(
        key=DocumentKey(COLLECTION, record.key.root, path),
        sha256=live.sha256,
        size_bytes=live.size_bytes,
        modified=live.modified,
        fingerprint=live.fingerprint,
        document=Document(text, pages, (), live.title, live.content_type, live.language, live.date),
        chunks=chunks,
        vectors=[vectors.get(one.id) for one in stored],
        tokens=[codes.get(one.id) for one in stored],
    )
    return new, source.originals.read(live.sha256)


if __name__ == "__main__":
    sys.exit(main())
