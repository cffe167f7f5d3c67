"""Backup, restore and verification: the catalog and the kept originals in one file, with their checksums.

The embedder's export goes with them: made anew, on another processor above all, its numbers can differ a little from
those of the stored vectors. Indexes are not in it: they are rebuilt from the catalog.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np

from corpus import restoring
from corpus.catalog import Connection, changes, database, documents, open_database, passages, records, tokens
from corpus.catalog.texts import is_intact, read_text
from corpus.catalog.versions import VersionRecord, content_hashes, list_versions
from corpus.crashpoints import reach
from corpus.durable import sync, sync_open
from corpus.embedding.exported import EXPORT_NAMES, export_files
from corpus.erasing import UNFINISHED_ERASURE
from corpus.errors import DamagedError, NotAllowedError, StorageError, disk_code
from corpus.hashing import file_sha256
from corpus.originals import Originals
from corpus.ownership import own
from corpus.patterns import pattern
from corpus.scratch import scratch_folder
from corpus.store import Corpus
from corpus.vectors import generation

MANIFEST_NAME = "manifest.json"
FORMAT = 1

_SCRATCH = ".vouch-backup-"
_ATTEMPTS = 5
_SPACE_ID = pattern(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What a backup holds; ``missing`` counts the originals that were gone or damaged when it was written."""

    path: Path
    created_at: str
    documents: int
    originals: int
    size_bytes: int
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and what is wrong (nothing, when ``problems`` is empty).

    ``embedded_anew`` passages were compared with their stored vectors, and ``least_cosine`` is the furthest of them;
    None where the embedder was not asked (:mod:`corpus.agreement`).
    """

    documents: int
    versions: int
    chunks: int
    vectors: int
    originals: int
    problems: tuple[str, ...]
    embedded_anew: int = 0
    least_cosine: float | None = None


def backup(corpus: Corpus, target: Path) -> BackupSummary:
    """Writes a backup while the corpus goes on being used; the file appears whole or not at all.

    Raises:
        NotAllowedError: ``target`` exists.
        StorageError: it cannot be written.
    """
    if target.exists():
        raise NotAllowedError(f"{target} exists already.", code="exists", hint="Name a new file.")
    try:
        for _ in range(_ATTEMPTS):
            if (written := _write(corpus, target)) is not None:
                return written
    except OSError as error:
        raise StorageError(
            f"Cannot write the backup {target}: {error.strerror or error}.",
            code="disk_full" if disk_code(error) == "disk_full" else "storage",
            hint="Nothing was changed. Choose a folder with room.",
        ) from error
    raise StorageError(
        f"No backup was written: {_ATTEMPTS} times documents were erased meanwhile, which it would have held.",
        hint="Run it again once nothing is being erased.",
    )


def _write(corpus: Corpus, target: Path) -> BackupSummary | None:
    """Writes a backup; None, and nothing, where a document was erased meanwhile: no backup shall hold it after that."""
    with scratch_folder(_SCRATCH, target.parent) as scratch:
        copy, whole = scratch / database.FILE_NAME, scratch / "whole"
        corpus.catalog.backup(copy)
        reach("backup.copied")
        with _opened_copy(scratch) as catalog, catalog.write() as db:
            records.note_erasing(db, False)  # that is this data folder's affair
            held = [one.id for one in documents.list_documents(db, removed=True)]
            hashes = content_hashes(db)
        kept = [sha256 for sha256 in sorted(hashes) if corpus.originals.is_whole(sha256)]
        export = export_files(corpus.folder, corpus.space)
        manifest = {
            "format": FORMAT,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "documents": len(held),
            "catalog_sha256": file_sha256(copy),
            "originals": kept,
            "export": {"space": corpus.space.id, "files": {one.name: file_sha256(one) for one in export}},
        }
        files = {database.FILE_NAME: copy} | {f"export/{one.name}": one for one in export}
        files |= {f"originals/{sha256}": corpus.originals.path(sha256) for sha256 in kept}
        try:
            _pack(whole, manifest, files)
        except FileNotFoundError:
            if not _are_erased(corpus, held):
                raise
        if _are_erased(corpus, held):
            return None
        os.replace(whole, target)
    sync(target.parent)
    return BackupSummary(
        target,
        str(manifest["created_at"]),
        len(held),
        len(kept),
        target.stat().st_size,
        len(hashes) - len(kept),
    )


def _are_erased(corpus: Corpus, document_ids: Sequence[str]) -> bool:
    """Says whether any of the documents is no longer there, not even as a removed one."""
    with corpus.catalog.read() as db:
        return len(documents.existing(db, document_ids)) < len(document_ids)


def _pack(target: Path, manifest: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    """Writes the manifest and the files, by their names in the archive, in this order; durable when it returns."""
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with tarfile.open(fileobj=out, mode="w") as archive:
            _add_bytes(archive, MANIFEST_NAME, json.dumps(manifest).encode())
            for name, file in files.items():
                archive.add(file, name)
        out.flush()
        sync_open(out.fileno())


def restore(source: Path, folder: Path, *, replace: bool = False) -> BackupSummary:
    """Brings a backup back into a data folder that nobody owns.

    What the folder held is moved aside (``catalog.sqlite.before-restore-…``), never deleted. After an error the
    old catalog is in its place; after a kill the next owner has the old corpus, whole, or finishes the restored one.

    Raises:
        NotAllowedError: the folder holds a catalog and ``replace`` is not given.
        DamagedError: the backup is not whole.
        BusyError: a process owns the folder.
        StorageError: the backup cannot be read, or its content not be written.
    """
    ownership = own(folder, "vouch restore")
    try:
        restoring.finish(folder)
        if (folder / database.FILE_NAME).exists() and not replace:
            raise NotAllowedError(
                f"{folder} holds a corpus already.",
                code="exists",
                hint="Add --replace to put the backup in its place; what is there is kept beside it.",
            )
        with tempfile.TemporaryDirectory(prefix=restoring.SCRATCH, dir=folder) as scratch:
            summary = _unpack(source, Path(scratch))
            restoring.exchange(folder, Path(scratch))
        return summary
    except OSError as error:
        raise restoring.refused(folder, error, "Nothing was changed.") from error
    finally:
        ownership.release()


def verify_backup(source: Path) -> Verification:
    """Checks every byte of a backup against its checksums, and its catalog as :func:`verify` does.

    Raises:
        StorageError: there is no such file, or it cannot be read.
        DamagedError: it is not a whole backup.
    """
    with scratch_folder("vouch-verify-") as scratch:
        _unpack(source, scratch)
        originals = Originals(scratch / "sorted")
        for path in (scratch / "originals").glob("*"):
            originals.add(path, path.name)
        copy = open_database(scratch, create=False)
        try:
            return _verify(copy, originals)
        finally:
            copy.close()


def verify(corpus: Corpus) -> Verification:
    """Checks the whole corpus: SQLite's own check, every chunk against its hash, vectors, originals, indexes."""
    found = _verify(corpus.catalog, corpus.originals)
    problems = [*found.problems, *corpus.receipts.check()]
    with corpus.catalog.read() as db:
        problems += [UNFINISHED_ERASURE] if records.is_erasing(db) else []
    for state in (corpus.dense.state(), corpus.lexical.state()):
        if state.problem and not state.unbuilt:
            problems.append(state.problem)
    if not corpus.dense.state().problem and (written_over := generation.damage(corpus.folder / "dense")):
        problems.append(written_over)
    return Verification(
        found.documents, found.versions, found.chunks, found.vectors, found.originals, tuple(problems)
    )


