"""How a corpus is doing, read from its catalog, its indexes and its folder."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from errno import EMFILE, ENFILE
from pathlib import Path

from corpus.catalog import Database, changes, documents, passages, records
from corpus.catalog.place import MOVED
from corpus.embedding import EmbeddingSpace
from corpus.erasing import UNFINISHED_ERASURE
from corpus.errors import disk_code
from corpus.originals import Originals, folder_bytes
from corpus.projection import DenseIndex, IndexState, LexicalIndex
from corpus.types import OWNER

_PROBED_BYTES = 4096
"""A page: what a disk that is full to the last one refuses."""


@dataclass(frozen=True, slots=True)
class CorpusState:
    """How the corpus is doing, for ``vouch status`` and ``/health``."""

    folder: Path
    corpus_id: str
    space: EmbeddingSpace | None
    read_only: bool
    seq: int
    documents: int
    chunks: int
    chunks_without_vector: int
    chunks_without_tokens: int
    disk_bytes: int
    free_bytes: int
    dense: IndexState
    lexical: IndexState
    problems: tuple[str, ...]


def read_state(
    folder: Path,
    catalog: Database,
    originals: Originals,
    dense_index: DenseIndex,
    lexical_index: LexicalIndex,
) -> CorpusState:
    """Says how the corpus and its indexes are doing."""
    with catalog.read() as db:
        live, seq, space = documents.count_live(db), changes.last_seq(db), records.space(db)
        own_id, erasing = records.corpus_id(db), records.is_erasing(db)
    dense, lexical = dense_index.state(), lexical_index.state()
    problems = [state.problem for state in (dense, lexical) if state.problem]
    if lexical.aside:
        problems.append(_told_aside(catalog, lexical))
    if erasing:
        problems.append(UNFINISHED_ERASURE)
    if not catalog.is_there:
        problems.insert(0, MOVED)
    if catalog.older:
        problems.insert(
            0,
            "The catalog is an earlier Vouch's, and its disk is read-only or has no room to bring it up to date, which "
            "takes twice the catalog's size for a while. A copy of it is read; searching goes on.",
        )
    elif catalog.read_only:
        problems.insert(0, "The data folder could not be written when it was opened; searching goes on.")
    elif catalog.is_there and (refusal := _refusal(folder)):
        problems.insert(0, refusal)
    return CorpusState(
        folder=folder,
        corpus_id=own_id,
        space=space,
        read_only=catalog.read_only,
        seq=seq,
        documents=live.documents,
        chunks=live.chunks,
        chunks_without_vector=live.chunks - live.vectors,
        chunks_without_tokens=live.vectors - live.with_tokens,
        disk_bytes=folder_bytes(folder, beside=originals.folder.name) + originals.disk_bytes(),
        free_bytes=_free_bytes(folder),
        dense=dense,
        lexical=lexical,
        problems=tuple(problems),
    )


def _told_aside(catalog: Database, lexical: IndexState) -> str:
    """Names documents by their ids alone: whoever asks after the health of a service need not know more of them."""
    with catalog.read() as db:
        places = passages.live_places(db, lexical.aside_first, OWNER)
    named = [f"{one.ordinal + 1} of document {one.document_id}" for one in places.values()]
    return (
        "Passages that are not found by their words, because analysing them failed (passage_set_aside): "
        f"{lexical.aside}. First: passage {', '.join(named) or 'of a document that is gone'}. They are found by "
        "meaning, all others as ever; vouch rebuild, or a newer version of Vouch, tries them again."
    )


def _refusal(folder: Path) -> str:
    """Says why nothing can be written just now: a disk may fill up, or turn read-only after an error, while it is open;
    "" where it can. A file without a name is written, of which nothing is left whatever happens.
    """
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(_PROBED_BYTES))
    except OSError as error:
        if error.errno in (EMFILE, ENFILE):
            return ""  # too many files are open: that is not the disk's doing
        return (
            f"The data folder cannot be written now ({disk_code(error)}: {error.strerror or error}). Searching goes "
            "on; free some space, or make it writable: nothing need be started anew."
        )
    return ""


def _free_bytes(folder: Path) -> int:
    """Returns what is free on a folder's disk; 0 where it has gone."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
