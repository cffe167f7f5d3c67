"""Files that were renamed or changed their places: which document each is now, and who may read it there."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from corpus.catalog.documents import Known
from corpus.types import PUBLIC, RootPath, Terms
from ingest.discovery import SourceFile
from ingest.parsers.detection import suffix_of
from ingest.parsers.titles import title_from_name


@dataclass(frozen=True, slots=True)
class Move:
    """A document whose file is now elsewhere, byte for byte the same; ``known`` is it as it was.

    With ``again`` it is also in ``replace``: what it says depends on its name, or it would be read in another way.
    """

    known: Known
    file: SourceFile
    access: frozenset[str]
    metadata: Mapping[str, str]
    again: bool


def moved(
    add: Sequence[SourceFile],
    hashes: Mapping[RootPath, str],
    lost: Mapping[RootPath, Known],
    taken: Container[RootPath],
    terms: Callable[[Known], Terms],
    fingerprint: Callable[[str], str],
) -> tuple[list[Move], list[SourceFile]]:
    """Returns the new files that are lost documents elsewhere, and the other new files, both in the order of ``add``.

    Of several lost documents with a file's content it is the one of its name, else the first. None moves to a place
    that is ``taken``. ``terms`` says what a moved document's terms are from now on.
    """
    by_content: dict[str, list[Known]] = {}
    for _, document in sorted(lost.items()):
        by_content.setdefault(document.sha256, []).append(document)
    moves, others = [], []
    for file in sorted(add, key=lambda one: not _has_namesake(one, hashes, by_content)):
        candidates = by_content.get(hashes[file.place], [])
        if not candidates or file.place in taken:
            others.append(file)
            continue
        known = min(candidates, key=lambda one: _name(one.key.path) != _name(file.path))
        candidates.remove(known)
        renamed = _name(known.key.path) != _name(file.path)
        again = known.fingerprint != fingerprint(known.content_type) or (
            renamed
            and (
                known.title == title_from_name(known.key.path)
                or suffix_of(known.key.path) != suffix_of(file.path)
            )
        )
        moves.append(Move(known, file, *terms(known), again))
    order = {file.place: at for at, file in enumerate(add)}
    moves.sort(key=lambda one: order[one.file.root, one.file.path])
    return moves, sorted(others, key=lambda one: order[one.place])


def displaced(replace: Iterable[tuple[SourceFile, Known]], hashes: Mapping[RootPath, str]) -> list[Known]:
    """Returns the documents whose files have other bytes now."""
    return [before for file, before in replace if hashes.get(file.place, before.sha256) != before.sha256]


def heirs(
    add: Iterable[SourceFile],
    gone: Iterable[Known],
    hashes: Mapping[RootPath, str],
    taken: Mapping[RootPath, Terms],
) -> dict[RootPath, Terms]:
    """Returns what new files inherit from documents that had their bytes, else from those that had their places.

    Of several with the same bytes it is one that not everybody may read, if there is one.
    """
    new = [file.place for file in add]
    ordered = sorted(gone, key=lambda one: PUBLIC not in one.access)
    by_content = {one.sha256: (one.access, one.metadata) for one in ordered}
    found = {place: by_content.get(hashes[place]) or taken.get(place) for place in new}
    return {place: terms for place, terms in found.items() if terms is not None}


def closed(
    replace: Iterable[tuple[SourceFile, Known]],
    gone: Iterable[Known],
    hashes: Mapping[RootPath, str],
) -> dict[RootPath, Terms]:
    """Returns what becomes of documents whose files have the bytes of closed ones now: closed as those were.

    What not everybody may read must not become open because two files have swapped their names, neither to the
    public nor to another group: where both were closed, those may read it who may read both.
    """
    not_public = [one for one in gone if PUBLIC not in one.access]
    by_content = {
        one.sha256: one for one in sorted(not_public, key=lambda one: (-len(one.access), sorted(one.access)))
    }
    found = {}
    for file, before in replace:
        place = file.place
        source = by_content.get(hashes.get(place, before.sha256))
        if source is not None and source.document_id != before.document_id:
            both = source.access if PUBLIC in before.access else before.access & source.access
            found[place] = (both, before.metadata)
    return found


def _has_namesake(
    file: SourceFile, hashes: Mapping[RootPath, str], by_content: Mapping[str, Sequence[Known]]
) -> bool:
    same = by_content.get(hashes[file.place], ())
    return any(_name(one.key.path) == _name(file.path) for one in same)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