def _verify(catalog: database.Database, originals: Originals) -> Verification:
    problems = [f"The catalog is damaged: {line}." for line in catalog.check()]
    with catalog.read() as db:
        listed = documents.list_documents(db, removed=True)
        space = records.space(db)
        versions = [version for one in listed for version in list_versions(db, one.id)]
        chunks = 0
        for version in versions:
            chunks += _verify_version(db, version, problems)
        vectors = 0
        if space is not None:
            for batch in changes.stored_vectors(db):
                vectors += len(batch.ids)
                norms = np.linalg.norm(batch.vectors, axis=1)
                if batch.vectors.shape[1] != space.dimension or not np.all(np.abs(norms - 1) < 1e-3):
                    problems.append(
                        f"Vectors near chunk {int(batch.ids[0]):016x} are not unit rows of {space.dimension}."
                    )
        problems += [
            f"The token vectors of chunk {own:016x} are not what was committed."
            for own in tokens.damaged_tokens(db)
        ]
    kept = 0
    wanted = {version.sha256: version for version in versions}
    for path in originals.all():
        kept += 1
        wanted.pop(path.name, None)
    problems += [f"The kept original {sha256} is damaged." for sha256 in originals.damaged()]
    problems += [
        f"The original {sha256} of version {version.number} is missing." for sha256, version in wanted.items()
    ]
    problems += [
        f"No version has the kept original {path.name}: {path} can be deleted."
        for path in _surplus(catalog, originals)
    ]
    return Verification(len(listed), len(versions), chunks, vectors, kept, tuple(problems))


def _surplus(catalog: database.Database, originals: Originals) -> list[Path]:
    """Returns the kept files that no version has, neither in the catalog nor in one that a restoration put aside;
    what is being committed or erased meanwhile is none of them."""
    found = [path for path in originals.all() if not originals.is_new(path.name)]
    with catalog.read() as db:
        held, erasing = content_hashes(db), records.is_erasing(db)
    if erasing or any(database.ASIDE in copy.name for copy in catalog.copies()):
        return []
    return [path for path in found if path.name not in held and path.exists()]


def _verify_version(db: Connection, version: VersionRecord, problems: list[str]) -> int:
    text = read_text(db, version.id)
    if not is_intact(db, version.id):
        problems.append(
            f"The text of version {version.number} of {version.document_id} is not what was committed."
        )
    count = 0
    for chunk in passages.stored_chunks(db, version.id):
        count += 1
        if not chunk.is_intact(text[chunk.start : chunk.end]):
            problems.append(f"Chunk {chunk.id:016x} of {version.document_id} is not what was committed.")
    if count != version.chunks:
        problems.append(
            f"Version {version.number} of {version.document_id} has {count} of {version.chunks} chunks."
        )
    return count


def _unpack(source: Path, scratch: Path) -> BackupSummary:
    """Unpacks only the names a backup has, checking every one of them."""
    damaged = DamagedError(
        f"{source} is not a whole Vouch backup.", hint="Nothing was changed. Try an older backup."
    )
    (scratch / "originals").mkdir()
    try:
        with tarfile.open(source, "r:") as archive:
            manifest = json.loads(_member(archive, MANIFEST_NAME).read())
            if manifest["format"] != FORMAT:
                raise DamagedError(
                    f"{source} has the unknown format {manifest['format']}.", hint="Use a newer Vouch."
                )
            _copy(_member(archive, database.FILE_NAME), scratch / database.FILE_NAME)
            if file_sha256(scratch / database.FILE_NAME) != manifest["catalog_sha256"]:
                raise damaged
            for name in manifest["originals"]:
                if len(name) != 64 or not set(name) <= set("0123456789abcdef"):
                    raise damaged
                _copy(_member(archive, f"originals/{name}"), scratch / "originals" / name)
                if file_sha256(scratch / "originals" / name) != name:
                    raise damaged
            _unpack_export(archive, manifest.get("export"), scratch / "models", damaged)
    except FileNotFoundError:
        raise StorageError(f"There is no backup {source}.", code="not_found", hint="Name the file.") from None
    except (tarfile.TarError, KeyError, ValueError, TypeError, EOFError):
        raise damaged from None
    except IsADirectoryError:
        raise StorageError(
            f"{source} is a folder, not a backup.",
            code="not_found",
            hint="Name the file that vouch backup wrote.",
        ) from None
    except OSError as error:
        if disk_code(error) == "disk_full":
            raise restoring.refused(scratch.parent, error, "Nothing was changed.") from error
        raise StorageError(
            f"Cannot read the backup {source}: {error.strerror or error}.",
            hint="Nothing was changed. Copy it to a disk that can be read, then try again.",
        ) from error
    return BackupSummary(
        source,
        manifest["created_at"],
        manifest["documents"],
        len(manifest["originals"]),
        source.stat().st_size,
    )


def _unpack_export(archive: tarfile.TarFile, listed: Any, models: Path, damaged: DamagedError) -> None:
    """Unpacks the embedder's export where the backup has one: older ones have none."""
    if listed is None:
        return
    if not isinstance(listed, dict) or not isinstance(listed["files"], dict):
        raise damaged
    if not listed["files"]:
        return
    if not _SPACE_ID.fullmatch(listed["space"]) or not set(listed["files"]) <= EXPORT_NAMES:
        raise damaged
    folder = models / listed["space"]
    folder.mkdir(parents=True)
    for name, sha256 in listed["files"].items():
        _copy(_member(archive, f"export/{name}"), folder / name)
        if file_sha256(folder / name) != sha256:
            raise damaged


@contextmanager
def _opened_copy(folder: Path) -> Iterator[database.Database]:
    """A backup's catalog, opened for as long as it is worked on and left as one file."""
    catalog = open_database(folder, create=False)
    try:
        yield catalog
        catalog.shrink_log()
    finally:
        catalog.close()


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _copy(source: IO[bytes], target: Path) -> None:
    with open(target, "xb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
    os.chmod(target, 0o600)


def _add_bytes(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
